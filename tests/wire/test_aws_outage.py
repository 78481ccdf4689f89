"""Real sockets, the real AWS adapters, and an AWS that stops answering in the middle of a call (D1)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from switchboard.adapters.aws.dynamodb import CallsTable, DynamoDbCheckpointStore, DynamoDbTokenLedger
from switchboard.adapters.aws.event_stream import EventStream, Firehose, Sqs
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.workers import client_config
from switchboard.domain.calls import Disposition
from tests.fakes.aws_server import REGION, Front, client, make_table, session
from tests.gateway.rig import World
from tests.wire.rig import Media, WireFarEnd, brief_world, media_server
from voice_gateway.connection import SETUP_TIMEOUT_S

pytestmark = pytest.mark.wire

STALL_MS_MAX = 250
"""Of the event loop, on a machine that tests beside it; a blocking request would hold it for 400 at least."""


class Lag:
    """The longest that the event loop was held."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    async def measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begin = loop.time()
            await asyncio.sleep(0.01)
            self.worst_ms = max(self.worst_ms, (loop.time() - begin - 0.01) * 1000)


@asynccontextmanager
async def on_aws(url: str) -> AsyncIterator[tuple[World, Front, EventStream]]:
    name = f"outage-{uuid.uuid4().hex}"
    make_table(url, name)
    queue_url = client("sqs", url).create_queue(QueueName=name)["QueueUrl"]
    async with Front(url) as front:
        where: dict[str, Any] = {"region": REGION, "endpoint_url": front.url, "session": session()}
        sessions = TenantSessions(
            role_arn="arn:aws:iam::123456789012:role/tenant-calls", config=client_config(), **where
        )
        # The time of the rig's tokens.
        loop = asyncio.get_running_loop()
        table = CallsTable(name=name, sessions=sessions, clock_s=lambda: 1_700_000_000 + loop.time())
        # A stream that does not exist, for the drops; a queue that does, for the deliveries.
        stream = EventStream(
            [Firehose(stream=name, **where)],
            starts_only=[Sqs(queue_url=queue_url.replace(url, front.url), **where)],
            waiting_max=4,
        )
        stream.start()
        world = brief_world()
        world.checkpoints = DynamoDbCheckpointStore(table)  # type: ignore[assignment]
        world.tokens = DynamoDbTokenLedger(table)  # type: ignore[assignment]
        world.sink = stream  # type: ignore[assignment]
        yield world, front, stream
        await stream.close(deadline_s=0.5)
        await table.close()


async def answered(media: Media, number: int) -> WireFarEnd:
    """A new call that has heard the agent."""
    caller = WireFarEnd(media, f"CA{number:032d}")
    await caller.dial()
    await caller.agent_starts(SETUP_TIMEOUT_S + 5)
    await caller.agent_stops()
    return caller


@pytest.mark.parametrize("outage", ["hanging", "refused"])
async def test_aws_stops_answering(aws_url: str, outage: str):
    """The live call goes on, a new one is answered, the loop is never held, and afterwards AWS has them both."""
    lag = Lag()
    async with on_aws(aws_url) as (world, front, stream), media_server(world) as media:
        live = await answered(media, 1)
        await live.turn("hello")
        stored = await world.checkpoints.load(live.key)
        assert stored is not None
        assert "hello" in stored.snapshot

        measuring = asyncio.create_task(lag.measure())
        if outage == "hanging":
            front.hang()
        else:
            await front.refuse()
        await live.turn("are you still there")
        late = await answered(media, 2)
        await late.turn("good morning")
        assert live.closed is None
        assert late.closed is None
        measuring.cancel()
        assert lag.worst_ms < STALL_MS_MAX

        if outage == "hanging":
            front._answering.set()
        else:
            await front.answer()
        async with asyncio.timeout(20):
            while (kept := world.sessions[-1].fence) == 0:
                await late.turn("how are you")
        assert kept == 1
        for caller in (live, late):
            await caller.hang_up()
        assert [Disposition.CALLER_HUNG_UP] * 2 == [each.outcome.disposition for each in world.sessions]
        assert stream.dropped_count > 0  # bounded: what the missing stream could not take
