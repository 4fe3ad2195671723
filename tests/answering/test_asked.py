import pytest

from rag_support.answering.asked import answered_kinds, asked_kinds, compares, held_kinds

ASKED = {
    "telephone": """電話番号を教えて/つながる番号教えて/何番にかければいいですか/What is the phone number?
        /which number do I call/客服电话是多少/客服電話號碼""",
    "hours": "受付時間は？/何時まで電話できますか/What are your opening hours?/open at night?/几点开始上班/服務時間",
    "percentage": "満足度は何パーセント？/What percentage is satisfied?/满意度是百分之多少/滿意度",
    "domain": "本物のドメインは？/which email domain is real/官方邮件的域名是什么/差出人のアドレス",
    "money": "送料はいくら？/駐車場はタダ？/How much does it cost?/is parking free/停车怎么收费/多少錢/手数料は？",
    "duration": """何年使えるの/いつまでに返せばいい/どのくらいかかりますか/How long does it take?
        /until when/能用多久/幾天能到""",
    "date": "いつ届きますか/定休日/When are you closed?/which days/什么时候/星期几休息",
    "count": "何冊借りられますか/上限は？/How many books can I borrow?/可以借几张/最多能借多少本",
    "procedure": """返品の手順/どうすれば返品できますか/How do I return this?/怎么退货/如何取消訂單/解約したい
        /カードを作るには/荷物が壊れていた/間違えて注文しちゃった/my parcel arrived damaged/包裹坏了/没收到货""",
}


@pytest.mark.parametrize(
    ("kind", "question"), [(kind, text.strip()) for kind, texts in ASKED.items() for text in texts.split("/")]
)
def test_a_question_shows_what_kind_of_answer_it_wants(kind: str, question: str) -> None:
    assert kind in asked_kinds(question)


@pytest.mark.parametrize(
    "question",
    ["Who are you?", "プライム会員とは", "领收据", "", "ありがとう", "到底公不公开啊", "Is my parcel damaged?"],
)
def test_a_question_may_want_no_kind_in_particular(question: str) -> None:
    assert asked_kinds(question) == frozenset()


def test_a_question_may_want_several_kinds() -> None:
    assert {"telephone", "hours"} <= asked_kinds("電話番号と受付時間を教えてください")


@pytest.mark.parametrize(
    ("one", "other"), [("客服电话", "客服電話"), ("ドメイン", "ﾄﾞﾒｲﾝ"), ("PHONE NUMBER", "ｐｈｏｎｅ number")]
)
def test_width_case_and_character_form_do_not_matter(one: str, other: str) -> None:
    assert asked_kinds(one) == asked_kinds(other) != frozenset()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("カードの有効期間は3年間です。", {"duration"}),
     ("ご利用は毎日5:30から23:30までです。", {"hours", "date"}),
     ("手数料200円が必要です。", {"money"}), ("延滞料はいただいておりません。", {"money"}),
     ("Delivery is free.", {"money"}),
     ("一度に置けるのは6冊までです。", {"count"}),
     ("満足度は95%です。", {"percentage"}), ("0120-111-222", {"telephone"}),
     ("www.example.co.jp をご覧ください。", {"domain"}),
     ("休館日は月曜日です。", {"date"}),
     ("5月1日に届きます。", {"date"}),
     ("24時間受け付けます。", {"hours", "duration"}), ("担当者がお答えします。", set())],
)  # fmt: skip
def test_a_statement_shows_what_kinds_of_answer_it_holds(text: str, kinds: set[str]) -> None:
    assert held_kinds(text) == kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("料金については、このガイドに記載がありません。", {"money"}),
     ("有人チャットの受付時間は明記されていません。", {"hours"}),
     ("The guide does not state the fee.", {"money"}), ("指南中没有记载要等多久。", {"duration"})],
)  # fmt: skip
def test_a_source_that_says_that_it_does_not_say_answers_the_kind_it_names(text: str, kinds: set[str]) -> None:
    assert answered_kinds(text) == kinds
    assert held_kinds(text) == set()


@pytest.mark.parametrize(
    "question",
    [
        "注文番号は必要ですか",
        "客服电话一直占线怎么办",
        "how do I open a chat",
        "电话号码在哪里查？",
        "電話番号はどこで調べられますか",
        "Where do I find the phone number?",
    ],
)
def test_a_word_of_another_thing_asks_for_no_value(question: str) -> None:
    assert not {"telephone", "hours"} & asked_kinds(question)


@pytest.mark.parametrize(
    ("question", "compared"),
    [("電話とチャットの違いは？", True), ("Which is faster, chat or email?", True), ("电话和邮件有什么区别", True),
     ("電話かチャットを使いたい", False), ("Can I call or write?", False), ("哪个号码", False)],
)  # fmt: skip
def test_a_question_may_set_things_side_by_side(question: str, compared: bool) -> None:
    assert compares(question) == compared
