"""How late the event loop runs: the one figure that tells whether audio will be on time."""

import asyncio

PROBE_S = 0.05
STALL_MS = 50
"""Nothing may hold the loop for longer (invariant M11)."""
FORGET = 0.9
"""Each probe keeps this share of the former figure: half of it is half a second old."""


class LoopLag:
    """Wakes up every `PROBE_S` and notes how late it was."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due = loop.time() + PROBE_S
        self._handle = loop.call_at(self._due, self._probe)
        self.lag_ms = 0.0
        """The mean of the last second or so: admission looks at this, a single stall refuses nobody."""
        self.peak_ms = 0.0
        """The worst of the last second or so, decaying."""
        self._worst_ms = 0.0
        self._stalls = 0

    def close(self) -> None:
        """Stop probing."""
        self._handle.cancel()

    def take(self) -> tuple[float, int]:
        """The worst lag and the number of stalls since the last time."""
        taken = self._worst_ms, self._stalls
        self._worst_ms, self._stalls = 0.0, 0
        return taken

    def _probe(self) -> None:
        late_ms = max(0.0, (self._loop.time() - self._due) * 1000)
        self.lag_ms = FORGET * self.lag_ms + (1 - FORGET) * late_ms
        self.peak_ms = max(late_ms, FORGET * self.peak_ms)
        self._worst_ms = max(late_ms, self._worst_ms)
        if late_ms > STALL_MS:
            self._stalls += 1
        self._due = self._loop.time() + PROBE_S
        self._handle = self._loop.call_at(self._due, self._probe)
