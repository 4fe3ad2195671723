"""One contract on every surface: the same answer, the same citations, each the source's own words."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest
from click.testing import CliRunner
from running import CORPUS, environment
from streams import events_of
from tools import Tools

from rag_support.answering.footnotes import footnotes
from rag_support.cli import main
from rag_support.types import Citation

QUESTIONS = [
    "電話番号を教えてください",
    "返品方法を教えてください",
    "At what hours can I phone customer service?",
    "How do I recognise a fake e-mail?",
    "收到可疑邮件怎么办？",
    "如何退貨？",
    "How do I bake sourdough bread?",
]
SURFACES = ("answers", "answers streamed", "chat", "chat streamed", "mcp", "ask --json")


@dataclass(frozen=True)
class Told:
    """An answer as a surface gives it: what is read, what lies beside it as data, and the footnotes in between."""

    text: str
    answer: dict
    footnotes: bool = False

    @property
    def citations(self) -> list[tuple]:
        keys = ("number", "document", "start", "end", "quote")
        return [tuple(citation[key] for key in keys) for citation in self.answer["citations"]]


@pytest.fixture(scope="module")
def told(client: httpx.Client, tools: Tools, shipped_index: Path) -> Callable[[str, str], Told]:
    """told(surface, question)."""
    http = httpx.Client(timeout=60, trust_env=False)
    chat = openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="none", http_client=http).chat.completions

    def answers(question: str) -> Told:
        answer = client.post("/v1/answers", json={"question": question}).json()
        return Told(answer["answer"], answer)

    def answers_streamed(question: str) -> Told:
        response = client.post("/v1/answers", json={"question": question, "stream": True})
        events = list(events_of(response.text.splitlines()))
        text = "".join(data["text"] for name, data in events if name == "sentence")
        return Told(text, {**events[-1][1], "citations": [data for name, data in events if name == "citation"]})

    def chat_whole(question: str) -> Told:
        completion = chat.create(model="rag-support", messages=[{"role": "user", "content": question}])
        return Told(completion.choices[0].message.content, completion.model_extra["rag_support"], footnotes=True)

    def chat_streamed(question: str) -> Told:
        messages = [{"role": "user", "content": question}]
        chunks = list(chat.create(model="rag-support", messages=messages, stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        return Told(text, chunks[-1].model_extra["rag_support"], footnotes=True)

    def mcp(question: str) -> Told:
        answer = tools.call("answer", question=question).structured_content
        return Told(answer["answer"], answer)

    def ask(question: str) -> Told:
        ended = CliRunner(env=environment(index=shipped_index)).invoke(main, ["ask", "--json", question])
        answer = json.loads(ended.stdout)
        return Told(answer["answer"], answer)

    surfaces = dict(zip(SURFACES, (answers, answers_streamed, chat_whole, chat_streamed, mcp, ask), strict=True))
    return lambda surface, question: surfaces[surface](question)


@pytest.fixture(scope="module")
def first(told: Callable[[str, str], Told]) -> dict[str, Told]:
    """What the others are held to: POST /v1/answers."""
    return {question: told("answers", question) for question in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("surface", SURFACES)
def test_one_contract(told, first, surface, question):
    found = told(surface, question)
    expected = first[question]
    notes = f"\n\n{footnotes(map(citation_of, expected.answer['citations']))}" if found.footnotes else ""
    assert found.text == expected.text + notes.rstrip()
    assert found.citations == expected.citations
    for key in expected.answer.keys() - {"id", "timings_ms"}:
        assert found.answer[key] == expected.answer[key]
    assert re.fullmatch("[0-9a-f]{32}", found.answer["id"])

    used = dict.fromkeys(int(number) for number in re.findall(r"\[(\d+)\]", expected.text))
    assert [number for number, *_ in found.citations] == list(used) == list(range(1, len(used) + 1))
    for _, document, start, end, quote in found.citations:
        assert (CORPUS / document).read_text(encoding="utf-8")[start:end] == quote != ""
    assert found.citations or found.answer["abstained"]


def test_the_questions_are_of_every_kind(first):
    languages = {told.answer["language"] for told in first.values() if not told.answer["abstained"]}
    assert languages == {"ja", "en", "zh"}
    assert any(told.answer["abstained"] for told in first.values())
    assert any(told.answer["conflicts"] for told in first.values())


def citation_of(told: dict) -> Citation:
    return Citation(
        number=told["number"],
        chunk_id=told["passage_id"],
        doc_id=told["document"],
        heading=tuple(told["heading"]),
        quote=told["quote"],
        start=told["start"],
        end=told["end"],
        translation=told["translation"],
        reviewed=told["reviewed"],
    )
