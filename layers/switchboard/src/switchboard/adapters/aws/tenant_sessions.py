"""AWS clients that can touch one tenant's data only.

Our own role has no right to tenants' data. For each tenant the tenant access role is assumed with the session tag `tenant`, on
which its policy is conditioned (security.md 3.3). Sessions last an hour and are renewed from 20 minutes before their end, in the
background: while STS is down, what is valid stays in use.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import boto3
import structlog
from botocore.config import Config

from switchboard.adapters.aws.failures import aws_failures
from switchboard.domain.tenants import is_tenant_id
from switchboard.ports.errors import ProviderError, ProviderUnavailable

SESSION_S = 3600
"""The longest that role chaining allows (IAM, "Using IAM roles: role chaining")."""
RENEW_BEFORE_S = 20 * 60
EXPIRY_MARGIN_S = 30
"""A session this close to its end is not used: the request has to arrive with it."""
RETRY_AFTER_S = 5.0
"""After a failed attempt; the requests in between fail at once instead of waiting for STS each."""
SESSIONS_MAX = 128
"""Tenants whose sessions are kept; a client takes about 250 KB."""
STS = "sts"

ServiceName = Literal["dynamodb", "s3", "transcribe"]

log = structlog.get_logger()


class TenantClients(Protocol):
    """What adapters need of sessions."""

    def client(self, tenant: str, service: ServiceName) -> Any:
        """The client with which to touch this tenant's data now; do not keep it. Raises `ProviderError`."""


@dataclass(slots=True)
class _Tenant:
    """One tenant's session and the clients made with it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    expires_at_s: float = 0.0
    tried_at_s: float = float("-inf")
    renewing: bool = False
    clients: dict[str, Any] = field(default_factory=dict)


class TenantSessions:
    """Clients per tenant. Methods block and are made for worker threads; safe for many of them at once.

    Without a `role_arn` every tenant gets the process's own session: for machines without IAM.
    """

    def __init__(
        self,
        *,
        role_arn: str,
        region: str,
        config: Config,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._role_arn = role_arn
        self._config = config
        self._clock_s = clock_s
        self._session = session or boto3.Session()
        self._region = region
        self._endpoint_url = endpoint_url
        # Making clients is not thread-safe in boto3; using them is.
        self._making = threading.Lock()
        self._sts = self._make("sts", {}) if role_arn else None
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        self._renewals = ThreadPoolExecutor(2, thread_name_prefix="tenant-sessions")

    def client(self, tenant: str, service: ServiceName) -> Any:
        """The client with which to touch this tenant's data now; do not keep it. Raises `ProviderError`."""
        entry = self._entry(tenant)
        if self._role_arn:
            self._ensure(tenant, entry)
        client = entry.clients.get(service)
        if client is None:
            client = entry.clients.setdefault(service, self._make(service, entry.credentials))
        return client

    def close(self) -> None:
        """Stop renewing."""
        self._renewals.shutdown(wait=False, cancel_futures=True)

    def _entry(self, tenant: str) -> _Tenant:
        # It becomes a session tag, and a pattern in the policy: nothing else may come through.
        if not is_tenant_id(tenant):
            raise ValueError("not a tenant id")
        key = tenant if self._role_arn else ""
        with self._making:
            entry = self._tenants.setdefault(key, _Tenant())
            self._tenants.move_to_end(key)
            if len(self._tenants) > SESSIONS_MAX:
                self._tenants.popitem(last=False)
        return entry

    def _ensure(self, tenant: str, entry: _Tenant) -> None:
        now_s = self._clock_s()
        left_s = entry.expires_at_s - now_s
        if left_s > RENEW_BEFORE_S:
            return
        if left_s > EXPIRY_MARGIN_S:
            if not entry.renewing and now_s - entry.tried_at_s >= RETRY_AFTER_S:
                entry.renewing = True
                self._renewals.submit(self._renew, tenant, entry)
            return
        with entry.lock:
            if entry.expires_at_s - self._clock_s() > EXPIRY_MARGIN_S:
                return  # another thread has got one meanwhile
            if self._clock_s() - entry.tried_at_s < RETRY_AFTER_S:
                raise ProviderUnavailable(STS, "gave no session a moment ago")
            self._assume(tenant, entry)

    def _renew(self, tenant: str, entry: _Tenant) -> None:
        try:
            with entry.lock:
                self._assume(tenant, entry)
        except ProviderError as error:
            log.warning(
                "tenant session not renewed", tenant=tenant, provider=error.provider, reason=error.reason
            )
        finally:
            entry.renewing = False

    def _assume(self, tenant: str, entry: _Tenant) -> None:
        entry.tried_at_s = self._clock_s()
        assert self._sts is not None, "only with a role"
        with aws_failures(STS):
            answer = self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName=f"switchboard-{tenant}",
                DurationSeconds=SESSION_S,
                Tags=[{"Key": "tenant", "Value": tenant}],
            )
        given = answer["Credentials"]
        entry.credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        # By our clock, like every later comparison: STS's own may differ.
        entry.expires_at_s = entry.tried_at_s + SESSION_S
        entry.tried_at_s = float("-inf")
        # Clients in use go on with the former session, which is still valid.
        entry.clients = {}

    def _make(self, service: str, credentials: dict[str, str]) -> Any:
        client: Any = self._session.client
        with self._making:
            return client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint_url,
                config=self._config,
                **credentials,
            )
