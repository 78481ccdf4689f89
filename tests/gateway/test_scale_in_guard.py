"""A task that carries calls is not stopped by scaling in or a deployment (R-DRAIN); in virtual time."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from switchboard.ports.errors import ProviderOverloaded, ProviderRejected
from switchboard.telemetry.metrics import TASK_PROTECTION_FAILURES
from tests.fakes.meter import RecordingMeter
from tests.fakes.task_protection import FakeTaskProtection
from tests.gateway.rig import FarEnd, World
from tests.gateway.virtual_time import run
from voice_gateway.admission import Refusal
from voice_gateway.gateway import Gateway
from voice_gateway.scale_in_guard import (
    GRACE_S,
    HELD_S_MAX,
    MARGIN_S,
    RENEW_S,
    SECURE_TIMEOUT_S,
    WINDOW_S,
    ScaleInGuard,
)

CALL_MAX_S = 1800
MINUTES = (CALL_MAX_S + MARGIN_S) // 60
THROTTLED = ProviderOverloaded("fake", "ThrottlingException")


class Guarded:
    """A guard, its protection and its metrics."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.protection = FakeTaskProtection()
        self.meter = RecordingMeter()
        self.guard = ScaleInGuard(
            self.protection, call_max_s=CALL_MAX_S, loop=self.loop, meter=self.meter, jitter=lambda: 0.0
        )
        self.guard.start()

    @property
    def asked(self) -> list[int | None]:
        return [minutes for _, minutes in self.protection.asked]


@asynccontextmanager
async def guarded() -> AsyncIterator[Guarded]:
    made = Guarded()
    try:
        yield made
    finally:
        await made.guard.close()


def virtual(test):
    """Run a coroutine test in virtual time."""

    def wrapped(*arguments, **named):
        run(test(*arguments, **named))

    wrapped.__doc__, wrapped.__name__ = test.__doc__, test.__name__
    return wrapped


@virtual
async def test_protection_is_there_before_the_first_call_and_gone_soon_after_the_last():
    """Nothing is asked for without calls; the first one waits for the confirmation; a grace follows the last one."""
    async with guarded() as g:
        await asyncio.sleep(100)
        before = list(g.asked)
        g.guard.entered()
        secured = await g.guard.secured()
        held = g.protection.minutes
        await asyncio.sleep(10)
        g.guard.left()
        await asyncio.sleep(GRACE_S - 1)
        in_grace = g.protection.minutes
        await asyncio.sleep(2)

        assert ([], True, MINUTES, MINUTES) == (before, secured, held, in_grace)
        assert [MINUTES, None] == g.asked
        assert g.protection.minutes is None


@virtual
async def test_calls_that_overlap_share_one_protection():
    """A second call needs no further request, and the first one's end releases nothing."""
    async with guarded() as g:
        for _ in range(5):
            g.guard.entered()
            assert await g.guard.secured()
        for _ in range(4):
            g.guard.left()
        await asyncio.sleep(GRACE_S * 3)

        assert [MINUTES] == g.asked


@virtual
async def test_a_caller_who_comes_back_within_the_grace():
    """They find the task protected still, without a request."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        g.guard.left()
        await asyncio.sleep(GRACE_S / 2)
        g.guard.entered()
        assert await g.guard.secured()
        await asyncio.sleep(GRACE_S * 2)

        assert [MINUTES] == g.asked


@virtual
async def test_it_is_renewed_while_calls_live():
    """Until the hour's break, every call that begins is covered for its longest possible duration."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        for _ in range(HELD_S_MAX // 60 - 1):
            await asyncio.sleep(60)
            assert g.guard._covers
        times = [when_s for when_s, _ in g.protection.asked]

        assert {RENEW_S} == {round(b - a) for a, b in itertools.pairwise(times)}
        assert 0 == len(g.meter.values(TASK_PROTECTION_FAILURES))


@virtual
async def test_without_protection_no_call_begins_and_none_comes_in():
    """The first caller is refused, the task is not ready, and it tries again with growing pauses until it can."""
    async with guarded() as g:
        g.protection.failing = THROTTLED
        g.guard.entered()
        secured = await g.guard.secured()
        g.guard.left()
        admits = g.guard.admits
        await asyncio.sleep(120)
        times = [when_s for when_s, _ in g.protection.asked]
        pauses = [round(b - a) for a, b in itertools.pairwise(times)]
        g.protection.failing = None
        await asyncio.sleep(31)
        recovered = g.guard.admits
        await asyncio.sleep(GRACE_S + 1)

        assert (False, False, True) == (secured, admits, recovered)
        assert [1, 2, 4, 8, 16, 30] == pauses[:6]
        assert max(pauses) == 30
        assert None is g.asked[-1]
        assert len(times) == len(g.meter.values(TASK_PROTECTION_FAILURES))
        assert {"error": "ProviderOverloaded"} == g.meter.labels(TASK_PROTECTION_FAILURES)[0]


@virtual
async def test_renewals_that_fail_stop_new_calls_only_when_the_margin_is_used_up():
    """An agent that is down for minutes costs nothing: the last protection outlasts any call that begins meanwhile."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        g.protection.failing = THROTTLED
        await asyncio.sleep(MARGIN_S - 2)
        before = g.guard.admits, await g.guard.secured()
        await asyncio.sleep(4)
        after = g.guard.admits, await g.guard.secured()
        g.protection.failing = None
        await asyncio.sleep(31)

        assert ((True, True), (False, False)) == (before, after)
        assert g.guard.admits
        assert await g.guard.secured()


@virtual
async def test_an_agent_that_is_slow_does_not_keep_a_caller_waiting():
    """After two seconds the caller goes elsewhere; the late confirmation counts for those who follow."""
    async with guarded() as g:
        g.protection.delay_s = 4.0
        g.guard.entered()
        begin_s = g.loop.time()
        secured = await g.guard.secured()
        waited_s = g.loop.time() - begin_s
        refused = g.guard.admits
        g.guard.left()
        await asyncio.sleep(3)

        assert (False, False) == (secured, refused)
        assert pytest.approx(SECURE_TIMEOUT_S) == waited_s
        assert g.guard.admits


@virtual
async def test_a_call_that_comes_while_protection_is_released():
    """It waits for protection to be taken again: a release that is under way protects nobody."""
    async with guarded() as g:
        g.protection.delay_s = 0.5
        g.guard.entered()
        await g.guard.secured()
        g.guard.left()
        await asyncio.sleep(GRACE_S + 0.1)
        g.guard.entered()
        secured = await g.guard.secured()

        assert secured
        assert [MINUTES, None, MINUTES] == g.asked
        assert MINUTES == g.protection.minutes


@virtual
async def test_a_release_that_fails_is_tried_again_and_refuses_nobody():
    """It holds up scaling in for a while and no call; a call that comes meanwhile is protected at once."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        g.guard.left()
        g.protection.failing = ProviderRejected("fake", "AccessDeniedException")
        await asyncio.sleep(GRACE_S + 1)
        admits = g.guard.admits
        g.protection.failing = None
        g.guard.entered()
        secured = await g.guard.secured()
        g.guard.left()
        await asyncio.sleep(GRACE_S + 1)

        assert (True, True) == (admits, secured)
        assert g.protection.minutes is None


@virtual
async def test_closing_leaves_protection_as_it_is():
    """The process stops because somebody was allowed to stop it."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
    assert MINUTES == g.protection.minutes


@virtual
async def test_the_gateway_greets_nobody_whom_it_cannot_protect():
    """The call's socket is closed before its token is used, readiness says why, and the next one gets in later."""
    world = World()
    protection = FakeTaskProtection()
    guard = ScaleInGuard(
        protection, call_max_s=CALL_MAX_S, loop=world.loop, meter=RecordingMeter(), jitter=lambda: 0.0
    )
    guard.start()
    gateway = await guarded_gateway(world, guard)
    protection.failing = THROTTLED
    token = world.token("CA" + "1" * 32)
    refused = FarEnd(world)
    await refused.dial(gateway, token=token)
    await refused.over()
    reason, status = gateway.refusal(), gateway.status()
    protection.failing = None
    await asyncio.sleep(2)
    ready = gateway.refusal()
    caller = FarEnd(world)
    await caller.dial(gateway, token=token)
    await caller.agent_has_spoken()
    held = protection.minutes
    await caller.hang_up()
    await asyncio.sleep(GRACE_S + 1)
    released = protection.minutes
    gateway.close()
    await guard.close()

    assert (1013, "not protected against scaling in") == refused.closed
    assert [] == refused.sent
    assert (Refusal.UNPROTECTED, "unprotected", False) == (reason, status["reason"], status["ready"])
    assert ready is None
    assert (MINUTES, None) == (held, released)


@virtual
async def test_a_draining_task_stays_protected_while_calls_live():
    """SIGTERM: no new calls, protection renewed as long as the grace lets calls go on, then they are handed over."""
    world = World()
    protection = FakeTaskProtection()
    guard = ScaleInGuard(protection, call_max_s=CALL_MAX_S, loop=world.loop, meter=RecordingMeter())
    guard.start()
    gateway = await guarded_gateway(world, guard)
    caller = FarEnd(world)
    await caller.dial(gateway)
    await caller.agent_has_spoken()
    begin_s = world.loop.time()
    draining = asyncio.create_task(gateway.drain(RENEW_S + 30))
    while world.loop.time() < begin_s + RENEW_S:
        await caller.speak("please go on and tell me more")
        await asyncio.sleep(10)
    renewed = [minutes for _, minutes in protection.asked]
    refusal = gateway.refusal()
    await draining
    await caller.over()
    await guard.close()

    assert [MINUTES, MINUTES] == renewed
    assert Refusal.DRAINING is refusal
    assert (1000, "call over") == caller.closed


async def guarded_gateway(world: World, guard: ScaleInGuard) -> Gateway:
    gateway = await world.gateway()
    gateway._guard = guard
    return gateway


@virtual
async def test_a_gateway_that_is_never_empty_lets_go_once_in_an_hour():
    """A deployment ends although callers never stop: in the break calls go on and begin, then protection is back."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        await asyncio.sleep(HELD_S_MAX - 1)
        before = g.protection.minutes
        await asyncio.sleep(2)
        in_break = (g.protection.minutes, g.guard.admits, await g.guard.secured())
        await asyncio.sleep(WINDOW_S)
        after = (g.protection.minutes, g.guard.admits, await g.guard.secured())
        await asyncio.sleep(HELD_S_MAX)
        second = g.protection.minutes

        assert before == MINUTES
        assert in_break == (None, True, True)
        assert after == (MINUTES, True, True)
        assert second is None


@virtual
async def test_a_break_that_fails_is_left_out():
    """If ECS does not let go, the task is protected again at once, and tried again an hour later."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        await asyncio.sleep(HELD_S_MAX - 1)
        g.protection.failures.append(THROTTLED)
        await asyncio.sleep(3)

        assert [None, MINUTES] == g.asked[-2:]
        assert g.protection.minutes == MINUTES
        assert g.guard.admits
        assert len(g.meter.values(TASK_PROTECTION_FAILURES)) == 1


@virtual
async def test_a_gateway_that_empties_in_a_break_stays_released():
    """Nobody protects what carries nothing."""
    async with guarded() as g:
        g.guard.entered()
        await g.guard.secured()
        await asyncio.sleep(HELD_S_MAX + 1)
        g.guard.left()
        await asyncio.sleep(2 * WINDOW_S)

        assert g.protection.minutes is None
        assert g.asked.count(None) == 1
