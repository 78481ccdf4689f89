"""From a position in audio to words. `media/heard.py`."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.embedded import espeak
from switchboard.adapters.embedded.speech_track import SpeechTrack
from switchboard.media.heard import heard_chars, resume_point_ms
from switchboard.ports.synthesizer import SpeechChunk
from tests.unit.media.speech import TEXT, WORDS, audio_of

SENTENCES = [
    "We are open from nine to five on weekdays.",
    "Let me check on that.",
    "Your order left our warehouse yesterday, and it should arrive on Thursday afternoon.",
    "I'm sorry, I couldn't find a booking under that name.",
    "The total is forty two dollars and fifty cents.",
    "Could you tell me your four digit code, please?",
    "This is the AI assistant of Northwind Energy.",
    "Unfortunately the technician cannot come before the end of next week, but I can book a morning slot for you.",
    "Sure. That's done.",
    "You can reach us at eight five oh, six eight seven, two zero eight five.",
    "Great, your subscription has been upgraded, and the new price applies from the first of next month.",
    "The router should show a steady green light; if it does not, please restart it and wait two minutes.",
    "I understand how frustrating that must be, so let me see what I can do right now.",
]
VOICES = [("en-us+f2", 165), ("en-us+m3", 140), ("en-us+f5", 200), ("en-gb-scotland+f4", 165)]
"""Voice and words per minute."""


@dataclass
class Clip:
    text: str = TEXT
    audio: bytearray = field(default_factory=lambda: bytearray(audio_of(WORDS)))
    words: list[tuple[int, int]] = field(default_factory=list)
    complete: bool = True
    heard_ms: int = 0


@pytest.fixture(scope="module")
def spoken():
    """`SENTENCES` as espeak-ng says them in its usual voice, with the library's own word timings."""
    return {text: _speak(text, *VOICES[0]) for text in SENTENCES}


def _speak(text: str, voice: str, words_per_minute: int) -> tuple[bytes, list[tuple[int, int]]]:
    track = SpeechTrack(text, gain=0.6)
    chunks: list[SpeechChunk] = []

    def receive(samples, words) -> bool:
        chunks.extend(track.add(samples, words))
        return True

    espeak.library().speak(text, voice=voice, words_per_minute=words_per_minute, pitch=50, receive=receive)
    chunks.extend(track.finish())
    audio = b"".join(chunk.audio for chunk in chunks)
    return audio, [(word.end_ms, word.end_char) for chunk in chunks for word in chunk.words]


@pytest.mark.parametrize(
    ("heard_ms", "words"),
    [
        (0, ""),
        (WORDS[0][0] // 2 - 1, ""),
        (WORDS[0][0] // 2 + 1, "We"),
        (WORDS[0][0], "We"),
        (WORDS[3][0], "We open at nine,"),
        (WORDS[-1][0], TEXT),
        (99_999, TEXT),
    ],
)
def test_word_counts_when_half_of_it_sounded(heard_ms, words):
    """With word timings: whole words, a word counting when at least half of it was heard."""
    assert len(words) == heard_chars(Clip(words=WORDS, heard_ms=heard_ms))


def test_end_of_a_complete_clip_is_the_whole_text():
    """Without timings too, all of the audio is all of the text, and none of it none."""
    length_ms = WORDS[-1][0]

    assert len(TEXT) == heard_chars(Clip(heard_ms=length_ms))
    assert 0 == heard_chars(Clip(heard_ms=0))


def test_pauses_count_for_nothing():
    """Without timings, time runs by the voiced parts: a long pause after a comma moves no word."""
    end_of_nine_ms = WORDS[3][0]

    assert len("We open at nine,") == heard_chars(Clip(heard_ms=end_of_nine_ms - 5))
    assert len("We open at nine,") == heard_chars(Clip(heard_ms=end_of_nine_ms))


def test_unfinished_clip_is_estimated_by_its_text():
    """While the end of a clip is still being synthesised, an ordinary speaking rate stands in for its length."""
    audio = bytearray(audio_of(WORDS)[: WORDS[2][0] * 8])
    heard = heard_chars(Clip(audio=audio, complete=False, heard_ms=WORDS[2][0]))

    assert abs(len(TEXT[:heard].split()) - 3) <= 1


def test_clip_without_audio():
    """Nothing is heard of a clip that has no audio."""
    assert 0 == heard_chars(Clip(audio=bytearray(), heard_ms=0))
    assert 0 == heard_chars(Clip(audio=bytearray(), complete=False, heard_ms=0))
    assert 0 == heard_chars(Clip(text="", audio=bytearray(), heard_ms=10))


def test_silent_clip_says_nothing():
    """Audio without any voice in it spoke no word, whatever the vendor was paid for."""
    silent = Clip(audio=bytearray(b"\xff" * 8000), heard_ms=500)

    assert 0 == heard_chars(silent)
    assert 0 <= resume_point_ms(silent) <= 500


@given(heard_ms=st.integers(0, 4000), timed=st.booleans(), complete=st.booleans())
def test_heard_is_a_whole_number_of_words(heard_ms, timed, complete):
    """The heard text ends at the end of a word."""
    clip = Clip(words=WORDS if timed else [], complete=complete, heard_ms=heard_ms)

    assert heard_chars(clip) in [0, *(char for _, char in WORDS)]


@given(earlier=st.integers(0, 4000), later=st.integers(0, 4000), timed=st.booleans())
def test_more_audio_is_no_fewer_words(earlier, later, timed):
    """Hearing further never takes words back."""
    earlier, later = sorted((earlier, later))
    words = WORDS if timed else []

    assert heard_chars(Clip(words=words, heard_ms=earlier)) <= heard_chars(Clip(words=words, heard_ms=later))


@given(heard_ms=st.integers(0, 4000), timed=st.booleans())
def test_resume_point_is_not_ahead(heard_ms, timed):
    """Playback resumes where it stopped or at the beginning of that word, never beyond."""
    clip = Clip(words=WORDS if timed else [], heard_ms=heard_ms)

    assert 0 <= resume_point_ms(clip) <= heard_ms


@pytest.mark.parametrize(("end_ms", "_char"), WORDS[:-1])
def test_resume_point_is_a_word_boundary(end_ms, _char):
    """With timings, going on in the middle of the next word begins with that word."""
    assert end_ms == resume_point_ms(Clip(words=WORDS, heard_ms=end_ms + 40))


@pytest.mark.parametrize(("voice", "words_per_minute"), VOICES)
def test_heard_error_without_timings(voice, words_per_minute):
    """On synthetic speech without word timings at least 99 % of all cuts are within one word of the truth (M6)."""
    errors = []
    for text in SENTENCES:
        audio, words = _speak(text, voice, words_per_minute)
        clip = Clip(text, bytearray(audio))
        for heard_ms in range(0, words[-1][0], 45):
            clip.heard_ms = heard_ms
            errors.append(abs(_words(text, heard_chars(clip)) - _half_heard_words(text, words, heard_ms)))

    assert len(errors) > 700
    assert np.mean(np.array(errors) <= 1) >= 0.99


def test_heard_error_while_synthesis_runs(spoken):
    """While only two thirds of a clip are there, at least 95 % of all cuts are within one word."""
    errors = []
    for text, (audio, words) in spoken.items():
        there_ms = words[-1][0] * 2 // 3
        clip = Clip(text, bytearray(audio[: there_ms * 8]), complete=False)
        for heard_ms in range(0, there_ms, 9):
            clip.heard_ms = heard_ms
            errors.append(abs(_words(text, heard_chars(clip)) - _half_heard_words(text, words, heard_ms)))

    assert np.mean(np.array(errors) <= 1) >= 0.95


def _words(text: str, chars: int) -> int:
    return len(text[:chars].split())


def _half_heard_words(text: str, words: list[tuple[int, int]], heard_ms: int) -> int:
    """The truth. The library gives some short words ("has been") one timing: those share it evenly."""
    heard, start_ms, start_char = 0, 0, 0
    for end_ms, end_char in words:
        count = _words(text, end_char) - _words(text, start_char)
        each_ms = (end_ms - start_ms) / count if count else 0
        heard += sum(heard_ms >= start_ms + (index + 0.5) * each_ms for index in range(count))
        start_ms, start_char = end_ms, end_char
    return heard
