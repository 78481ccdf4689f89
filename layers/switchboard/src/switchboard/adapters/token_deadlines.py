"""How long a streaming model may keep a caller waiting."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

from msgspec import Struct

from switchboard.ports.errors import ProviderTimeout

_T = TypeVar("_T")


class TokenTimeouts(Struct, frozen=True):
    """One adapter's three deadlines: to the first token, between two tokens, and for a whole generation."""

    first_token_ms: int
    inter_token_ms: int
    total_ms: int


class TokenDeadlines:
    """The watch on one generation, from entering its `with` block to leaving it.

    Only time spent waiting for the vendor counts towards the first two deadlines, so a consumer that reads slowly never causes
    a time-out. Keep-alive events do not extend them: call `token_arrived()` for real output only. One timer serves all
    waits, because a reply has a hundred of them and a timer each would cost as much as the tokens.
    """

    def __init__(self, provider: str, timeouts: TokenTimeouts) -> None:
        self._provider = provider
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._total_end_s = self._loop.time() + timeouts.total_ms / 1000
        self._reason = f"no first token within {timeouts.first_token_ms} ms"
        self._gap_left_s = timeouts.first_token_ms / 1000
        self._waiting: asyncio.Task[object] | None = None
        self._wait_end_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0
        self._expired = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def wait(self, answer: Awaitable[_T]) -> _T:
        """Await the vendor's next step. Raises `ProviderTimeout` (the awaitable is then cancelled)."""
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        cancelling = task.cancelling()
        started_s = self._loop.time()
        self._wait_end_s = min(started_s + self._gap_left_s, self._total_end_s)
        if self._timer is None or self._wait_end_s < self._timer_s:
            self._arm()
        self._waiting = task
        try:
            result = await answer
        except asyncio.CancelledError:
            # Somebody else may have cancelled the task in the same moment; theirs goes on.
            if self._expired and task.uncancel() <= cancelling:
                raise self._timeout() from None
            raise
        finally:
            self._waiting = None
            self._gap_left_s -= self._loop.time() - started_s
        if self._expired:
            task.uncancel()
            raise self._timeout()
        return result

    def token_arrived(self) -> None:
        """Start the wait for the next token."""
        self._reason = f"no further token within {self._timeouts.inter_token_ms} ms"
        self._gap_left_s = self._timeouts.inter_token_ms / 1000

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = self._wait_end_s
        self._timer = self._loop.call_at(self._timer_s, self._check)

    def _check(self) -> None:
        """Cancel the wait if it is over, else come back when the one of now would be; without one, the next arms anew."""
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() < self._wait_end_s:
            self._arm()
            return
        self._expired = True
        self._waiting.cancel()

    def _timeout(self) -> ProviderTimeout:
        over = self._wait_end_s >= self._total_end_s
        reason = f"not finished within {self._timeouts.total_ms} ms" if over else self._reason
        return ProviderTimeout(self._provider, reason)
