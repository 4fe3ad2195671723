"""When to answer and when to refuse: order and shape, not numbers, since the parameters are fitted anew at times."""

from collections.abc import Callable

import pytest

from rag_support.answering.answerability import Answerability, evidence_of, shipped_parameters
from rag_support.pipeline import Pipeline
from rag_support.types import LANGUAGES

INSIDE = {"ja": "注文をキャンセルできますか", "en": "Can I cancel my order?", "zh": "可以取消订单吗？"}
OUTSIDE = {"ja": "量子力学を説明してください", "en": "Explain quantum mechanics", "zh": "请解释量子力学"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_of_the_guide_is_likelier_answered_than_one_from_elsewhere(
    pipeline: Pipeline, language: str
) -> None:
    answerability = Answerability(shipped_parameters(), LANGUAGES)
    inside, outside = (pipeline.search(questions[language]) for questions in (INSIDE, OUTSIDE))
    likely = answerability.probability(INSIDE[language], inside, language)
    unlikely = answerability.probability(OUTSIDE[language], outside, language)
    assert 0 <= unlikely < likely <= 1
    assert answerability.refusal(likely, inside, language) is None
    assert answerability.refusal(unlikely, outside, language) is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_less_likely_the_further_out_of_scope(pipeline: Pipeline, language: str) -> None:
    hits = pipeline.search(INSIDE[language])
    kinds = [Answerability(shipped_parameters(), LANGUAGES).refusal(step / 100, hits, language) for step in range(101)]
    changes = [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before]
    assert changes == ["out_of_scope", "nothing_found", None]


def test_nothing_found_is_no_answer() -> None:
    answerability = Answerability(shipped_parameters(), ())
    assert answerability.probability("", [], "en") == 0
    assert answerability.refusal(0.0, [], "en") == "nothing_found"


def test_a_value_that_was_asked_for_and_stands_nowhere_is_told(pipeline_over: Callable[..., Pipeline]) -> None:
    hits = pipeline_over({"a.md": "# ラッピング\n\n贈り物の包装を承ります。包装紙は3種類です。\n"}).search("包装の料金")
    assert evidence_of("包装の料金はいくらですか", hits)["wanting"] == 1
    assert evidence_of("包装紙は何種類ですか", hits)["wanting"] == 0
    assert evidence_of("包装をお願いします", hits)["wanting"] == 0
    assert [evidence_of(question, hits)["asked"] for question in ("いくらですか", "包装をお願いします")] == [1, 0]


def test_a_snapshot_keeps_the_parameters_it_was_calibrated_with(pipeline: Pipeline) -> None:
    assert pipeline.retriever.manifest.answerability == shipped_parameters()
