"""Which statements make an answer, over small corpora whose right answer is plain."""

from collections.abc import Callable

import pytest
from statements import statements

from rag_support.pipeline import Pipeline
from rag_support.types import Answer

Over = Callable[..., Pipeline]


def quotes(answer: Answer) -> list[str]:
    assert answer.draft.refusal is None, answer.draft.text
    return [citation.quote for citation in answer.draft.citations]


FAQ = """\
# よくある質問

## 商品を返品できますか？

「開けた商品も返品できますか？」「いつまで商品を返品できますか？」

商品の返品は、到着から30日以内に受け付けています。

## 領収書を発行できますか？

領収書は、注文履歴のページから発行できます。
"""


@pytest.mark.parametrize(
    "question",
    ["商品を返品できますか？", "いつまで商品を返品できますか？", "開けた商品も返品できますか？", "商品の返品"],
)
def test_a_question_of_the_faq_is_answered_and_not_repeated(pipeline_over: Over, question: str) -> None:
    found = quotes(pipeline_over({"faq.md": FAQ}).answer(question))
    assert found[0] == "商品の返品は、到着から30日以内に受け付けています。"
    assert not any(quote.rstrip("」").endswith("？") for quote in found)


def test_a_section_that_only_asks_has_no_answer(pipeline_over: Over) -> None:
    pipeline = pipeline_over({"faq.md": "# 商品を返品できますか？\n\n「いつまで商品を返品できますか？」\n"})
    answer = pipeline.answer("商品を返品できますか？")
    assert answer.draft.refusal is not None
    assert answer.draft.refusal.kind == "nothing_found"


STEPS = ["注文履歴を開きます。", "「商品の返品」を選びます。", "返品理由を入力します。", "箱に入れて送ります。"]
PROCEDURE = "# 案内\n\n## 返品の手順\n\n返品の手順は、次のとおりです。\n\n" + "".join(
    f"{number}. {step}\n" for number, step in enumerate(STEPS, start=1)
)


@pytest.mark.parametrize(
    "question", ["返品の手順を教えてください", "返品の手順は？", "返品理由を入力するのはどの手順ですか"]
)
def test_steps_come_whole_in_order_under_the_sentence_that_introduces_them(pipeline_over: Over, question: str) -> None:
    answer = pipeline_over({"a.md": PROCEDURE, "b.md": FAQ}).answer(question)
    found = quotes(answer)
    first = found.index(STEPS[0])
    assert found[first - 1 : first + 4] == ["返品の手順は、次のとおりです。", *STEPS]
    lines = answer.draft.text.splitlines()
    assert [line for line in lines if line[0].isdigit()] == [
        f"{number}. {step} [{first + number}]" for number, step in enumerate(STEPS, start=1)
    ]


TABLE = """\
# 返品の期限

商品ごとの返品の期限は、次の表のとおりです。

| 商品 | 期限 | 送料 |
| --- | --- | --- |
| 書籍 | 14日 | 無料 |
| 家電 | 30日 | 有料 |
| 食品 | 7日 | 有料 |
| 衣類 | 60日 | 無料 |
"""


@pytest.mark.parametrize(("question", "value"), [("家電の返品の期限", "30日"), ("衣類の返品の期限は？", "60日")])
def test_the_row_that_was_asked_for_is_shown_under_its_header(pipeline_over: Over, question: str, value: str) -> None:
    answer = pipeline_over({"a.md": TABLE}).answer(question)
    assert any(value in quote for quote in quotes(answer))
    (shown,) = [found.text for found in statements(answer) if value in found.text]
    assert f"期限：{value}" in shown
    assert "|" not in answer.draft.text


NOTES = """\
# 電話

電話番号は0120-111-222です。

> 注意：電話番号は変わることがあります。

## 沿革

会社は1990年に設立されました。
"""


def test_a_note_stays_with_the_value_it_is_about(pipeline_over: Over) -> None:
    found = quotes(pipeline_over({"a.md": NOTES}).answer("電話番号は何番ですか"))
    assert "電話番号は0120-111-222です。" in found
    assert any("変わることがあります" in quote for quote in found)


def test_an_answer_is_short_however_long_the_section(pipeline_over: Over) -> None:
    sentences = "".join(
        f"返品の条件その{number}では、商品が{number}日以内に戻る必要があります。" for number in range(2, 40)
    )
    answer = pipeline_over({"a.md": f"# 返品の条件\n\n{sentences}\n"}).answer("返品の条件を教えてください")
    assert 1 <= len(quotes(answer)) <= 8


def test_the_same_statement_of_two_documents_is_given_once(pipeline_over: Over) -> None:
    text = "# 電話\n\n電話番号は0120-111-222です。\n"
    assert quotes(pipeline_over({"a.md": text, "b.md": text}).answer("電話番号は何番ですか")) == [
        "電話番号は0120-111-222です。"
    ]


def test_where_to_make_sure_of_a_number_comes_with_it(pipeline_over: Over) -> None:
    """Though it matches the question less than the notes do."""
    guide = (
        "# 会員の電話番号\n\n会員向けの電話番号は0120-111-222です。最新の案内は、公式ページで確認してください。\n\n"
        "> 注意：会員の電話番号は、土曜にはつながりにくいです。会員の電話番号は、祝日にもつながりにくいです。\n"
    )
    found = quotes(pipeline_over({"guide.md": guide}).answer("会員の電話番号は？"))
    assert found[0] == "会員向けの電話番号は0120-111-222です。"
    assert "最新の案内は、公式ページで確認してください。" in found
