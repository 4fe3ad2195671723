from pathlib import Path

import pytest

from rag_support.ingest.glossary import read_glossary
from rag_support.retrieval.glossary import Glossary

CORPUS = Path(__file__).parents[2] / "corpus"
ROWS = [
    {
        "ja": ["返金", "払い戻し"],
        "en": ["refund", "money back"],
        "zh-Hans": ["退款", "退钱"],
        "zh-Hant": ["退款", "退錢"],
    },
    {"ja": ["電話"], "en": ["phone", "telephone"], "zh-Hans": ["电话"], "zh-Hant": ["電話"]},
    {"ja": ["電話リクエスト"], "en": ["phone request"], "zh-Hans": ["电话请求"], "zh-Hant": ["電話請求"]},
    {"ja": ["住所"], "en": ["address"], "zh-Hans": ["地址"], "zh-Hant": []},
    {"ja": ["購入"], "en": ["purchase"], "zh-Hans": [], "zh-Hant": []},
]
GLOSSARY = Glossary(ROWS)


@pytest.mark.parametrize(
    "question",
    ["Can I get my money back?", "REFUND", "refunds", "was it refunded", "ｒｅｆｕｎｄ", "払い戻しはできますか",
     "我要退钱", "我要退錢", "退款怎么办"],
)  # fmt: skip
def test_a_customers_word_is_widened_by_the_preferred_ones(question: str) -> None:
    assert GLOSSARY.widening(question).split(" ") == ["返金", "refund", "退款", "退款"]


@pytest.mark.parametrize("question", ["When do you open?", "saxophones", "refunding2", "", "いつ開きますか"])
def test_a_question_without_an_expression_is_not_widened(question: str) -> None:
    assert GLOSSARY.widening(question) == ""


def test_the_longest_expression_is_the_one_that_is_meant() -> None:
    assert GLOSSARY.widening("phone requests").split(" ")[:2] == ["電話リクエスト", "phone"]
    assert GLOSSARY.concepts("phone request") == (2,)
    assert GLOSSARY.concepts("request by phone") == (1,)


@pytest.mark.parametrize(("question", "concept"), [("addresses", 3), ("purchases", 4), ("phones", 1)])
def test_plurals_are_understood(question: str, concept: int) -> None:
    assert GLOSSARY.concepts(question) == (concept,)


def test_concepts_come_in_order_of_mention_each_once() -> None:
    assert GLOSSARY.concepts("电话 refund 電話 money back") == (1, 0)


def test_an_empty_glossary_widens_nothing() -> None:
    assert Glossary([]).widening("refund") == ""
    assert Glossary([{"ja": [], "en": [], "zh-Hans": [], "zh-Hant": []}]).widening("refund") == ""


def test_every_expression_of_the_shipped_glossary_leads_to_its_own_concept() -> None:
    rows = read_glossary(CORPUS)
    glossary = Glossary(rows)
    for number, row in enumerate(rows):
        for cell in row.values():
            for expression in cell:
                assert number in glossary.concepts(expression), expression
