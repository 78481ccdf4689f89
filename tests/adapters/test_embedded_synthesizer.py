"""espeak-ng behind the port: sound, word timings, cancelling, sharing."""

import asyncio
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.adapters.embedded.espeak import WordStart
from switchboard.adapters.embedded.speech_track import CHUNK_SAMPLES, LEAD_SAMPLES, TRAIL_SAMPLES, SpeechTrack
from switchboard.adapters.embedded.synthesizer import PIECE_CHARS_MAX, TEXT_CHARS_MAX, EmbeddedSynthesizer
from switchboard.domain.voices import Voice
from switchboard.media import mulaw
from switchboard.ports.errors import ProviderRejected, ProviderUnavailable
from switchboard.ports.synthesizer import SpeechChunk, WordTiming

SENTENCE = "Hello, thanks for calling Brightline. How can I help you today?"
LONG = " ".join([SENTENCE] * 12)


@pytest.fixture
async def synthesizer():
    synthesizer = EmbeddedSynthesizer()
    yield synthesizer
    await synthesizer.close()


async def speak(synthesizer: EmbeddedSynthesizer, text: str, voice: Voice | None = None) -> list[SpeechChunk]:
    session = await synthesizer.open(voice=voice or Voice())
    async with aclosing(session.synthesize(text)) as chunks:
        heard = [chunk async for chunk in chunks]
    await session.close()
    return heard


def audio_of(chunks: list[SpeechChunk]) -> bytes:
    return b"".join(chunk.audio for chunk in chunks)


def are_alike(expected: bytes, actual: bytes) -> bool:
    """Equal but for a pitch period: espeak-ng carries its phase from one text to the next."""
    return abs(len(expected) - len(actual)) <= 20 * mulaw.SAMPLES_PER_MS


def words_of(chunks: list[SpeechChunk]) -> list[WordTiming]:
    return [word for chunk in chunks for word in chunk.words]


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("language", ["en-US", "en-GB", "es-ES", "de-DE", "fr-FR"])
async def test_level_is_normal(synthesizer, language, gender):
    """Every voice peaks near -6 dBFS: neither faint nor clipped."""
    chunks = await speak(synthesizer, SENTENCE, Voice(language=language, gender=gender))
    peak = np.abs(mulaw.decode(audio_of(chunks)).astype(np.int32)).max() / 32768
    assert -11 < 20 * np.log10(peak) < -3


async def test_silence_is_trimmed(synthesizer):
    """Little silence is left before and after the words."""
    samples = mulaw.decode(audio_of(await speak(synthesizer, "Yes.")))
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    assert loud[0] <= 60 * mulaw.SAMPLES_PER_MS
    assert len(samples) - loud[-1] <= 250 * mulaw.SAMPLES_PER_MS


async def test_words_are_placed(synthesizer):
    """Timings grow, end at word boundaries of the text, and the last one is the end of text and audio."""
    chunks = await speak(synthesizer, SENTENCE)
    words = words_of(chunks)
    assert words == sorted(words, key=lambda word: (word.end_char, word.end_ms))
    assert all(word.end_char == len(SENTENCE) or SENTENCE[word.end_char] == " " for word in words)
    assert WordTiming(len(SENTENCE), len(audio_of(chunks)) // mulaw.SAMPLES_PER_MS) == words[-1]
    assert len(words) >= len(SENTENCE.split()) - 2


async def test_words_come_with_their_audio(synthesizer):
    """A timing never points beyond the audio handed out so far."""
    sent_ms = 0
    for chunk in await speak(synthesizer, SENTENCE):
        sent_ms += len(chunk.audio) // mulaw.SAMPLES_PER_MS
        assert all(word.end_ms <= sent_ms for word in chunk.words)


async def test_a_number_is_one_word(synthesizer):
    """Digits spoken as several words end where the written number ends."""
    ends = [word.end_char for word in words_of(await speak(synthesizer, "Account 427109 is paid."))]
    assert [7, 14, 17, 23] == ends


async def test_long_text_is_cut_and_kept_whole(synthesizer):
    """Text longer than one piece is spoken to its end, with positions in the whole text."""
    assert len(LONG) > PIECE_CHARS_MAX
    chunks = await speak(synthesizer, LONG)
    ends = [word.end_char for word in words_of(chunks)]
    assert ends == sorted(ends)
    assert len(LONG) == ends[-1]


async def test_text_without_words_is_silent(synthesizer):
    """Punctuation alone gives no audio and no error."""
    assert [] == await speak(synthesizer, " … -- ")


async def test_markup_is_not_obeyed(synthesizer):
    """Angle brackets are text: nothing in a reply can switch voices or break the speech."""
    assert audio_of(await speak(synthesizer, "one <voice name='de'/> two"))


async def test_cancelling_stops_at_once_and_frees_the_voice(synthesizer):
    """After an early close the same session speaks the next text from its start."""
    session = await synthesizer.open(voice=Voice())
    async with aclosing(session.synthesize(LONG)) as chunks:
        await anext(chunks)
    async with aclosing(session.synthesize("Yes.")) as chunks:
        after = [chunk async for chunk in chunks]
    await session.close()
    assert are_alike(audio_of(await speak(synthesizer, "Yes.")), audio_of(after))


async def test_calls_share_the_library(synthesizer):
    """Calls that speak at the same time get their own words in their own voice."""
    voices = [Voice(), Voice(gender="male"), Voice(language="es-ES")]
    alone = [audio_of(await speak(synthesizer, SENTENCE, voice)) for voice in voices]
    together = await asyncio.gather(*(speak(synthesizer, SENTENCE, voice) for voice in voices))
    for expected, chunks in zip(alone, together, strict=True):
        assert are_alike(expected, audio_of(chunks))
    assert not are_alike(alone[0], alone[2])


async def test_a_named_voice_is_used(synthesizer):
    """`names` overrides language and gender."""
    named = await speak(synthesizer, "Hello.", Voice(names={"embedded": "en-us+klatt"}))
    assert not are_alike(audio_of(named), audio_of(await speak(synthesizer, "Hello.")))


async def test_an_unknown_voice_is_rejected(synthesizer):
    """A voice that the library does not have is our mistake, and says so."""
    with pytest.raises(ProviderRejected):
        await speak(synthesizer, "Hello.", Voice(names={"embedded": "xx-nowhere"}))


async def test_too_much_text_is_rejected(synthesizer):
    """More text than anyone would say in one go is refused."""
    with pytest.raises(ProviderRejected):
        await speak(synthesizer, "a" * (TEXT_CHARS_MAX + 1))


async def test_a_closed_session_is_unavailable(synthesizer):
    """Nothing is spoken after `close()`, of the session or of the synthesizer."""
    session = await synthesizer.open(voice=Voice())
    await session.close()
    with pytest.raises(ProviderUnavailable):
        await anext(session.synthesize("Hello."))
    open_session = await synthesizer.open(voice=Voice())
    await synthesizer.close()
    with pytest.raises(ProviderUnavailable):
        await anext(open_session.synthesize("Hello."))
    with pytest.raises(ProviderUnavailable):
        await synthesizer.open(voice=Voice())


@settings(max_examples=40, deadline=None)
@given(
    lead=st.integers(0, 9000),
    sound=st.integers(400, 20000),
    trail=st.integers(0, 20000),
    block=st.integers(100, 3000),
)
def test_track_keeps_the_sound_and_bounds_the_silence(lead, sound, trail, block):
    """However the library cuts its samples, sound keeps its length and silence around it is bounded."""
    tone = (8000 * np.sin(np.arange(sound) * 0.2)).astype(np.int16)
    samples = np.concatenate((np.zeros(lead, np.int16), tone, np.zeros(trail, np.int16)))
    track = SpeechTrack("word", gain=0.5)
    chunks: list[SpeechChunk] = []
    for start in range(0, len(samples), block):
        words = (WordStart(0, 0),) if start == 0 else ()
        chunks += track.add(samples[start : start + block], words)
    chunks += track.finish()
    total = len(audio_of(chunks))
    expected = sound * 8000 / 22050
    assert expected - 80 <= total <= expected + LEAD_SAMPLES + TRAIL_SAMPLES + 400
    assert all(len(chunk.audio) <= CHUNK_SAMPLES for chunk in chunks)
    assert [WordTiming(4, total // mulaw.SAMPLES_PER_MS)] == words_of(chunks)
