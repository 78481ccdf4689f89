"""A clock that a test moves, and a wait for what real time must bring about."""

import asyncio
from collections.abc import Callable


class FakeClock:
    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


async def until(condition: Callable[[], bool]) -> None:
    """Wait (2 s at most) for a condition that nobody announces."""
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - the code under test has no event for it
            await asyncio.sleep(0.001)
