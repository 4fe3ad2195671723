"""Traces for an OpenTelemetry collector: a span for each request, below it one for each stage of its answer.

Spans are made when a request has ended, from the times that were taken anyway, so answering waits for nothing; the
library sends them in batches from a thread of its own. A caller's W3C `traceparent` is the parent, and says whether to
sample. What else the library offers is set by its own OTEL_… variables: headers, sampler, resource attributes.
"""

import time

from starlette.types import Scope

from rag_support import __version__
from rag_support.errors import MissingExtra
from rag_support.logs import REQUEST_ID
from rag_support.service.record import RequestRecord

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise MissingExtra("RAG_SUPPORT_OTEL_ENDPOINT", "otel") from error

_STAGES = ("language", "retrieve", "answer")  # one after the other; their names in an answer's timings
_MS = 1_000_000  # nanoseconds
_SENDING_SECONDS = 3.0  # for a batch with all its retries; a stopping server waits for the last one


class Tracing:
    def __init__(self, endpoint: str) -> None:
        """`endpoint` of an OTLP/HTTP collector, without its path."""
        named = Resource({"service.name": "rag-support", "service.version": __version__})
        self._provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_SENDING_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("rag_support")
        self._propagator = TraceContextTextMapPropagator()

    def record(self, record: RequestRecord, route: str | None, scope: Scope, status: int, seconds: float) -> None:
        """The spans of a request that has ended just now."""
        ended = time.time_ns()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {
            "http.request.method": scope["method"],
            "http.response.status_code": status,
            "rag_support.request_id": REQUEST_ID.get() or "",
        }
        if route:
            attributes["http.route"] = route
        answer = record.answer
        if answer:
            attributes |= {
                "rag_support.language": answer.language,
                "rag_support.generator": answer.draft.generator,
                "rag_support.refusal": answer.draft.refusal.kind if answer.draft.refusal else "",
                "rag_support.index": answer.index_id,
            }
        span = self._tracer.start_span(
            f"{scope['method']} {route}" if route else scope["method"],
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes=attributes,
            start_time=ended - round(seconds * 1_000_000_000),
        )
        if answer:
            inside = set_span_in_context(span)
            started = record.answered_ns - round(answer.timings_ms["total"] * _MS)
            for stage in _STAGES:
                lasted = round(answer.timings_ms[stage] * _MS)
                self._tracer.start_span(stage, context=inside, start_time=started).end(end_time=started + lasted)
                started += lasted
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=ended)

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()
