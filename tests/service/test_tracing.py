"""Traces, as a collector gets them: over OTLP/HTTP, from a real server, read by OpenTelemetry's own messages."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from running import wait_until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """A collector that keeps what it gets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[ExportTraceServiceRequest] = []

    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def request_spans(self, name: str) -> list[Span]:
        return [span for span in self.spans() if span.name == name]


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def traced(start, shipped_index, monkeypatch):
    """A server that is traced, and its collector."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")  # ms between batches
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with collecting() as collector:
        yield start(shipped_index, otel_endpoint=f"http://127.0.0.1:{collector.port}"), collector


def attributes(span: Span) -> dict[str, object]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}


def test_request_is_a_span_with_its_stages_below_the_callers(traced):
    server, collector = traced
    headers = {"traceparent": PARENT, "X-Request-ID": "r-1"}
    with server.client() as client:
        answer = client.post("/v1/answers", json={"question": "zqxj 電話番号は？"}, headers=headers).json()
        client.get("/v1/passages/none")
        unsampled = {"traceparent": f"{PARENT[:-1]}0"}
        client.post("/v1/search", json={"question": "hours?"}, headers=unsampled)
        wait_until(lambda: collector.request_spans("GET /v1/passages/{passage_id}"), "spans of a running server")
    assert server.stop() == 0  # which sends what has not been sent

    (request,) = collector.request_spans("POST /v1/answers")
    assert request.trace_id.hex() == PARENT.split("-")[1]
    assert request.parent_span_id.hex() == PARENT.split("-")[2]
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/answers",
        "http.response.status_code": 200,
        "rag_support.request_id": "r-1",
        "rag_support.language": "ja",
        "rag_support.generator": "extractive",
        "rag_support.refusal": answer["refusal"]["kind"] if answer["refusal"] else "",
        "rag_support.index": answer["index"],
    }

    stages = [span for span in collector.spans() if span.parent_span_id == request.span_id]
    assert [span.name for span in stages] == ["language", "retrieve", "answer"]
    for span in stages:
        lasted_ms = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
        assert lasted_ms == pytest.approx(answer["timings_ms"][span.name])
    times = [request.start_time_unix_nano]
    for span in stages:
        times += [span.start_time_unix_nano, span.end_time_unix_nano]
    assert times == sorted(times)
    assert times[-1] <= request.end_time_unix_nano

    (missing,) = collector.request_spans("GET /v1/passages/{passage_id}")
    assert missing.trace_id != request.trace_id
    assert missing.status.code == Status.STATUS_CODE_UNSET
    assert collector.request_spans("POST /v1/search") == []  # its caller does not sample

    resource = {
        item.key: item.value.string_value for item in collector.requests[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "rag-support"
    assert resource["deployment.environment.name"] == "test"
    assert b"zqxj" not in b"".join(request.SerializeToString() for request in collector.requests)


def test_collector_that_is_away_costs_no_answer_and_holds_up_no_stop(start, shipped_index):
    server = start(shipped_index, otel_endpoint="http://127.0.0.1:9")
    with server.client() as client:
        assert client.post("/v1/search", json={"question": "hours?"}).status_code == 200
    assert server.stop() == 0


def test_library_is_not_loaded_without_the_setting(server):
    with open(f"/proc/{server.process.pid}/maps") as maps:
        assert "google/_upb" not in maps.read()  # protobuf, which the exporter needs
