"""What the telephony webhooks keep and read, by `SWITCHBOARD_STORE`."""

from typing import Any

import boto3
from msgspec import Struct

from switchboard.adapters.aws.dynamodb import CallsTable, DynamoDbCallProgressStore, DynamoDbCheckpointStore
from switchboard.adapters.aws.event_stream import EventStream, Firehose, Sqs
from switchboard.adapters.aws.secrets import Secrets
from switchboard.adapters.aws.tenant_directory import SnapshotTenantDirectory
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.workers import client_config
from switchboard.adapters.embedded.event_file import EventFile, NoEvents
from switchboard.adapters.embedded.tenants import EmbeddedTenantDirectory
from switchboard.adapters.sqlite.store import SqliteCallProgressStore, SqliteCheckpointStore
from switchboard.ports.call_progress import CallProgressStore
from switchboard.ports.checkpoints import CheckpointStore
from switchboard.ports.event_sink import EventSink
from switchboard.ports.tenant_directory import TenantDirectory
from switchboard.settings import Settings

SINK_CLOSE_S = 3.0


class WebhookStores(Struct, frozen=True):
    """The stores, and what closes them besides their own `close`."""

    checkpoints: CheckpointStore
    progress: CallProgressStore
    directory: TenantDirectory
    sink: EventSink
    table: CallsTable | None = None

    async def close(self) -> None:
        """Close everything."""
        await self.sink.close(deadline_s=SINK_CLOSE_S)
        await self.checkpoints.close()
        await self.progress.close()
        if self.table is not None:
            await self.table.close()


def open_webhook_stores(settings: Settings, secrets: Secrets) -> WebhookStores:
    """Make them; nothing is asked of the network yet. Raises `TenantsUnusable`."""
    return _aws(settings, secrets) if settings.store == "aws" else _embedded(settings)


def _embedded(settings: Settings) -> WebhookStores:
    return WebhookStores(
        checkpoints=SqliteCheckpointStore(settings.state_path),
        progress=SqliteCallProgressStore(settings.state_path),
        directory=EmbeddedTenantDirectory.of_folder(settings.tenants_dir)
        if settings.tenants_dir
        else EmbeddedTenantDirectory.demo(handover_number=settings.handover_number),
        sink=EventFile(settings.facts_path) if settings.facts_path else NoEvents(),
    )


def _aws(settings: Settings, secrets: Secrets) -> WebhookStores:
    where: dict[str, Any] = {
        "region": settings.aws_region,
        "endpoint_url": settings.aws_endpoint_url or None,
        "session": boto3.Session(),
    }
    sessions = TenantSessions(role_arn=settings.tenant_role_arn, config=client_config(), **where)
    table = CallsTable(name=settings.calls_table, sessions=sessions)
    directory = SnapshotTenantDirectory(
        bucket=settings.configuration_bucket,
        secrets=secrets.secret("SWITCHBOARD_STREAM_TOKEN_SECRET", settings.token_secret.get_secret_value()),
        copy_path=settings.configuration_copy,
        **where,
    )
    return WebhookStores(
        checkpoints=DynamoDbCheckpointStore(table),
        progress=DynamoDbCallProgressStore(table),
        directory=directory,
        sink=EventStream(
            [Firehose(stream=settings.facts_stream, **where)] if settings.facts_stream else [],
            starts_only=[Sqs(queue_url=settings.call_events_queue_url, **where)]
            if settings.call_events_queue_url
            else [],
        ),
        table=table,
    )
