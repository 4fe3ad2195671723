import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.answering.yes_no import without_yes_no


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("はい、電話で退会できます。", "電話で退会できます。"),
        ("いいえ、電話では退会できません。", "電話では退会できません。"),
        ("Yes, you can close it by phone.", "You can close it by phone."),
        ("No. It is not accepted.", "It is not accepted."),
        ("可以。电话服务一览显示可通过电话办理。", "电话服务一览显示可通过电话办理。"),
        ("不可以，需要在网站上办理。", "需要在网站上办理。"),
    ],
)
def test_the_yes_or_no_at_the_beginning_is_left_out(text: str, rest: str) -> None:
    assert without_yes_no(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "はいふりーは商品名です。",
        "Yesterday's orders are shipped.",
        "No-fee calls are listed.",
        "可以使用在线聊天。",
        "不可以退货。",
    ],
)
def test_a_word_that_only_begins_like_one_stays(text: str) -> None:
    assert without_yes_no(text) == text


@given(st.text(max_size=40))
def test_another_text_is_left_alone(text: str) -> None:
    assert without_yes_no(f"電話{text}") == f"電話{text}"
