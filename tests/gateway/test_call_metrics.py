"""What a call tells of itself in figures, in virtual time (R-OBS, R-KPI)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from switchboard.domain.messages import ToolCall
from switchboard.ports.errors import ProviderUnavailable
from switchboard.telemetry import metrics as m
from switchboard.telemetry.emf import EmfMeter
from tests.fakes.emf import Datum, extract
from tests.fakes.meter import RecordingMeter
from tests.gateway.rig import FarEnd, World, reply, tool_reply
from tests.gateway.virtual_time import run
from voice_gateway.call_metrics import CallMetrics
from voice_gateway.gateway import Gateway
from voice_gateway.vitals import Vitals

TENANT = {"tenant": "default"}


async def measured(world: World, meter: m.Meter) -> Gateway:
    gateway = await world.gateway()
    gateway.platform = replace(gateway.platform, meter=meter)
    gateway.observers = (*gateway.observers, CallMetrics.into(meter))
    return gateway


@asynccontextmanager
async def a_measured_call(world: World) -> AsyncIterator[tuple[FarEnd, RecordingMeter]]:
    """One call; it is hung up at the end."""
    meter = RecordingMeter()
    gateway = await measured(world, meter)
    caller = FarEnd(world)
    await caller.dial(gateway)
    try:
        yield caller, meter
    finally:
        if not caller.closed:
            await caller.hang_up()
        await caller.over()
        gateway.close()


def test_a_turn_tells_where_its_time_went():
    """The first audio's parts add up to it, per turn and raw; the call's start, end and duration are told."""

    async def call():
        world = World()
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            for _ in range(2):
                await caller.speak("i want to pay my bill today")
                await caller.agent_has_spoken()
        parts = (m.END_OF_TURN, m.MODEL_FIRST_CLAUSE, m.VOICE_FIRST_AUDIO)
        first_audio = meter.values(m.FIRST_AUDIO, **TENANT)

        assert 2 == len(first_audio)
        assert first_audio == [
            sum(each) for each in zip(*(meter.values(part) for part in parts), strict=True)
        ]
        assert 2 == len(meter.values(m.MODEL_FIRST_TOKEN))
        assert [1, 1] == meter.values(m.TURNS, outcome="answered")
        assert [] == meter.values(m.TURNS, outcome="unanswered")
        assert [1] == meter.values(m.CALLS_STARTED, channel="phone", **TENANT)
        assert [1] == meter.values(m.CALLS_ENDED, disposition="caller_hung_up", **TENANT)
        assert 10 < meter.values(m.CALL_DURATION)[0] < 60
        assert meter.values(m.CHECKPOINT_DURATION)
        assert [] == meter.values(m.CONVERSATION_FAILURES)

    run(call())


def test_an_interruption_and_a_cough():
    """Both silence the agent within 0.3 s of the first sound; only the cough counts as none."""

    async def call():
        world = World()
        world.model.script(
            reply("This answer is long enough to be interrupted somewhere in its middle, I hope."),
            reply("And this one goes on for quite a while as well, so that a cough comes in its middle."),
        )
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            await caller.speak("what plans do you have")
            await caller.agent_starts()
            await asyncio.sleep(1.5)
            await caller.speak("stop please stop it now")
            interrupted = len(meter.values(m.BARGE_IN_TO_CLEAR)), len(meter.values(m.FALSE_BARGE_INS))
            await caller.agent_starts()
            await asyncio.sleep(1.0)
            caller.noise(200)
            await asyncio.sleep(2)
        barge_ins = meter.values(m.BARGE_IN_TO_CLEAR, **TENANT)

        assert (1, 0) == interrupted
        assert 2 == len(barge_ins)
        assert all(0 < each < 300 for each in barge_ins)
        assert [1] == meter.values(m.FALSE_BARGE_INS, **TENANT)

    run(call())


def test_a_turn_that_is_never_answered():
    """The caller leaves before any audio."""

    async def call():
        world = World()
        world.model.script(reply("Too late.", after_s=5))
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            await caller.speak("i want to pay my bill today")
            await asyncio.sleep(1)
        assert [1] == meter.values(m.TURNS, outcome="unanswered")

    run(call())


def test_what_failed_for_the_caller():
    """Failures that no fail-over could hide are counted by what failed."""

    async def call():
        world = World()
        world.transcriber.open_error = ProviderUnavailable("coded", "down")
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            await asyncio.sleep(3)
        assert meter.values(m.CONVERSATION_FAILURES, provider_kind="transcriber", **TENANT)

    run(call())


def test_a_call_that_our_own_mistake_ended():
    """It is told apart from every way in which a call may end."""

    async def call():
        world = World()
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            caller.session.conversation.handle = None  # type: ignore[method-assign, assignment]
            caller.press("1")
            await caller.over()
        assert [1] == meter.values(m.CALLS_ENDED, disposition="crashed")

    run(call())


def test_tools_are_timed_by_name_and_only_by_names_that_exist():
    """A model may ask for anything: its text becomes no label."""

    async def call():
        world = World()
        world.model.script(
            tool_reply(ToolCall("t1", "look_up", {"key": "a"})),
            reply("It is 42."),
            tool_reply(ToolCall("t2", "4111 1111 1111 1111", {})),
            reply("Sorry."),
        )
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            for _ in range(2):
                await caller.speak("please look it up for me")
                await caller.agent_has_spoken()
        assert [100] == [round(each, -1) for each in meter.values(m.TOOL_DURATION, tool="look_up")]
        assert 1 == len(meter.values(m.TOOL_DURATION, tool="unknown"))
        assert [1] == meter.values(m.CONVERSATION_FAILURES, provider_kind="tool")

    run(call())


def test_a_call_that_another_gateway_took():
    """Both tell: the older one loses it, the newer one starts it."""

    async def call():
        world = World()
        meter = RecordingMeter()
        first, second = FarEnd(world), FarEnd(world)
        gateways = [await measured(world, meter) for _ in range(2)]
        await first.dial(gateways[0])
        await first.agent_has_spoken()
        await second.dial(gateways[1], resume="1")
        await second.agent_starts()
        await first.speak("are you still there my friend")
        await first.over()
        await second.hang_up()
        for gateway in gateways:
            gateway.close()
        assert [1] == meter.values(m.CALLS_STARTED, channel="phone") == meter.values(m.CALLS_RESUMED)
        assert meter.values(m.OWNERSHIP_LOST)
        assert [1] == meter.values(m.CALLS_ENDED, disposition="handed_over")

    run(call())


def test_stores_that_fail():
    """A checkpoint that cannot be claimed or stored is a figure, and the call goes on."""

    async def call():
        world = World()

        async def fail(*_):
            raise ProviderUnavailable("store", "down")

        world.checkpoints.claim = world.checkpoints.save = fail  # type: ignore[method-assign]
        async with a_measured_call(world) as (caller, meter):
            await caller.agent_has_spoken()
            await caller.speak("i want to pay my bill today")
            await caller.agent_has_spoken()
        assert len(meter.values(m.CHECKPOINT_FAILURES, error="ProviderUnavailable")) >= 3

    run(call())


def test_refused_sockets_by_reason():
    """What the peer did is a label only as far as we have a word for it."""

    async def call():
        world = World()
        meter = RecordingMeter()
        gateway = await measured(world, meter)
        for said in (b"{}", b'{"event":"start","start":"4111 1111"}', b"\xff\xff"):
            caller = FarEnd(world)
            await caller.dial(gateway, token="forged")
            caller.connection.on_text(said)
            await caller.over()
        gateway.close()
        reasons = {labels["reason"] for labels in meter.labels(m.SOCKETS_REFUSED)}

        assert {"malformed message", "stream token refused"} >= reasons
        assert reasons

    run(call())


def test_vitals():
    """Every second the loop's lag, every ten seconds what scaling needs; drops that grew since the last time."""

    async def call():
        world = World(calls_max=5)
        lines: list[bytes] = []
        meter = EmfMeter(lines.append, service="voice_gateway", environment="test")
        gateway = await measured(world, meter)
        drops = iter([0, 7, 7])
        vitals = Vitals(
            gateway,
            meter,
            wall_ms=lambda: 1_700_000_000_000,
            loop=world.loop,
            dropped_counts={m.LINES_DROPPED: lambda: next(drops)},
        )
        caller = FarEnd(world)
        await caller.dial(gateway)
        await asyncio.sleep(10.5)
        first = data(lines)
        draining = asyncio.create_task(gateway.drain(30))
        await asyncio.sleep(10)
        second = data(lines)
        await caller.hang_up()
        await draining
        vitals.close()
        last = data(lines)

        assert 10 == len(first["EventLoopLag"].values)
        assert [1] == first["LiveCalls"].values
        assert [5] == first["CallCapacity"].values
        assert [4] == first["FreeCallSlots"].values
        assert [0] == first["TaskUnprotected"].values
        assert "LinesDropped" not in first
        assert [1] == second["LiveCalls"].values
        assert {"FreeCallSlots", "CallCapacity"}.isdisjoint(second)
        assert [7] == second["LinesDropped"].values
        assert [1] == last["CallsEnded"].values
        assert "LinesDropped" not in last

    run(call())


def data(lines: list[bytes]) -> dict[str, Datum]:
    taken, lines[:] = list(lines), []
    assert all(json.loads(line)["service"] == "voice_gateway" for line in taken)
    return {datum.name: datum for line in taken for datum in extract(line)}
