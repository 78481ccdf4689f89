"""Every transcriber, real adapters at wire level included, under the one contract."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import botocore.session
import pytest

from switchboard.adapters.aws.transcribe import TranscribeTranscriber
from switchboard.adapters.deepgram.transcriber import DeepgramTranscriber
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderRejected,
    ProviderUnavailable,
)
from switchboard.ports.transcriber import Transcriber
from tests.contracts.transcriber import CHECKS, Check, Fault, Maker
from tests.fakes.deepgram_listen import ListenScript, fake_listen_server
from tests.fakes.transcribe_streaming import SECRET_KEY, StreamingScript, fake_streaming_server
from tests.fakes.transcriber import FakeTranscriber

STATUSES = {Fault.REJECTS: 401, Fault.OVERLOADED: 429, Fault.UNAVAILABLE: 503}
DIES_AFTER_FRAMES = 8
DIES_AFTER_MS = 160


@asynccontextmanager
async def make_fake(fault: Fault) -> AsyncGenerator[Transcriber, None]:
    yield faulty_fake(fault)


@asynccontextmanager
async def make_deepgram(fault: Fault) -> AsyncGenerator[Transcriber, None]:
    async with fake_listen_server() as server:
        server.default = ListenScript(status=STATUSES.get(fault))
        if fault is Fault.DIES_WHILE_LISTENING:
            server.default = ListenScript(drop_after_frames=DIES_AFTER_FRAMES)
        transcriber = DeepgramTranscriber(api_key="dummy", base_url=server.url)
        yield transcriber
        await transcriber.close()


@asynccontextmanager
async def make_transcribe(fault: Fault) -> AsyncGenerator[Transcriber, None]:
    script = StreamingScript(status=STATUSES.get(fault))
    if fault is Fault.DIES_WHILE_LISTENING:
        script = StreamingScript(drop_after_frames=2)
    async with fake_streaming_server(script) as server:
        session = botocore.session.Session()
        session.set_credentials("dummy-id", SECRET_KEY, "dummy-token")
        transcriber = TranscribeTranscriber(session=session, region="us-east-1", endpoint_url=server.url)
        yield transcriber
        await transcriber.close()


@asynccontextmanager
async def make_failover(fault: Fault) -> AsyncGenerator[Transcriber, None]:
    providers = [(faulty_fake(fault, "first"), 500), (faulty_fake(fault, "second"), 500)]
    async with FailoverTranscriber(providers) as transcriber:
        yield transcriber


def faulty_fake(fault: Fault, name: str = "fake") -> FakeTranscriber:
    errors: dict[Fault, ProviderError] = {
        Fault.REJECTS: ProviderRejected(name, "scripted"),
        Fault.OVERLOADED: ProviderOverloaded(name, "scripted"),
        Fault.UNAVAILABLE: ProviderUnavailable(name, "scripted"),
    }
    fake = FakeTranscriber(name)
    fake.open_error = errors.get(fault)
    if fault is Fault.DIES_WHILE_LISTENING:
        fake.fail_after_ms = DIES_AFTER_MS
    return fake


@pytest.mark.wire
@pytest.mark.parametrize("make", [make_fake, make_deepgram, make_transcribe, make_failover])
@pytest.mark.parametrize("check", CHECKS)
async def test_contract(make: Maker, check: Check) -> None:
    """Every transcriber passes every check of the contract."""
    await check(make)
