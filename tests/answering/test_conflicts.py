from collections.abc import Callable

import pytest
from statements import is_written_in, values, written_language

from rag_support.pipeline import Pipeline
from rag_support.types import Answer

HOURS = """\
# 電話の受付時間

電話の受付時間は9:00〜17:00です。

> 注意：電話の受付時間を24時間とする案内もあります。
"""


def sides(answer: Answer) -> set[str]:
    return {value for conflict in answer.draft.conflicts for side in conflict.values for value in values(side.text)}


def test_values_that_the_source_sets_against_each_other_are_shown_side_by_side(
    pipeline_over: Callable[..., Pipeline],
) -> None:
    answer = pipeline_over({"a.md": HOURS}).answer("電話の受付時間を教えてください")
    (conflict,) = answer.draft.conflicts
    quotes = {citation.number: citation.quote for citation in answer.draft.citations}
    assert len(conflict.values) == 2
    assert len({side.citation for side in conflict.values}) == 2
    for side in conflict.values:
        assert values(side.text) <= values(quotes[side.citation])
    assert sides(answer) >= {"24"}


def test_values_without_such_words_are_no_conflict(pipeline_over: Callable[..., Pipeline]) -> None:
    branches = "# 店舗の受付時間\n\n東京店の受付時間は9:00〜17:00です。\n\n大阪店の受付時間は10:00〜18:00です。\n"
    answer = pipeline_over({"a.md": branches}).answer("店舗の受付時間を教えてください")
    assert answer.draft.refusal is None
    assert answer.draft.conflicts == ()


def test_rows_of_one_table_do_not_disagree(pipeline_over: Callable[..., Pipeline]) -> None:
    table = "# 満足度\n\n| 会社 | 利用者満足度 |\n| --- | --- |\n| 当社 | 93% |\n| A社 | 86% |\n| B社 | 81% |\n"
    answer = pipeline_over({"a.md": table}).answer("利用者満足度は何パーセントですか")
    assert answer.draft.refusal is None
    assert answer.draft.conflicts == ()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("電話の受付時間を教えてください", {"24", "6:00"}), ("When is the phone line open?", {"24", "6:00"}),
        ("电话客服的服务时间是几点到几点？", {"24", "6:00"}), ("官方邮件的域名是什么？", {"amazon.co.jp", "amazon.jp"}),
        ("本物のメールのドメインを教えてください", {"amazon.co.jp", "amazon.jp"}),
        ("Which domain do genuine emails come from?", {"amazon.co.jp", "amazon.jp"}),
    ],
)  # fmt: skip
def test_the_guides_contradictions_are_shown_in_the_askers_language(
    pipeline: Pipeline, question: str, expected: set[str]
) -> None:
    answer = pipeline.answer(question)
    assert sides(answer) >= expected
    for conflict in answer.draft.conflicts:
        assert answer.language == "ja" or is_written_in(conflict.topic, written_language(answer))
