"""The contradictions of the corpus are shown, each side cited, to whoever asks about them, and to nobody else.

disagreement_questions.tsv holds 564 questions, half of them about a point that is listed and half beside it. Those
marked "seen" were looked at when it was chosen what counts as asking about a point; of the others only totals.
"""

import csv
from pathlib import Path

import pytest
from running import CORPUS

from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.disagreements import entries_of, read_disagreements
from rag_support.ingest.readers import read_corpus
from rag_support.pipeline import Pipeline

# topic → what its sides say in Japanese, one alternative of each side, and questions in three languages
CONTRADICTIONS = {
    "satisfaction": (
        [("92%",), ("93%",)],
        ["満足度の数字は92%と93%のどちらですか", "What is the customer satisfaction rate?", "用户满意度到底是多少？"],
    ),
    "phone hours": (
        [("24時間",), ("6:00〜24:00",)],
        ["電話は何時から何時までかけられますか", "What are the phone hours?", "客服电话几点到几点能打？"],
    ),
    "numbers public or not": (
        [("0120-", "011-", "三つの電話番号"), ("公開していない", "公開されていない"), ("地域によって",)],
        ["電話番号は公開されていますか", "Are the phone numbers public?", "客服的电话号码是公开的吗？"],
    ),
    "domains": (
        [("amazon.co.jp",), ("amazon.com",), ("amazon.jp",)],
        [
            "正規のメールのドメインは何ですか",
            "Which domains do real emails come from?",
            "真正的邮件是从哪个域名发来的？",
        ],
    ),
    "best time to phone": (
        [("早朝か夕方", "早朝または夕方"), ("つながりにくい", "混雑しやすく")],
        ["電話が空いているのはいつですか", "When is the best time to phone?", "什么时候打电话比较容易打通？"],
    ),
    "speed of mail": (
        [("数時間〜24時間",), ("すぐに", "迅速", "速やか")],
        ["メールはすぐに返事が来ますか", "Do you answer emails immediately?", "发邮件马上就会回复吗？"],
    ),
    "languages": (
        [("中国語、英語、日本語",), ("韓国語",)],
        ["韓国語で相談できますか", "Can I get support in Korean?", "可以用韩语咨询吗？"],
    ),
    "foreign-language hours": (
        [("24時間",), ("制限される", "限られる")],
        [
            "英語でのサポートは24時間ですか",
            "Is support in English available 24 hours a day?",
            "英语客服是24小时服务吗？",
        ],
    ),
    "until when to cancel": (
        [("支払い完了",), ("出荷準備前", "出荷準備が", "未出荷")],
        ["注文はいつまでキャンセルできますか", "Until when can I cancel an order?", "订单最晚什么时候可以取消？"],
    ),
    "where to find the number": (
        [("公式ヘルプページ",), ("偽の",)],
        [
            "最新の電話番号はどこで調べられますか",
            "Where do I find the current phone number?",
            "最新的电话号码在哪里查？",
        ],
    ),
}


@pytest.mark.parametrize(
    ("sides", "question"),
    [(sides, question) for sides, questions in CONTRADICTIONS.values() for question in questions],
)
def test_every_side_is_shown_with_its_citation(pipeline: Pipeline, sides: list[tuple[str, ...]], question: str) -> None:
    answer = pipeline.answer(question)
    quotes = [citation.quote for citation in answer.draft.citations]
    missing = [side for side in sides if not any(phrase in quote for phrase in side for quote in quotes)]
    assert not missing, answer.draft.text
    assert any(len({value.citation for value in conflict.values}) > 1 for conflict in answer.draft.conflicts)


@pytest.fixture(scope="module")
def asked(pipeline: Pipeline) -> list[tuple[dict[str, str], set[str]]]:
    """Each question of the file, and the topics of the disagreements that its answer lists."""
    with Path(__file__).with_name("disagreement_questions.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        (row, {conflict.topic for conflict in pipeline.answer(row["question"], row["language"]).draft.conflicts})
        for row in rows
    ]


@pytest.mark.parametrize(("half", "at_least"), [("seen", 0.88), ("unseen", 0.78)])
def test_most_questions_about_a_point_are_told_of_it(
    asked: list[tuple[dict[str, str], set[str]]], half: str, at_least: float
) -> None:
    names = {found.topic.ja: found.topic.model_dump() for found in read_disagreements(CORPUS)}
    told = [
        names[row["topic"]][row["language"]] in topics
        for row, topics in asked
        if (row["half"], row["place"]) == (half, "about")
    ]
    assert sum(told) >= at_least * len(told)


# some ask about another point that is listed
@pytest.mark.parametrize(("half", "at_most"), [("seen", 0.07), ("unseen", 0.1)])
def test_few_questions_beside_a_point_are_told_of_any(
    asked: list[tuple[dict[str, str], set[str]]], half: str, at_most: float
) -> None:
    told = [bool(topics) for row, topics in asked if (row["half"], row["place"]) == (half, "beside")]
    assert sum(told) <= at_most * len(told)


@pytest.mark.parametrize(
    "question",
    ["怪しいリンクを押してしまいました", "I clicked a link in a scam email, what now?", "误点了诈骗邮件的链接怎么办？"],
)
def test_advice_that_can_all_be_followed_is_given_whole_and_is_no_disagreement(
    pipeline: Pipeline, question: str
) -> None:
    draft = pipeline.answer(question).draft
    quotes = [citation.quote for citation in draft.citations]
    assert any("パスワードを変更し" in quote for quote in quotes)
    assert any("カスタマーサービスに" in quote and "連絡し" in quote for quote in quotes)
    assert draft.conflicts == ()


def test_every_listed_statement_stands_in_the_corpus() -> None:
    chunks = [
        chunk for document in read_corpus(CORPUS).documents for chunk in chunk_document(document, lambda *_: None)
    ]
    entries, stale = entries_of(read_disagreements(CORPUS), chunks, str)
    assert stale == []
    assert len(entries) == len(read_disagreements(CORPUS))
