"""Where calls' state, tenants and facts live: on this machine, or in AWS."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import boto3
import structlog
from msgspec import Struct

from switchboard.adapters.aws.dynamodb import CallsTable, DynamoDbCheckpointStore, DynamoDbTokenLedger
from switchboard.adapters.aws.event_stream import EventStream, Firehose, Sqs
from switchboard.adapters.aws.secrets import Secrets
from switchboard.adapters.aws.tenant_directory import SnapshotTenantDirectory
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.workers import client_config
from switchboard.adapters.embedded.event_file import EventFile, NoEvents
from switchboard.adapters.embedded.tenants import EmbeddedTenantDirectory
from switchboard.adapters.sqlite.store import SqliteCheckpointStore, SqliteTokenLedger
from switchboard.ports.checkpoints import CheckpointStore
from switchboard.ports.event_sink import EventSink
from switchboard.ports.tenant_directory import TenantDirectory
from switchboard.ports.token_ledger import TokenLedger
from switchboard.settings import Settings

SINK_CLOSE_S = 5.0
"""For the last facts, after the last call has left."""

log = structlog.get_logger()

Background = tuple[str, Callable[[], Awaitable[None]]]


class Stores(Struct, frozen=True):
    """What `SWITCHBOARD_STORE` decides. `background` is to be run as long as they are used."""

    checkpoints: CheckpointStore
    tokens: TokenLedger
    directory: TenantDirectory
    sink: EventSink
    background: tuple[Background, ...] = ()


@asynccontextmanager
async def open_stores(settings: Settings, secrets: Secrets) -> AsyncIterator[Stores]:
    """Open them; closed in reverse order."""
    async with AsyncExitStack() as stack:
        yield await (_aws if settings.store == "aws" else _embedded)(settings, secrets, stack)


async def _embedded(settings: Settings, secrets: Secrets, stack: AsyncExitStack) -> Stores:
    checkpoints = SqliteCheckpointStore(settings.state_path)
    stack.push_async_callback(checkpoints.close)
    tokens = SqliteTokenLedger(settings.state_path)
    stack.push_async_callback(tokens.close)
    directory = (
        EmbeddedTenantDirectory.of_folder(settings.tenants_dir)
        if settings.tenants_dir
        else EmbeddedTenantDirectory.demo(handover_number=settings.handover_number)
    )
    sink: EventSink = EventFile(settings.facts_path) if settings.facts_path else NoEvents()
    stack.push_async_callback(sink.close, deadline_s=SINK_CLOSE_S)
    return Stores(checkpoints, tokens, directory, sink, (("secrets", secrets.keep_fresh),))


async def _aws(settings: Settings, secrets: Secrets, stack: AsyncExitStack) -> Stores:
    # One session: reading AWS's descriptions of its services takes 0.1 s and some megabytes each time.
    where: dict[str, Any] = {
        "region": settings.aws_region,
        "endpoint_url": settings.aws_endpoint_url or None,
        "session": boto3.Session(),
    }
    sessions = TenantSessions(role_arn=settings.tenant_role_arn, config=client_config(), **where)
    table = CallsTable(name=settings.calls_table, sessions=sessions)
    stack.push_async_callback(table.close)
    directory = SnapshotTenantDirectory(
        bucket=settings.configuration_bucket,
        secrets=secrets.secret("SWITCHBOARD_STREAM_TOKEN_SECRET", settings.token_secret.get_secret_value()),
        copy_path=settings.configuration_copy,
        **where,
    )
    await directory.start()
    sink = EventStream(
        [Firehose(stream=settings.facts_stream, **where)] if settings.facts_stream else [],
        starts_only=[Sqs(queue_url=settings.call_events_queue_url, **where)]
        if settings.call_events_queue_url
        else [],
    )
    sink.start()
    stack.push_async_callback(sink.close, deadline_s=SINK_CLOSE_S)
    return Stores(
        DynamoDbCheckpointStore(table),
        DynamoDbTokenLedger(table),
        directory,
        sink,
        (("secrets", secrets.keep_fresh), ("tenants", directory.keep_fresh)),
    )
