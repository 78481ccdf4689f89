"""Scores the voice activity of all calls together: one model run for every window that came in within a tick.

Batching makes a window about a third as dear as one run a call; it delays no decision: the windows that can begin or end speech
are scored at once, with whatever waits. Where only one caller speaks there is nothing to wait for.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from switchboard.ports.speech_detector import SpeechDetector

TICK_S = 0.018
"""Less than the 20 ms by which a caller's next window may follow: it then knows whether the one before was speech."""
ALONE_S = 0.064
"""Two windows long without another call's: nobody would share a run of the model."""
WINDOWS_WAITING_MAX = 64
"""Two seconds of one call's windows; beyond that the process is so late that old windows are worthless."""


class Ear:
    """One call's windows on their way through the model."""

    def __init__(self, ticker: "VadTicker", on_score: Callable[[float, int], None]) -> None:
        self._ticker = ticker
        self._on_score = on_score
        self._windows: deque[tuple[NDArray[np.float32], int]] = deque(maxlen=WINDOWS_WAITING_MAX)
        self.state = ticker.detector.new_state()
        self.closed = False

    def offer(self, window: NDArray[np.float32], end_ms: int, *, urgent: bool = False) -> None:
        """Have a window scored; `on_score(probability, end_ms)` follows within a tick, in order, or at once if urgent."""
        self._windows.append((window, end_ms))
        self._ticker.wake(self, urgent=urgent)

    @property
    def waiting(self) -> bool:
        """Whether windows are still to be scored."""
        return bool(self._windows)

    def take(self) -> tuple[NDArray[np.float32], int]:
        """The oldest window."""
        return self._windows.popleft()

    def scored(self, probability: float, end_ms: int) -> None:
        """Report a score unless the call has ended meanwhile."""
        if not self.closed:
            self._on_score(probability, end_ms)


class VadTicker:
    """One per process."""

    def __init__(self, detector: SpeechDetector, loop: asyncio.AbstractEventLoop) -> None:
        self.detector = detector
        self._loop = loop
        self._ears: dict[Ear, None] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._latest: Ear | None = None
        self._shared_s = 0.0

    def wake(self, ear: Ear, *, urgent: bool) -> None:
        """Include this ear in the next tick, which comes at once if urgent: whoever waits by then shares it."""
        self._ears[ear] = None
        now_s = self._loop.time()
        if ear is not self._latest:
            self._latest = ear
            self._shared_s = now_s
        if now_s - self._shared_s > ALONE_S and self._handle is None:
            self._tick()
        elif urgent:
            if self._handle:
                self._handle.cancel()
            self._handle = self._loop.call_later(0, self._tick)
        elif self._handle is None:
            self._handle = self._loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._handle = None
        while self._ears:
            ears = list(self._ears)
            windows, ends = zip(*(ear.take() for ear in ears), strict=True)
            states = np.array([ear.state for ear in ears])
            probabilities, new_states = self.detector.score(np.array(windows), states)
            self._ears = {ear: None for ear in ears if ear.waiting and not ear.closed}
            for ear, probability, state, end_ms in zip(ears, probabilities, new_states, ends, strict=True):
                ear.state = state
                ear.scored(float(probability), end_ms)
