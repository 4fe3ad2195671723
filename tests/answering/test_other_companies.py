"""Another company's number is not ours to give, nor its returns ours to explain."""

import pytest

from rag_support.answering.other_companies import asks_of_another_company
from rag_support.pipeline import Pipeline


@pytest.mark.parametrize(
    "question",
    [
        "楽天の電話番号は？",
        "ｒａｋｕｔｅｎのサポート 何番",
        "What is FedEx’s phone number?",
        "phone number for FedEx",
        "淘宝客服几点上班",
        "順豐的客服電話是多少",
    ],
)
def test_a_question_for_anothers_number_or_hours_is_told(question: str) -> None:
    assert asks_of_another_company(question, lambda _: False)


@pytest.mark.parametrize(
    "question",
    [
        "楽天の返品方法を教えて",
        "メルカリで買った服を返品したい",
        "ネットフリックスの解約はどうやるの",
        "Walmart's return policy",
        "how do I return a sofa I bought from IKEA?",
        "cancel my Netflix",
        "京东怎么退货",
        "在淘宝上买的衣服能退货吗",
        "蝦皮的退款要多久",
    ],
)
def test_a_question_of_undoing_what_was_bought_elsewhere_is_told(question: str) -> None:
    assert asks_of_another_company(question, lambda _: False)


@pytest.mark.parametrize(
    "question",
    [
        "電話番号は？",
        "I used to shop at Walmart, how do I return an item here?",
        "ローソンから返品できますか",  # a place to hand our parcel in
        "PayPayの返金はいつですか",  # a wallet that our refund goes to
        "支付宝退款多久到账",
        "返品の条件は楽天と同じですか",
        "How do I return my IKEA shelf?",  # bought from us, for all we know
        "ユニクロの商品を返品したい",
        "跟京东比，退货方便吗",
        "楽天から乗り換えたいのですが、返品の手順は？",  # names one, but asks for nothing of it
        "Which number do I call about the trunks I ordered?",  # no name inside a word
        "リチウムイオン電池の返品について、電話番号は何番ですか",
        "佐川急便の荷物が届かない、電話番号は何番？",  # names one beside our number
        "支付宝能付款吗？客服电话几点开始",
    ],
)
def test_other_questions_are_ours(question: str) -> None:
    assert not asks_of_another_company(question, lambda _: False)


def test_a_company_that_the_sources_name_is_no_other() -> None:
    assert not asks_of_another_company("楽天の電話番号は？", lambda name: name == "乐天")


def test_the_answer_is_a_refusal_in_the_askers_language(pipeline: Pipeline) -> None:
    for question, language in (
        ("楽天の電話番号は？", "ja"),
        ("Rakuten phone number?", "en"),
        ("乐天的客服电话是多少", "zh"),
    ):
        answer = pipeline.answer(question)
        assert answer.language == language
        assert answer.draft.refusal is not None
        assert answer.draft.refusal.kind == "out_of_scope"
    assert pipeline.answer("Amazonの電話番号は？").draft.refusal is None
