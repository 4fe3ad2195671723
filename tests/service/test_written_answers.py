"""Answers worded by a model server, over HTTP and on the terminal: a real service beside a scripted model server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Server, rag_support, running
from scripted_llm import completion, event, evidence_of, stream
from scripted_server import Cut, Reply, Script, scripted

QUESTION = "How long does it take to get a reply by email?"
STATEMENT = "A reply by email normally arrives within several hours to 24 hours"


class ModelServer:
    """Follows the script that it was given last."""

    url = ""
    script: Script

    def __call__(self, method: str, path: str, body: object) -> Reply:
        assert (method, path) == ("POST", "/v1/chat/completions")
        return self.script(method, path, body)

    @property
    def settings(self) -> dict[str, object]:
        return {"generator": "openai", "llm_model": "tiny", "llm_url": self.url, "llm_key": "the-key"}


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    model = ModelServer()
    with scripted(model) as url:
        model.url = f"{url}/v1"
        yield model


@pytest.fixture(scope="module")
def wording(model: ModelServer, shipped_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service, with answers worded by the model server."""
    with running(tmp_path_factory.mktemp("wording"), shipped_index, **model.settings) as server:
        yield server


def first_line(body: object) -> str:
    """What the first line of evidence says."""
    return evidence_of(body["messages"])[1].split(": ", 1)[1]


def copying(method: str, path: str, body: object) -> Reply:
    """A model that repeats the first line of evidence and cites it."""
    return completion(first_line(body), "[1]")


def ask(server: Server) -> dict:
    with server.client() as client:
        response = client.post("/v1/answers", json={"question": QUESTION})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_service_answers_in_the_model_s_words(wording, model):
    model.script = copying
    answer = ask(wording)
    assert answer["generator"] == "openai:tiny"
    assert answer["answer"].startswith(STATEMENT)
    assert answer["citations"][0]["number"] == 1


def test_the_service_quotes_while_the_model_is_down_and_words_again_when_it_is_back(wording, model, client):
    model.script = lambda *_: Reply({"error": {"message": QUESTION}}, status=500)
    answer = ask(wording)
    assert answer["generator"] == "extractive (openai:tiny unavailable)"
    quoted = client.post("/v1/answers", json={"question": QUESTION}).json()
    assert [answer[part] for part in ("answer", "citations")] == [quoted[part] for part in ("answer", "citations")]
    model.script = copying
    assert ask(wording)["generator"] == "openai:tiny"


def test_a_model_that_is_killed_in_the_middle_leaves_the_sentences_that_passed(wording, model):
    def killed(method: str, path: str, body: object) -> Reply:
        def events() -> Iterator[bytes]:
            yield event(f"{first_line(body)}[1] You can also wait for 99")
            raise Cut

        return stream(events())

    model.script = killed
    answer = ask(wording)
    assert answer["generator"] == "openai:tiny"
    assert answer["answer"].startswith(STATEMENT)
    assert "99" not in answer["answer"]


def test_a_model_that_is_killed_before_a_sentence_stands_leaves_the_quoted_answer(wording, model):
    def killed(method: str, path: str, body: object) -> Reply:
        def events() -> Iterator[bytes]:
            yield event("You can wait for")
            raise Cut

        return stream(events())

    model.script = killed
    answer = ask(wording)
    assert answer["generator"] == "extractive (openai:tiny unavailable)"
    assert len(answer["citations"]) > 1


def test_the_log_tells_of_faults_and_neither_of_questions_nor_of_the_key(wording, model):
    model.script = lambda *_: Reply({"error": {"message": QUESTION}}, status=500)
    ask(wording)
    assert "status 500" in wording.log()
    for kept in ("the-key", "reply by email", "Traceback"):
        assert kept not in wording.log()


def test_the_command_prints_the_model_s_words(shipped_index, tmp_path, model):
    model.script = copying
    ended = rag_support(tmp_path, "ask", QUESTION, index=shipped_index, **model.settings)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(STATEMENT)
    assert re.search(r"^\[1\] .*\.md › ", ended.stdout, re.MULTILINE)


def test_a_service_without_its_model_does_not_start(shipped_index, tmp_path):
    ended = rag_support(tmp_path, "serve", index=shipped_index, port=0, generator="openai")
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "RAG_SUPPORT_LLM_MODEL" in line
