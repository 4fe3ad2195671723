"""POST /v1/feedback as a page or a program sends it, and what becomes of it."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgresql import Postgresql
from running import Server, is_problem

from rag_support.feedback.store import FeedbackStore

QUESTION = "Can I book a trip into space?"
UNKNOWN = "0123456789abcdef" * 2


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/var/feedback.sqlite"


def ask(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/v1/answers", json={"question": QUESTION}).raise_for_status().json()
    return answer


def maps(server: Server) -> str:
    return Path(f"/proc/{server.process.pid}/maps").read_text()


def test_thumb_is_kept_with_the_question_it_belongs_to(start, shipped_index, url):
    server = start(shipped_index, feedback_url=url)
    with server.client() as client:
        answer = ask(client)
        first = client.post("/v1/feedback", json={"answer_id": answer["id"], "thumb": "up"})
        assert first.status_code == 201
        more = {"thumb": "down", "comment": "No.", "expected_answer": "ここでは扱いません。"}
        second = client.post("/v1/feedback", json={"answer_id": answer["id"]} | more)
        assert second.json() == first.json() == {"id": first.json()["id"], "answer_known": True}
        with closing(FeedbackStore(url)) as store:  # while the server runs
            (case,) = store.cases(None, 10)
    assert (case.answer_id, case.question, case.language) == (answer["id"], QUESTION, "en")
    assert case.refusal == answer["refusal"]["kind"]
    assert (case.thumb, case.comment, case.expected_answer) == ("down", "No.", "ここでは扱いません。")
    assert QUESTION not in server.log()


def test_answer_of_before_a_restart_is_taken_with_the_question_that_the_caller_names(start, shipped_index, url):
    server = start(shipped_index, feedback_url=url)
    with server.client() as client:
        ask(client)
        assert "/sqlalchemy/" not in maps(server)  # is loaded with the first feedback
        told = client.post("/v1/feedback", json={"answer_id": UNKNOWN, "thumb": "down", "question": QUESTION})
        assert "/sqlalchemy/" in maps(server)
    assert (told.status_code, told.json()["answer_known"]) == (201, False)
    with closing(FeedbackStore(url)) as store:
        assert [(case.question, case.language) for case in store.cases(None, 10)] == [(QUESTION, "en")]


def test_question_log_is_whole_when_the_server_has_ended(start, shipped_index, url):
    server = start(shipped_index, feedback_url=url, question_log=True)
    with server.client() as client:
        asked = {ask(client)["id"] for _ in range(40)}
    assert server.stop() == 0
    with closing(FeedbackStore(url)) as store:
        assert {case.answer_id for case in store.cases(None, 100)} == asked


def test_database_that_is_down_costs_no_answer(start, shipped_index, postgresql: Postgresql):
    server = start(shipped_index, feedback_url=postgresql.empty_database(), question_log=True)
    with server.client() as client:
        given = {"answer_id": ask(client)["id"], "thumb": "up"}
        assert client.post("/v1/feedback", json=given).status_code == 201
        postgresql.stop()
        try:
            refused = client.post("/v1/feedback", json=given)
            assert "try again" in is_problem(refused, 503)["detail"]
            assert int(refused.headers["retry-after"]) > 0
            assert ask(client)["abstained"]
        finally:
            postgresql.start()
        assert client.post("/v1/feedback", json=given).status_code == 201
    assert "the feedback database cannot be used" in server.log()
    assert QUESTION not in server.log()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("answer_id", value)
            for value in ("", "x", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.upper(), None, 1, [UNKNOWN])
        ),
        *(("thumb", value) for value in ("", "UP", "sideways", None, True, 1)),
        *(
            (name, value)
            for name in ("comment", "expected_answer")
            for value in ("x" * 2_001, "a\0", "\u202ea", 1, ["a"])
        ),
        ("question", "a\x1b[31m"),
    ],
)
def test_field_with_a_value_that_is_not_allowed(client, field, value):
    body = {"answer_id": UNKNOWN, "thumb": "up"} | {field: value}
    problem = is_problem(client.post("/v1/feedback", json=body), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("missing", ["answer_id", "thumb"])
def test_field_that_is_missing(client, missing):
    body = {"answer_id": UNKNOWN, "thumb": "up"}
    del body[missing]
    assert is_problem(client.post("/v1/feedback", json=body), 422)["detail"] == f"{missing}: it is required."


def test_half_a_surrogate_pair_is_no_comment(client):
    body = json.dumps({"answer_id": UNKNOWN, "thumb": "up", "comment": "\ud800"})
    is_problem(client.post("/v1/feedback", content=body, headers={"Content-Type": "application/json"}), 422)
