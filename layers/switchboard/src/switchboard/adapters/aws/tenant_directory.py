"""Tenants from the signed snapshot in S3, kept in memory, with the last good copy on disk.

A snapshot that is not signed by us or not of a known form changes nothing. At the start, while S3 is down, a copy on disk is
accepted for `COPY_AGE_MAX_S` after it was last known to be the newest; it is checked like the object itself (failure F31).
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.domain.configuration_snapshot import Snapshot, SnapshotRefused, numbers_of, unseal
from switchboard.domain.rotating import RotatingSecret
from switchboard.domain.tenants import Tenant
from switchboard.ports.errors import PortError, ProviderError, ProviderUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROVIDER = "s3"
SNAPSHOT_KEY = "snapshot/current.json"
REFRESH_S = 60.0
COPY_AGE_MAX_S = 24 * 3600
"""A day: longer outages of S3 than that are not what stops us."""
TIMEOUT_S = 2.0
ATTEMPTS_MAX = 2

log = structlog.get_logger()


class SnapshotUnavailable(ProviderUnavailable):
    """Neither the snapshot nor a usable copy of it: the process cannot know whom to answer for."""


class SnapshotTenantDirectory:
    """`ports.tenant_directory.TenantDirectory`; empty until the first `refresh` or `start`."""

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        secrets: RotatingSecret,
        copy_path: Path | None = None,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._bucket = bucket
        self._secrets = secrets
        self._copy_path = copy_path
        self._clock_s = clock_s
        self._client: S3Client = (session or boto3.Session()).client(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=TIMEOUT_S,
                read_timeout=TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
            ),
        )
        self._etag = ""
        self._looked_at_s = float("-inf")
        self._reading = asyncio.Lock()
        self._take(Snapshot(0, ()))

    @property
    def version(self) -> int:
        """The published version in use."""
        return self._snapshot.version

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id."""
        return self._by_id.get(tenant_id)

    def tenant_of(self, number: str) -> Tenant | None:
        """Whose number this is."""
        return self._by_number.get(number)

    def tenants(self) -> tuple[Tenant, ...]:
        """All of them."""
        return self._snapshot.tenants

    async def start(self) -> None:
        """Get a first snapshot. Raises `SnapshotUnavailable` where there is neither one in S3 nor a copy young enough."""
        await self.refresh()
        if not self.version:
            raise SnapshotUnavailable(PROVIDER, f"no usable snapshot at {SNAPSHOT_KEY}, and no copy of one")

    async def keep_fresh(self) -> None:
        """Look again and again, for ever; for processes that live long."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()

    async def refresh(self, *, older_than_s: float = 0.0) -> None:
        """Take a newer snapshot if there is one; whatever goes wrong, what is known stays, or else comes from the copy."""
        async with self._reading:
            if self.version and self._clock_s() - self._looked_at_s < older_than_s:
                return
            self._looked_at_s = self._clock_s()
            try:
                await self._look()
            except ProviderError as error:
                log.warning("tenants not read again", provider=PROVIDER, reason=error.reason)
            except PortError as error:
                log.warning("tenants not read again", error=type(error).__name__)
            except SnapshotRefused as refused:
                log.exception("snapshot of tenants refused", reason=str(refused))
            if not self.version:
                await self._use_copy()

    async def _use_copy(self) -> None:
        copy = await asyncio.to_thread(self._read_copy)
        if copy is not None:
            log.warning("tenants come from the copy on disk", version=copy.version, count=len(copy.tenants))
            self._take(copy)

    async def _look(self) -> None:
        read = await asyncio.to_thread(self._read)
        if read is None:
            await asyncio.to_thread(self._confirm_copy)
            return
        etag, data = read
        snapshot = unseal(data, self._secrets())
        if snapshot.version < self.version:
            # Somebody put an old object back; a wanted rollback is published as a new version.
            raise SnapshotRefused("it is older than the one in use")
        changed = snapshot.version != self.version
        self._etag = etag
        self._take(snapshot)
        await asyncio.to_thread(self._write_copy, data)
        if changed:
            log.info("tenants have changed", version=snapshot.version, count=len(snapshot.tenants))

    def _take(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_id = {tenant.id: tenant for tenant in snapshot.tenants}
        self._by_number = numbers_of(snapshot.tenants)

    def _read(self) -> tuple[str, bytes] | None:
        """The object's tag and bytes; None where it is the one that we have."""
        with aws_failures(PROVIDER):
            try:
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=SNAPSHOT_KEY, IfNoneMatch=self._etag or '"none"'
                )
                return answer["ETag"], answer["Body"].read()
            except ClientError as refused:
                if code_of(refused) in {"304", "NotModified"}:
                    return None
                raise

    # -- The copy on disk -------------------------------------------------------------------------

    def _write_copy(self, data: bytes) -> None:
        if self._copy_path is None:
            return
        partial = self._copy_path.with_suffix(".partial")
        try:
            self._copy_path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(self._copy_path)
        except OSError as error:
            log.warning("copy of the tenants not written", error=type(error).__name__)

    def _confirm_copy(self) -> None:
        """Its time is when it was last known to be the newest."""
        if self._copy_path is not None:
            try:
                os.utime(self._copy_path)
            except OSError as error:
                log.warning("copy of the tenants not written", error=type(error).__name__)

    def _read_copy(self) -> Snapshot | None:
        if self._copy_path is None:
            return None
        try:
            age_s = self._clock_s() - self._copy_path.stat().st_mtime
            data = self._copy_path.read_bytes()
        except OSError:
            return None
        if age_s > COPY_AGE_MAX_S:
            log.error("copy of the tenants is too old", duration_s=round(age_s))
            return None
        try:
            return unseal(data, self._secrets())
        except SnapshotRefused as refused:
            log.exception("copy of the tenants refused", reason=str(refused))
            return None
