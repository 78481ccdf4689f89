"""Polly beyond the contract: the request, long texts, errors, and threads that end."""

import asyncio
import threading
from contextlib import aclosing, asynccontextmanager

import pytest

from switchboard.adapters.aws.polly import PollySynthesizer
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.polly import fake_polly
from tests.fakes.speech_script import Fault, audio_of

pytestmark = pytest.mark.wire

TEXT = "Good morning, this is the dental practice."
NEXT = "What can I do for you?"


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
async def vendor():
    async with fake_polly() as fake:
        yield fake


@asynccontextmanager
async def speaking(vendor, *, voice=None, **options):
    options = {"first_audio_timeout_ms": 400, "gap_timeout_ms": 300, **options}
    synthesizer = PollySynthesizer(region="us-east-1", endpoint_url=vendor.url, **options)
    session = await synthesizer.open(voice=voice or Voice())
    try:
        yield session
    finally:
        await session.close()
        await synthesizer.close()


async def say(session, text):
    async with aclosing(session.synthesize(text)) as chunks:
        return [chunk.audio async for chunk in chunks]


async def test_request(vendor):
    """The request asks for mu-law at "8000" in the language's default voice and the configured engine."""
    async with speaking(vendor, voice=Voice(language="en-GB", gender="male"), engine="generative") as session:
        await say(session, NEXT)
    assert vendor.requests == [
        {
            "Text": NEXT,
            "TextType": "text",
            "VoiceId": "Brian",
            "Engine": "generative",
            "OutputFormat": "mulaw",
            "SampleRate": "8000",
        }
    ]


async def test_other_gender_before_other_language(vendor):
    """A language with one voice only is spoken by that voice."""
    async with speaking(vendor, voice=Voice(language="nl-NL", gender="male")) as session:
        await say(session, NEXT)
    assert vendor.requests[0]["VoiceId"] == "Laura"


async def test_chunks(vendor):
    """Audio comes in pieces of at most 100 ms, the first of 50 ms."""
    async with speaking(vendor) as session:
        chunks = await say(session, TEXT)
    assert b"".join(chunks) == audio_of(TEXT)
    assert len(chunks[0]) == 400
    assert max(map(len, chunks)) == 800


async def test_long_text(vendor):
    """A text beyond 3,000 characters is spoken in several requests, cut between words."""
    vendor.script.ms_per_char = 1
    text = "word " * 700
    async with speaking(vendor) as session:
        audio = b"".join(await say(session, text))
    assert "".join(vendor.texts) == text
    assert [len(part) for part in vendor.texts] == [3_000, 500]
    assert audio == b"".join(audio_of(part, 1) for part in vendor.texts)


async def test_cancelling_closes_the_body(vendor):
    """A cancelled text closes its connection; the next one is not delayed by it."""
    vendor.is_paused = True
    async with speaking(vendor) as session:
        async with aclosing(session.synthesize(TEXT)) as chunks:
            await anext(chunks)
        async with asyncio.timeout(1):
            await vendor.abandoned.wait()
        vendor.is_paused = False
        assert b"".join(await say(session, NEXT)) == audio_of(NEXT)


async def test_a_late_answer_is_closed(vendor):
    """An answer that comes after its text was cancelled is closed by the thread that waited for it."""
    vendor.is_paused = True
    vendor.may_answer.clear()
    async with speaking(vendor, first_audio_timeout_ms=5_000) as session:
        task = asyncio.create_task(say(session, TEXT))
        async with asyncio.timeout(5):
            await vendor.requested.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            vendor.may_answer.set()
            await vendor.abandoned.wait()


async def test_threads_end(vendor):
    """Closing the synthesizer ends its threads, a stalled one included."""
    vendor.script.fault = Fault.STALL_BEFORE_AUDIO
    async with speaking(vendor) as session:
        with pytest.raises(ProviderTimeout):
            await say(session, TEXT)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("polly")]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.RATE_LIMITED, ProviderOverloaded),
        (Fault.UNAUTHORIZED, ProviderRejected),
        (Fault.SERVER_ERROR, ProviderUnavailable),
        (Fault.GARBAGE, ProviderProtocolError),
    ],
)
async def test_one_attempt(vendor, fault, expected):
    """A failure is told at once, without boto3's own retries, and does not repeat the vendor's words."""
    vendor.script.fault = fault
    async with speaking(vendor) as session:
        with pytest.raises(expected) as failed:
            await say(session, "Call Marta Novak.")
    assert len(vendor.requests) == 1
    assert "Novak" not in str(failed.value)


async def test_missing_credentials(vendor, monkeypatch, tmp_path):
    """Without credentials the text is refused, not retried."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    async with speaking(vendor) as session:
        with pytest.raises(ProviderRejected):
            await say(session, TEXT)


async def test_closed_session(vendor):
    """A closed session refuses to speak."""
    async with speaking(vendor) as session:
        await session.close()
        with pytest.raises(ProviderUnavailable):
            await say(session, TEXT)
    assert vendor.requests == []
