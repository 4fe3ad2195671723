from collections.abc import Callable
from pathlib import Path

import pytest
from small_parts import DOCUMENTS

from rag_support.pipeline import Pipeline
from rag_support.types import LANGUAGES, Chunk, Hit

QUESTIONS = [
    "電話番号を教えてください",
    "What is the phone number?",
    "客服电话是多少？",
    "quantum mechanics",
    "返品",
    "😀 hello",
]


def all_chunks(pipeline: Pipeline) -> list[Chunk]:
    passages = pipeline.retriever.passages
    return [passages.chunk(row) for row in range(len(passages))]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.chunk.chunk_id for hit in hits]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("k", [1, 7, 50])
def test_hits_are_ranked_chunks_each_once_and_no_more_than_asked_for(pipeline: Pipeline, question: str, k: int) -> None:
    hits = pipeline.retriever.search(question, k, "en")
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert len(set(ids(hits))) == len(hits) <= k
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_and_evidence_are_shares(pipeline: Pipeline, question: str) -> None:
    for hit in pipeline.retriever.search(question, 50, "en"):
        evidence = hit.evidence
        shares = (hit.score, evidence.passage, evidence.span, evidence.coverage, evidence.widened, *hit.span_scores)
        assert all(0 <= share <= 1 + 1e-5 for share in shares)
        assert len(hit.span_scores) == len(hit.chunk.spans)


def test_a_sentence_of_the_guide_finds_its_section_in_every_language(pipeline: Pipeline) -> None:
    sentences = [
        (chunk.chunk_id, span) for chunk in all_chunks(pipeline) for span in chunk.spans if span.kind == "sentence"
    ]
    missed = [
        span.texts[language]
        for _, span in sentences[::20]
        for language in LANGUAGES
        if not {chunk_id for chunk_id, other in sentences if other.texts["ja"] == span.texts["ja"]}
        & set(ids(pipeline.retriever.search(span.texts[language], 5, language)))
    ]
    assert missed == []


def test_nothing_asked_finds_nothing(pipeline: Pipeline) -> None:
    assert pipeline.retriever.search("", 10, "en") == []


def test_passages_are_found_by_their_id(pipeline: Pipeline) -> None:
    passages = pipeline.retriever.passages
    for chunk in all_chunks(pipeline)[::10]:
        assert passages.by_id(chunk.chunk_id) == chunk
    assert passages.by_id("0" * 16) is None
    with pytest.raises(KeyError):
        passages.chunk(len(passages))


MONEY = {
    "a.md": "# 返金\n\n返金には7日かかります。\n",
    "b.md": "# 電話\n\n電話は24時間つながります。\n",
    "c.md": "# 配送\n\n配送には3日かかります。\n",
}
GLOSSARY = "ja\ten\tzh-Hans\tzh-Hant\n返金|払い戻し\trefund|money back\t退款|退钱\t退款|退錢\n"


@pytest.mark.parametrize(
    "question", ["When do I get my money back?", "多久能退钱？", "多久能退錢？", "払い戻しはいつですか"]
)
def test_a_customers_word_finds_the_guides_term_through_the_glossary(
    pipeline_over: Callable[..., Pipeline], question: str
) -> None:
    first = pipeline_over(MONEY, glossary=GLOSSARY).search(question)[0]
    assert first.chunk.doc_id == "a.md"
    assert first.evidence.widened > 0


def test_without_a_glossary_nothing_is_widened(pipeline_over: Callable[..., Pipeline]) -> None:
    hits = pipeline_over(MONEY).search("When do I get my money back?")
    assert all(hit.evidence.widened == 0 for hit in hits)


def test_a_question_in_another_script_still_finds_by_meaning(pipeline_over: Callable[..., Pipeline]) -> None:
    hits = pipeline_over(DOCUMENTS).search("How much does shipping cost?")
    assert hits[0].chunk.doc_id == "notes.txt"
    assert hits[0].evidence.coverage == 0


def test_an_index_of_one_chunk_can_be_searched(pipeline_over: Callable[..., Pipeline], tmp_path: Path) -> None:
    pipeline = pipeline_over({"a.md": "電話は24時間です。\n"})
    assert [hit.chunk.text for hit in pipeline.search("電話は何時まで？", 50)] == ["電話は24時間です。"]
