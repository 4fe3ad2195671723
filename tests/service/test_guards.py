"""Limits on time and on requests at once, security headers, connections that are kept, faults."""

import asyncio
import http.client
import json
from collections.abc import Iterator

import httpx
import pytest
from running import Server, is_problem, running, wait_until

from rag_support.config import Settings
from rag_support.pipeline import Pipeline
from rag_support.service.app import create_app

BODY = b'{"question": "How do I return an item?"}'
HEAD = b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"


def received(connection) -> bytes:
    return b"".join(iter(lambda: connection.recv(4096), b""))


def security_headers_are_on(response: httpx.Response) -> None:
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "server" not in response.headers


# The limits are seconds; for these tests they are made a fraction of one.
SOON = "from rag_support.service import guards, server\nguards.BODY_SECONDS = server.HEAD_SECONDS = 0.2"


@pytest.fixture(scope="module")
def impatient(shipped_index, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("impatient"), shipped_index, before=SOON) as server:
        yield server


@pytest.fixture(scope="module")
def narrow(shipped_index, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("narrow"), shipped_index, max_concurrency=1) as server:
        yield server


class TestSlowClients:
    def test_body_that_does_not_come_is_given_up(self, impatient):
        with impatient.connect() as connection:
            connection.sendall(HEAD + BODY[:10])
            head, _, body = received(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"content-type: application/problem+json" in head
        assert b"content-security-policy: " in head
        assert json.loads(body)["status"] == 408

    @pytest.mark.parametrize(
        "sent", [b"", b"\r\n", HEAD[:20], HEAD[:-2]], ids=["nothing", "line end", "half", "almost"]
    )
    def test_head_that_does_not_come_ends_the_connection(self, impatient, sent):
        with impatient.connect() as connection:
            connection.sendall(sent)
            assert received(connection) == b""

    def test_second_head_that_does_not_come_ends_the_connection(self, impatient):
        with impatient.connect() as connection:
            connection.sendall(HEAD + BODY)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            connection.sendall(HEAD[:20])
            received(connection)

    def test_server_is_none_the_worse(self, impatient):
        with impatient.client() as client:
            assert client.post("/v1/answers", content=BODY, headers={"Content-Type": "application/json"}).json()["id"]


class TestBusyServer:
    """One request at once; a request whose body is still on its way holds the place."""

    def test_more_requests_than_allowed_are_told_to_come_back(self, narrow):
        with narrow.client() as client, narrow.connect() as holding:

            def ask() -> httpx.Response:
                return client.post("/v1/answers", json={"question": "How do I return an item?"})

            holding.sendall(HEAD + BODY[:10])
            wait_until(lambda: ask().status_code == 503, "a busy server")
            busy = ask()
            assert "busy" in is_problem(busy, 503)["detail"]
            assert int(busy.headers["retry-after"]) >= 1
            security_headers_are_on(busy)
            assert client.get("/healthz").status_code == 200
            assert client.get("/readyz").status_code == 200
            assert 'rag_support_rejected_total{reason="busy"}' in client.get("/metrics").text
            holding.sendall(BODY[10:])
            assert holding.recv(4096).startswith(b"HTTP/1.1 200 ")
            wait_until(lambda: ask().status_code == 200, "the place to be free again")


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/", {}),
        ("GET", "/docs", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/static/app.js", {}),
        ("GET", "/static/swagger/swagger-ui.css", {}),
        ("GET", "/healthz", {}),
        ("GET", "/nothing", {}),
        ("PUT", "/v1/answers", {}),
        ("POST", "/v1/answers", {"json": {"question": "hours?"}}),
        ("POST", "/v1/answers", {"json": {}}),
        ("POST", "/v1/answers", {"content": b"x"}),
        ("POST", "/v1/answers", {"content": b"x" * 100_000}),
        ("GET", "/healthz", {"headers": {"X-Long": "x" * 100_000}}),
    ],
)
def test_security_headers_are_on_every_response(client, method, path, more):
    security_headers_are_on(client.request(method, path, **more))


def test_two_requests_on_one_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        socket_before = None
        for body, status in ((BODY, 200), (b"{}", 422), (BODY, 200)):
            connection.request("POST", "/v1/answers", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == status
            response.read()
            assert connection.sock is not None
            assert socket_before in (None, connection.sock)
            socket_before = connection.sock
    finally:
        connection.close()


def test_pipelined_requests_are_answered_in_turn(server):
    last = HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + HEAD + BODY + last + BODY)
        answers = received(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 3
    assert answers.index(b'{"status":"ok"}') < answers.index(b'"citations"')


def test_fault_is_logged_and_told_without_its_inside(shipped_index, caplog, monkeypatch):
    app = create_app(Settings(index=shipped_index, _env_file=None))

    def fail(*_: object) -> None:
        raise RuntimeError("the inside")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as client,
        ):
            monkeypatch.setattr(Pipeline, "_draft", fail)
            return await client.post("/v1/answers", json={"question": "zqxj"})

    response = asyncio.run(ask())
    is_problem(response, 500)
    assert "inside" not in response.text
    security_headers_are_on(response)
    assert "RuntimeError: the inside" in caplog.text
    assert "zqxj" not in caplog.text
