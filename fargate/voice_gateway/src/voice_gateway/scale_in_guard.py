"""Scale-in protection of this task: there before a call begins, gone soon after the last one has left.

A protected task is stopped neither by scaling in nor by a deployment. Protection is asked for when the first socket comes in
and lasts for the longest call plus a margin; it is renewed while calls live, long before the margin is used up. So every
call that begins is covered to its end even if the ECS agent never answers again, and a process that hangs holds a deployment
up no longer than that. A gateway that is never without calls would hold it up for ever, and could never be scaled in: once in
an hour it lets go for two minutes. If ECS takes it then, it is taken out of the load balancer first, its calls have an
hour to end, and what is left is handed over (decision 0011). Where protection cannot be had no call begins here, and the guard tries until it can.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from switchboard.ports.errors import ProviderError
from switchboard.ports.task_protection import TaskProtection
from switchboard.telemetry.metrics import TASK_PROTECTION_FAILURES, Meter

MARGIN_S = 15 * 60
"""On top of the longest call: how long the agent may fail before new calls are refused."""
RENEW_S = 5 * 60
HELD_S_MAX = 60 * 60
"""Protection without a break."""
WINDOW_S = 120
"""The break: long enough for ECS, which looks at a deployment about every minute."""
GRACE_S = 15
"""After the last call: a caller whose socket broke is back within seconds, and most likely here."""
SECURE_TIMEOUT_S = 2.0
"""How long a first caller waits in silence for the confirmation."""
BACKOFF_S = (1, 2, 4, 8, 16, 30)
"""Pauses between attempts, each shortened by up to half at random: a fleet must not be throttled in step."""
MINUTES_MAX = 2880
NEVER_S = float("inf")

log = structlog.get_logger()


class ScaleInGuard:
    """One per process, between `start()` and `close()`."""

    def __init__(
        self,
        protection: TaskProtection,
        *,
        call_max_s: float,
        loop: asyncio.AbstractEventLoop,
        meter: Meter,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._protection = protection
        self._call_max_s = call_max_s
        self._minutes = min(MINUTES_MAX, -(-int(call_max_s + MARGIN_S) // 60))
        self._loop = loop
        self._meter = meter
        self._jitter = jitter
        self._live = 0
        self._covered_until_s = 0.0
        """By the last confirmation; 0 as soon as a release is under way."""
        self._maybe_held = False
        """Whether ECS may believe us protected."""
        self._break_at_s = NEVER_S
        self._open_until_s = 0.0
        self._renew_at_s = self._release_at_s = self._retry_at_s = 0.0
        self._failures = 0
        self._failing = False
        self._changed = asyncio.Event()
        self._waiting: set[asyncio.Future[bool]] = set()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def admits(self) -> bool:
        """Whether a call may come in: protection works as far as we know, or the last one lasts long enough."""
        return not self._failing or self._covers

    def start(self) -> None:
        """Begin to keep protection as the calls need it."""
        assert self._keeper is None, "already started"
        self._keeper = self._loop.create_task(self._keep(), name="scale-in-guard")

    async def close(self) -> None:
        """Stop keeping it, and leave it as it is: whoever stops the process has been allowed to."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        await self._protection.close()

    def entered(self) -> None:
        """A call's socket has come in."""
        self._live += 1
        if not self._failing:
            self._retry_at_s = 0.0  # what is to be tried again is a release
        self._changed.set()

    def left(self) -> None:
        """A call's socket is gone."""
        self._live -= 1
        assert self._live >= 0, "every socket leaves once"
        self._release_at_s = self._loop.time() + GRACE_S
        self._changed.set()

    async def secured(self) -> bool:
        """Wait until a call may begin; False where it must not."""
        if self._covers or self._is_open:
            return True
        if self._failing:
            return False
        future: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(SECURE_TIMEOUT_S):
                return await future
        except TimeoutError:
            # Too slow is as good as none: until it succeeds, callers go where they are not kept waiting.
            self._failing = True
            return False
        finally:
            self._waiting.discard(future)

    @property
    def _covers(self) -> bool:
        """Whether a call of the longest kind that began now would be protected to its end."""
        return self._covered_until_s - self._loop.time() >= self._call_max_s

    @property
    def _is_open(self) -> bool:
        """Whether this is the break, in which calls begin and go on without protection."""
        return self._loop.time() < self._open_until_s

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            step, at_s = self._next()
            wait_s = at_s - self._loop.time()
            if wait_s <= 0:
                await step()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s if wait_s < NEVER_S else None):
                    await self._changed.wait()

    def _next(self) -> tuple[Callable[[], Awaitable[None]], float]:
        """What is to be done, and when."""
        if self._live or self._failing:
            # Failing, also without calls: nobody comes in any more who would make us try.
            renew_at_s = max(self._renew_at_s, self._retry_at_s, self._open_until_s)
            if self._break_at_s <= renew_at_s and not self._failing:
                return self._pause, self._break_at_s
            return self._protect, renew_at_s
        if self._maybe_held:
            return self._release, max(self._release_at_s, self._retry_at_s)
        return self._release, NEVER_S

    async def _protect(self) -> None:
        asked_s = self._loop.time()
        self._maybe_held = True
        try:
            await self._protection.protect(minutes=self._minutes)
        except ProviderError as error:
            log.warning("task not protected", error=type(error).__name__, reason=error.reason)
            self._failing = True
            self._failed(error)
        else:
            if self._failing:
                log.info("task protected again")
            self._succeeded()
            self._failing = False
            self._covered_until_s = asked_s + 60 * self._minutes
            self._renew_at_s = asked_s + RENEW_S
            self._break_at_s = min(self._break_at_s, asked_s + HELD_S_MAX)
            self._release_at_s = max(self._release_at_s, self._loop.time() + GRACE_S)
        for future in self._waiting:
            if not future.done():
                future.set_result(self._covers)

    async def _pause(self) -> None:
        """Let ECS take this task, if it wants to; a break that fails is left out."""
        await self._release()
        if self._maybe_held:
            self._retry_at_s = 0.0  # protected again at once: whether it is, nobody knows
        else:
            log.info("task protection paused", calls=self._live)
            self._open_until_s = self._loop.time() + WINDOW_S

    async def _release(self) -> None:
        self._break_at_s = NEVER_S
        self._covered_until_s = self._renew_at_s = 0.0
        try:
            await self._protection.release()
        except ProviderError as error:
            log.warning("task protection not released", error=type(error).__name__, reason=error.reason)
            self._failed(error)
        else:
            self._succeeded()
            self._maybe_held = False

    def _succeeded(self) -> None:
        self._failures = 0
        self._retry_at_s = 0.0

    def _failed(self, error: ProviderError) -> None:
        self._meter.record(TASK_PROTECTION_FAILURES, error=type(error).__name__)
        pause_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self._retry_at_s = self._loop.time() + pause_s * (1 - self._jitter() / 2)
