from collections.abc import Mapping

import pytest

from rag_support.evaluation.dataset import LanguageQuery
from rag_support.evaluation.language_id import CONFIDENT, UNSURE, LanguageRow, judge_queries
from rag_support.service.schemas import DetectionResponse

Told = Mapping[str | None, tuple[str, float] | None]
"""Prior, or None without one → (language or variant, confidence), or None where the text is refused."""


def judged(told: Told, language: str, kind: str = "kanji_ja", variant: str | None = None) -> LanguageRow:
    def detect(_: str, prior: str | None) -> DetectionResponse | None:
        found = told[prior]
        if found is None:
            return None
        tag, confidence = found
        told_variant = tag if tag.startswith("zh-") else None
        return DetectionResponse(
            language=tag.partition("-")[0], confidence=confidence, reason="test", variant=told_variant
        )

    query = LanguageQuery.model_validate({"text": "返品", "language": language, "variant": variant, "class": kind})
    (row,) = judge_queries([query], detect)
    return row


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ({None: ("ja", UNSURE), "ja": ("ja", 0.9), "zh": ("zh-Hant", 0.9)}, True),
        ({None: ("ja", UNSURE + 0.01), "ja": ("ja", 0.9), "zh": ("zh", 0.9)}, False),  # surer than it can be
        ({None: ("ja", 0.5), "ja": ("ja", 0.9), "zh": ("ja", 0.6)}, False),  # does not follow Chinese
        ({None: ("zh", 0.5), "ja": ("zh", 0.6), "zh": ("zh", 0.9)}, False),  # does not follow Japanese
        ({None: ("ja", 0.5), "ja": ("ja", 0.9), "zh": None}, False),
    ],
)
def test_an_ambiguous_text_must_be_unsure_and_follow_both_priors(told: Told, right: bool) -> None:
    assert judged(told, "ambiguous", "ambiguous").right == right


@pytest.mark.parametrize(("confidence", "right"), [(UNSURE, True), (0.7, False)])
def test_a_brand_must_be_unsure_but_need_not_follow(confidence: float, right: bool) -> None:
    stubborn: Told = {None: ("en", confidence), "ja": ("en", confidence), "zh": ("en", confidence)}
    assert judged(stubborn, "ambiguous", "brand").right == right


@pytest.mark.parametrize(
    ("language", "variant", "told", "right"),
    [
        ("ja", None, "ja", True), ("ja", None, "zh", False), ("zh", None, "zh", True), ("zh", None, "zh-Hant", True),
        ("zh", "zh-Hant", "zh-Hant", True), ("zh", "zh-Hant", "zh-Hans", False), ("zh", "zh-Hant", "zh", False),
        ("ko", None, "ko", True),
    ],
)  # fmt: skip
def test_language_and_variant_must_be_those_of_the_query(
    language: str, variant: str | None, told: str, right: bool
) -> None:
    row = judged({None: (told, 0.95)}, language, variant=variant)
    assert row.right == right
    assert (row.expected, row.detected) == (variant or language, told)


@pytest.mark.parametrize(
    ("language", "told", "confidence", "error"),
    [
        ("ja", "zh", CONFIDENT, True), ("ja", "zh", CONFIDENT - 0.01, False), ("ja", "ja", 1, False),
        ("und", "en", 0.97, True), ("ambiguous", "ja", CONFIDENT, True), ("ambiguous", "ja", CONFIDENT - 0.01, False),
    ],
)  # fmt: skip
def test_a_confident_error_is_a_wrong_language_told_as_sure(
    language: str, told: str, confidence: float, error: bool
) -> None:
    row = judged(dict.fromkeys([None, "ja", "zh"], (told, confidence)), language)
    assert (row.confident_error, row.confidence) == (error, confidence)


def test_the_wrong_script_of_chinese_is_wrong_but_no_confident_error() -> None:
    row = judged({None: ("zh-Hans", 1)}, "zh", variant="zh-Hant")
    assert (row.right, row.confident_error) == (False, False)


@pytest.mark.parametrize(("language", "right"), [("und", True), ("ja", False), ("ambiguous", False)])
def test_a_refused_text_is_in_no_language(language: str, right: bool) -> None:
    row = judged(dict.fromkeys([None, "ja", "zh"]), language)
    assert (row.detected, row.confidence, row.reason) == ("und", 0, "refused")
    assert (row.right, row.confident_error) == (right, False)


def test_every_query_has_its_row_in_order() -> None:
    texts = ["電話", "hello", "返品"]
    queries = [LanguageQuery.model_validate({"text": text, "language": "ja", "class": text}) for text in texts]
    told = DetectionResponse(language="ja", confidence=0.8, reason="test", variant=None)
    rows = judge_queries(queries, lambda *_: told)
    assert [(row.text, row.kind) for row in rows] == [(text, text) for text in texts]
