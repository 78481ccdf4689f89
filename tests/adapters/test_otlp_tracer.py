"""Traces over OTLP/HTTP to a collector on loopback: what arrives, what is kept back, and what a bad collector costs."""

import asyncio
import time

import pytest

from switchboard.domain.trace_context import TraceContext, trace_id_of
from switchboard.telemetry import otlp
from switchboard.telemetry.otlp import OtlpTracer
from switchboard.telemetry.tracing import NoTracer, Tracer, call_span, open_tracer
from tests.fakes.otlp_collector import OtlpCollector
from tests.fakes.tracer import RecordingTracer, Told

pytestmark = pytest.mark.wire

CALL = "CA" + "1" * 32
TRACE = trace_id_of(CALL)
PARENT = TraceContext(TRACE, "00f067aa0ba902b7")
T0 = 1_763_732_000_000
CARD = "4111 1111 1111 1111"


@pytest.fixture
async def collector():
    async with OtlpCollector() as server:
        yield server


def opened(url: str, share: float = 1.0) -> OtlpTracer:
    return OtlpTracer(endpoint=url, share=share, service="voice_gateway", environment="test")


async def closed(tracer: Tracer) -> None:
    """Close away from the loop, on which the collector runs."""
    await asyncio.to_thread(tracer.close, 10.0)


def tell_a_call(tracer: Tracer) -> str:
    """One call with a turn and its parts; its traceparent."""
    call = tracer.start_span("call", trace_id=TRACE, parent=PARENT, at_ms=T0, call_id=CALL, tenant="acme")
    turn = call.start_span("turn", at_ms=T0 + 100, turn=1)
    turn.add_span("model", start_ms=T0 + 110, end_ms=T0 + 300, generation_id=7, outcome=None)
    turn.add_span("voice", start_ms=T0 + 300, end_ms=T0 + 310, error="SynthesisFailed")
    turn.end_span(at_ms=T0 + 400)
    call.end_span(at_ms=T0 + 1000, disposition="completed")
    return call.traceparent


def tree(spans: list[Told]) -> set[tuple[object, ...]]:
    names = {span.span_id: span.name for span in spans} | {PARENT.span_id: "webhook"}
    return {
        (
            span.name,
            names[span.parent_id or ""],
            span.trace_id,
            span.start_ms,
            span.end_ms,
            *sorted(span.attributes.items()),
        )
        for span in spans
    }


async def test_a_call_arrives_as_it_was_told(collector: OtlpCollector):
    """Names, parents, times and attributes, below the webhook's span; and the recording fake tells the same."""
    tracer, fake = opened(collector.url), RecordingTracer()
    traceparent = tell_a_call(tracer)
    tell_a_call(fake)
    await closed(tracer)
    (call,) = (span for span in collector.spans if span.name == "call")

    assert tree(fake.spans) == tree(collector.spans)
    assert 4 == len(collector.spans)
    assert TraceContext(TRACE, call.span_id).traceparent == traceparent
    assert {"voice"} == collector.errors
    assert {"service.name": "voice_gateway", "deployment.environment.name": "test"} == collector.resources[0]
    assert 0 == tracer.dropped_count


async def test_without_a_parent_the_call_is_the_root_of_its_own_trace(collector: OtlpCollector):
    """The trace's id follows from the call's."""
    tracer = opened(collector.url)
    tracer.start_span("call", trace_id=TRACE, parent=None, at_ms=T0).end_span(at_ms=T0 + 1)
    await closed(tracer)

    assert [(TRACE, None)] == [(span.trace_id, span.parent_id) for span in collector.spans]


async def test_personal_undeclared_and_long_attributes(collector: OtlpCollector):
    """Only declared, safe keys leave the process, and texts are cut."""
    tracer = opened(collector.url)
    span = tracer.start_span("call", trace_id=TRACE, parent=None, at_ms=T0, from_number=CARD, tool="x" * 999)
    span.add_span("model", start_ms=T0, end_ms=T0, transcript=CARD, shoe_size=CARD)
    span.end_span(at_ms=T0, text=CARD)
    await closed(tracer)

    assert CARD.encode() not in collector.raw
    assert [{"tool": "x" * otlp.ATTRIBUTE_CHARS_MAX}, {}] == sorted(
        (span.attributes for span in collector.spans), key=len, reverse=True
    )


async def test_an_error_is_told_by_kind(collector: OtlpCollector):
    """What a body raises marks its span; the text stays where it is."""
    tracer = opened(collector.url)

    def broken() -> None:
        with call_span(tracer, "answer_call", call_id=CALL, clock_ms=lambda: T0):
            raise ValueError(CARD)

    with pytest.raises(ValueError, match="4111"):
        broken()
    await closed(tracer)

    assert [{"call_id": CALL, "error": "ValueError"}] == [span.attributes for span in collector.spans]
    assert {"answer_call"} == collector.errors
    assert CARD.encode() not in collector.raw


async def test_sampling_follows_the_call_and_not_the_callers_flag(collector: OtlpCollector):
    """Every process keeps or leaves the same calls, whole; a parent that claims to be sampled changes nothing."""
    first, second = opened(collector.url, share=0.3), opened(collector.url, share=0.3)
    kept = []
    for number in range(200):
        trace_id = trace_id_of(f"CA{number:032x}")
        spans = [
            tracer.start_span("call", trace_id=trace_id, parent=parent, at_ms=T0)
            for tracer in (first, second)
            for parent in (None, TraceContext(trace_id, "1" * 16, sampled=True))
        ]
        part = spans[0].start_span("turn", at_ms=T0)
        assert 1 == len({span.is_recording for span in (*spans, part)})
        kept.append(part.is_recording)
        for span in (part, *spans):
            span.end_span(at_ms=T0)
    await closed(first)
    await closed(second)

    assert 30 < sum(kept) < 90
    assert 5 * sum(kept) == len(collector.spans)
    assert "00" == spans[kept[-1]].traceparent[-2:] or kept[-1]


@pytest.mark.parametrize("status", [400, None])
async def test_a_collector_that_refuses_or_hangs_costs_spans_and_no_time(collector, monkeypatch, status):
    """Two thousand spans are told at once; what does not fit is counted, and closing is bounded."""
    monkeypatch.setattr(otlp, "QUEUE_MAX", 200)
    monkeypatch.setattr(otlp, "EXPORT_TIMEOUT_S", 0.2)
    collector.status = status
    tracer = opened(collector.url)
    span = tracer.start_span("call", trace_id=TRACE, parent=None, at_ms=T0)
    begin_s = time.monotonic()
    for number in range(2_000):
        span.add_span("turn", start_ms=T0, end_ms=T0, turn=number)
    told_s = time.monotonic() - begin_s
    begin_s = time.monotonic()
    await asyncio.to_thread(tracer.close, 1.0)
    closed_s = time.monotonic() - begin_s

    assert told_s < 2.0
    assert closed_s < 3.0
    assert tracer.dropped_count >= 1_500


async def test_flushing_sends_what_waits(collector: OtlpCollector):
    """A function sends before it is frozen, and can go on afterwards."""
    tracer = opened(collector.url)
    for number in (1, 2):
        tell_a_call(tracer)
        await asyncio.to_thread(tracer.flush, 5.0)
        assert 4 * number == len(collector.spans)
    await closed(tracer)


def test_without_a_collector_nothing_is_traced():
    """No endpoint: no thread, no spans, no traceparent."""
    tracer = open_tracer(endpoint="", share=1.0, service="x", environment="test")

    assert isinstance(tracer, NoTracer)
    assert "" == tell_a_call(tracer)
    tracer.flush(1.0)
    tracer.close(1.0)
    assert 0 == tracer.dropped_count
