"""Scale-in protection in memory, in whatever time the loop has."""

import asyncio
from collections import deque

from switchboard.ports.errors import ProviderError


class FakeTaskProtection:
    """`failures` are raised first, one for each request; None stands for a success. `delay_s` is its slowness."""

    name = "fake"

    def __init__(self) -> None:
        self.minutes: int | None = None
        self.delay_s = 0.05
        self.failures: deque[ProviderError | None] = deque()
        self.failing: ProviderError | None = None
        self.asked: list[tuple[float, int | None]] = []
        """When, and for how many minutes (None: released)."""

    async def protect(self, *, minutes: int) -> None:
        await self._answer(minutes)

    async def release(self) -> None:
        await self._answer(None)

    async def close(self) -> None:
        return None

    async def _answer(self, minutes: int | None) -> None:
        self.asked.append((asyncio.get_running_loop().time(), minutes))
        await asyncio.sleep(self.delay_s)
        error = self.failing or (self.failures.popleft() if self.failures else None)
        if error:
            raise error
        self.minutes = minutes
