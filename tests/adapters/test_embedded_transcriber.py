"""The embedded transcriber: grammar, segmentation, stream, and its quality on sentences it was not written from."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.embedded import confidence, espeak, grammar
from switchboard.adapters.embedded.recognizer import DATA, Evidence, Recognition, Recognizer
from switchboard.adapters.embedded.segmenter import UTTERANCE_MS_MAX, Segmenter, Utterance
from switchboard.adapters.embedded.speech_track import SpeechTrack
from switchboard.adapters.embedded.spoken import digit_runs
from switchboard.adapters.embedded.transcriber import EmbeddedTranscriber, EmbeddedTranscriptionStream
from switchboard.media import mulaw
from switchboard.ports.errors import ProviderRejected, ProviderUnavailable
from switchboard.ports.transcriber import Transcript

PHRASES = json.loads(
    (Path(__file__).parents[1] / "data" / "embedded_phrases.json").read_text(encoding="utf-8")
)
WORDS_CORRECT_MIN = 0.9
REJECTED_MIN = 0.9
VOICES = (("en-us+f2", 150), ("en-us+m3", 150), ("en-us", 155))
FRAME_BYTES = 160
PATIENCE_S = 10


@pytest.fixture
async def transcriber() -> AsyncGenerator[EmbeddedTranscriber, None]:
    transcriber = EmbeddedTranscriber(workers_max=1)
    yield transcriber
    await transcriber.close()


def spoken(text: str, voice: str = "en-us", words_per_minute: int = 150) -> bytes:
    """A synthetic caller, 8 kHz mu-law."""
    track = SpeechTrack(text, gain=0.6)
    audio = bytearray()

    def receive(samples, words):
        audio.extend(b"".join(chunk.audio for chunk in track.add(samples, words)))
        return True

    espeak.library().speak(text, voice=voice, words_per_minute=words_per_minute, pitch=50, receive=receive)
    audio.extend(b"".join(chunk.audio for chunk in track.finish()))
    return bytes(audio)


def silence(duration_ms: int) -> bytes:
    return bytes([mulaw.SILENCE]) * duration_ms * mulaw.SAMPLES_PER_MS


def send(stream: EmbeddedTranscriptionStream, audio: bytes) -> None:
    for start in range(0, len(audio), FRAME_BYTES):
        stream.send_audio(audio[start : start + FRAME_BYTES])


async def read_until_final(stream: EmbeddedTranscriptionStream) -> list[Transcript]:
    transcripts = []
    async with asyncio.timeout(PATIENCE_S), aclosing(stream.results()) as results:
        async for transcript in results:
            transcripts.append(transcript)
            if transcript.is_final:
                break
    return transcripts


# ---- quality -----------------------------------------------------------------------------------


def test_phrases_are_not_in_the_grammar_text():
    """The quality test uses enough sentences, none of which is written out in the grammar."""
    text = " ".join((DATA / "brightline.jsgf").read_text(encoding="utf-8").split())
    assert [] == [phrase for phrase in PHRASES["in_domain"] if f" {phrase} " in text]
    assert len(PHRASES["in_domain"]) >= 40
    assert len(PHRASES["out_of_domain"]) >= 30


def test_quality(record_property):
    """Of what synthetic callers say in the domain most words are right; most of what lies outside is not understood."""
    recognizer = Recognizer()
    words = errors = reported_errors = rejected = 0
    audio_s = 0.0
    started_s = time.process_time()
    for number, phrase in enumerate(PHRASES["in_domain"]):
        audio = spoken(phrase, *VOICES[number % len(VOICES)])
        audio_s += len(audio) / 8000
        said, reported = heard(recognizer, audio)
        words += len(phrase.split())
        errors += word_errors(phrase, said)
        reported_errors += word_errors(phrase, reported)
    others = [
        (phrase, VOICES[(number + turn) % len(VOICES)])
        for number, phrase in enumerate(PHRASES["out_of_domain"])
        for turn in range(2)
    ]
    for phrase, voice in others:
        audio = spoken(phrase, *voice)
        audio_s += len(audio) / 8000
        rejected += heard(recognizer, audio)[1] == ""
    figures = {
        "words_correct": 1 - errors / words,
        "words_correct_counting_rejections_as_errors": 1 - reported_errors / words,
        "rejected": rejected / len(others),
        "real_time_factor": (time.process_time() - started_s) / audio_s,
    }
    for name, figure in figures.items():
        record_property(name, round(figure, 3))
    print(figures)  # noqa: T201 - the figures are the point of this test; shown with -rP
    assert figures["words_correct"] >= WORDS_CORRECT_MIN
    assert figures["rejected"] >= REJECTED_MIN


def heard(recognizer: Recognizer, audio: bytes) -> tuple[str, str]:
    """What is recognised in audio that comes between pauses, before and after the judgement of its confidence."""
    recognitions = [
        recognizer.recognize(utterance.audio) for utterance in segments(silence(300) + audio + silence(500))
    ]
    said = " ".join(recognition.text for recognition in recognitions)
    reported = " ".join(confidence.judge(recognition)[0] for recognition in recognitions)
    return said, reported.strip()


def word_errors(expected: str, actual: str) -> int:
    """Word edit distance."""
    previous = list(range(len(actual.split()) + 1))
    for row, word in enumerate(expected.split(), 1):
        current = [row]
        for column, other in enumerate(actual.split(), 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (word != other)))
        previous = current
    return previous[-1]


# ---- confidence --------------------------------------------------------------------------------

GOOD = Evidence(coverage=1.0, path=-3.0, words_per_s=3.0)


@pytest.mark.parametrize(
    ("recognition", "expected"),
    [
        (Recognition("i have a question about my bill", GOOD), "i have a question about my bill"),
        (Recognition("i have a question about my bill", Evidence(0.6, -3.0, 3.0)), ""),
        (Recognition("i have a question about my bill", Evidence(1.0, -30.0, 3.0)), ""),
        (Recognition("it is my", GOOD), ""),
        (Recognition(), ""),
    ],
    ids=["good", "covers too little", "fits badly", "no anchor", "nothing"],
)
def test_judgement(recognition, expected):
    """Text is reported if it covers the speech, fits it as well as any phones would, and says something."""
    text, certainty = confidence.judge(recognition)
    assert expected == text
    assert 0 <= certainty <= 1
    assert bool(text) <= (certainty >= confidence.UNDERSTOOD_MIN)


# ---- grammar -----------------------------------------------------------------------------------


def test_the_grammar_knows_the_domain():
    """Combinations nobody wrote out are sentences of the grammar; other sentences are not."""
    automaton = grammar.load(DATA / "brightline.jsgf")
    assert automaton.accepts("hello i would like to upgrade to a faster plan please")
    assert automaton.accepts("my account number is four two seven one zero nine")
    assert not automaton.accepts("four two")
    assert not automaton.accepts("penguins stay warm")
    assert not automaton.accepts("")


@pytest.mark.parametrize(
    "text",
    [
        "<a> = one;",
        "public <a> = <b>;",
        "public <a> = <a> one;",
        "public <a> = (one;",
        "public <a> = one]",
        "public <a> = one <b> = two;",
        "one two;",
    ],
)
def test_a_broken_grammar_is_refused(text):
    """What is not a complete grammar is an error, not an empty language."""
    with pytest.raises(grammar.GrammarInvalid):
        grammar.compile_jsgf(f"#JSGF V1.0; grammar test; {text}")


@given(
    first=st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    second=st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    sentence=st.lists(st.sampled_from("abc"), max_size=6),
)
def test_options_and_alternatives(first, second, sentence):
    """`[x] (y | x y)` accepts just the four sentences it spells."""
    x, y = " ".join(first), " ".join(second)
    automaton = grammar.compile_jsgf(f"#JSGF V1.0; grammar t; public <s> = [{x}] (<y> | {x} {y}); <y> = {y};")
    expected = {y, f"{x} {y}", f"{x} {x} {y}"}
    assert (" ".join(sentence) in expected) == automaton.accepts(" ".join(sentence))
    assert all(automaton.accepts(each) for each in expected)


# ---- segmentation ------------------------------------------------------------------------------


def tone(duration_ms: int, amplitude: int = 4000) -> bytes:
    samples = amplitude * np.sin(np.arange(duration_ms * 8) * 0.7)
    return mulaw.encode(samples.astype(np.int16))


def segments(audio: bytes, *, cut: int = 160) -> list[Utterance]:
    segmenter = Segmenter(endpoint_ms=300)
    found = [u for start in range(0, len(audio), cut) for u in segmenter.add(audio[start : start + cut])]
    last = segmenter.flush()
    assert len(audio) // 8 == segmenter.position_ms
    return [*found, last] if last else found


def test_pauses_separate_utterances():
    """Speech is cut at pauses as long as the endpoint, and positions are those of the audio."""
    first, second = segments(silence(400) + tone(600) + silence(500) + tone(400) + silence(100))
    assert (first.start_ms <= 400, first.end_ms >= 1000) == (True, True)
    assert first.end_ms <= second.start_ms + 40
    assert (second.start_ms <= 1500, second.end_ms >= 1900) == (True, True)
    assert all(len(u.audio) == (u.end_ms - u.start_ms) * 8 for u in (first, second))


def test_short_pauses_and_clicks_do_not():
    """A pause within a word group keeps it together; a click of 20 ms is nothing."""
    assert 1 == len(segments(tone(300) + silence(200) + tone(300)))
    assert [] == segments(silence(200) + tone(20) + silence(400))


def test_background_is_not_speech():
    """A steady hum below speech soon counts as silence, and speech over it is found."""
    hum = tone(3000, amplitude=150)
    assert 1 == len(segments(hum + tone(500) + hum))


def test_endless_speech_is_cut():
    """An utterance never exceeds its limit."""
    lengths = [u.end_ms - u.start_ms for u in segments(tone(2 * UTTERANCE_MS_MAX + 1000))]
    assert max(lengths) <= UTTERANCE_MS_MAX
    assert len(lengths) >= 3


@given(cuts=st.integers(1, 700))
def test_cutting_the_stream_changes_nothing(cuts):
    """Audio may come in pieces of any size."""
    audio = silence(100) + tone(500) + silence(400) + tone(300)
    assert segments(audio) == segments(audio, cut=cuts)


# ---- stream ------------------------------------------------------------------------------------


async def test_interims_come_before_the_final(transcriber):
    """While the caller speaks there are interim results; the pause brings the final with its place in the audio."""
    stream = await transcriber.open(language="en-US")
    audio = spoken("i have a question about my last bill")
    interims: list[Transcript] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(stream.results()) as results:
        send(stream, silence(500) + audio)
        interims.append(await anext(results))
        send(stream, silence(500))
        while not (transcript := await anext(results)).is_final:
            interims.append(transcript)
    await stream.close()
    assert not any(interim.is_final for interim in interims)
    assert all(interim.text for interim in interims)
    assert "i have a question about my last bill" == transcript.text
    assert transcript.confidence >= confidence.UNDERSTOOD_MIN
    assert transcript.start_ms <= 520
    assert abs(transcript.end_ms - 500 - len(audio) // 8) <= 200
    assert not transcript.flushed


async def test_finalize_flushes_an_utterance(transcriber):
    """`finalize()` brings the final without waiting for a pause."""
    stream = await transcriber.open(language="en-US")
    send(stream, silence(300) + spoken("can i speak to a manager"))
    stream.finalize()
    final = (await read_until_final(stream))[-1]
    await stream.close()
    assert ("can i speak to a manager", True) == (final.text, final.flushed)


async def test_every_finalize_is_answered_in_order(transcriber):
    """Each `finalize()` has its flushed final, empty where nothing was said."""
    stream = await transcriber.open(language="en-US")
    send(stream, spoken("are you a robot") + silence(400))
    stream.finalize()
    stream.finalize()
    finals = [(await read_until_final(stream))[-1] for _ in range(3)]
    await stream.close()
    assert ["are you a robot", "", ""] == [final.text for final in finals]
    assert [False, True, True] == [final.flushed for final in finals]


async def test_other_speech_is_not_understood(transcriber):
    """Speech outside the grammar ends in an empty final of low confidence, not in digits."""
    stream = await transcriber.open(language="en-US")
    send(stream, spoken("photosynthesis turns sunlight into chemical energy"))
    stream.finalize()
    final = (await read_until_final(stream))[-1]
    await stream.close()
    assert "" == final.text
    assert [] == digit_runs(final.text)
    assert final.confidence < confidence.UNDERSTOOD_MIN


async def test_calls_do_not_mix(transcriber):
    """Streams that share a decoder each get their own words."""
    said = ["can i talk to a manager", "is there an outage in my street", "what plans do you offer"]
    streams = [await transcriber.open(language="en-GB") for _ in said]
    audio = [spoken(text) for text in said]
    for stream, sound in zip(streams, audio, strict=True):
        send(stream, sound)
        stream.finalize()
    finals = await asyncio.gather(*(read_until_final(stream) for stream in streams))
    assert said == [transcripts[-1].text for transcripts in finals]


async def test_the_event_loop_is_not_held(transcriber):
    """Decoding happens in steps so short that other calls' audio is not late."""
    stream = await transcriber.open(language="en-US")
    send(stream, spoken("i would like to know the price of your fastest plan"))
    stream.finalize()
    reader = asyncio.ensure_future(read_until_final(stream))
    turns = 0
    while not reader.done():
        turns += 1
        await asyncio.sleep(0)
    await reader
    await stream.close()
    # One decode of the whole utterance in one call would leave a handful of turns.
    assert turns > 50


async def test_only_english(transcriber):
    """Another language is refused at once instead of being misheard."""
    with pytest.raises(ProviderRejected):
        await transcriber.open(language="de-DE")


async def test_closed_is_unavailable(transcriber):
    """After `close()` there are no new streams."""
    await transcriber.warm()
    fresh = EmbeddedTranscriber(workers_max=1)
    await fresh.close()
    with pytest.raises(ProviderUnavailable):
        await fresh.open(language="en-US")
