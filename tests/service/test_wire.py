"""Requests as bytes, sent to be read in two ways, to lead elsewhere, to hold a connection, to fill the memory."""

import gzip
import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice

import httpx
import pytest
from processes import rss_bytes
from running import Server, is_problem, running, wait_until

BODY = b'{"text": "hours?"}'
POST = b"POST /v1/language HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
MIB = 2**20


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side ends the connection."""
    pieces = []
    try:
        while piece := connection.recv(65_536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def answers_to(server: Server, sent: bytes) -> list[int]:
    """The statuses of everything that is answered to these bytes before the server ends the connection."""
    with server.connect() as connection:
        connection.sendall(sent)
        parts = received(connection).split(b"HTTP/1.1 ")
    return [int(part[:3]) for part in parts[1:]]


SMUGGLED = b"GET /v1/index HTTP/1.1\r\nHost: x\r\n\r\n"

AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + SMUGGLED,
    "list of lengths": POST + b"Content-Length: 2, 3\r\n\r\n{}" + SMUGGLED,
    "signed length": POST + b"Content-Length: +2\r\n\r\n{}" + SMUGGLED,
    "length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}" + SMUGGLED,
    "length with an underscore": POST + b"Content-Length: 1_0\r\n\r\n{}" + SMUGGLED,
    "length beyond 64 bits": POST + b"Content-Length: 18446744073709551618\r\n\r\n{}" + SMUGGLED,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks within another coding": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "vertical tab before chunked": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before the colon": POST + b"Content-Length : 2\r\n\r\n{}" + SMUGGLED,
    "folded line": POST + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED,
    "folded first line": b"GET / HTTP/1.1\r\n Host: x\r\n\r\n" + SMUGGLED,
    "bare line feeds": POST.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}" + SMUGGLED,
    "bare carriage return": b"GET / HTTP/1.1\r\nHost: x\rContent-Length: 2\r\n\r\n{}" + SMUGGLED,
    "null in a header": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n" + SMUGGLED,
    "chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size in hexadecimal twice": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n" + SMUGGLED,
    "chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "header without a name": b"GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n" + SMUGGLED,
    "method with a space before it": b" GET / HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED,
    "version 2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_request_that_could_be_read_in_two_ways_ends_the_connection(server, sent):
    assert answers_to(server, sent) in ([400], [413])


def test_what_looks_like_a_request_in_a_body_is_none(server):
    length = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    assert answers_to(server, POST + length + SMUGGLED) == [422]
    chunked = b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(SMUGGLED),
        SMUGGLED,
    )
    assert answers_to(server, POST + chunked) == [422]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"x"])
def test_an_upgrade_that_is_offered_is_not_taken(server, protocol):
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: %b\r\n\r\n" % protocol
    assert answers_to(server, head) == [200]


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:99999", "[::1", "x y", "'\"<script>", "", "x/../..", "0", "x" * 5_000, "\xff"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/healthz/", "/static", "/docs/", "//evil.test", "/nothing"])
def test_the_host_that_a_request_names_goes_nowhere(server, host, path):
    with server.connect() as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        head, _, body = received(connection).partition(b"\r\n\r\n")
    assert head.split()[1] in (b"200", b"400", b"404")
    assert b"location:" not in head.lower()
    assert b"evil" not in head + body
    assert b"<script>" not in head


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py", "/static/..\\app.py", "/static/....//app.py", "/static/%252e%252e/app.py",
        "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/swagger/../../app.py", "/static/app.js%00.css",
        "/static/", "/static/.", "/static/%c0%ae%c0%ae/app.py",
        "/static/" + "../" * 50 + "etc/passwd", "/static/" + "a" * 5_000, "/..;/static/app.js",
        "/static/C:/app.py", "/static/~root", "/static/__pycache__",
        "/v1/passages/..%2f..%2findex", "/v1/passages/%00", "/v1/passages/%ff%fe", "/v1/passages/" + "x" * 10_000,
    ],
)  # fmt: skip
def test_no_path_leads_out(server, path):
    assert answers_to(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()) == [404]


def post(client: httpx.Client, content: bytes, **headers: str) -> httpx.Response:
    return client.post("/v1/language", content=content, headers={"Content-Type": "application/json"} | headers)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_a_compressed_body_is_refused_unread(client, coding):
    response = post(client, gzip.compress(BODY), **{"Content-Encoding": coding})
    assert "Content-Encoding" in is_problem(response, 415)["detail"]
    assert response.headers["accept-encoding"] == "identity"


def test_a_body_that_says_it_is_not_compressed_is_read(client):
    assert post(client, BODY, **{"Content-Encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\xef\xbb\xbf" + BODY, 422),
        (BODY.decode().encode("utf-16-le"), 422),
        (BODY.decode().encode("utf-32"), 422),
        (b'{"text": "a", "text": 5, "text": "hours?"}', 200),  # the last of a name counts, as with everybody's parser
        (b'{"text": "hours?", "text": 5}', 422),
        (b'{"text": "hours?", "x": %b}' % (b"9" * 50_000), 422),
        (b'{"text": "hours?", "x": 1e999999999}', 200),
        (b'{"text": "hours?", "x": %b%b}' % (b'{"a":' * 10_000, b"1" + b"}" * 10_000), 422),
        (b'{"text": "hours?", "\\u0000": 1, "__proto__": {"x": 1}, "constructor": 1}', 200),
        (b'{"text": "hours?"}\0', 422),
        (b' \t\r\n{"text": "hours?"} \r\n', 200),
        (b"\x0c" + b'{"text": "hours?"}', 422),
        (b'{"text": "\\ud83d\\ude00 hours?"}', 200),
        (b'{"text": "\\ude00\\ud83d hours?"}', 422),
        (b"// hours\n" + b'{"text": "hours?"}', 422),
    ],
)
def test_json_to_the_letter(client, content, status):
    assert post(client, content).status_code == status


def test_a_hundred_megabytes_without_a_length_are_not_kept(server, client):
    post(client, BODY)
    before = rss_bytes(server.process.pid)
    piece = b"100000\r\n" + bytes(MIB) + b"\r\n"
    with server.connect() as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(piece * 100)
    assert rss_bytes(server.process.pid) - before < 20 * MIB


# The limits are brought within a test's reach.
SMALL = """from rag_support.service import server
server.MAX_CONNECTIONS, server.SEND_SECONDS, server.HEAD_SECONDS = 8, 2.0, 1e6
"""


@pytest.fixture(scope="module")
def small(shipped_index, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("small"), shipped_index, before=SMALL, max_concurrency=1) as server:
        yield server


class TestConnections:
    def test_idle_ones_make_room_for_new_ones(self, small):
        with ExitStack() as stack:
            idle = [stack.enter_context(small.connect()) for _ in range(30)]
            with small.client() as client:
                assert client.get("/healthz").status_code == 200
            wait_until(lambda: len(select.select(idle, [], [], 0)[0]) == 30 - 7, "the other ones to be ended")
            assert select.select(idle[:8], [], [], 0)[0] == idle[:8]

    def test_one_at_work_is_not_ended_for_new_ones(self, small):
        head = POST + b"Content-Length: %d\r\n\r\n" % len(BODY)
        with ExitStack() as stack, small.connect() as working:
            working.sendall(head)
            for _ in range(12):
                stack.enter_context(small.connect())
            working.sendall(BODY)
            assert working.recv(65_536).startswith(b"HTTP/1.1 200 ")

    def test_a_client_that_takes_no_answers_loses_its_place(self, small):
        """The one place there is: much is asked for, nothing read; others are answered all the same."""
        body = json.dumps({"question": "電話番号は？", "top_k": 50}).encode()
        asked = POST.replace(b"language", b"search") + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        with socket.socket() as deaf, small.client() as client:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect(("127.0.0.1", small.port))
            deaf.setblocking(False)
            while select.select([], [deaf], [], 0.3)[1]:  # until the server takes no more, as its answers are not taken
                with suppress(BlockingIOError):
                    deaf.send(asked * 20)
            statuses = iter(lambda: post(client, BODY).status_code, None)
            wait_until(lambda: {*islice(statuses, 10)} == {503}, "the place to be taken for good")
            wait_until(lambda: post(client, BODY).status_code == 200, "the place to be free")
        assert "Traceback" not in small.log()
