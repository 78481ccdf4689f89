"""Deepgram Aura beyond the contract: the wire, cancelling, limits and reconnecting."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from switchboard.adapters import audio_inbox
from switchboard.adapters.deepgram import synthesizer as module
from switchboard.adapters.deepgram.synthesizer import DeepgramSynthesizer
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.deepgram_speak import fake_deepgram_speak
from tests.fakes.speech_script import Fault, audio_of

pytestmark = pytest.mark.wire

TEXT = "Good morning, this is the dental practice."
NEXT = "What can I do for you?"


@pytest.fixture
async def vendor():
    async with fake_deepgram_speak() as fake:
        yield fake


@asynccontextmanager
async def speaking(vendor, *, voice=None, **timeouts):
    timeouts = {"first_audio_timeout_ms": 100, "gap_timeout_ms": 100, **timeouts}
    synthesizer = DeepgramSynthesizer(api_key="secret", base_url=vendor.url, **timeouts)
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


async def test_request(vendor):
    """The socket asks for raw mu-law at 8 kHz in the language's default voice, with the key in the header."""
    async with speaking(vendor, voice=Voice(language="es-MX", gender="male")):
        request = vendor.requests[0]
    url = urlsplit(request.path)
    assert url.path == "/v1/speak"
    assert parse_qs(url.query) == {
        "model": ["aura-2-nestor-es"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
    }
    assert request.headers["Authorization"] == "Token secret"
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_chosen_voice(vendor):
    """A voice named for Deepgram is taken as it is."""
    async with speaking(vendor, voice=Voice(names={"deepgram": "aura-2-luna-en", "polly": "Amy"})):
        assert "model=aura-2-luna-en" in vendor.requests[0].path


async def test_language_without_a_voice(vendor):
    """A language nobody speaks is refused before anything is sent."""
    with pytest.raises(ProviderRejected):
        async with speaking(vendor, voice=Voice(language="fi-FI")):
            pass
    assert vendor.requests == []


async def test_long_text_is_split(vendor):
    """A text beyond 2,000 characters goes out in several Speak messages and one Flush."""
    text = "word " * 450
    async with speaking(vendor) as session:
        vendor.script.ms_per_char = 1
        assert await say(session, text) == audio_of(text, 1)
    assert vendor.messages == ["Speak", "Speak", "Flush"]


async def test_silent_audio_passes(vendor):
    """Silence is passed on: whether it is a fault is judged where audio can be compared."""
    vendor.script.fault = Fault.SILENT_AUDIO
    async with speaking(vendor) as session:
        assert set(await say(session, TEXT)) == {0xFF}


async def test_late_audio_after_clear(vendor):
    """Audio that comes between Clear and Cleared is thrown away, on the same connection, however much it is."""
    vendor.is_paused = True
    vendor.late_chunks = 200
    async with speaking(vendor) as session:
        await say_a_little(session, TEXT)
        vendor.is_paused = False
        assert await say(session, NEXT) == audio_of(NEXT)
    assert vendor.messages == ["Speak", "Flush", "Clear", "Speak", "Flush"]
    assert len(vendor.requests) == 1


async def test_flushed_after_cleared(vendor):
    """The Flushed of a cleared text may come after Cleared and does not end the next text."""
    vendor.is_paused = True
    vendor.flushed_after_cleared = True
    async with speaking(vendor) as session:
        await say_a_little(session, TEXT)
        vendor.is_paused = False
        assert await say(session, NEXT) == audio_of(NEXT)


async def test_unanswered_clear(vendor, monkeypatch):
    """Without Cleared the connection is not trusted: the next text takes a new one."""
    monkeypatch.setattr(module, "CLEAR_TIMEOUT_MS", 30)
    vendor.answers_clear = False
    async with speaking(vendor) as session:
        await say_a_little(session, TEXT)
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 2


async def test_endless_audio(vendor, monkeypatch):
    """A vendor that sends far more than the text can be is cut off."""
    monkeypatch.setattr(audio_inbox, "AUDIO_BYTES_MAX", 100)
    async with speaking(vendor) as session:
        with pytest.raises(ProviderProtocolError):
            await say(session, TEXT)
        monkeypatch.undo()
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 2


async def test_cancelled_task(vendor):
    """A task cancelled while it waits for audio clears the text as closing the generator does."""
    vendor.is_paused = True
    async with speaking(vendor, gap_timeout_ms=5_000) as session:
        started = asyncio.Event()

        async def speak() -> None:
            async with aclosing(session.synthesize(TEXT)) as chunks:
                async for _ in chunks:
                    started.set()

        task = asyncio.create_task(speak())
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        vendor.is_paused = False
        assert await say(session, NEXT) == audio_of(NEXT)
    assert vendor.messages.count("Clear") == 1


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011])
async def test_closed_between_texts(vendor, code):
    """However the server closes between two texts, the next one is spoken on a new connection."""
    async with speaking(vendor) as session:
        await say(session, TEXT)
        await vendor.close_all(code)
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 2


async def test_failed_text_leaves_nothing_behind(vendor):
    """After a stalled text the next one gets a new connection and none of the old audio."""
    async with speaking(vendor) as session:
        vendor.script.fault = Fault.STALL_MID_AUDIO
        with pytest.raises(ProviderTimeout):
            await say(session, TEXT)
        vendor.script.fault = None
        assert await say(session, NEXT) == audio_of(NEXT)
    assert len(vendor.requests) == 2
    assert "Clear" not in vendor.messages


async def test_flush_limit(vendor):
    """The 21st text within a minute goes to a new connection, before Deepgram would refuse it."""
    async with speaking(vendor) as session:
        for _ in range(21):
            assert await say(session, "Yes.") == audio_of("Yes.")
    assert len(vendor.requests) == 2


async def test_character_limit(vendor):
    """A text that would pass 2,400 characters a minute goes to a new connection."""
    vendor.script.ms_per_char = 1
    async with speaking(vendor) as session:
        await say(session, "word " * 300)
        await say(session, "word " * 180)
        assert len(vendor.requests) == 1
        await say(session, "word")
    assert len(vendor.requests) == 2


async def test_connection_age(vendor, monkeypatch):
    """A connection near the vendor's hour is left between two texts."""
    async with speaking(vendor) as session:
        monkeypatch.setattr(module, "CONNECTION_AGE_S_MAX", 0.0)
        assert await say(session, TEXT) == audio_of(TEXT)
    assert len(vendor.requests) == 2


async def test_warning(vendor):
    """A Warning followed by silence is overload, and the next text takes a new connection."""
    async with speaking(vendor) as session:
        vendor.warns = True
        with pytest.raises(ProviderOverloaded):
            await say(session, TEXT)
        vendor.warns = False
        assert await say(session, NEXT) == audio_of(NEXT)


async def test_retry_after(vendor):
    """A rate limit at the handshake tells when to come back."""
    vendor.script.fault = Fault.RATE_LIMITED
    with pytest.raises(ProviderOverloaded) as limited:
        async with speaking(vendor):
            pass
    assert limited.value.retry_after_ms == 2_000


async def test_stalled_connect(vendor):
    """A server that never answers the handshake is given up at the connect deadline."""
    vendor.script.fault = Fault.STALLED_CONNECT
    with pytest.raises(ProviderTimeout):
        async with speaking(vendor, connect_timeout_ms=50):
            pass


async def test_nobody_listens(unused_tcp_port):
    """A refused connection is unavailable, and retryable."""
    synthesizer = DeepgramSynthesizer(api_key="secret", base_url=f"ws://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(ProviderUnavailable) as refused:
        await synthesizer.open(voice=Voice())
    assert refused.value.retryable


async def test_closed_session(vendor):
    """A closed session refuses to speak and does not connect again."""
    async with speaking(vendor) as session:
        await session.close()
        with pytest.raises(ProviderUnavailable):
            await say(session, TEXT)
    assert len(vendor.requests) == 1
