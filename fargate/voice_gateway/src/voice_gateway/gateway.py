"""All calls of one process: who may come in, who is here, and how they leave when the process must stop."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from voice_gateway.admission import Admission, Refusal
from voice_gateway.call import Platform
from voice_gateway.connection import Connection
from voice_gateway.loop_lag import LoopLag
from voice_gateway.observers import Observer
from voice_gateway.scale_in_guard import ScaleInGuard
from voice_gateway.session import Session
from voice_gateway.socket import CLOSE_TIMEOUT_S

log = structlog.get_logger()

HANDOVERS_PER_S = 20
"""Calls that leave a draining process: taking one over costs its new process some 10 ms, and all at once would be heard."""

ObserverFactory = Callable[[Session], Observer | None]


class Gateway:
    """One per process."""

    def __init__(
        self,
        platform: Platform,
        *,
        token_secret: str,
        admission: Admission,
        observers: Sequence[ObserverFactory] = (),
        guard: ScaleInGuard | None = None,
    ) -> None:
        self.platform = platform
        self.token_secret = token_secret
        self.observers = tuple(observers)
        self._admission = admission
        self._guard = guard
        self.lag = LoopLag(platform.loop)
        self._connections: set[Connection] = set()
        self._calls: dict[str, Connection] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def refusal(self, *, resumed: bool = False) -> Refusal | None:
        """Why a new call, or one that another process had, cannot come in now, if it cannot."""
        return self._admission.admit(
            live_calls=len(self._connections),
            lag_ms=self.lag.lag_ms,
            protected=self._guard is None or self._guard.admits,
            resumed=resumed,
        )

    async def secured(self) -> bool:
        """Wait until nobody stops this process for scaling in; False where a call must not begin."""
        return self._guard is None or await self._guard.secured()

    @property
    def live_calls(self) -> int:
        """Media sockets, with a call or about to have one."""
        return len(self._connections)

    @property
    def calls_max(self) -> int:
        """As many may live here at a time."""
        return self._admission.calls_max

    def entered(self, connection: Connection) -> None:
        """A socket was accepted."""
        self._connections.add(connection)
        self._empty.clear()
        if self._guard:
            self._guard.entered()

    def took(self, connection: Connection, call_id: str) -> None:
        """A socket has proved which call it carries; an older socket of that call is a leftover."""
        former = self._calls.get(call_id)
        self._calls[call_id] = connection
        if former is not None and former is not connection:
            former.evict()

    def left(self, connection: Connection) -> None:
        """A socket is gone and nothing of its call runs any more."""
        self._connections.remove(connection)
        if self._guard:
            self._guard.left()
        for call_id in [call_id for call_id, holder in self._calls.items() if holder is connection]:
            del self._calls[call_id]
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
            "lagMs": round(self.lag.peak_ms, 1),
        }

    def serves(self) -> bool:
        """Whether anybody would miss this process: it takes calls, or it carries some (decision 0011)."""
        return bool(self._connections) or self.refusal() is None

    async def drain(self, grace_s: float) -> None:
        """Take no more calls, let the live ones end, and after `grace_s` hand over those that have not."""
        self._admission.draining = True
        log.info("draining", calls=len(self._connections), grace_s=grace_s)
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            log.info("handing calls over", calls=len(self._connections))
            await self._hand_over()
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * CLOSE_TIMEOUT_S):
                    await self._empty.wait()
        self.close()

    async def _hand_over(self) -> None:
        """Let every call go, one after another; each then waits for its own moment."""
        async with asyncio.TaskGroup() as leaving:
            for connection in list(self._connections):
                leaving.create_task(connection.release())
                await asyncio.sleep(1 / HANDOVERS_PER_S)

    def close(self) -> None:
        """Stop measuring."""
        self.lag.close()
