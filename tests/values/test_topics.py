import pytest

from rag_support.values import values
from rag_support.values.topics import topics_of


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("0120-999-373", {"telephone"}), ("17:00", {"hours"}), ("92.5%", {"percentage"}), ("amazon.co.jp", {"domain"}),
        ("https://amazon.co.jp/help", {"domain"}), ("help@amazon.co.jp", {"domain"}), ("500円", {"money"}),
        ("30日", {"duration"}), ("5月1日", {"date"}), ("3件", {"count"}), ("7冊", {"count"}),
        ("24時間", {"duration", "hours"}),
    ],
)  # fmt: skip
def test_a_value_answers_what_its_kind_and_unit_say(text: str, topics: set[str]) -> None:
    (value,) = values(text)
    assert set(topics_of(value)) == topics
