"""One line in the log for each request, an id to follow it by, and no word of what was asked."""

import json
import re
from collections.abc import Iterator

import pytest
from running import Server, running, wait_until

from rag_support import snapshot


@pytest.fixture(scope="module")
def told(shipped_index, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("told"), shipped_index, log_format="json") as server:
        yield server


def lines(server: Server, request_id: str, count: int = 1) -> list[dict]:
    """The records of a request, once there are so many: the last is written when the response has left."""

    def found() -> list[dict]:
        records = [json.loads(line) for line in server.log().splitlines(keepends=True) if line.endswith("\n")]
        return [record for record in records if record.get("request_id") == request_id]

    wait_until(lambda: len(found()) >= count, f"{count} records of {request_id}")
    return found()


class TestRequestId:
    @pytest.mark.parametrize("given", ["abc-123", "00-4bf92f:7", "x" * 100])
    def test_of_a_caller_is_kept(self, client, given):
        assert client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given

    @pytest.mark.parametrize("given", ["", "a b", 'a"b', "x" * 101, "<script>", "返品".encode()])
    def test_that_could_spoil_a_line_is_replaced(self, client, given):
        response = client.get("/healthz", headers={"X-Request-ID": given})
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])

    def test_is_another_for_each_request_and_on_every_response(self, client):
        responses = [
            client.get("/"),
            client.get("/nothing"),
            client.post("/v1/answers", content=b"x"),
            client.post("/v1/answers", content=b"x" * 100_000),
        ]
        assert len({response.headers["x-request-id"] for response in responses}) == len(responses)


class TestAccessLine:
    def test_tells_what_became_of_a_question(self, told, shipped_index):
        with told.client() as client:
            answer = client.post("/v1/answers", json={"question": "怎么退货？"}, headers={"X-Request-ID": "asked"})
        (line,) = lines(told, "asked")
        assert line.pop("time")
        assert 0 < line.pop("ms") < 60_000
        assert answer.status_code == 200
        assert line == {
            "level": "INFO",
            "logger": "rag_support.access",
            "message": "request",
            "method": "POST",
            "route": "/v1/answers",
            "status": 200,
            "key": None,
            "language": "zh",
            "refusal": None,
            "generator": "extractive",
            "index": snapshot.current_id(shipped_index),
            "request_id": "asked",
        }

    def test_tells_the_kind_of_a_refusal(self, told):
        with told.client() as client:
            body = {"question": "How do I bake sourdough bread?"}
            answer = client.post("/v1/answers", json=body, headers={"X-Request-ID": "refused"}).json()
        assert lines(told, "refused")[0]["refusal"] == answer["refusal"]["kind"]

    def test_never_holds_what_was_asked_or_sent(self, told):
        with told.client() as client:
            for path, body in (
                ("/v1/answers", {"question": "zqxj 電話番号は？"}),
                ("/v1/answers", {"question": "zqxj" * 1000}),
                ("/v1/search", {"question": "zqxj?"}),
                ("/v1/language", {"text": "zqxj"}),
                ("/zqxj?zqxj=zqxj", {"zqxj": 1}),
            ):
                client.post(path, json=body, headers={"User-Agent": "zqxj", "X-Request-ID": "silent"})
        assert len(lines(told, "silent", 5)) == 5
        assert "zqxj" not in told.log()

    def test_of_a_probe_is_left_to_debugging(self, told):
        with told.client() as client:
            for path in ("/healthz", "/readyz", "/metrics"):
                client.get(path, headers={"X-Request-ID": "probe"})
            client.get("/v1/index", headers={"X-Request-ID": "no-probe"})
        assert lines(told, "no-probe")
        assert '"probe"' not in told.log()

    def test_every_line_of_the_server_is_json(self, told):
        loggers = {json.loads(line)["logger"] for line in told.log().splitlines()}
        assert {"uvicorn.error", "rag_support.service.live"} <= loggers

    def test_is_text_by_default(self, server, client):
        client.get("/v1/index", headers={"X-Request-ID": "plain"})
        wait_until(lambda: "request_id=plain\n" in server.log(), "the line, written when the response has left")
        (line,) = [line for line in server.log().splitlines() if "request_id=plain" in line]
        assert re.search(
            r" INFO rag_support\.access: request method=GET route=/v1/index status=200 ms=[\d.]+ request_id=plain$",
            line,
        )


def test_questions_are_logged_where_that_is_asked_for(start, shipped_index):
    server = start(shipped_index, log_questions=True, log_format="json")
    with server.client() as client:
        body = {"question": "  怎么退货 "}
        client.post("/v1/answers", json=body, headers={"X-Request-ID": "shown"})
    assert lines(server, "shown")[0]["question"] == "怎么退货"


def test_fault_is_one_record_with_its_request(start, shipped_index):
    broken = "from rag_support.pipeline import Pipeline\ndef fail(self, *_): raise RuntimeError('inside')\n"
    server = start(shipped_index, before=f"{broken}Pipeline.search = fail", log_format="json")
    with server.client() as client:
        response = client.post("/v1/search", json={"question": "hours?"}, headers={"X-Request-ID": "fault"})
    assert response.status_code == 500
    fault, access = lines(server, "fault", 2)
    assert fault["exception"].endswith("RuntimeError: inside")
    assert (access["status"], access["route"]) == (500, "/v1/search")
