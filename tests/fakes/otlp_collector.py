"""An OpenTelemetry collector on loopback: takes traces over OTLP/HTTP and reads them with OTLP's own schema."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fakes.http_endpoint import Answer, HttpEndpoint, Request
from tests.fakes.tracer import Told


class OtlpCollector(HttpEndpoint):
    """`spans` in the order of arrival. `status` other than 200 refuses, None never answers."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.spans: list[Told] = []
        self.resources: list[dict[str, Any]] = []
        self.raw = b""
        self.status: int | None = 200
        self.errors: set[str] = set()

    def _take(self, request: Request) -> Answer | None:
        assert ("POST", "/v1/traces") == (request.method, request.path)
        assert "application/x-protobuf" == request.headers["content-type"]
        if self.status != 200:
            return None if self.status is None else Answer(self.status)
        self.raw += request.body
        document = ExportTraceServiceRequest()
        document.ParseFromString(request.body)
        for resource in document.resource_spans:
            self.resources.append(_attributes(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += [self._told(span) for span in scope.spans]
        return Answer(200)

    def _told(self, span: Any) -> Told:
        assert not span.events, "exceptions are told by kind, never as events with their texts"
        assert not span.status.message
        if span.status.code:
            self.errors.add(span.name)
        return Told(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex() or None,
            span.start_time_unix_nano // 1_000_000,
            _attributes(span.attributes),
            span.end_time_unix_nano // 1_000_000,
        )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
