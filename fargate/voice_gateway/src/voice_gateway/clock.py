"""Core time for one call: milliseconds that only go forward, also across tasks on different machines.

Durations follow the event loop's monotonic clock; the base is the wall clock, so that a snapshot taken over from another task
is never in the future by more than the two machines' clocks differ (and then this call's clock simply starts there).
"""

import asyncio


class CallClock:
    """Integer ms; `base_ms` is the reading at construction."""

    def __init__(self, loop: asyncio.AbstractEventLoop, base_ms: int) -> None:
        self._loop = loop
        self._base_ms = base_ms
        self._start = loop.time()

    def now_ms(self) -> int:
        """Now."""
        return self._base_ms + int((self._loop.time() - self._start) * 1000)

    def loop_time(self, at_ms: int) -> float:
        """The loop's time at which `now_ms()` reaches `at_ms`."""
        return self._start + (at_ms - self._base_ms) / 1000 + 0.000_5
