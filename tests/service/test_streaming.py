"""POST /v1/answers told as server-sent events: what comes when, and what ends it."""

import itertools
from collections.abc import Iterator

import httpx
import pytest
from running import is_problem, wait_until
from streams import events_of
from writers import EndlessWriter, QuotingWriter, failing, never_going_on

from rag_support.service import event_stream

QUESTIONS = [
    "電話番号を教えてください",
    "How do I return an item?",
    "如何退貨？",
    "How do I bake sourdough bread?",
    "12345 😀",
]
TELEPHONE = QUESTIONS[0]


def told(client: httpx.Client, question: str, **more: object) -> list[tuple[str, dict]]:
    response = client.post("/v1/answers", json={"question": question, "stream": True, **more})
    assert response.status_code == 200, response.text
    return list(events_of(response.text.splitlines()))


def stream(client: httpx.Client, question: str = TELEPHONE):
    return client.stream("POST", "/v1/answers", json={"question": question, "stream": True})


def up_to_first_sentence(events: Iterator[tuple[str, dict]]) -> list[str]:
    """The names of the events so far; `events` is to be held on to, since a stream that nobody reads is closed."""
    names = []
    for name, _ in events:
        names.append(name)
        if name == "sentence":
            break
    return names


@pytest.mark.parametrize("question", QUESTIONS)
def test_sentences_joined_are_the_answer_and_done_is_what_is_answered_unstreamed(client, question):
    events = told(client, question, top_k=3)
    names = [name for name, _ in events]
    assert (names[0], names[-1]) == ("retrieval", "done")
    assert set(names[1:-1]) <= {"citation", "sentence"}
    retrieval, done = events[0][1], events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "sentence") == done["answer"]
    assert [data for name, data in events if name == "citation"] == done["citations"]
    for key in ("id", "language", "detection", "passages", "index"):
        assert retrieval[key] == done[key]
    plain = client.post("/v1/answers", json={"question": question, "top_k": 3}).json()
    for key in plain.keys() - {"id", "timings_ms"}:
        assert done[key] == plain[key]


def test_a_citation_comes_before_the_sentence_that_first_uses_it(client):
    known = set()
    for name, data in told(client, TELEPHONE):
        if name == "citation":
            known.add(data["number"])
        elif name == "sentence":
            assert f"[{max(known)}]" in data["text"]
    assert len(known) >= 3


def test_a_stream_is_told_in_its_head(client):
    with stream(client) as response:
        assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        assert "content-length" not in response.headers
        assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"question": " "}, 422), ({"question": "a\u202eb"}, 422), ({}, 422), ({"question": "hours?", "stream": 1}, 422)],
)
def test_what_is_wrong_with_the_question_is_an_ordinary_problem(client, body, status):
    is_problem(client.post("/v1/answers", json={"stream": True, **body}), status)


def test_a_missing_index_is_an_ordinary_problem(served, tmp_path):
    with served(index=tmp_path / "none").client() as client:
        problem = is_problem(client.post("/v1/answers", json={"question": "hours?", "stream": True}), 503)
    assert "make index" in problem["detail"]


def test_what_the_writer_writes_is_the_answer_streamed_or_not(served):
    with served(QuotingWriter()).client() as client:
        assert client.post("/v1/answers", json={"question": TELEPHONE}).json()["generator"] == "repeating"
        events = told(client, TELEPHONE)
    assert events[-1][1]["generator"] == "repeating"
    assert "".join(data["text"] for name, data in events if name == "sentence") == events[-1][1]["answer"]


def test_sentences_are_sent_while_the_next_is_being_written(served):
    with served(QuotingWriter(then=never_going_on)).client() as client, stream(client) as response:
        assert up_to_first_sentence(events_of(response.iter_lines())) == ["retrieval", "citation", "sentence"]


def test_a_client_that_leaves_stops_the_writing(served):
    writer = QuotingWriter(then=never_going_on)
    with served(writer).client() as client, stream(client) as response:
        events = events_of(response.iter_lines())
        up_to_first_sentence(events)
        assert not writer.closed.is_set()
    wait_until(writer.closed.is_set, "the writing to stop")


def test_a_stream_holds_its_place_among_the_requests_until_it_ends(served):
    with served(QuotingWriter(then=never_going_on), max_concurrency=1).client() as client:

        def search() -> httpx.Response:
            return client.post("/v1/search", json={"question": TELEPHONE})

        with stream(client) as response:
            events = events_of(response.iter_lines())
            up_to_first_sentence(events)
            assert "busy" in is_problem(search(), 503)["detail"]
        wait_until(lambda: search().status_code == 200, "the place to be free again")


def test_silence_is_broken_by_comments(served, monkeypatch):
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.01)
    with served(QuotingWriter(then=never_going_on)).client() as client, stream(client) as response:
        lines = response.iter_lines()
        assert [line for line in itertools.islice(lines, 30) if line.startswith(":")]


def test_a_fault_in_the_middle_is_the_last_event_and_logged_without_the_question(served, caplog):
    with served(QuotingWriter(then=failing)).client() as client:
        events = told(client, TELEPHONE)
    assert [name for name, _ in events] == ["retrieval", "citation", "sentence", "error"]
    problem = events[-1][1]
    assert (problem["status"], set(problem)) == (500, {"type", "title", "status", "detail"})
    assert "inside" not in problem["detail"]
    assert "RuntimeError: the inside" in caplog.text
    assert TELEPHONE not in caplog.text


def test_a_client_that_does_not_read_is_given_up(served, monkeypatch):
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.1)
    writer = EndlessWriter()
    with served(writer).client() as client, stream(client):
        wait_until(writer.closed.is_set, "the writing to stop")
