"""Running coroutines in a chosen order, one step at a time, and ending some of them half-way.

The coroutines wait only at `Scheduler.gate`, so there is no event loop: a run is a list of choices, which
hypothesis draws and shrinks.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any


class Crashed(BaseException):
    """The process that ran the coroutine is gone."""


class _Pause(Awaitable[None]):
    def __await__(self) -> Generator[None, None, None]:
        yield


class Scheduler:
    """`choices` picks, at each step, who goes on, and whether it crashes there; when they run out, everybody ends."""

    def __init__(self, choices: Sequence[tuple[int, bool]]) -> None:
        self._choices = list(choices)
        self.steps = 0
        self.crashes = 0

    async def gate(self, _operation: str) -> None:
        await _Pause()

    def run(
        self, starts: Sequence[Callable[[], Coroutine[Any, Any, Any]]], *, restarts_max: int = 50
    ) -> None:
        """Run all to their end. Whoever crashes or fails is started again from the beginning, like a retried step."""
        running = {index: start() for index, start in enumerate(starts)}
        while running:
            choice, crashes = self._choices.pop(0) if self._choices else (0, False)
            index = sorted(running)[choice % len(running)]
            self.steps += 1
            try:
                if crashes:
                    running[index].throw(Crashed())
                else:
                    running[index].send(None)
            except StopIteration:
                del running[index]
            except Crashed:
                self.crashes += 1
                assert self.crashes <= restarts_max
                running[index] = starts[index]()
