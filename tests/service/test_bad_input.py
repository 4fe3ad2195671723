"""Whatever is sent: the answer is a problem a person can act on, it echoes nothing, and the server goes on."""

import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Server, is_problem

JSON = {"Content-Type": "application/json"}
SECRET = "zqxj4711"  # part of what is sent; must not come back


@pytest.fixture(autouse=True)
def still_answering(server: Server, client: httpx.Client) -> Iterator[None]:
    yield
    answer = client.post("/v1/answers", json={"question": "How do I return an item?"})
    assert answer.status_code == 200
    assert answer.json()["citations"]
    log = server.log()
    assert "Traceback" not in log
    assert SECRET not in log


def post(client: httpx.Client, content: object, path: str = "/v1/answers", **headers: str) -> httpx.Response:
    return client.post(path, content=content, headers=JSON | headers)


def refused(response: httpx.Response, status: int = 422) -> dict[str, object]:
    assert SECRET not in response.text
    return is_problem(response, status)


UNUSABLE_TEXTS = {
    "empty": "",
    "white space": " \t\r\n\u3000\xa0",
    "2,001 characters": SECRET + "x" * (2_001 - len(SECRET)),
    "2,001 astral characters": "😀" * 2_001,
    "unfolds under NFKC": "\ufdfa" * 2_000,
    "null character": f"{SECRET}\0",
    "bell": f"{SECRET}\a",
    "escape": f"\x1b[31m{SECRET}",
    "C1 control": f"{SECRET}\x85",
    "right-to-left override": f"{SECRET}\u202e",
    "left-to-right isolate": f"\u2066{SECRET}\u2069",
    "right-to-left mark": f"{SECRET}\u200f",
    "lone high surrogate": f"{SECRET}\ud800",
    "lone low surrogate": f"\udfff{SECRET}",
    "number": 4711,
    "float": 47.11,
    "boolean": True,
    "null": None,
    "list": [SECRET],
    "object": {SECRET: SECRET},
}


@pytest.mark.parametrize("path", ["/v1/answers", "/v1/search", "/v1/language"])
@pytest.mark.parametrize("text", UNUSABLE_TEXTS.values(), ids=UNUSABLE_TEXTS)
def test_text_that_is_no_question(client, path, text):
    field = "text" if path == "/v1/language" else "question"
    problem = refused(post(client, json.dumps({field: text}), path))
    assert problem["errors"][0]["problem"] in problem["detail"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("top_k", value) for value in (0, -1, 51, 10**30, "5", 1.5, 1e300, True, None, [5], {})),
        *(("language", value) for value in ("fr", "EN", "zh-Hant", "", SECRET, None, 1, ["en"])),
    ],
)
def test_field_with_a_value_that_is_not_allowed(client, field, value):
    problem = refused(post(client, json.dumps({"question": "How do I return an item?", field: value})))
    assert problem["errors"] == [{"field": field, "problem": problem["detail"].removeprefix(f"{field}: ")}]


@pytest.mark.parametrize("body", ["{}", f'{{"{SECRET}": "{SECRET}"}}', '{"Question": "hours?"}'])
def test_missing_question_is_named(client, body):
    assert refused(post(client, body))["detail"] == "question: it is required."


BROKEN_BODIES = {
    "nothing": b"",
    "half": b'{"question": "' + SECRET.encode(),
    "single quotes": b"{'question': '" + SECRET.encode() + b"'}",
    "trailing comma": b'{"question": "hours?",}',
    "two values": b'{"question": "hours?"}{}',
    "NaN": b'{"question": NaN}',
    "NaN beside a question": b'{"question": "hours?", "top_k": NaN}',
    "Infinity": b'{"question": "hours?", "top_k": -Infinity}',
    "invalid UTF-8": b'{"question": "\xff\xfe' + SECRET.encode() + b'"}',
    "overlong UTF-8": b'{"question": "\xc0\xaf"}',
    "encoded surrogate": b'{"question": "\xed\xa0\x80"}',
    "Shift_JIS": '{"question": "電話番号"}'.encode("shift_jis"),
    "UTF-16": '{"question": "hours?"}'.encode("utf-16"),
    "raw line end in a string": b'{"question": "a\nb"}',
    "deep nesting": b"[" * 60_000,
    "deep nesting, closed": b'{"question": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "long number": b'{"question": "hours?", "top_k": ' + b"9" * 60_000 + b"}",
    "null": b"null",
    "list": b"[]",
    "string": f'"{SECRET}"'.encode(),
    "number": b"1",
}


@pytest.mark.parametrize("path", ["/v1/answers", "/v1/search", "/v1/language"])
@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_body_that_is_no_json_object(client, path, body):
    refused(post(client, body, path))


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
def test_body_that_is_not_declared_as_json(client, media_type):
    problem = refused(post(client, '{"question": "hours?"}', **{"Content-Type": media_type}), 415)
    assert "Content-Type: application/json" in problem["detail"]


def test_body_without_a_content_type(client):
    refused(client.post("/v1/answers", content=b'{"question": "hours?"}'), 415)


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_declared_with_parameters_and_in_capitals(client, media_type):
    assert post(client, '{"question": "hours?"}', **{"Content-Type": media_type}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_wrong_method_is_told_the_right_one(client, method):
    response = client.request(method, "/v1/answers")
    refused(response, 405)
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/", "/docs", "/static/app.js", "/v1/index", "/v1/passages/x"])
def test_pages_take_no_post(client, path):
    refused(client.post(path, json={"question": SECRET}), 405)


@pytest.mark.parametrize("path", ["/nothing", "/v1", f"/v1/{SECRET}", "/%00", "/%ff", "/.env", "/../../etc/passwd"])
def test_unknown_path(client, path):
    assert "/docs" in refused(client.get(path), 404)["detail"]


class TestTooLarge:
    BODY = json.dumps({"question": "x" * 100_000}).encode()

    def test_body_with_its_length(self, client):
        assert "64 kB" in refused(post(client, self.BODY), 413)["detail"]

    def test_body_in_chunks_without_a_length(self, client):
        pieces = (self.BODY[at : at + 1_000] for at in range(0, len(self.BODY), 1_000))
        response = post(client, pieces)
        assert response.request.headers["transfer-encoding"] == "chunked"
        assert "64 kB" in refused(response, 413)["detail"]

    def test_body_in_chunks_within_the_limit_is_read(self, client):
        assert post(client, iter([b'{"question":', b' "hours?"}'])).status_code == 200

    def test_length_that_is_only_announced(self, server):
        with server.connect() as connection:
            connection.sendall(b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize(
        "headers", [{"X-Long": "x" * 100_000}, {f"X-{n}": "x" * 100 for n in range(1_000)}], ids=["one", "many"]
    )
    def test_head(self, client, headers):
        assert "64 kB" in refused(client.get("/healthz", headers=headers), 431)["detail"]

    def test_head_of_a_common_size_is_read(self, client):
        assert client.get("/healthz", headers={"X-Long": "x" * 32_000}).status_code == 200

    def test_address(self, client):
        refused(client.get("/?q=" + "x" * 60_000 + SECRET, headers={"X-Long": "x" * 40_000}), 431)


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"zqxj4711 / HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nzqxj4711\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nContent-Length: zqxj4711\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client hello
    ],
)
def test_what_is_no_http_is_refused_as_a_problem(server, sent):
    with server.connect() as connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert b"content-security-policy: default-src 'none'" in head
    assert json.loads(body)["status"] == 400
    assert SECRET.encode() not in received


def test_a_client_that_goes_away_in_the_middle_is_forgotten(server):
    with server.connect() as connection:
        connection.sendall(b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Content-Length: 100\r\n\r\n{")


TEXTS = st.text(st.characters(exclude_categories=()), max_size=50)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
BODIES = VALUES | st.fixed_dictionaries(
    {}, optional={"question": VALUES | TEXTS, "top_k": VALUES | st.integers(0, 51), "language": VALUES}
)


@settings(max_examples=150)
@given(body=BODIES, ascii_only=st.booleans())
def test_any_json_is_answered_or_refused(client, body, ascii_only):
    content = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    response = post(client, content)
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        is_problem(response, response.status_code)


@settings(max_examples=100)
@given(question=st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=300))
def test_any_text_is_answered_or_refused(client, question):
    response = client.post("/v1/answers", json={"question": question})
    if response.status_code != 200:
        is_problem(response, 422)
