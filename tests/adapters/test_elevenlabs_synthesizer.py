"""ElevenLabs beyond the contract: contexts, word timings, keep-alive and errors."""

from contextlib import aclosing, asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.elevenlabs.alignment import Alignment, WordClock
from switchboard.adapters.elevenlabs.synthesizer import ElevenLabsSynthesizer
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.synthesizer import WordTiming
from tests.fakes.elevenlabs_stream import fake_elevenlabs_stream
from tests.fakes.speech_script import MS_PER_CHAR, Fault, audio_of

TEXT = "Good morning, this is the dental practice."
NEXT = "What can I do for you?"


@pytest.fixture
async def vendor():
    async with fake_elevenlabs_stream() as fake:
        yield fake


@asynccontextmanager
async def speaking(vendor, *, voice=None, **options):
    options = {"first_audio_timeout_ms": 100, "gap_timeout_ms": 100, **options}
    synthesizer = ElevenLabsSynthesizer(api_key="secret", base_url=vendor.url, **options)
    session = await synthesizer.open(voice=voice or Voice())
    try:
        yield session
    finally:
        await session.close()
        await synthesizer.close()


async def say(session, text):
    async with aclosing(session.synthesize(text)) as chunks:
        return b"".join([chunk.audio async for chunk in chunks])


async def say_a_little(session, text):
    async with aclosing(session.synthesize(text)) as chunks:
        await anext(chunks)


@pytest.mark.wire
async def test_request(vendor):
    """The socket asks for mu-law at 8 kHz and the longest idle time, with the key in the header."""
    async with speaking(vendor, voice=Voice(language="de-DE", names={"elevenlabs": "voice/1"})):
        request = vendor.requests[0]
    url = urlsplit(request.path)
    assert url.path == "/v1/text-to-speech/voice%2F1/multi-stream-input"
    assert parse_qs(url.query) == {
        "model_id": ["eleven_flash_v2_5"],
        "language_code": ["de"],
        "output_format": ["ulaw_8000"],
        "inactivity_timeout": ["180"],
        "auto_mode": ["true"],
        "sync_alignment": ["true"],
    }
    assert request.headers["xi-api-key"] == "secret"


@pytest.mark.wire
async def test_messages_of_a_text(vendor):
    """A text opens a context with the voice settings, is flushed, and its context is closed."""
    async with speaking(vendor, model="eleven_multilingual_v2", voice_settings={"speed": 1.1}) as session:
        await say(session, NEXT)
    assert "language_code" not in vendor.requests[0].path
    assert vendor.messages == [
        {"text": " ", "context_id": "text-1", "voice_settings": {"speed": 1.1}},
        {"text": f"{NEXT} ", "context_id": "text-1", "flush": True},
        {"context_id": "text-1", "close_context": True},
    ]


@pytest.mark.wire
async def test_word_timings(vendor):
    """Each word ends where its last character ends, counted from the start of the text's audio."""
    async with speaking(vendor) as session, aclosing(session.synthesize(NEXT)) as chunks:
        words = [word async for chunk in chunks for word in chunk.words]
    ends = [at for at in range(1, len(NEXT) + 1) if at == len(NEXT) or NEXT[at] == " "]
    assert words == [WordTiming(end_char=end, end_ms=end * MS_PER_CHAR) for end in ends]


@pytest.mark.wire
async def test_late_audio_of_a_cancelled_context(vendor):
    """Audio of a cancelled text that arrives in the middle of the next one is dropped by its context."""
    vendor.is_paused = True
    async with speaking(vendor) as session:
        await say_a_little(session, TEXT)
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 1


@pytest.mark.wire
async def test_contexts_are_bounded(vendor):
    """Many texts cancelled in a row never open more contexts than a connection may have."""
    vendor.script.fault = Fault.STALL_MID_AUDIO
    async with speaking(vendor) as session:
        for _ in range(9):
            await say_a_little(session, TEXT)
        vendor.script.fault = None
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 3


@pytest.mark.wire
async def test_keep_alive(vendor):
    """An idle session sends a space, in a context of its own, before the vendor would close it."""
    async with speaking(vendor, keep_alive_ms=10) as session:
        await vendor.kept_alive.wait()
        assert await say(session, NEXT) == audio_of(NEXT)
    assert {"text": " ", "context_id": "idle"} in vendor.messages


@pytest.mark.wire
async def test_keep_alive_survives_a_closed_socket(vendor):
    """A connection that the server closes while idle is made again by the next text."""
    async with speaking(vendor, keep_alive_ms=5) as session:
        await vendor.kept_alive.wait()
        await vendor.close_all(1008)
        vendor.kept_alive.clear()
        assert await say(session, NEXT) == audio_of(NEXT)
        await vendor.kept_alive.wait()
    assert len(vendor.requests) == 2


@pytest.mark.wire
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("max_active_conversations", ProviderOverloaded),
        ("rate_limit_exceeded", ProviderOverloaded),
        ("quota_exceeded", ProviderRejected),
        ("invalid_api_key", ProviderRejected),
        ("something_new: call 555 0100", ProviderUnavailable),
    ],
)
async def test_error_messages(vendor, code, expected):
    """An error in the stream becomes the error its code stands for; an unknown one is not repeated."""
    vendor.error_code = code
    async with speaking(vendor) as session:
        with pytest.raises(expected) as failed:
            await say(session, TEXT)
    assert "555" not in str(failed.value)


@pytest.mark.wire
async def test_failed_text_leaves_nothing_behind(vendor):
    """After a stalled text the next one gets a new connection."""
    async with speaking(vendor) as session:
        vendor.script.fault = Fault.STALL_BEFORE_AUDIO
        with pytest.raises(ProviderTimeout):
            await say(session, TEXT)
        vendor.script.fault = None
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 2


@pytest.mark.wire
async def test_closed_session(vendor):
    """A closed session refuses to speak and does not connect again."""
    async with speaking(vendor) as session:
        await session.close()
        with pytest.raises(ProviderUnavailable):
            await say(session, TEXT)
    assert len(vendor.requests) == 1


CHARS = st.sampled_from([*"ab1é.,", " "])


@given(text=st.text(CHARS, min_size=1, max_size=40), data=st.data())
def test_word_clock_runs_forward(text, data):
    """Whatever the alignment says, words never run backwards and never leave the text."""
    clock = WordClock(text)
    words: list[WordTiming] = []
    for _ in range(data.draw(st.integers(1, 5))):
        chars = data.draw(st.lists(CHARS, max_size=20))
        starts = data.draw(st.lists(st.integers(0, 500), max_size=20))
        durations = data.draw(st.lists(st.integers(0, 500), max_size=20))
        alignment = Alignment(chars=chars, char_start_times_ms=starts, char_durations_ms=durations)
        words += clock.advance(b"\xff" * data.draw(st.integers(0, 800)), alignment)
    ends = [(word.end_char, word.end_ms) for word in words]
    assert ends == sorted(ends)
    assert all(0 < end_char <= len(text) for end_char, _ in ends)


def test_audio_without_alignment_moves_the_clock():
    """Audio that comes without alignment still takes its time."""
    clock = WordClock("a b")
    assert clock.advance(b"\xff" * 800, None) == ()
    alignment = Alignment(chars=["a", " "], char_start_times_ms=[0, 50], char_durations_ms=[50, 10])
    assert clock.advance(b"\xff" * 800, alignment) == (WordTiming(end_char=1, end_ms=150),)
