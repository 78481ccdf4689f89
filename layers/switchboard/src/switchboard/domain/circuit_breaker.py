"""When a provider may serve live callers: closed, open, half-open.

Laws. (1) Time is an argument in integer ms. (2) Live callers are admitted in `closed` only. (3) The only way back to
`closed` is a successful background probe, so no caller is ever the first to try a provider that failed
(reliability rule D2). (4) A cool-down is bounded, so a healed provider serves again without an operator (rule D3).
"""

from collections import deque
from enum import StrEnum
from math import ceil

SLOW_FACTOR = 2
"""A use is slow beyond this multiple of the budget (rule D2)."""
SLOW_USES_MIN = 3
"""Slow uses needed before the 95th percentile counts: of fewer than 20 values it is their maximum, one outlier."""
LATENCIES_KEPT_MAX = 20
"""The fewest values of which a 95th percentile is not simply the maximum."""
LATENCY_AGE_MAX_MS = 60_000
"""Older latencies say nothing about the provider now."""
COOL_DOWN_MAX_MS = 30_000
"""Four such waits fit into the 120 s within which the system must be normal again (rule D3)."""
STABLE_AFTER_MS = 60_000
"""Opening again sooner than this after closing lengthens the next cool-down: a flapping provider rests longer."""


class BreakerState(StrEnum):
    """The three states of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """The breaker of one provider.

    Opens after `failures_max` failures in a row, or when the 95th percentile of the recent first-result latencies
    exceeds `SLOW_FACTOR * budget_ms` with at least `SLOW_USES_MIN` slow uses among them.
    """

    __slots__ = (
        "_cool_down_first_ms",
        "_cool_down_max_ms",
        "_cool_down_ms",
        "_failures",
        "_failures_max",
        "_latencies",
        "_state",
        "_state_since_ms",
        "budget_ms",
    )

    def __init__(
        self,
        *,
        budget_ms: int,
        failures_max: int = 3,
        cool_down_ms: int = 2_000,
        cool_down_max_ms: int = COOL_DOWN_MAX_MS,
    ) -> None:
        assert budget_ms > 0, budget_ms
        assert failures_max > 0, failures_max
        assert 0 < cool_down_ms <= cool_down_max_ms <= COOL_DOWN_MAX_MS, cool_down_ms
        self.budget_ms = budget_ms
        self._failures_max = failures_max
        self._cool_down_first_ms = cool_down_ms
        self._cool_down_ms = cool_down_ms
        self._cool_down_max_ms = cool_down_max_ms
        self._state = BreakerState.CLOSED
        self._state_since_ms: int | None = None
        self._failures = 0
        self._latencies: deque[tuple[int, int]] = deque(maxlen=LATENCIES_KEPT_MAX)

    @property
    def state(self) -> BreakerState:
        """The present state; it changes by the record methods and `start_probe` only."""
        return self._state

    @property
    def slow_after_ms(self) -> int:
        """The latency beyond which a use is slow; report a still unanswered use once it is this old."""
        return SLOW_FACTOR * self.budget_ms

    def allows(self) -> bool:
        """True where a live caller may use the provider."""
        return self._state is BreakerState.CLOSED

    def record_latency(self, latency_ms: int, now_ms: int) -> None:
        """A live use got its first result after `latency_ms`, or is unanswered after that long."""
        if self._state is not BreakerState.CLOSED:
            return
        if latency_ms <= self.slow_after_ms:
            self._failures = 0
        self._latencies.append((now_ms, latency_ms))
        if self._is_slow(now_ms):
            self._open(now_ms)

    def record_failure(self, now_ms: int) -> None:
        """A live use failed. A late report about a provider that is already open changes nothing."""
        if self._state is not BreakerState.CLOSED:
            return
        self._failures += 1
        if self._failures >= self._failures_max:
            self._open(now_ms)

    def probe_due(self, now_ms: int) -> bool:
        """True once the cool-down is over and no probe is under way."""
        if self._state is not BreakerState.OPEN:
            return False
        assert self._state_since_ms is not None
        return now_ms - self._state_since_ms >= self._cool_down_ms

    def start_probe(self, now_ms: int) -> None:
        """A background probe begins; `record_probe_success` or `record_probe_failure` must follow."""
        assert self.probe_due(now_ms), "no probe is due"
        self._enter(BreakerState.HALF_OPEN, now_ms)

    def record_probe_success(self, now_ms: int) -> None:
        """The probe passed: live callers may return."""
        assert self._state is BreakerState.HALF_OPEN, self._state
        self._failures = 0
        self._latencies.clear()
        self._enter(BreakerState.CLOSED, now_ms)

    def record_probe_failure(self, now_ms: int) -> None:
        """The probe failed: rest again, twice as long."""
        assert self._state is BreakerState.HALF_OPEN, self._state
        self._cool_down_ms = min(2 * self._cool_down_ms, self._cool_down_max_ms)
        self._enter(BreakerState.OPEN, now_ms)

    def _is_slow(self, now_ms: int) -> bool:
        recent = sorted(
            latency_ms for at_ms, latency_ms in self._latencies if now_ms - at_ms <= LATENCY_AGE_MAX_MS
        )
        slow_uses = sum(latency_ms > self.slow_after_ms for latency_ms in recent)
        p95_ms = recent[ceil(0.95 * len(recent)) - 1]  # nearest rank
        return slow_uses >= SLOW_USES_MIN and p95_ms > self.slow_after_ms

    def _open(self, now_ms: int) -> None:
        flapped = self._state_since_ms is not None and now_ms - self._state_since_ms < STABLE_AFTER_MS
        self._cool_down_ms = (
            min(2 * self._cool_down_ms, self._cool_down_max_ms) if flapped else self._cool_down_first_ms
        )
        self._enter(BreakerState.OPEN, now_ms)

    def _enter(self, state: BreakerState, now_ms: int) -> None:
        self._state = state
        self._state_since_ms = now_ms
