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


ORDERS = """\
# 注文の取り消し

注文の状態ごとの取り消しの可否は、次の表のとおりです。

| 注文の状態 | 取り消し | 窓口 |
| --- | --- | --- |
| 未出荷 | できます | ウェブ |
| 出荷準備中 | 条件があります | 電話 |
| 出荷済み | できません | 返品 |
"""
IN_ENGLISH = {
    "en": {
        "注文の取り消し": "Cancelling an order", "注文の状態": "Status", "取り消し": "cancelling", "窓口": "contact",
        "未出荷": "Unshipped", "出荷準備中": "Preparing", "出荷済み": "Shipped", "できます": "possible",
        "ウェブ": "web",
        "条件があります": "with conditions", "電話": "phone", "できません": "not possible", "返品": "as a return",
        "注文の状態ごとの取り消しの可否は、次の表のとおりです。": "Whether each status can be cancelled is as follows.",
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "status"),
    [("出荷準備中の注文は取り消せますか", "出荷準備中"), ("Can I cancel a shipped order?", "出荷済み")],
)
def test_of_a_table_only_the_row_that_is_named_is_shown(pipeline_over: Over, question: str, status: str) -> None:
    found = quotes(pipeline_over({"a.md": ORDERS}, IN_ENGLISH).answer(question))
    assert [quote.split(" | ")[0] for quote in found if quote.startswith("| ")] == [f"| {status}"]


def test_what_is_compared_stands_side_by_side(pipeline_over: Over) -> None:
    guide = (
        "# 連絡の方法の違い\n\n電話、手紙、訪問には違いがあります。電話と手紙の違いは、小さくありません。\n\n"
        "# 方法ごとの速さ\n\n| 方法 | 速さ | 記録 |\n| --- | --- | --- |\n| 電話 | すぐ | 残りません |\n"
        "| 手紙 | 三日 | 残ります |\n| 訪問 | 予約から一週間 | 残りません |\n"
    )
    found = quotes(pipeline_over({"a.md": guide}).answer("電話と手紙の違いは？"))
    assert found[:2] == ["| 電話 | すぐ | 残りません |", "| 手紙 | 三日 | 残ります |"]
    assert not any("訪問" in quote for quote in found)


def test_the_row_with_the_value_that_was_given_is_shown(pipeline_over: Over) -> None:
    guide = (
        "# 電話番号\n\n電話番号は、次の表のとおりです。\n\n"
        "| 窓口 | 電話番号 |\n| --- | --- |\n| 本店 | 03-1234-5678 |\n| 支店 | 06-1234-5678 |\n"
        "| 工場 | 052-123-4567 |\n"
    )
    found = quotes(pipeline_over({"a.md": guide}).answer("06-1234-5678はどこの電話番号ですか"))
    assert [quote for quote in found if quote.startswith("| ")] == ["| 支店 | 06-1234-5678 |"]


def test_a_number_asked_for_comes_first_however_well_the_rest_matches(pipeline_over: Over) -> None:
    guide = (
        "# 夜の電話\n\n夜の電話は、24時間受け付けています。夜の電話は、たいへん混み合います。\n\n"
        "# 窓口の一覧\n\n窓口の電話番号は0120-111-222です。\n"
    )
    found = quotes(pipeline_over({"a.md": guide}).answer("夜の電話は何番ですか"))
    assert found[0] == "窓口の電話番号は0120-111-222です。"


BROKEN = """\
# 壊れた商品

壊れた商品について伝える内容は、次のとおりです。

- 壊れた商品の名前
- 壊れた商品の注文日

# 商品が壊れていたとき

商品が壊れていたときは、次の手順で連絡してください。

1. 注文の一覧を開きます。
2. 状況を入力します。
"""


@pytest.mark.parametrize("question", ["届いた商品が壊れていました", "商品が壊れていた…"])
def test_who_tells_what_went_wrong_is_told_what_to_do(pipeline_over: Over, question: str) -> None:
    found = quotes(pipeline_over({"a.md": BROKEN}).answer(question))
    assert found[:3] == [
        "商品が壊れていたときは、次の手順で連絡してください。", "注文の一覧を開きます。", "状況を入力します。"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "first"),
    [
        # rather than what to use when the telephone is closed, a list that holds hours too
        ("What time does phone support open and close?", "日本語オペレーターは6:00〜24:00"),
        ("Which number do I call at night?", "0120-999-373"),
        ("夜中に電話したいんだけど何番？", "0120-999-373"),
        ("my parcel arrived damaged", "不良品や破損品だったときは"),
        ("wrong item delivered", "誤配送があったときは"),
        ("Which is faster, chat or email?", "| チャット | 24時間対応"),
        ("How long do refunds take?", "返金の金額、時期、方法については、このガイドには記載がありません"),
    ],
)
def test_what_was_asked_comes_first(pipeline: Pipeline, question: str, first: str) -> None:
    assert first in quotes(pipeline.answer(question))[0]


def test_a_follow_up_asks_for_its_own_kind_of_answer(pipeline_over: Over) -> None:
    guide = (
        "# 返品の手順\n\n返品の手順は、次のとおりです。\n\n1. 返品を申し込みます。\n2. 返品を送ります。\n\n"
        "# 返品の期間\n\n返品できる期間は30日です。\n"
    )
    pipeline = pipeline_over({"a.md": guide})
    assert quotes(pipeline.answer("返品の手順は？"))[0] == "返品の手順は、次のとおりです。"
    assert quotes(pipeline.answer("何日？", conversation=["返品したい"]))[0] == "返品できる期間は30日です。"
