"""All calls of one process: who may come in, who is here, and how they leave when the process must stop."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from switchboard.domain.calls import CallKey
from switchboard.domain.rotating import RotatingSecret
from voice_gateway.admission import Admission, Refusal
from voice_gateway.call import Platform
from voice_gateway.connection import Connection
from voice_gateway.loop_lag import LoopLag
from voice_gateway.observers import Observer
from voice_gateway.replay_guard import ReplayGuard
from voice_gateway.session import Session
from voice_gateway.socket import CLOSE_TIMEOUT_S

log = structlog.get_logger()

ObserverFactory = Callable[[Session], Observer | None]


class Gateway:
    """One per process."""

    def __init__(
        self,
        platform: Platform,
        *,
        token_secrets: RotatingSecret,
        on_forged_token: Callable[[], None] = lambda: None,
        admission: Admission,
        observers: Sequence[ObserverFactory] = (),
    ) -> None:
        self.platform = platform
        self.token_secrets = token_secrets
        self.on_forged_token = on_forged_token
        self.replays = ReplayGuard()
        self.observers = tuple(observers)
        self._admission = admission
        self._lag = LoopLag(platform.loop)
        self._connections: set[Connection] = set()
        self._calls: dict[CallKey, Connection] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def refusal(self) -> Refusal | None:
        """Why a new call cannot come in now, if it cannot."""
        return self._admission.admit(live_calls=len(self._connections), lag_ms=self._lag.lag_ms)

    def entered(self, connection: Connection) -> None:
        """A socket was accepted."""
        self._connections.add(connection)
        self._empty.clear()

    def took(self, connection: Connection, key: CallKey) -> None:
        """A socket has proved which call it carries; an older socket of that call is a leftover."""
        former = self._calls.get(key)
        self._calls[key] = connection
        if former is not None and former is not connection:
            former.evict()

    def left(self, connection: Connection) -> None:
        """A socket is gone and nothing of its call runs any more."""
        self._connections.discard(connection)
        for key in [key for key, holder in self._calls.items() if holder is connection]:
            del self._calls[key]
        if not self._connections:
            self._empty.set()

    def status(self) -> dict[str, Any]:
        """What `/ready` tells."""
        refusal = self.refusal()
        return {
            "ready": refusal is None,
            "reason": refusal,
            "calls": len(self._connections),
            "callsMax": self._admission.calls_max,
            "lagMs": round(self._lag.peak_ms, 1),
        }

    async def drain(self, grace_s: float) -> None:
        """Take no more calls, let the live ones end, and after `grace_s` hand over those that have not."""
        self._admission.draining = True
        log.info("draining", calls=len(self._connections), grace_s=grace_s)
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            log.info("handing calls over", calls=len(self._connections))
            await asyncio.gather(*(connection.release() for connection in list(self._connections)))
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * CLOSE_TIMEOUT_S):
                    await self._empty.wait()
        self.close()

    def close(self) -> None:
        """Stop measuring."""
        self._lag.close()
