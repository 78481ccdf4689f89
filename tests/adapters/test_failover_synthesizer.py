"""Fail-over between synthesizers: the sentence is finished by whoever can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.failover.synthesizer import (
    CHARS_PER_S,
    LEADING_SILENCE_MAX_MS,
    FailoverSynthesizer,
    _Part,
)
from switchboard.domain.voices import Voice
from switchboard.media import mulaw
from switchboard.ports.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from switchboard.ports.synthesizer import SpeechChunk
from tests.fakes.speech_script import CHUNK_MS, Fault, audio_of
from tests.fakes.synthesizer import FakeSynthesizer

TEXT = "Your appointment is on Monday."
BUDGET_MS = 500
MS_PER_CHAR = 10
VOICE = Voice()


def two(fault=None, *, tells_words=True):
    first = FakeSynthesizer("first", ms_per_char=MS_PER_CHAR, tells_words=tells_words, fault=fault)
    second = FakeSynthesizer("second", ms_per_char=MS_PER_CHAR)
    switches = []
    both = FailoverSynthesizer(
        [(first, BUDGET_MS), (second, BUDGET_MS)], on_switch=lambda *switch: switches.append(switch)
    )
    return first, second, switches, both


async def speak(session, text=TEXT):
    return [chunk async for chunk in session.synthesize(text)]


def audio(chunks):
    return b"".join(chunk.audio for chunk in chunks)


async def test_the_first_speaks():
    """A healthy first vendor serves alone, with its word timings as they are."""
    _, second, switches, both = two()
    session = await both.open(voice=VOICE)
    chunks = await speak(session)
    assert audio_of(TEXT, MS_PER_CHAR) == audio(chunks)
    assert len(TEXT) == max(word.end_char for chunk in chunks for word in chunk.words)
    assert (second.texts, switches) == ([], [])
    await session.close()


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.UNAUTHORIZED])
async def test_opens_at_the_next(fault):
    """A vendor that cannot be opened is passed over; the voice asked for is the same."""
    _, second, switches, both = two(fault)
    session = await both.open(voice=VOICE)
    assert audio_of(TEXT, MS_PER_CHAR) == audio(await speak(session))
    assert (second.voices, [switch[:2] for switch in switches]) == ([VOICE], [("first", "second")])
    await session.close()


@pytest.mark.parametrize("fault", [Fault.STALL_BEFORE_AUDIO, Fault.GARBAGE, Fault.NO_AUDIO])
async def test_before_any_audio_the_next_speaks_the_same_text(fault):
    """Nothing heard, nothing lost: the whole text goes to the next vendor."""
    _, second, _, both = two(fault)
    session = await both.open(voice=VOICE)
    assert audio_of(TEXT, MS_PER_CHAR) == audio(await speak(session))
    assert second.texts == [TEXT]
    await session.close()


async def test_after_some_audio_the_next_speaks_the_rest():
    """With word timings the next vendor starts after the last whole word that was heard."""
    _, second, switches, both = two(Fault.DROP_MID_AUDIO)
    session = await both.open(voice=VOICE)
    chunks = await speak(session)
    heard_chars = CHUNK_MS // MS_PER_CHAR
    rest = TEXT[TEXT.rfind(" ", 0, heard_chars + 1) :]
    assert rest == " appointment is on Monday."
    assert [rest] == second.texts
    assert bytes(audio(chunks)) == audio_of(TEXT, MS_PER_CHAR)[: CHUNK_MS * 8] + audio_of(rest, MS_PER_CHAR)
    assert switches == [("first", "second", "ProviderUnavailable")]
    await session.close()


async def test_timings_of_the_rest_are_those_of_the_whole():
    """After a switch, word timings count characters of the whole text and ms of all its audio."""
    _, _, _, both = two(Fault.DROP_MID_AUDIO)
    session = await both.open(voice=VOICE)
    chunks = await speak(session)
    words = [word for chunk in chunks for word in chunk.words]
    assert (len(TEXT), len(audio(chunks)) // 8) == (words[-1].end_char, words[-1].end_ms)
    ends = [word.end_char for word in words]
    assert sorted(ends) == ends
    await session.close()


async def test_without_timings_the_place_is_estimated():
    """Without word timings the pace of speech tells roughly where to go on, at the start of a word."""
    first, second, _, both = two(Fault.DROP_MID_AUDIO, tells_words=False)
    first.script.ms_per_char = 60
    session = await both.open(voice=VOICE)
    await speak(session)
    assert second.texts == [TEXT]
    await session.close()


@given(st.text(alphabet="ab ", min_size=1, max_size=60), st.integers(1, 10_000))
def test_the_estimate_repeats_rather_than_loses(text, heard_ms):
    """The estimated place is the start of a word and never beyond what the pace allows."""
    part = _Part(text)
    part.add(SpeechChunk(audio=bytes(heard_ms * 8)))
    chars = part.chars_spoken()
    assert chars == 0 or text[chars - 1] == " "
    assert chars <= heard_ms * CHARS_PER_S // 1000


@pytest.mark.parametrize("length", [1, 3, 40])
async def test_silent_audio_is_a_failure(length):
    """Audio without a sound for a text with letters is replaced by the next vendor's; none of it is heard."""
    _, _, switches, both = two(Fault.SILENT_AUDIO)
    session = await both.open(voice=VOICE)
    text = "Yes, of course. " * length
    chunks = await speak(session, text)
    assert audio_of(text, MS_PER_CHAR) == audio(chunks)
    assert switches == [("first", "second", "ProviderProtocolError")]
    await session.close()


class LeadingSilence:
    """A vendor whose audio begins with silence, as natural speech does."""

    name = "natural"

    def __init__(self, silence_ms):
        self.silence_ms = silence_ms

    async def open(self, *, voice):
        return self

    async def synthesize(self, text):
        for _ in range(self.silence_ms // 100):
            yield SpeechChunk(audio=bytes([mulaw.SILENCE]) * 800)
        yield SpeechChunk(audio=audio_of(text, MS_PER_CHAR))

    async def probe(self):
        return

    async def close(self):
        return


async def test_leading_silence_is_kept():
    """Natural silence before the first sound is passed on with it, unchanged."""
    both = FailoverSynthesizer([(LeadingSilence(300), BUDGET_MS)])
    session = await both.open(voice=VOICE)
    assert bytes([mulaw.SILENCE]) * 2_400 + audio_of(TEXT, MS_PER_CHAR) == audio(await speak(session))


async def test_endless_leading_silence_is_given_up():
    """Silence that goes on beyond every natural pause is a failure."""
    both = FailoverSynthesizer([(LeadingSilence(LEADING_SILENCE_MAX_MS + 200), BUDGET_MS)])
    session = await both.open(voice=VOICE)
    with pytest.raises(ProviderProtocolError):
        await speak(session)


async def test_all_down_raises_the_last_error():
    """When no vendor speaks, the last one's error is raised, and the session is closed everywhere."""
    first, second, _, both = two(Fault.DROP_MID_AUDIO)
    second.script.fault = Fault.DROP_MID_AUDIO
    session = await both.open(voice=VOICE)
    with pytest.raises(ProviderUnavailable):
        await speak(session)
    assert (first.open_sessions, second.open_sessions) == (0, 0)
    await session.close()


async def test_speaks_again_after_all_were_down():
    """A session whose vendors all failed opens one anew for the next text."""
    first, second, _, both = two(Fault.STALL_BEFORE_AUDIO)
    second.script.fault = Fault.STALL_BEFORE_AUDIO
    session = await both.open(voice=VOICE)
    with pytest.raises(ProviderError):
        await speak(session)
    first.script.fault = None
    assert audio_of(TEXT, MS_PER_CHAR) == audio(await speak(session))
    await session.close()


async def test_stays_with_the_second_for_the_next_text():
    """The voice does not change back and forth: who took over goes on."""
    first, second, _, both = two(Fault.STALL_BEFORE_AUDIO)
    session = await both.open(voice=VOICE)
    await speak(session)
    first.script.fault = None
    await speak(session, "Anything else?")
    assert (first.texts, second.texts) == ([TEXT], [TEXT, "Anything else?"])
    await session.close()


async def test_leaves_an_open_breaker_between_two_texts():
    """A vendor that other calls have found broken is left before the next text, not in its middle."""
    first, second, _, both = two()
    session = await both.open(voice=VOICE)
    await speak(session)
    for _ in range(3):
        both.failed(both.members[0], ProviderUnavailable("first", "scripted"))
    await speak(session, "Anything else?")
    assert (first.texts, second.texts) == ([TEXT], ["Anything else?"])
    assert first.open_sessions == 0
    await session.close()


async def test_closing_cancels_at_the_vendor():
    """Closing the generator stops the vendor, and the session can speak again."""
    first, _, _, both = two()
    session = await both.open(voice=VOICE)
    chunks = session.synthesize(TEXT)
    await anext(chunks)
    await chunks.aclose()
    assert first.cancelled == [TEXT]
    assert audio_of(TEXT, MS_PER_CHAR) == audio(await speak(session))
    await session.close()


async def test_text_without_a_letter_may_be_silent():
    """Punctuation alone is not spoken by anybody, and that is no failure."""
    _, _, switches, both = two()
    session = await both.open(voice=VOICE)
    assert (await speak(session, "…"), switches) == ([], [])
    await session.close()
