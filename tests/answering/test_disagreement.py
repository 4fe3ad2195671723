from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.answering.disagreement import disagree
from rag_support.pipeline import Pipeline

TODAY = "取置き期間は、ご連絡した日の翌日から7日間です。"
BEFORE = "ご用意ができた本の取置き期間は、ご連絡した日の翌日から10日間です。"


@pytest.mark.parametrize(
    ("one", "other"),
    [(TODAY, BEFORE), ("運賃は、大人200円です。", "しおかぜ号の運賃は、大人150円です。"),
     ("電話の受付時間は9:00〜17:00です。", "電話の受付時間は10:00〜18:00です。"),
     ("お問い合わせの電話番号は0120-111-222です。", "お問い合わせの電話番号は0120-333-444です。"),
     ("返品の手数料は商品代金の10%です。", "返品の手数料は商品代金の15%です。")],
)  # fmt: skip
def test_different_values_for_one_thing_disagree(one: str, other: str) -> None:
    assert disagree(one, other)
    assert disagree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("東京店の受付時間は9:00〜17:00です。", "大阪店の受付時間は10:00〜18:00です。"), (TODAY, TODAY),
     ("送料は500円です。", "返品の受付は到着から30日以内です。"),
     ("受付時間は17:00までです。", "受付時間は午後5時までです。"),
     ("取置き期間は7日間です。", "取置き期間は、お客様のご都合に合わせて変わります。"), ("", ""),
     ("貸出期間は2週間です。", "貸出期間は14日間です。")],
)  # fmt: skip
def test_other_things_and_the_same_value_do_not(one: str, other: str) -> None:
    assert not disagree(one, other)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_order_does_not_matter_and_nothing_disagrees_with_itself(one: str, other: str) -> None:
    assert disagree(one, other) == disagree(other, one)
    assert not disagree(one, one)


def test_an_answer_shows_both_sides_and_lists_them(pipeline_over: Callable[..., Pipeline]) -> None:
    pages = {
        "now.md": f"# 予約本の受取り\n\n{TODAY}\n",
        "old.md": f"# 2023年のお知らせ\n\n{BEFORE}\n",
    }
    answer = pipeline_over(pages).answer("取置き期間は何日間ですか")
    assert {citation.quote for citation in answer.draft.citations} == {TODAY, BEFORE}
    (conflict,) = answer.draft.conflicts
    assert {side.text for side in conflict.values} == {TODAY, BEFORE}
    assert {side.citation for side in conflict.values} == {1, 2}


def test_rows_of_one_table_stand_beside_each_other_in_peace(pipeline_over: Callable[..., Pipeline]) -> None:
    table = "# 貸出期間\n\n| 資料 | 貸出期間 |\n| --- | --- |\n| 図書の貸出 | 14日間 |\n| 図書の貸出 | 7日間 |\n"
    assert pipeline_over({"a.md": table}).answer("図書の貸出期間は？").draft.conflicts == ()
