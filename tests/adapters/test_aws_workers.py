"""Blocking AWS requests: bounded in time and number, tried twice, and left alone where they keep failing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from switchboard.adapters.aws.workers import COOL_DOWN_MAX_MS, COOL_DOWN_MS, Workers
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.clock import FakeClock

Make = Callable[..., Workers]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stuck() -> threading.Event:
    """What a hanging thread waits for."""
    return threading.Event()


@pytest.fixture
async def make(clock: FakeClock, stuck: threading.Event) -> AsyncIterator[Make]:
    made: list[Workers] = []

    def make_one(**changes):
        made.append(Workers("aws", clock_ms=clock, **changes))
        return made[-1]

    yield make_one
    stuck.set()
    for each in made:
        await each.close()


def failing(*errors: Exception):
    """A request that raises these in turn, and then answers."""
    waiting = list(errors)

    def request() -> str:
        if waiting:
            raise waiting.pop(0)
        return "done"

    return request


DOWN = ProviderUnavailable("aws", "down")


async def test_a_failed_request_is_tried_once_more(make: Make):
    """One throttled or broken request costs nobody anything."""
    assert await make().run(failing(ProviderOverloaded("aws", "throttled"))) == "done"
    with pytest.raises(ProviderUnavailable):
        await make().run(failing(DOWN, DOWN, DOWN))


async def test_a_refused_request_is_not_repeated(make: Make):
    """What was understood and refused stays refused."""
    with pytest.raises(ProviderRejected):
        await make().run(failing(ProviderRejected("aws", "no")))


async def test_a_request_that_hangs(make: Make, stuck: threading.Event):
    """Whoever waits is released at the deadline, whatever the thread does."""
    workers = make(timeout_s=0.05)
    with pytest.raises(ProviderTimeout):
        await workers.run(stuck.wait)


async def test_more_requests_than_there_is_room_for(make: Make, stuck: threading.Event):
    """The one too many fails at once instead of waiting behind those that hang; room returns when they end."""
    workers = make(threads_max=1, waiting_max=1, timeout_s=30)
    waiting = [asyncio.create_task(workers.run(stuck.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ProviderUnavailable, match="too many"):
        await workers.run(lambda: True)
    stuck.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert await workers.run(lambda: "done") == "done"


async def test_a_thread_that_nobody_waits_for_still_counts(make: Make, stuck: threading.Event):
    """Requests given up do not make room that is not there."""
    workers = make(threads_max=1, waiting_max=0, timeout_s=0.02)
    with pytest.raises(ProviderTimeout):
        await workers.run(stuck.wait)
    with pytest.raises(ProviderUnavailable, match="too many"):
        await workers.run(lambda: True)


async def test_a_service_that_keeps_failing_is_left_alone(make: Make, clock: FakeClock):
    """After three failures requests fail at once; after a while one of them tries, and then all may again."""
    workers, asked = make(), []

    def request() -> None:
        asked.append(clock.now_ms)
        raise DOWN

    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await workers.run(request)
    count = len(asked)
    with pytest.raises(ProviderUnavailable, match="left alone"):
        await workers.run(request)
    assert len(asked) == count

    clock.now_ms += COOL_DOWN_MS
    with pytest.raises(ProviderUnavailable, match="down"):
        await workers.run(request)
    with pytest.raises(ProviderUnavailable, match="left alone"):
        await workers.run(request)

    clock.now_ms += COOL_DOWN_MAX_MS
    assert await workers.run(lambda: "done") == "done"
    assert await workers.run(lambda: "done") == "done"


async def test_anothers_failure_is_not_counted(make: Make):
    """A tenant whose session cannot be had does not cut off the others."""
    workers = make()
    for _ in range(5):
        with pytest.raises(ProviderUnavailable, match="sts"):
            await workers.run(failing(*[ProviderUnavailable("sts", "down")] * 2))
    assert await workers.run(lambda: "done") == "done"


async def test_closed(make: Make):
    """Closed workers refuse, and close twice."""
    workers = make()
    await workers.close()
    await workers.close()
    with pytest.raises(ProviderUnavailable):
        await workers.run(lambda: True)
