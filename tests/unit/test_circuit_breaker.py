"""The laws of the circuit breaker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard.domain.circuit_breaker import (
    COOL_DOWN_MAX_MS,
    LATENCY_AGE_MAX_MS,
    STABLE_AFTER_MS,
    BreakerState,
    CircuitBreaker,
)

BUDGET_MS = 300
SLOW_MS = 601
COOL_DOWN_MS = 2_000


def breaker() -> CircuitBreaker:
    return CircuitBreaker(budget_ms=BUDGET_MS, failures_max=3, cool_down_ms=COOL_DOWN_MS)


def opened(now_ms: int = 0) -> CircuitBreaker:
    it = breaker()
    for _ in range(3):
        it.record_failure(now_ms)
    return it


def test_opens_on_failures_in_a_row():
    """The third failure in a row opens the breaker, the second does not."""
    it = breaker()
    it.record_failure(0)
    it.record_failure(1)
    assert it.allows()
    it.record_failure(2)
    assert not it.allows()


def test_a_success_interrupts_the_row():
    """Failures that are not in a row do not open the breaker."""
    it = breaker()
    for now_ms in range(10):
        it.record_failure(now_ms)
        it.record_latency(100, now_ms)
    assert it.allows()


def test_a_slow_answer_does_not_interrupt_the_row():
    """A result far beyond the budget is no evidence of health."""
    it = breaker()
    it.record_failure(0)
    it.record_failure(1)
    it.record_latency(SLOW_MS, 2)
    it.record_failure(3)
    assert not it.allows()


@pytest.mark.parametrize(("latency_ms", "allows"), [(600, True), (601, False)])
def test_opens_on_three_slow_uses(latency_ms, allows):
    """Three uses beyond twice the budget open the breaker; exactly twice the budget is still in order."""
    it = breaker()
    for now_ms in range(3):
        it.record_latency(latency_ms, now_ms)
    assert allows == it.allows()


def test_opens_within_ten_seconds_of_becoming_slow():
    """After long good service, slowness opens the breaker at the third slow use, not after the window has turned over."""
    it = breaker()
    for now_ms in range(0, 20_000, 1_000):
        it.record_latency(100, now_ms)
    for now_ms in range(20_000, 30_000, 3_000):
        it.record_latency(5_000, now_ms)
    assert not it.allows()


@given(st.lists(st.integers(0, 600), max_size=40), st.lists(st.integers(601, 60_000), max_size=2))
def test_one_or_two_outliers_do_not_open(fast, slow):
    """However slow, two uses alone do not open the breaker."""
    it = breaker()
    for latency_ms in fast + slow:
        it.record_latency(latency_ms, 0)
    assert it.allows()


@given(st.lists(st.integers(0, 60_000), max_size=60))
def test_open_means_p95_beyond_twice_the_budget(latencies):
    """Whenever latencies opened the breaker, the 95th percentile of the last 20 was beyond twice the budget."""
    it = breaker()
    seen = []
    for latency_ms in latencies:
        seen.append(latency_ms)
        it.record_latency(latency_ms, 0)
        if not it.allows():
            last = sorted(seen[-20:])
            assert last[-(-len(last) * 95 // 100) - 1] > 2 * BUDGET_MS
            return


def test_old_latencies_are_forgotten():
    """Slow uses of long ago do not count together with one of now."""
    it = breaker()
    it.record_latency(SLOW_MS, 0)
    it.record_latency(SLOW_MS, 0)
    it.record_latency(SLOW_MS, LATENCY_AGE_MAX_MS + 1)
    assert it.allows()


def test_probe_is_due_after_the_cool_down():
    """An open breaker asks for a probe once its cool-down is over, and only one at a time."""
    it = opened()
    assert not it.probe_due(COOL_DOWN_MS - 1)
    assert it.probe_due(COOL_DOWN_MS)
    it.start_probe(COOL_DOWN_MS)
    assert it.state == BreakerState.HALF_OPEN
    assert not it.probe_due(10 * COOL_DOWN_MS)


def test_live_callers_wait_for_the_probe():
    """Neither the end of the cool-down nor a probe under way admits a caller; its success does."""
    it = opened()
    it.start_probe(COOL_DOWN_MS)
    assert not it.allows()
    it.record_probe_success(COOL_DOWN_MS + 50)
    assert it.allows()


def test_failed_probes_wait_longer():
    """Each failed probe doubles the cool-down up to its bound."""
    it = opened()
    now_ms, waits = 0, []
    for _ in range(6):
        due_ms = next(ms for ms in range(now_ms, now_ms + 60_000, 500) if it.probe_due(ms))
        waits.append(due_ms - now_ms)
        now_ms = due_ms
        it.start_probe(now_ms)
        it.record_probe_failure(now_ms)
    assert waits == [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]


def test_flapping_waits_longer():
    """Opening again soon after closing doubles the cool-down; after a stable time it is the first again."""
    it = opened()
    it.start_probe(COOL_DOWN_MS)
    it.record_probe_success(COOL_DOWN_MS)
    for _ in range(3):
        it.record_failure(3_000)
    assert not it.probe_due(3_000 + COOL_DOWN_MS)
    it.start_probe(3_000 + 2 * COOL_DOWN_MS)
    it.record_probe_success(7_000)
    for _ in range(3):
        it.record_failure(7_000 + STABLE_AFTER_MS)
    assert it.probe_due(7_000 + STABLE_AFTER_MS + COOL_DOWN_MS)


class BreakerMachine(RuleBasedStateMachine):
    """Any order of reports keeps the laws."""

    def __init__(self):
        super().__init__()
        self.it = breaker()
        self.now_ms = 0
        self.rested_ms = 0

    @rule(ms=st.integers(0, 40_000))
    def wait(self, ms):
        self.now_ms += ms
        self.rested_ms += ms

    @rule()
    def fail(self):
        was = self.it.state
        self.it.record_failure(self.now_ms)
        self.expect(was, {BreakerState.CLOSED, BreakerState.OPEN})

    @rule(latency_ms=st.integers(0, 5_000))
    def answer(self, latency_ms):
        was = self.it.state
        self.it.record_latency(latency_ms, self.now_ms)
        self.expect(was, {BreakerState.CLOSED, BreakerState.OPEN})

    @precondition(lambda self: self.it.probe_due(self.now_ms))
    @rule(is_healthy=st.booleans())
    def probe(self, is_healthy):
        self.it.start_probe(self.now_ms)
        assert not self.it.allows()
        if is_healthy:
            self.it.record_probe_success(self.now_ms)
        else:
            self.it.record_probe_failure(self.now_ms)
            self.rested_ms = 0
        assert is_healthy == self.it.allows()

    def expect(self, was, states_from_closed):
        """Live reports move the breaker from closed only."""
        if was is BreakerState.CLOSED:
            assert self.it.state in states_from_closed
            self.rested_ms = 0
        else:
            assert was is self.it.state

    @invariant()
    def callers_are_admitted_in_closed_only(self):
        assert (self.it.state is BreakerState.CLOSED) == self.it.allows()

    @invariant()
    def an_open_breaker_is_probed_in_bounded_time(self):
        if self.it.state is BreakerState.OPEN and self.rested_ms >= COOL_DOWN_MAX_MS:
            assert self.it.probe_due(self.now_ms)


TestBreakerLaws = BreakerMachine.TestCase
