"""Spans by OpenTelemetry, sent over OTLP/HTTP to the collector beside the task or function.

Importing this takes a few tenths of a second: `open_tracer` does so only where there is a collector.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from switchboard.domain.trace_context import TraceContext
from switchboard.observability import LOG_KEYS, Kind
from switchboard.telemetry.tracing import Attribute

QUEUE_MAX = 4096
"""Spans waiting: some twenty seconds of a busy process."""
BATCH_MAX = 128
"""Small, because encoding a batch keeps the interpreter busy: about 12 ms, in slices of five."""
DELAY_MS = 1000
EXPORT_TIMEOUT_S = 3.0
ATTRIBUTE_CHARS_MAX = 200
NS_PER_MS = 1_000_000

_SAFE = frozenset(key for key, kind in LOG_KEYS.items() if kind is Kind.SAFE)


class OtlpTracer:
    """A `Tracer`. `share` is the part of all traces that is kept; every process decides alike, by the trace id."""

    def __init__(self, *, endpoint: str, share: float, service: str, environment: str) -> None:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._gate = _Gate(exporter)
        self._ids = _CallIds()
        # Not from OTEL_RESOURCE_ATTRIBUTES: what a span carries is decided here.
        resource = Resource({"service.name": service, "deployment.environment.name": environment})
        self._provider = TracerProvider(
            resource=resource,
            sampler=TraceIdRatioBased(share),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(self._gate)
        self._tracer = self._provider.get_tracer("switchboard")

    @property
    def dropped_count(self) -> int:
        """Part of `Tracer`."""
        return self._gate.dropped_count

    def start_span(
        self, name: str, *, trace_id: str, parent: TraceContext | None, at_ms: int, **attributes: Attribute
    ) -> "OtlpSpan":
        """Part of `Tracer`."""
        context = Context()
        if parent is not None:
            remote = trace.SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True)
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote), context)
        self._ids.trace_id = int(trace_id, 16)
        return OtlpSpan(self._tracer, name, context, attributes, kind=trace.SpanKind.SERVER, at_ms=at_ms)

    def flush(self, timeout_s: float) -> None:
        """Part of `Tracer`."""
        # The processor takes a time-out and does not keep it while a request runs (opentelemetry-python #4555).
        _bounded(self._provider.force_flush, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Part of `Tracer`."""
        _bounded(self._provider.shutdown, timeout_s)


class OtlpSpan:
    """A `Span`."""

    def __init__(
        self,
        tracer: trace.Tracer,
        name: str,
        context: Context,
        attributes: Mapping[str, Attribute],
        *,
        kind: trace.SpanKind,
        at_ms: int,
    ) -> None:
        self._tracer = tracer
        self._span = tracer.start_span(
            name, context, kind, _safe(attributes), start_time=at_ms * NS_PER_MS, record_exception=False
        )
        self.is_recording = self._span.is_recording()

    @property
    def traceparent(self) -> str:
        """Part of `Span`."""
        own = self._span.get_span_context()
        ids = f"{own.trace_id:032x}", f"{own.span_id:016x}"
        return TraceContext(*ids, sampled=self.is_recording).traceparent

    def start_span(self, name: str, *, at_ms: int, **attributes: Attribute) -> "OtlpSpan":
        """Part of `Span`."""
        context = trace.set_span_in_context(self._span, Context())
        return OtlpSpan(self._tracer, name, context, attributes, kind=trace.SpanKind.INTERNAL, at_ms=at_ms)

    def add_span(
        self, name: str, *, start_ms: int, end_ms: int, error: str = "", **attributes: Attribute
    ) -> None:
        """Part of `Span`."""
        if self.is_recording:
            part = self.start_span(name, at_ms=start_ms)
            part.end_span(at_ms=end_ms, error=error, **attributes)

    def end_span(self, *, at_ms: int, error: str = "", **attributes: Attribute) -> None:
        """Part of `Span`."""
        if error:
            self._span.set_status(trace.StatusCode.ERROR)
            attributes["error"] = error
        self._span.set_attributes(_safe(attributes))
        self._span.end(at_ms * NS_PER_MS)


class _CallIds(RandomIdGenerator):
    """Gives the next root span the trace id that its call demands. Spans are made on one thread."""

    def __init__(self) -> None:
        self.trace_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id


class _Gate(SpanProcessor):
    """Hands spans to the batch processor as long as few enough wait, and counts those that are lost.

    The processor's own queue would drop in silence, but for a log line for each.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._taken = 0
        self._counting = _CountingExporter(exporter)
        self._refused = 0
        self._batches = BatchSpanProcessor(
            self._counting,
            max_queue_size=QUEUE_MAX + 1,
            schedule_delay_millis=DELAY_MS,
            max_export_batch_size=BATCH_MAX,
            export_timeout_millis=EXPORT_TIMEOUT_S * 1000,
        )

    @property
    def dropped_count(self) -> int:
        return self._refused + self._counting.failed

    def on_end(self, span: ReadableSpan) -> None:
        if self._taken - self._counting.taken >= QUEUE_MAX:
            self._refused += 1
        else:
            self._taken += 1
            self._batches.on_end(span)

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._batches.force_flush(timeout_millis)


class _CountingExporter(SpanExporter):
    """Counts what is taken from the queue, and what then fails."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = 0
        self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _safe(attributes: Mapping[str, Attribute]) -> dict[str, str | int | float | bool]:
    return {
        key: value[:ATTRIBUTE_CHARS_MAX] if isinstance(value, str) else value
        for key, value in attributes.items()
        if value is not None and key in _SAFE
    }


def _bounded(work: Callable[[], object], timeout_s: float) -> None:
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout_s)
