"""A story is searched by what it asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.focus import focus

STORIES = [
    (
        "先週の火曜に椅子を頼んだのですが、配達の日に家族が留守で、管理人さんも休みだったそうです。箱が玄関の前に置いてありました。"
        "開けたら脚が一本折れていました。交換はどこから頼めばいいですか？",
        "開けたら脚が一本折れていました。交換はどこから頼めばいいですか？",
    ),
    (
        "I bought a lamp for my sister last month and she moved twice since then, so it took a while until she opened "
        "the box. "
        "The lamp does not switch on. Where do I ask for another one? Thanks a lot, and sorry for the long message.",
        "The lamp does not switch on. Where do I ask for another one?",
    ),
    (
        "上个星期给我爸买了一台收音机，老人家高兴得不得了，天天抱着听，还到处跟邻居说是孩子买的。昨天突然没有声音了，我们试过换电池。"
        "怎么联系你们换一台。",
        "昨天突然没有声音了，我们试过换电池。怎么联系你们换一台。",
    ),
]


@pytest.mark.parametrize(("story", "asked"), STORIES)
def test_of_a_story_the_asking_sentence_is_kept_with_the_one_before(story: str, asked: str) -> None:
    assert focus(story) == asked


@pytest.mark.parametrize("question", ["返品できますか？", "Where is my order? It is late.", "怎么退货"])
def test_a_short_question_stays_as_it_is(question: str) -> None:
    assert focus(question) == question


def test_a_story_that_asks_nothing_stays_as_it_is() -> None:
    story = "今日は朝から雨でした。" * 12
    assert focus(story) == story


def test_a_price_or_a_domain_ends_no_sentence() -> None:
    story = f"{'The parcel came late again. ' * 6}Is a mail from amazon.co.jp that asks for 12.50 genuine?"
    assert focus(story).endswith("Is a mail from amazon.co.jp that asks for 12.50 genuine?")


@given(st.text(max_size=400))
def test_the_focus_is_made_of_the_message_and_never_empty(message: str) -> None:
    found = focus(message)
    assert bool(found.strip()) == bool(message.strip()) or found == message
    assert set(found) <= set(message)
