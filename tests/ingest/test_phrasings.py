"""Customers' questions beside the documents: read, joined to their statements, found by."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from small_parts import write_corpus

from rag_support.errors import TranslationMemoryError
from rag_support.ingest.build import build_index
from rag_support.ingest.phrasings import PHRASINGS_FILE, Phrasings
from rag_support.ingest.readers import read_corpus
from rag_support.pipeline import Pipeline
from rag_support.types import Embedder

DOCUMENT = """\
# 配送

配送料は全国一律500円です。

離島への配送には7日かかります。
"""
SHIPPING = {
    "document": "delivery.md",
    "statement": "配送料は全国一律500円です。",
    "en": ["who pays postage", "p&p cost"],
}
ISLANDS = {"document": "delivery.md", "statement": "離島への配送には7日かかります。", "ja": ["島だといつ着く"]}


def write(corpus: Path, *lines: object) -> Path:
    file = corpus / PHRASINGS_FILE
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", {"delivery.md": DOCUMENT})


def test_a_customers_words_find_the_statement_that_shares_none_of_them(
    corpus: Path, tmp_path: Path, shipped_embedder: Embedder
) -> None:
    def first_statement() -> str:
        build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
        hit = Pipeline.open(tmp_path / "index", shipped_embedder, "en").search("p&p cost")[0]
        span = hit.chunk.spans[max(range(len(hit.span_scores)), key=lambda position: hit.span_scores[position])]
        return hit.chunk.text[span.start - hit.chunk.start : span.end - hit.chunk.start]

    write(corpus, {**ISLANDS, "en": ["p&p cost"]})
    assert first_statement() == ISLANDS["statement"]
    write(corpus, SHIPPING)
    assert first_statement() == SHIPPING["statement"]


def test_they_are_no_document_and_never_shown(corpus: Path, pipeline_of: Callable[[Path], Pipeline]) -> None:
    write(corpus, SHIPPING, ISLANDS)
    reading = read_corpus(corpus)
    assert [document.doc_id for document in reading.documents] == ["delivery.md"]
    assert reading.left_out == ()
    answer = pipeline_of(corpus).answer("who pays postage")
    assert "500円" in answer.draft.text
    assert "postage" not in answer.draft.text


def test_a_line_whose_statement_was_edited_away_is_told_and_has_no_effect(
    corpus: Path, tmp_path: Path, shipped_embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    write(corpus, SHIPPING, {**ISLANDS, "statement": "離島への配送には9日かかります。"})
    with caplog.at_level(logging.WARNING):
        manifest = build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
    assert "1 lines of phrasings.jsonl have no statement any more" in caplog.text
    assert "9日" in caplog.text
    write(corpus, SHIPPING)
    assert build_index(corpus, tmp_path / "index", shipped_embedder, keep=1).counts == manifest.counts


def test_a_corpus_without_the_file_has_none(tmp_path: Path) -> None:
    assert Phrasings.load(tmp_path).without_statement([]) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['{"document": "a.md"}'], r"phrasings\.jsonl:1: statement: Field required"),
        (['{"document": "a.md", "statement": "x", "fr": ["?"]}'], r":1: fr: Extra inputs"),
        (['{"document": "a.md", "statement": "x", "ja": [""]}'], r":1: ja\.0: String should match pattern"),
        (["", "not JSON"], r":2: Invalid JSON"),
        ([json.dumps(SHIPPING), "", json.dumps(SHIPPING)], r":3: the statement of line 1 again"),
    ],
)
def test_a_faulty_line_is_named_with_the_mend(tmp_path: Path, lines: list[str], told: str) -> None:
    (tmp_path / PHRASINGS_FILE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(TranslationMemoryError, match=told):
        Phrasings.load(tmp_path)


@pytest.fixture
def pipeline_of(tmp_path: Path, shipped_embedder: Embedder) -> Callable[[Path], Pipeline]:
    def build(corpus: Path) -> Pipeline:
        build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
        return Pipeline.open(tmp_path / "index", shipped_embedder, "en")

    return build
