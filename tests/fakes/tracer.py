"""A tracer that remembers."""

from typing import Any

from msgspec import Struct, field

from switchboard.domain.trace_context import TraceContext


class Told(Struct):
    """One span as it was told; `end_ms` is None while it runs."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start_ms: int
    attributes: dict[str, Any] = field(default_factory=dict)
    end_ms: int | None = None

    @property
    def ended_ms(self) -> int:
        assert self.end_ms is not None, f"{self.name} has not ended"
        return self.end_ms


class RecordingTracer:
    """Keeps every span, in the order in which they began."""

    dropped_count = 0

    def __init__(self) -> None:
        self.spans: list[Told] = []

    def start_span(
        self, name: str, *, trace_id: str, parent: TraceContext | None, at_ms: int, **attributes: Any
    ) -> "RecordingSpan":
        return self.begin(name, trace_id, parent.span_id if parent else None, at_ms, attributes)

    def begin(
        self, name: str, trace_id: str, parent_id: str | None, at_ms: int, attributes: dict[str, Any]
    ) -> "RecordingSpan":
        told = Told(name, trace_id, f"{len(self.spans) + 1:016x}", parent_id, at_ms, _given(attributes))
        self.spans.append(told)
        return RecordingSpan(self, told)

    def flush(self, timeout_s: float) -> None:
        return None

    def close(self, timeout_s: float) -> None:
        return None

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]

    def children(self, span: Told) -> list[Told]:
        return [each for each in self.spans if each.parent_id == span.span_id]


class RecordingSpan:
    is_recording = True

    def __init__(self, tracer: RecordingTracer, told: Told) -> None:
        self._tracer = tracer
        self.told = told

    @property
    def traceparent(self) -> str:
        return TraceContext(self.told.trace_id, self.told.span_id).traceparent

    def start_span(self, name: str, *, at_ms: int, **attributes: Any) -> "RecordingSpan":
        return self._tracer.begin(name, self.told.trace_id, self.told.span_id, at_ms, attributes)

    def add_span(self, name: str, *, start_ms: int, end_ms: int, error: str = "", **attributes: Any) -> None:
        self.start_span(name, at_ms=start_ms).end_span(at_ms=end_ms, error=error, **attributes)

    def end_span(self, *, at_ms: int, error: str = "", **attributes: Any) -> None:
        assert self.told.end_ms is None, "a span ends once"
        if error:
            attributes["error"] = error
        self.told.end_ms = at_ms
        self.told.attributes |= _given(attributes)


def _given(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if value is not None}
