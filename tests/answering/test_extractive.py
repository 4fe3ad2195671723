"""How the chosen statements are put together into an answer, per language."""

import re
from collections.abc import Callable

import pytest
from small_parts import DOCUMENTS
from statements import is_written_in, statements, written_language

from rag_support.answering.extractive import refuse
from rag_support.answering.phrases import REFUSALS, RELATED
from rag_support.pipeline import Pipeline

QUESTIONS = [
    "電話番号を教えてください",
    "What is the phone number?",
    "怎么退货？",
    "如何開始線上聊天？",
    "Can I cancel my order?",
    "返品の手順",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_statement_reads_as_its_reviewed_translation(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.answer(question)
    kinds = {(hit.chunk.chunk_id, span.start): span.kind for hit in answer.hits for span in hit.chunk.spans}
    for statement in statements(answer):
        citation = statement.citation
        expected = citation.translation or citation.quote
        if answer.language != "ja" or kinds[citation.chunk_id, citation.start] != "row":
            assert statement.text == expected


@pytest.mark.parametrize("question", QUESTIONS)
def test_members_of_a_list_stand_on_lines_of_their_own(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.answer(question)
    kinds = {(hit.chunk.chunk_id, span.start): span.kind for hit in answer.hits for span in hit.chunk.spans}
    lines = answer.draft.text.splitlines()
    for citation in answer.draft.citations:
        (line,) = [line for line in lines if f"[{citation.number}]" in line]
        kind = kinds[citation.chunk_id, citation.start]
        assert line.startswith("- ") == (kind in ("item", "row"))
        assert (re.match(r"\d+\. ", line) is not None) == (kind == "step")


def test_traditional_askers_read_traditional_translations_of_japanese_quotes(pipeline: Pipeline) -> None:
    simplified, traditional = pipeline.answer("怎么退货？"), pipeline.answer("怎麼退貨？")
    assert written_language(traditional) == "zh-Hant"
    assert traditional.draft.text != simplified.draft.text
    for citation in traditional.draft.citations:
        assert citation.translation is not None
        assert is_written_in(citation.translation, "zh-Hant")
    japanese = {citation.quote for citation in traditional.draft.citations}
    assert japanese & {citation.quote for citation in simplified.draft.citations}


def test_an_untranslated_statement_is_framed_once(pipeline_over: Callable[..., Pipeline]) -> None:
    answer = pipeline_over(DOCUMENTS).answer("How much is shipping?")
    assert answer.draft.refusal is None
    assert answer.draft.text.count("The source, which is in Japanese, says:") == 1
    assert "「配送料は全国一律500円です。」 [1]" in answer.draft.text


@pytest.mark.parametrize("language", ["ja", "en", "zh", "zh-Hant"])
@pytest.mark.parametrize("kind", REFUSALS["en"])
def test_every_refusal_is_worded_in_every_language(language: str, kind: str) -> None:
    draft = refuse(kind, language, 0.25)  # type: ignore[arg-type]
    assert draft.refusal is not None
    assert (draft.refusal.kind, draft.refusal.message, draft.confidence) == (kind, draft.text, 0.25)
    assert draft.citations == ()
    assert is_written_in(draft.text, language)


def test_refusals_differ_by_kind_and_language() -> None:
    texts = [refuse(kind, language, 0.0).text for kind in REFUSALS["en"] for language in ("ja", "en", "zh", "zh-Hant")]
    assert len(set(texts)) == len(texts)


HOLIDAYS = """\
# 返品

返品は注文履歴のページから申し込めます。返品できる日数は、このページには記載がありません。

- 返品には注文番号が必要です。
- 返品には配送伝票も必要です。

# 電話での手続き

「電話で退会できますか？」

はい、退会は電話で受け付けています。
"""


def test_that_the_source_does_not_state_it_comes_first_and_alone(pipeline_over: Callable[..., Pipeline]) -> None:
    draft = pipeline_over({"a.md": HOLIDAYS}).answer("返品は何日以内にできますか").draft
    assert draft.text.startswith("返品できる日数は、このページには記載がありません。 [1]")
    assert "配送伝票" not in draft.text


def test_a_yes_is_said_only_to_its_own_question(pipeline_over: Callable[..., Pipeline]) -> None:
    pipeline = pipeline_over({"a.md": HOLIDAYS})
    assert "はい、退会は電話で" in pipeline.answer("電話で退会できますか？").draft.text
    assert "はい、" not in pipeline.answer("退会の受付について").draft.text


@pytest.mark.parametrize(
    ("question", "frame"),
    [
        ("ギフト包装の料金はいくらですか", RELATED["ja"]),
        ("chat transcript by email possible?", RELATED["en"]),
        ("可以把退货放在快递柜里吗？", RELATED["zh"]),
    ],
)
def test_a_refusal_near_the_subject_tells_what_is_related_and_cites_it(
    pipeline: Pipeline, question: str, frame: str
) -> None:
    draft = pipeline.answer(question).draft
    assert draft.refusal is not None
    assert draft.refusal.kind == "nothing_found"
    refusal, _, related = draft.text.partition(f"\n{frame}\n")
    assert refusal == draft.refusal.message
    assert 1 <= len(draft.citations) <= 2
    assert [f"[{citation.number}]" in related for citation in draft.citations] == [True] * len(draft.citations)


def test_a_refusal_far_from_the_subject_tells_nothing_else(pipeline: Pipeline) -> None:
    draft = pipeline.answer("明日の東京の天気を教えて").draft
    assert draft.refusal is not None
    assert draft.text == draft.refusal.message
    assert draft.citations == ()
