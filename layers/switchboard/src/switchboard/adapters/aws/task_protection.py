"""Scale-in protection by the ECS agent beside the task (ECS, "Task scale-in protection endpoint").

`PUT $ECS_AGENT_URI/task-protection/v1/state`. The agent answers `{"protection": {...}}` with the state it has set,
`{"failure": {"Reason": ...}}` - with status 200 - where ECS refuses, and `{"error": {"Code": ...}}` where the call to ECS
failed. The task role needs `ecs:UpdateTaskProtection` and `ecs:GetTaskProtection`.
"""

import re

import httpx2
import msgspec
from msgspec import Struct

from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

TIMEOUT_S = 5.0
"""The agent gives up its own call to ECS after four seconds and says so."""
MINUTES_MIN, MINUTES_MAX = 1, 2880

_UNAVAILABLE = frozenset(("RequestCanceled", "RequestError", "RequestTimeout", "ServerException"))
_THROTTLED = frozenset(("ThrottlingException", "RequestLimitExceeded"))


class _Protection(Struct, rename="pascal"):
    protection_enabled: bool


class _Failure(Struct, rename="pascal"):
    reason: str = ""


class _Error(Struct, rename="pascal"):
    code: str = ""


class _Answer(Struct):
    protection: _Protection | None = None
    failure: _Failure | None = None
    error: _Error | None = None


class EcsTaskProtection:
    """`ports.task_protection.TaskProtection`. `agent_uri` is the container's `ECS_AGENT_URI`; `close()` it."""

    name = "ecs-agent"

    def __init__(self, agent_uri: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = f"{agent_uri.rstrip('/')}/task-protection/v1/state"
        # The agent is at a link-local address: no proxy of the environment's may come between.
        self._client = httpx2.AsyncClient(timeout=timeout_s, trust_env=False)

    async def protect(self, *, minutes: int) -> None:
        """Part of the port."""
        assert MINUTES_MIN <= minutes <= MINUTES_MAX, "ECS takes 1 to 2,880 minutes"
        await self._put({"ProtectionEnabled": True, "ExpiresInMinutes": minutes}, enabled=True)

    async def release(self) -> None:
        """Part of the port."""
        await self._put({"ProtectionEnabled": False}, enabled=False)

    async def close(self) -> None:
        """Part of the port."""
        await self._client.aclose()

    async def _put(self, body: dict[str, bool | int], *, enabled: bool) -> None:
        try:
            answer = await self._client.put(self._url, json=body)
        except httpx2.TimeoutException:
            raise ProviderTimeout(self.name, "no answer in time") from None
        except httpx2.TransportError as error:
            raise ProviderUnavailable(self.name, type(error).__name__) from None
        except httpx2.HTTPError as error:
            raise ProviderProtocolError(self.name, type(error).__name__) from None
        try:
            state = msgspec.json.decode(answer.content, type=_Answer)
        except msgspec.DecodeError:
            state = _Answer()
        if state.failure is not None:
            raise ProviderRejected(self.name, _code(state.failure.reason))
        if state.error is not None or not answer.is_success:
            raise self._refusal(answer.status_code, _code(state.error.code if state.error else ""))
        if state.protection is None:
            raise ProviderProtocolError(self.name, "the answer holds no state")
        if state.protection.protection_enabled != enabled:
            raise ProviderProtocolError(self.name, "the state is not the one that was asked for")

    def _refusal(self, status: int, code: str) -> ProviderError:
        reason = f"HTTP {status}, {code}"
        if code in _THROTTLED or status == httpx2.codes.TOO_MANY_REQUESTS:
            return ProviderOverloaded(self.name, reason)
        if code in _UNAVAILABLE or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return ProviderUnavailable(self.name, reason)
        return ProviderRejected(self.name, reason)


def _code(text: str) -> str:
    """AWS's code if it is one: messages name roles and accounts, which no log needs."""
    return text if re.fullmatch(r"\w{1,64}", text, re.ASCII) else "unknown"
