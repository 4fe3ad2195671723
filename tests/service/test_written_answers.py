"""Answers worded by a model server, over HTTP and on the terminal: a real service beside a scripted model server."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from running import Server, rag_support
from scripted_llm import completion, evidence_of
from scripted_server import Reply, Script, scripted

QUESTION = "How long does it take to get a reply by email?"
STATEMENT = "A reply by email normally arrives within several hours to 24 hours"


@pytest.fixture
def model_server() -> Iterator[Callable[[Script], str]]:
    """model_server(script) → the address of a model server that follows it."""
    with ExitStack() as stack:
        yield lambda script: f"{stack.enter_context(scripted(script))}/v1"


def copying(method: str, path: str, body: object) -> Reply:
    """A model that says what its first line of evidence says, and cites it."""
    assert (method, path) == ("POST", "/v1/chat/completions")
    text = evidence_of(body["messages"])[1].split(": ", 1)[1]
    return completion(text, "[1]")


def settings(url: str) -> dict[str, object]:
    return {"generator": "openai", "llm_model": "tiny", "llm_url": url, "llm_key": "the-key"}


def ask(server: Server, question: str = QUESTION) -> dict:
    with server.client() as client:
        response = client.post("/v1/answers", json={"question": question})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_service_answers_in_the_model_s_words(start, shipped_index, model_server):
    server = start(shipped_index, **settings(model_server(copying)))
    answer = ask(server)
    assert answer["generator"] == "openai:tiny"
    assert answer["answer"].startswith(STATEMENT)
    assert answer["citations"][0]["number"] == 1
    assert server.stop() == 0
    assert "the-key" not in server.log()
    assert "Traceback" not in server.log()


def test_the_service_quotes_while_the_model_is_down_and_words_again_when_it_is_back(
    start, shipped_index, model_server, client
):
    down = [True]
    url = model_server(lambda *request: Reply({"error": "down"}, status=500) if down[0] else copying(*request))
    server = start(shipped_index, **settings(url))
    answer = ask(server)
    assert answer["generator"] == "extractive (openai:tiny unavailable)"
    quoted = client.post("/v1/answers", json={"question": QUESTION}).json()
    assert [answer[part] for part in ("answer", "citations")] == [quoted[part] for part in ("answer", "citations")]
    assert "status 500" in server.log()
    assert "reply by email" not in server.log()
    down[0] = False
    assert ask(server)["generator"] == "openai:tiny"


def test_the_command_prints_the_model_s_words(shipped_index, tmp_path, model_server):
    ended = rag_support(tmp_path, "ask", QUESTION, index=shipped_index, **settings(model_server(copying)))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(STATEMENT)
    assert re.search(r"^\[1\] .*\.md › ", ended.stdout, re.MULTILINE)


def test_a_service_without_its_model_does_not_start(shipped_index, tmp_path):
    ended = rag_support(tmp_path, "serve", index=shipped_index, port=0, generator="openai")
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "RAG_SUPPORT_LLM_MODEL" in line
