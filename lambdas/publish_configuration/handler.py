"""Publish tenants' configuration when one of them has changed, and now and then: parse -> one service -> tell.

Whatever the event says - the configuration table's stream, or a schedule - everything is published anew: the result does not depend on which
changes were told, how often or in which order. A broken document is told with tenant and field and changes nothing for
its tenant; only what may pass by itself (a service that is down) raises, so that the stream repeats the batch.
"""

import time
from functools import cache
from typing import Any

import structlog

from switchboard.adapters.aws.configuration import DynamoDbTenantDocuments, S3SnapshotObject
from switchboard.adapters.aws.secrets import SecretReader
from switchboard.observability import configure_logging
from switchboard.publisher_settings import PublisherSettings
from switchboard.services.publish_configuration import publish_configuration

SECRET = "SWITCHBOARD_STREAM_TOKEN_SECRET"  # noqa: S105 - the name of one

log = structlog.get_logger()


class SecretMissing(RuntimeError):
    """The providers' secret does not hold what snapshots are signed with."""


@cache
def _dependencies() -> tuple[DynamoDbTenantDocuments, S3SnapshotObject, SecretReader]:
    configure_logging()
    settings = PublisherSettings()  # type: ignore[call-arg]  # filled from the environment
    where: Any = {"region": settings.region, "endpoint_url": settings.endpoint_url or None}
    return (
        DynamoDbTenantDocuments(table=settings.configuration_table, **where),
        S3SnapshotObject(bucket=settings.configuration_bucket, **where),
        SecretReader(settings.secrets_id, **where),
    )


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer `{"version", "tenants", "isNew", "problems": [{"tenant", "field", "what"}]}`."""
    documents, snapshots, reader = _dependencies()
    # Read each time: changes are rare, and a snapshot signed with yesterday's secret helps nobody.
    secrets = reader.read().all_of(SECRET)
    if not secrets:
        raise SecretMissing(f"{SECRET} is not in the secret: put it there and save a tenant again.")
    publication = publish_configuration(
        documents=documents, snapshots=snapshots, secrets=secrets, now_s=int(time.time())
    )
    for problem in publication.problems:
        log.error(
            "tenant's configuration refused", tenant=problem.tenant, path=problem.field, reason=problem.what
        )
    if publication.former_lost:
        log.error("former snapshot was not signed by us", version=publication.version)
    state = "new" if publication.is_new else "unchanged"
    log.info("configuration published", version=publication.version, count=publication.tenants, state=state)
    return {
        "version": publication.version,
        "tenants": publication.tenants,
        "isNew": publication.is_new,
        "problems": [
            {"tenant": each.tenant, "field": each.field, "what": each.what} for each in publication.problems
        ],
    }
