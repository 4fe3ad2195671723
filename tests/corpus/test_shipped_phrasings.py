"""The shipped phrasings belong to statements of the corpus; they and the register's repeat no evaluation question."""

import json
import re
from pathlib import Path

import pytest

from rag_support.answering.other_companies import company_names
from rag_support.answering.written_language import is_written_in
from rag_support.evaluation.dataset import load_needs, text_key
from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.disagreements import read_disagreements
from rag_support.ingest.phrasings import PHRASINGS_FILE, Phrasings
from rag_support.ingest.readers import read_corpus
from rag_support.retrieval.tokens import fold

ROOT = Path(__file__).parents[2]
LINES = [json.loads(line) for line in (ROOT / "corpus" / PHRASINGS_FILE).read_text(encoding="utf-8").splitlines()]


def test_each_belongs_to_a_statement() -> None:
    documents = read_corpus(ROOT / "corpus").documents
    chunks = [chunk for document in documents for chunk in chunk_document(document, lambda _text, _language: None)]
    assert Phrasings.load(ROOT / "corpus").without_statement(chunks) == []


def test_every_document_has_some() -> None:
    documents = {document.doc_id for document in read_corpus(ROOT / "corpus").documents}
    assert {line["document"] for line in LINES} == documents


def test_none_names_another_company() -> None:
    """The index would take the name for one that the sources use, and answer for that company."""
    texts = [fold(text) for line in LINES for tag in ("ja", "en", "zh") for text in line.get(tag, ())]
    names = [fold(name) for names in company_names() for name in names]
    assert [text for text in texts for name in names if re.search(rf"(?<![a-zァ-ヺー]){re.escape(name)}", text)] == []


@pytest.mark.parametrize("split", ["dev", "test", "calibration", "hard"])
def test_none_is_an_evaluation_question(split: str) -> None:
    asked = {
        text_key(question)
        for need in load_needs(ROOT / "eval" / "questions" / f"{split}.jsonl")
        for question in need.questions.values()
    }
    phrasings = {text_key(text) for line in LINES for language in ("ja", "en", "zh") for text in line.get(language, ())}
    assert len(phrasings) > 4_000
    assert asked.isdisjoint(phrasings)
    points = {
        text_key(text)
        for found in read_disagreements(ROOT / "corpus")
        for questions in (found.questions, found.beside)
        for text in questions.in_any_language
    }
    assert len(points) > 1_000
    assert asked.isdisjoint(points)


@pytest.mark.parametrize(("language", "written"), [("en", "en"), ("zh", "zh-Hans")])
def test_each_is_in_its_language(language: str, written: str) -> None:
    assert [text for line in LINES for text in line.get(language, ()) if not is_written_in(text, written)] == []
