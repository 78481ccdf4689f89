"""Threads for blocking AWS requests, with one owner of deadlines, retries and the decision to stop asking.

boto3 blocks and spends about 1.6 ms of CPU on a request; both happen here, away from the event loop. Everything is bounded: the
threads, the requests that wait for one, the time of a request and its attempts. A service that does not answer is left
alone for a while (a circuit breaker), so that a call which can do without it does not wait for it every time.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from botocore.config import Config

from switchboard.domain.circuit_breaker import CircuitBreaker
from switchboard.ports.errors import ProviderError, ProviderTimeout, ProviderUnavailable

THREADS_MAX = 8
"""A request takes some 10 ms: 800 requests a second, while 200 calls make about 50."""
WAITING_MAX = 64
"""Requests that wait for a thread: under a tenth of a second of work. More is refused at once."""
ATTEMPTS_MAX = 2
RETRY_AFTER_S = 0.05
CONNECT_TIMEOUT_S = 0.3
READ_TIMEOUT_S = 0.4
"""DynamoDB answers within some 10 ms; two attempts fit into the deadline below."""
TIMEOUT_S = 0.9
"""Of a request with its attempts: below the gateway's SETUP_TIMEOUT_S / 2 and CHECKPOINT_TIMEOUT_S."""
COOL_DOWN_MS = 1_000
COOL_DOWN_MAX_MS = 4_000
"""How long a service that has failed is left alone: short, because calls go without checkpoints meanwhile."""

T = TypeVar("T")


class _NoRoom(ProviderUnavailable):
    """Our own threads are busy: says nothing about the service, and waiting would not help."""


def client_config(
    *, connect_timeout_s: float = CONNECT_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S
) -> Config:
    """The configuration of clients whose retries and deadlines belong to `Workers`."""
    return Config(
        connect_timeout=connect_timeout_s,
        # Bounds the life of a thread for which nobody waits any more.
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=THREADS_MAX,
        # Of expressions that are constants of ours, on every request.
        parameter_validation=False,
        tcp_keepalive=True,
    )


class Workers:
    """Runs blocking requests to one service. `provider` names it in errors."""

    def __init__(
        self,
        provider: str,
        *,
        threads_max: int = THREADS_MAX,
        waiting_max: int = WAITING_MAX,
        timeout_s: float = TIMEOUT_S,
        clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self.provider = provider
        self._threads = ThreadPoolExecutor(threads_max, thread_name_prefix=provider)
        self._room = threading.Semaphore(threads_max + waiting_max)
        self._timeout_s = timeout_s
        self._clock_ms = clock_ms
        self._breaker = CircuitBreaker(
            budget_ms=int(timeout_s * 500), cool_down_ms=COOL_DOWN_MS, cool_down_max_ms=COOL_DOWN_MAX_MS
        )
        self._closed = False

    async def run(self, request: Callable[[], T]) -> T:
        """Run `request` in a thread and return its result; it must be safe to repeat. Raises `ProviderError`.

        `request` raises `ProviderError` itself (`failures.aws_failures`). One that overruns the deadline may still be
        carried out after this has raised.
        """
        is_probe = self._admit()
        started_ms = self._clock_ms()
        healthy: bool | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await self._attempts(request)
            healthy = True
        except TimeoutError:
            healthy = False
            raise ProviderTimeout(self.provider, f"no answer within {self._timeout_s:g} s") from None
        except _NoRoom:
            raise
        except ProviderError as error:
            # What another service did to this request (a session that could not be had) says nothing about this one.
            healthy = None if error.provider != self.provider else not error.retryable
            raise
        finally:
            self._learn(is_probe, healthy, started_ms)
        return result

    async def close(self) -> None:
        """Stop; requests under way end by their own deadlines. Idempotent."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    def _admit(self) -> bool:
        """Whether the request is the one that tries a failed service again."""
        if self._closed:
            raise ProviderUnavailable(self.provider, "closed")
        if self._breaker.allows():
            return False
        now_ms = self._clock_ms()
        if not self._breaker.probe_due(now_ms):
            raise ProviderUnavailable(self.provider, "left alone after failures")
        self._breaker.start_probe(now_ms)
        return True

    def _learn(self, is_probe: bool, healthy: bool | None, started_ms: int) -> None:
        """Tell the breaker how a request went; None where it was given up, or failed for another reason."""
        now_ms = self._clock_ms()
        if is_probe and healthy:
            self._breaker.record_probe_success(now_ms)
        elif is_probe:
            self._breaker.record_probe_failure(now_ms)
        elif healthy:
            self._breaker.record_latency(now_ms - started_ms, now_ms)
        elif healthy is False:
            self._breaker.record_failure(now_ms)

    async def _attempts(self, request: Callable[[], T]) -> T:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await self._in_thread(request)
            except ProviderError as error:
                if not error.retryable or attempt == ATTEMPTS_MAX or isinstance(error, _NoRoom):
                    raise
            await asyncio.sleep(RETRY_AFTER_S * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, no secret
        raise AssertionError("the last attempt returns or raises")

    async def _in_thread(self, request: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise _NoRoom(self.provider, "too many requests wait")
        try:
            future = self._threads.submit(request)
        except RuntimeError:
            self._room.release()
            raise ProviderUnavailable(self.provider, "closed") from None
        # Also when nobody waits any more: a thread that hangs counts until it comes out.
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)
