"""A call as a trace, in virtual time: whose child it is, what its turns are made of, and what never enters (R-OBS, P3)."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from msgspec.structs import replace

from switchboard.domain.messages import ToolCall
from switchboard.domain.trace_context import TraceContext, trace_id_of
from switchboard.observability import configure_logging
from switchboard.ports.errors import ProviderUnavailable
from switchboard.telemetry.emf import EmfMeter
from tests.fakes.tracer import RecordingTracer, Told
from tests.gateway.rig import FarEnd, World, reply, tool_reply
from tests.gateway.virtual_time import run
from voice_gateway.call_metrics import CallMetrics

CALL = "CA" + "1" * 32
TRACE = trace_id_of(CALL)
WEBHOOK = TraceContext(TRACE, "00f067aa0ba902b7")


@asynccontextmanager
async def a_traced_call(world: World, **parameters: str) -> AsyncIterator[tuple[FarEnd, RecordingTracer]]:
    """One call; it is hung up at the end."""
    tracer = RecordingTracer()
    gateway = await world.gateway()
    gateway.platform = replace(gateway.platform, tracer=tracer)
    caller = FarEnd(world, CALL)
    await caller.dial(gateway, **parameters)
    try:
        yield caller, tracer
    finally:
        if not caller.closed:
            await caller.hang_up()
        await caller.over()
        gateway.close()


def one(spans: list[Told]) -> Told:
    (span,) = spans
    return span


def test_a_turn_and_its_parts():
    """Below the webhook's span the call, below it each turn with recogniser, model, tool, voice and checkpoint."""

    async def call():
        world = World()
        world.model.script(tool_reply(ToolCall("t1", "look_up", {"key": "a"})), reply("It is 42."))
        async with a_traced_call(world, traceparent=WEBHOOK.traceparent) as (caller, tracer):
            await caller.agent_has_spoken()
            await caller.speak("please look it up for me")
            await caller.agent_has_spoken()
            traceparent = caller.session.trace.traceparent
        whole = one(tracer.named("call"))
        turn = one(tracer.named("turn"))
        parts = tracer.children(turn)
        first_audio = one([part for part in parts if part.name == "voice"])
        tool = one([part for part in parts if part.name == "tool"])

        assert (WEBHOOK.span_id, TRACE) == (whole.parent_id, whole.trace_id)
        assert TraceContext(TRACE, whole.span_id).traceparent == traceparent
        assert {"call_id": CALL, "tenant": "default", "channel": "phone", "fence": 1}.items() <= (
            whole.attributes.items()
        )
        assert "caller_hung_up" == whole.attributes["disposition"]
        assert {"opening", "turn"} == {span.name for span in tracer.children(whole)}
        assert ["model", "model", "recogniser", "tool", "voice"] == sorted(
            part.name for part in parts if part.name != "checkpoint"
        )
        assert tracer.named("checkpoint")
        assert 1 == turn.attributes["turn"]
        assert first_audio.ended_ms - turn.start_ms == first_audio.attributes["first_audio_ms"]
        assert 100 == round(tool.ended_ms - tool.start_ms, -1)
        for span in tracer.spans:
            assert whole.start_ms <= span.start_ms <= span.ended_ms <= whole.ended_ms

    run(call())


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "4111 1111 1111 1111",
        TraceContext(trace_id_of("CA" + "2" * 32), "1" * 16).traceparent,
        TraceContext(TRACE, "1" * 16).traceparent.upper(),
    ],
)
def test_a_parent_that_is_none(traceparent: str):
    """What is malformed, or names another call's trace, is ignored: the call is the root of its own trace."""

    async def call():
        async with a_traced_call(World(), traceparent=traceparent) as (caller, tracer):
            await caller.agent_starts()
        whole = one(tracer.named("call"))

        assert (None, TRACE) == (whole.parent_id, whole.trace_id)

    run(call())


def test_what_fails_is_told_by_kind():
    """A model that fails, a store that fails: spans with the error's name, never its text."""

    async def call():
        world = World()
        world.model.script(reply("never heard"))

        async def fail(*_):
            raise ProviderUnavailable("store", "4111 1111 1111 1111")

        async with a_traced_call(world) as (caller, tracer):
            await caller.agent_has_spoken()
            world.checkpoints.save = fail  # type: ignore[method-assign]
            await caller.speak("please look it up for me")
            await caller.agent_has_spoken()
        errors = {
            span.attributes["error"] for span in tracer.named("checkpoint") if "error" in span.attributes
        }

        assert {"ProviderUnavailable"} == errors

    run(call())


def test_a_broken_call_is_told_as_broken():
    """The call's span carries the kind of our own mistake."""

    async def call():
        async with a_traced_call(World()) as (caller, tracer):
            await caller.agent_has_spoken()
            caller.session.conversation.handle = None  # type: ignore[method-assign, assignment]
            caller.press("1")
            await caller.over()
        whole = one(tracer.named("call"))

        assert "TypeError" == whole.attributes["error"]
        assert "transfer" == whole.attributes["next_step"]

    run(call())


def test_generations_that_were_cancelled():
    """An interruption ends the model's span; every span ends, whatever the call's end cuts off."""

    async def call():
        world = World()
        world.model.script(reply("Too late.", after_s=8))
        async with a_traced_call(world) as (caller, tracer):
            await caller.agent_has_spoken()
            await caller.speak("i want to pay my bill today")
            await asyncio.sleep(1)
        models = tracer.named("model")

        assert models
        assert "cancelled" == models[-1].attributes["outcome"]
        assert all(span.end_ms is not None for span in tracer.spans)

    run(call())


def test_nothing_that_a_person_says_or_is_reached_by_leaves_a_call():
    """P3: words, keys, numbers, tool arguments and answers enter no log line, no metric and no span."""
    canaries = ["zanzibar", "quixotic", "platypus", "4155550100", "kumquat", "marzipan", "oxymoron"]
    out = io.StringIO()
    lines: list[bytes] = []

    async def call():
        world = World()
        world.model.script(
            tool_reply(ToolCall("t1", "look_up", {"key": "kumquat"})),
            tool_reply(ToolCall("t2", "oxymoron", {"marzipan": "kumquat"})),
            reply("Your quixotic platypus is on its way, and it will be there in no time at all."),
        )
        meter = EmfMeter(lines.append, service="voice_gateway", environment="test")
        tracer = RecordingTracer()
        gateway = await world.gateway()
        gateway.platform = replace(gateway.platform, tracer=tracer, meter=meter)
        gateway.observers = (*gateway.observers, CallMetrics.into(meter))
        caller = FarEnd(world, CALL)
        await caller.dial(gateway, **{"from": "+14155550100"}, traceparent="zanzibar")
        await caller.agent_has_spoken()
        await caller.speak("zanzibar zanzibar please tell me more about it")
        await caller.agent_has_spoken()
        await caller.speak("stop zanzibar stop it now")
        caller.press("7")
        caller.tell({"event": "zanzibar", "zanzibar": "zanzibar"})
        caller.tell({"event": "mark", "streamSid": caller.stream_sid, "mark": {"name": "platypus"}})
        await asyncio.sleep(2)
        caller.tell({"event": "media", "media": {"payload": "zanzibar!"}})
        await caller.over()
        gateway.close()
        meter.flush(1_700_000_000_000)
        return tracer.spans

    configure_logging(stream=out)
    try:
        spans = run(call())
    finally:
        structlog.reset_defaults()
    told = out.getvalue() + b"".join(lines).decode() + "".join(map(repr, spans))

    assert {"call started", "call left", "turn answered"} <= {
        json.loads(line)["event"] for line in out.getvalue().splitlines()
    }
    assert lines
    assert spans
    assert [] == [canary for canary in canaries if canary in told]


def test_log_lines_of_a_call_say_which():
    """Every line from the call's start to its end has its id, its tenant and its trace."""
    out = io.StringIO()

    async def call():
        world = World()

        async def fail(*_):
            raise ProviderUnavailable("store", "down")

        world.checkpoints.save = fail  # type: ignore[method-assign]
        async with a_traced_call(world) as (caller, _):
            await caller.agent_has_spoken()
            await caller.speak("i want to pay my bill today")
            await caller.agent_has_spoken()

    configure_logging(stream=out)
    try:
        run(call())
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    named = {"call_id": CALL, "tenant": "default", "trace_id": TRACE}

    assert {"call started", "turn answered", "checkpoint not stored", "call left"} == {
        line["event"] for line in lines
    }
    for line in lines:
        assert named.items() <= line.items(), line
