"""How long a streaming model may keep a caller waiting."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from switchboard.ports.errors import ProviderTimeout

_T = TypeVar("_T")


class TokenDeadlines:
    """The three deadlines of one generation: to the first token, between tokens, and for all of it.

    Only time spent waiting for the vendor counts towards the first two, so a consumer that reads slowly never causes a
    time-out. Keep-alive events do not extend them: call `token_arrived()` for real output only.
    """

    def __init__(
        self,
        provider: str,
        *,
        first_token_timeout_ms: int,
        inter_token_timeout_ms: int,
        total_timeout_ms: int,
    ) -> None:
        self._provider = provider
        self._inter_token_timeout_ms = inter_token_timeout_ms
        self._total_timeout_ms = total_timeout_ms
        self._loop = asyncio.get_running_loop()
        self._total_end_s = self._loop.time() + total_timeout_ms / 1000
        self._reason = f"no first token within {first_token_timeout_ms} ms"
        self._gap_left_s = first_token_timeout_ms / 1000

    async def wait(self, answer: Awaitable[_T]) -> _T:
        """Await the vendor's next step. Raises `ProviderTimeout` (the awaitable is then cancelled)."""
        started_s = self._loop.time()
        total_left_s = self._total_end_s - started_s
        try:
            async with asyncio.timeout(min(self._gap_left_s, total_left_s)):
                return await answer
        except TimeoutError:
            over = total_left_s <= self._gap_left_s
            reason = f"not finished within {self._total_timeout_ms} ms" if over else self._reason
            raise ProviderTimeout(self._provider, reason) from None
        finally:
            self._gap_left_s -= self._loop.time() - started_s

    def token_arrived(self) -> None:
        """Start the wait for the next token."""
        self._reason = f"no further token within {self._inter_token_timeout_ms} ms"
        self._gap_left_s = self._inter_token_timeout_ms / 1000
