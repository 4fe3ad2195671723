import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.conversation import MAX_TURNS, Resolved, resolve


def leaning(topic: str, question: str) -> Resolved:
    """A question made whole; what is new in it counts twice when passages are looked for."""
    return Resolved(f"{topic} {question}", f"{topic} {question} {question}")


HOURS = {"ja": "電話の受付時間を教えてください", "en": "When is phone support open?", "zh": "电话客服几点开门？"}


@pytest.mark.parametrize(
    ("earlier", "question"),
    [("en", "and at night?"), ("en", "What about Sundays?"), ("en", "Is it free?"), ("en", "how long does it take"),
     ("en", "weekends?"), ("ja", "それは無料？"), ("ja", "料金は？"), ("ja", "じゃあ、日曜日は？"), ("ja", "夜は？"),
     ("zh", "那周末呢？"), ("zh", "要多少天"), ("zh", "它收费吗"), ("zh", "晚上呢"), ("en", "それは無料ですか")],
)  # fmt: skip
def test_a_question_that_says_half_takes_the_other_half_from_the_one_before(earlier: str, question: str) -> None:
    assert resolve(question, [HOURS[earlier]]) == leaning(HOURS[earlier], question)


@pytest.mark.parametrize(
    "question",
    ["How do I report a phishing email?", "I bought a Kindle but it does not turn on, can I return it?",
     "フィッシングメールの報告方法を教えて", "返品した商品の返金はいつですか",
     "怎么举报钓鱼邮件", "英語の説明書が欲しいのですが",
     "Do you offer support in English on weekends?", "中文客服的电话号码是多少"],
)  # fmt: skip
def test_a_question_that_stands_by_itself_is_left_alone(question: str) -> None:
    assert resolve(question, list(HOURS.values())) == Resolved(question, question)


@pytest.mark.parametrize(
    ("question", "language"),
    [("中文呢？", "zh"), ("in English please", "en"), ("English?", "en"), ("日本語で", "ja"),
     ("英語で教えてください", "en"), ("用英文说", "en"), ("請用中文回答", "zh"),
     ("and in Japanese?", "ja"), ("中国語でお願いします", "zh")],
)  # fmt: skip
def test_a_mere_language_asks_for_the_same_again_in_it(question: str, language: str) -> None:
    assert resolve(question, [HOURS["ja"]]) == Resolved(HOURS["ja"], HOURS["ja"], language)


def test_the_topic_is_the_last_question_that_stood_by_itself() -> None:
    earlier = ["How do I return a damaged item?", HOURS["en"], "and at night?", "日本語で"]
    assert resolve("on Sundays?", earlier) == leaning(HOURS["en"], "on Sundays?")


def test_where_none_stood_by_itself_the_first_one_is_the_topic() -> None:
    assert resolve("それは無料？", ["返品", "送料は？"]) == leaning("返品", "それは無料？")


def test_without_a_conversation_nothing_is_added() -> None:
    assert resolve("and at night?", []) == Resolved("and at night?", "and at night?")


def test_turns_of_long_ago_are_forgotten() -> None:
    earlier = [HOURS["en"]] + ["and then?"] * MAX_TURNS
    assert resolve("on Sundays?", earlier) == leaning("and then?", "on Sundays?")


@pytest.mark.parametrize("part", ["では", "ですか", "in ", "して", "说明", "怎么说"])
def test_a_language_request_without_end_is_read_to_its_end(part: str) -> None:
    assert resolve("英語" + part * 300 + "x", [HOURS["en"]]).language is None


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_nothing_of_the_question_is_lost(question: str, earlier: list[str]) -> None:
    resolved = resolve(question, earlier)
    assert resolved.language or resolved.question.endswith(question)
