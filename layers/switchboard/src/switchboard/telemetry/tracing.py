"""What is traced, whoever keeps it: spans with a start, an end and safe attributes.

Attributes have the names of log keys and obey the same table (`switchboard.observability.LOG_KEYS`): personal and undeclared
ones are dropped, and a test refuses them. An error is its class name; texts of errors never enter a span. Times are UTC in
milliseconds and are arguments, so that a span can be told after the work, when nobody waits any more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from switchboard.domain.trace_context import TraceContext, trace_id_of

Attribute = str | int | float | bool | None


class Span(Protocol):
    """One piece of work."""

    is_recording: bool
    """False where nothing is kept: not sampled, or no traces at all."""

    @property
    def traceparent(self) -> str:
        """For whoever goes on with the work; empty where there are no traces."""

    def start_span(self, name: str, *, at_ms: int, **attributes: Attribute) -> "Span":
        """Begin a part of this work."""

    def add_span(
        self, name: str, *, start_ms: int, end_ms: int, error: str = "", **attributes: Attribute
    ) -> None:
        """Tell of a part that is over."""

    def end_span(self, *, at_ms: int, error: str = "", **attributes: Attribute) -> None:
        """The work is over; `error` is the class name of what broke it."""


class Tracer(Protocol):
    """Makes spans; one per process. Never blocks, never raises, bounded: what is too much is counted."""

    @property
    def dropped_count(self) -> int:
        """Spans given up since the start."""

    def start_span(
        self, name: str, *, trace_id: str, parent: TraceContext | None, at_ms: int, **attributes: Attribute
    ) -> Span:
        """Begin a piece of work: below `parent`, or as the root of `trace_id`."""

    def flush(self, timeout_s: float) -> None:
        """Send what waits. Blocks for `timeout_s` at most: for functions, which are frozen between invocations."""

    def close(self, timeout_s: float) -> None:
        """The same, for good."""


class NoSpan:
    """Keeps nothing."""

    is_recording = False
    traceparent = ""

    def start_span(self, name: str, *, at_ms: int, **attributes: Attribute) -> "NoSpan":  # noqa: ARG002 - part of Span
        """Part of `Span`."""
        return self

    def add_span(
        self, name: str, *, start_ms: int, end_ms: int, error: str = "", **attributes: Attribute
    ) -> None:
        """Part of `Span`."""

    def end_span(self, *, at_ms: int, error: str = "", **attributes: Attribute) -> None:
        """Part of `Span`."""


class NoTracer:
    """Traces nothing: where no collector is."""

    dropped_count = 0

    def start_span(
        self,
        name: str,  # noqa: ARG002 - part of Tracer
        *,
        trace_id: str,  # noqa: ARG002
        parent: TraceContext | None,  # noqa: ARG002
        at_ms: int,  # noqa: ARG002
        **attributes: Attribute,  # noqa: ARG002
    ) -> NoSpan:
        """Part of `Tracer`."""
        return NoSpan()

    def flush(self, timeout_s: float) -> None:
        """Part of `Tracer`."""

    def close(self, timeout_s: float) -> None:
        """Part of `Tracer`."""


def open_tracer(*, endpoint: str, share: float, service: str, environment: str) -> Tracer:
    """The tracer for a collector at `endpoint`; without one, one that traces nothing."""
    if not endpoint:
        return NoTracer()
    from switchboard.telemetry.otlp import OtlpTracer  # noqa: PLC0415 - a cold start pays for it only where it is used

    return OtlpTracer(endpoint=endpoint, share=share, service=service, environment=environment)


@contextmanager
def call_span(
    tracer: Tracer,
    name: str,
    *,
    call_id: str,
    parent: TraceContext | None = None,
    clock_ms: Callable[[], int],
) -> Iterator[Span]:
    """Trace the body as work for a call; what it raises is told by kind and raised on."""
    span = tracer.start_span(
        name, trace_id=trace_id_of(call_id), parent=parent, at_ms=clock_ms(), call_id=call_id
    )
    try:
        yield span
    except Exception as error:
        span.end_span(at_ms=clock_ms(), error=type(error).__name__)
        raise
    span.end_span(at_ms=clock_ms())
