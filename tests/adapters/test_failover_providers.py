"""What the fail-overs share: choosing, reporting, probing."""

import asyncio

import pytest

from switchboard.adapters.failover import providers as module
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from switchboard.ports.errors import ProviderRejected, ProviderTimeout, ProviderUnavailable
from tests.fakes.clock import FakeClock, until
from tests.fakes.transcriber import FakeTranscriber

BUDGET_MS = 500


def two(clock: FakeClock) -> tuple[FakeTranscriber, FakeTranscriber, FailoverTranscriber]:
    first, second = FakeTranscriber("first"), FakeTranscriber("second")
    return first, second, FailoverTranscriber([(first, BUDGET_MS), (second, BUDGET_MS)], clock=clock)


def break_first(both: FailoverTranscriber) -> None:
    for _ in range(3):
        both.failed(both.members[0], ProviderUnavailable("first", "scripted"))


async def test_prefers_the_first():
    """While both are healthy the first serves."""
    _, _, both = two(FakeClock())
    assert both.choose().name == "first"


async def test_passes_over_an_open_breaker():
    """After failures in a row the next provider is chosen at once, without asking the first."""
    first, second, both = two(FakeClock())
    break_first(both)
    stream = await both.open(language="en-US")
    assert (len(first.streams), len(second.streams)) == (0, 1)
    await stream.close()


async def test_a_rejected_request_leaves_the_breaker_closed():
    """One tenant's bad requests do not cut the provider off for the others."""
    _, _, both = two(FakeClock())
    for _ in range(10):
        both.failed(both.members[0], ProviderRejected("first", "scripted"))
    assert both.choose().name == "first"


async def test_with_every_breaker_open_the_first_serves_all_the_same():
    """A doubtful answer is better for a live caller than a certain failure."""
    first, second, both = two(FakeClock())
    break_first(both)
    for _ in range(3):
        both.failed(both.members[1], ProviderTimeout("second", "scripted"))
    stream = await both.open(language="en-US")
    assert (1, 0) == (len(first.streams), len(second.streams))
    await stream.close()


async def test_when_all_have_been_tried_the_last_error_is_raised():
    """Nobody is left to try in this use."""
    _, _, both = two(FakeClock())
    with pytest.raises(ProviderTimeout):
        both.choose(both.members, ProviderTimeout("second", "scripted"))


async def test_a_probe_lets_the_first_return():
    """After the cool-down a background probe, not a caller, finds that the provider is back."""
    clock = FakeClock()
    first, _, both = two(clock)
    break_first(both)
    await both.probe_due()
    assert first.probes == 0
    clock.now_ms = 2_000
    await both.probe_due()
    assert (first.probes, both.choose().name) == (1, "first")


async def test_a_failed_probe_keeps_it_out():
    """A provider whose probe fails stays out and is probed again later."""
    clock = FakeClock()
    first, _, both = two(clock)
    break_first(both)
    first.open_error = ProviderUnavailable("first", "still down")
    clock.now_ms = 2_000
    await both.probe_due()
    await both.probe_due()
    assert (first.probes, both.choose().name) == (1, "second")
    first.open_error = None
    clock.now_ms = 6_000
    await both.probe_due()
    assert both.choose().name == "first"


async def test_a_hanging_probe_counts_as_failed(monkeypatch):
    """A probe has a deadline of its own, whatever the adapter does."""
    clock = FakeClock()
    first, _, both = two(clock)
    break_first(both)
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.01)
    monkeypatch.setattr(first, "probe", asyncio.Event().wait)
    clock.now_ms = 2_000
    await both.probe_due()
    assert both.choose().name == "second"


@pytest.mark.wire
async def test_probes_run_in_the_background(monkeypatch):
    """Between start and close the probes run by themselves; close ends their task and closes the providers."""
    monkeypatch.setattr(module, "PROBE_CHECK_INTERVAL_S", 0.001)
    monkeypatch.setattr(module, "CLOSED_CHECK_INTERVAL_S", 0.001)
    clock = FakeClock()
    first, second, both = two(clock)
    before = asyncio.all_tasks()
    async with both:
        break_first(both)
        clock.now_ms = 2_000
        await until(both.members[0].breaker.allows)
    assert before == asyncio.all_tasks()
    assert (first.probes, first.is_closed, second.is_closed) == (1, True, True)


async def test_probe_of_all():
    """The fail-over is healthy while one provider is."""
    first, second, both = two(FakeClock())
    first.open_error = ProviderUnavailable("first", "scripted")
    await both.probe()
    second.open_error = ProviderTimeout("second", "scripted")
    with pytest.raises(ProviderTimeout):
        await both.probe()
