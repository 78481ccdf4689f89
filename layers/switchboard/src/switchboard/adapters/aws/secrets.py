"""Settings from a secret in AWS Secrets Manager, read again while the process runs.

The secret is a JSON object whose keys are names of settings. Its current version is laid over the environment at the start and
read again every few minutes, and at once (but rarely) when somebody refused our credentials or we refused theirs. For an
hour after a rotation the previous values are believed too, because other processes and the carrier change over at
their own moments (failure F40). No value appears in a log, an error or a repr.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import msgspec
import structlog
from botocore.config import Config
from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.domain.rotating import RotatingSecret
from switchboard.ports.errors import PortError, ProviderError, ProviderProtocolError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PROVIDER = "secretsmanager"
REFRESH_S = 180.0
REFRESH_SOON_S = 30.0
"""After a refusal, at the earliest this long after the last reading: anyone can send us a wrong signature."""
OVERLAP_S = 3600.0
"""How long the previous values are believed after a rotation; long enough to change a token at the vendor as well."""
SETTLED_AFTER_S = 600.0
"""By then every process has read a new value, three times over."""
TIMEOUT_S = 1.5
ATTEMPTS_MAX = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SecretValues:
    """One reading: the current values, and the previous ones where they may still be in use."""

    current: Mapping[str, str] = field(default_factory=dict, repr=False)
    previous: Mapping[str, str] = field(default_factory=dict, repr=False)
    rotated_at_s: float = 0.0
    """When the current version was made (UTC)."""

    def of(self, name: str, now_s: float) -> tuple[str, ...]:
        """The values of one name that count at `now_s`, the current one first; empty where there are none."""
        former = self.previous.get(name, "") if now_s - self.rotated_at_s < OVERLAP_S else ""
        return tuple(dict.fromkeys(value for value in (self.current.get(name, ""), former) if value))

    def all_of(self, name: str) -> tuple[str, ...]:
        """The current and the previous value, however old; for what was signed long ago."""
        return tuple(filter(None, (self.current.get(name, ""), self.previous.get(name, ""))))


class SecretReader:
    """Reads one secret (blocks)."""

    def __init__(
        self,
        secret_id: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        self._secret_id = secret_id
        self._client: SecretsManagerClient = (session or boto3.Session()).client(
            "secretsmanager",
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=TIMEOUT_S,
                read_timeout=TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
            ),
        )

    def read(self) -> SecretValues:
        """The secret as of now. Raises `ProviderError`."""
        with aws_failures(PROVIDER):
            answer = self._client.get_secret_value(SecretId=self._secret_id)
            previous = self._previous()
        created = answer.get("CreatedDate")
        return SecretValues(
            current=_decoded(answer.get("SecretString", "")),
            previous={} if previous is None else _decoded(previous),
            rotated_at_s=created.timestamp() if created else 0.0,
        )

    def _previous(self) -> str | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id, VersionStage="AWSPREVIOUS")
        except ClientError as refused:
            if code_of(refused) == "ResourceNotFoundException":
                return None  # never rotated
            raise
        return answer.get("SecretString")


class Secrets:
    """The secret's values as they stand, and what keeps them fresh. Without a reader they are those of the start."""

    def __init__(
        self,
        values: SecretValues,
        *,
        reader: SecretReader | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._values = values
        self._reader = reader
        self._clock_s = clock_s
        self._read_at_s = clock_s()
        self._wanted = asyncio.Event()
        self._reading = asyncio.Lock()

    def secret(self, name: str, otherwise: str) -> RotatingSecret:
        """One setting's values; `otherwise` is used where the secret does not hold it."""

        def values() -> tuple[str, ...]:
            return self._values.of(name, self._clock_s()) or ((otherwise,) if otherwise else ())

        return values

    def key(self, name: str, otherwise: str) -> Callable[[], str]:
        """One setting's current value."""
        return lambda: next(iter(self._values.of(name, self._clock_s())), otherwise)

    def settled(self, name: str, otherwise: str) -> Callable[[], str]:
        """The value to sign with for our own processes: the one that all of them have had the time to read."""

        def value() -> str:
            now_s = self._clock_s()
            values = self._values.of(name, now_s) or (otherwise,)
            is_new = now_s - self._values.rotated_at_s < SETTLED_AFTER_S
            return values[-1] if is_new else values[0]

        return value

    def refused(self) -> None:
        """Somebody was refused with, or for, one of our secrets: perhaps it has changed. Returns at once."""
        self._wanted.set()

    async def keep_fresh(self) -> None:
        """Read again and again, for ever; for processes that live long."""
        while True:
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._wanted.wait()
                await asyncio.sleep(max(0.0, self._read_at_s + REFRESH_SOON_S - self._clock_s()))
            except TimeoutError:
                pass  # nobody was refused: it is time all the same
            self._wanted.clear()
            await self.refresh()

    async def refresh(self, *, older_than_s: float = 0.0) -> None:
        """Read again if the last reading is older than this; a failure leaves the values as they are."""
        if self._reader is None or self._clock_s() - self._read_at_s < older_than_s:
            return
        async with self._reading:
            if self._clock_s() - self._read_at_s < older_than_s:
                return
            # Also after a failure: the next attempt has its own time.
            self._read_at_s = self._clock_s()
            try:
                values = await asyncio.to_thread(self._reader.read)
            except PortError as error:
                log.warning("secrets not read again", error=type(error).__name__, provider=PROVIDER)
                return
            if values.current != self._values.current:
                log.info("secrets have changed", count=_changes(self._values.current, values.current))
            self._values = values


def read_environment(environ: Mapping[str, str]) -> tuple[dict[str, str], Secrets]:
    """The environment under the secret that it names, and the secret itself; without one they are what they are.

    A secret that cannot be read is logged and done without: the environment may hold enough, and is checked next.
    """
    secret_id, region = (environ.get(name, "").strip() for name in ("SWITCHBOARD_SECRETS_ID", "AWS_REGION"))
    if not secret_id or not region:
        return dict(environ), Secrets(SecretValues())
    reader = SecretReader(secret_id, region=region, endpoint_url=environ.get("AWS_ENDPOINT_URL") or None)
    try:
        values = reader.read()
    except ProviderError as error:
        log.error("secret cannot be read", provider=PROVIDER, reason=error.reason)  # noqa: TRY400 - no place in the code
        values = SecretValues()
    return {**environ, **values.current}, Secrets(values, reader=reader)


def _decoded(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError:
        # The decoder's message could quote a value.
        raise ProviderProtocolError(PROVIDER, "the secret is not a JSON object of strings") from None


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())
