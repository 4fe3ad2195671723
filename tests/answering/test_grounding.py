"""What the gate must stop and must let through, one behaviour at a time; its measured rates are in tests/evaluation."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_parts import CountingEmbedder

from rag_support.answering.grounding import Fault, GroundingGate, Source
from rag_support.answering.phrases import UNTRANSLATED
from rag_support.answering.support import shipped_support
from rag_support.embedding import StaticEmbedder
from rag_support.types import Embedder
from rag_support.values import Value, values

PHONE = Source(
    text="プライム会員の電話番号は0120-899-543で、受付時間は6:00〜24:00です。",
    readings={
        "ja": "プライム会員の電話番号は0120-899-543で、受付時間は6:00〜24:00です。",
        "en": "The phone number for Prime members is 0120-899-543, open 6:00–24:00.",
        "zh": "Prime会员的电话号码为0120-899-543，受理时间为6:00–24:00。",
        "zh-Hant": "Prime會員的電話號碼為0120-899-543，受理時間為6:00–24:00。",
    },
)
FEE = Source(
    text="送料は1,200円です。お支払いは30日以内に、https://shop.example.jp/pay でお済ませください。",
    readings={
        "ja": "送料は1,200円です。お支払いは30日以内に、https://shop.example.jp/pay でお済ませください。",
        "en": "Postage is ¥1,200. Please pay within 30 days at https://shop.example.jp/pay.",
    },
)
BUTTON = Source(
    text="「チャットで問い合わせ」を選びます。",
    readings={
        "ja": "「チャットで問い合わせ」を選びます。",
        "en": "Select 「チャットで問い合わせ」 (Contact us by chat).",
        "zh": "选择「チャットで問い合わせ」（通过聊天咨询）。",
    },
)
SOURCES = {1: PHONE, 2: FEE, 3: BUTTON}


@pytest.fixture(scope="module")
def gate(shipped_embedder: Embedder) -> GroundingGate:
    return GroundingGate(shipped_embedder, shipped_support())


@pytest.fixture(scope="module")
def kinds(gate: GroundingGate) -> Callable[..., list[str]]:
    def found(statement: str, citations: tuple[int, ...] = (1,), language: str = "en") -> list[str]:
        return [fault.kind for fault in gate.faults(statement, citations, language, SOURCES)]

    return found


# ---- citations -----------------------------------------------------------------------------------------------------


def test_a_statement_must_cite(gate: GroundingGate) -> None:
    faults = gate.faults(PHONE.readings["en"], (), "en", SOURCES)
    assert faults == (Fault("no_citation", "the sentence cites no source"),)


def test_what_is_cited_must_be_there(gate: GroundingGate) -> None:
    faults = gate.faults(PHONE.readings["en"], (1, 9), "en", SOURCES)
    assert faults == (Fault("unknown_citation", "there is no source [9]"),)


# ---- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", PHONE.readings)
def test_a_reading_of_what_is_cited_may_be_said_in_its_language_only(
    kinds: Callable[..., list[str]], language: str
) -> None:
    assert kinds(PHONE.readings[language], (1,), language) == []
    other = "en" if language != "en" else "ja"
    assert kinds(PHONE.readings[other], (1,), language) == ["language"]


@pytest.mark.parametrize(
    ("statement", "citation", "language"),
    [
        ("プライム会員の電話番号は+81-120-899-543で、受付時間は午前6時から24時です。", 1, "ja"),
        ("プライム会員の電話番号は０１２０－８９９－５４３です。", 1, "ja"),
        ("The phone number for Prime members is +81 120 899 543, open from 6 a.m. to 24:00.", 1, "en"),
        ("送料は千二百円です。", 2, "ja"),
        ("Postage is 1200 yen.", 2, "en"),
        ("Please pay within thirty days.", 2, "en"),
    ],
)
def test_a_value_may_be_written_otherwise(
    kinds: Callable[..., list[str]], statement: str, citation: int, language: str
) -> None:
    assert kinds(statement, (citation,), language) == []


@pytest.mark.parametrize(
    ("statement", "citation", "language", "detail"),
    [
        ("プライム会員の電話番号は0120-999-000です。", 1, "ja", "0120-999-000"),
        ("The phone number for Prime members is 0120-899-543, open 6:00–22:00.", 1, "en", "6:00~22:00"),
        ("受付時間は午後6時からです。", 1, "ja", "午後6時"),
        ("送料は1,200ドルです。", 2, "ja", "1,200ドル"),
        ("Please pay within 30 hours.", 2, "en", "30 hours"),
        ("Please pay at https://shop.example.jp/login.", 2, "en", "https://shop.example.jp/login"),
        ("Please pay at https://shop.exаmple.jp/pay.", 2, "en", "https://shop.exаmple.jp/pay"),  # a Cyrillic а
    ],
)
def test_an_altered_value_is_named(
    gate: GroundingGate, statement: str, citation: int, language: str, detail: str
) -> None:
    (fault,) = gate.faults(statement, (citation,), language, SOURCES)
    assert fault == Fault("value", f"the cited source does not hold {detail}")


def test_both_ends_of_a_range_must_belong_together(kinds: Callable[..., list[str]]) -> None:
    assert kinds("プライム会員の受付時間は0:00〜24:00です。", (1,), "ja") == ["value"]
    assert kinds("プライム会員の受付時間は24:00〜6:00です。", (1,), "ja") == ["value"]


def test_a_value_of_a_source_that_is_not_cited_does_not_count(kinds: Callable[..., list[str]]) -> None:
    assert kinds("The phone number for Prime members is 0120-899-543.", (2,)) == ["value"]
    assert kinds("The phone number for Prime members is 0120-899-543.", (2, 1)) == []


@pytest.mark.parametrize(
    ("statement", "language"),
    [
        ("Step 2: Select 「チャットで問い合わせ」.", "en"), ("手順3：「チャットで問い合わせ」を選びます。", "ja"),
        ("2つ目に「チャットで問い合わせ」を選びます。", "ja"), ("第2步：选择「チャットで問い合わせ」。", "zh"),
        ("①「チャットで問い合わせ」を選びます。", "ja"),
    ],
)  # fmt: skip
def test_numbers_that_count_the_answers_own_parts_are_no_values(
    kinds: Callable[..., list[str]], statement: str, language: str
) -> None:
    assert "value" not in kinds(statement, (3,), language)


_NUMBERS = st.integers(min_value=2, max_value=99_999)


@settings(max_examples=150)
@given(number=_NUMBERS, unit=st.sampled_from(["円", "時間", "日", "%", "か月", "人"]), other=_NUMBERS)
def test_whatever_the_number_another_one_does_not_pass(gate: GroundingGate, number: int, unit: str, other: int) -> None:
    assume(number != other)
    source = Source(text=f"上限は{number}{unit}です。", readings={"ja": f"上限は{number}{unit}です。"})
    assert gate.faults(f"上限は{number:,}{unit}です。", (1,), "ja", {1: source}) == ()
    (fault,) = gate.faults(f"上限は{other}{unit}です。", (1,), "ja", {1: source})
    assert fault.kind == "value"


@settings(max_examples=150)
@given(
    digits=st.text("0123456789", min_size=6, max_size=6),
    place=st.integers(0, 5),
    change=st.integers(1, 9),
    written=st.sampled_from(["0120-{}-{}", "0120 {} {}", "+81-120-{}-{}", "0120（{}）{}"]),
)
def test_whichever_digit_of_a_telephone_number_changes_it_is_seen(
    gate: GroundingGate, digits: str, place: int, change: int, written: str
) -> None:
    source = Source(text=f"電話は0120-{digits[:3]}-{digits[3:]}です。", readings={"ja": ""})
    changed = digits[:place] + str((int(digits[place]) + change) % 10) + digits[place + 1 :]
    (fault,) = gate.faults(f"電話は{written.format(changed[:3], changed[3:])}です。", (1,), "ja", {1: source})
    assert fault.kind == "value"


@settings(max_examples=150)
@given(
    place=st.integers(0, len("amazon.co.jp") - 1),
    letter=st.characters(categories=["Ll"], max_codepoint=0x1FFF),
    address=st.sampled_from(["{}", "@{}", "info@{}", "https://{}/help", "www.{}"]),
)
def test_whichever_letter_of_a_domain_changes_it_is_seen(
    gate: GroundingGate, place: int, letter: str, address: str
) -> None:
    """Letters of every alphabet: accents, Greek, Cyrillic, Armenian, Georgian look-alikes."""
    true = "amazon.co.jp"
    changed = true[:place] + letter + true[place + 1 :]
    text = address.format(changed)
    assume(values(text) != values(address.format(true)) or values(text) == ())
    source = Source(text=f"差出人は{address.format(true)}です。", readings={"ja": ""})
    (fault, *_) = gate.faults(f"差出人は{text}です。", (1,), "ja", {1: source})
    assert fault.kind == "value"


def test_a_look_alike_is_another_value() -> None:
    assert values("amazоn.co.jp") == (Value("domain", "amazоn.co.jp"),)


# ---- language ------------------------------------------------------------------------------------------------------


def test_names_and_addresses_in_latin_letters_are_at_home_in_every_language(kinds: Callable[..., list[str]]) -> None:
    assert kinds("お支払いは https://shop.example.jp/pay でお済ませください。", (2,), "ja") == []
    assert kinds("Prime会员的电话号码为0120-899-543。", (1,), "zh") == []


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant"])
def test_a_quotation_in_its_frame_passes_word_for_word_only(kinds: Callable[..., list[str]], language: str) -> None:
    assert kinds(f"{UNTRANSLATED[language]} 「{PHONE.text}」", (1,), language) == []
    assert kinds(f"「{PHONE.text}」", (1,), language) == []
    invented = PHONE.text.replace("プライム", "法人")
    assert kinds(f"{UNTRANSLATED[language]} 「{invented}」", (1,), language) == ["language"]


def test_a_label_that_is_quoted_from_the_source_may_stand_in_another_language(kinds: Callable[..., list[str]]) -> None:
    assert kinds("Please select 「チャットで問い合わせ」.", (3,)) == []
    assert kinds("Please select 「メールで問い合わせ」.", (3,)) == ["language"]


def test_traditional_is_not_simplified(kinds: Callable[..., list[str]]) -> None:
    assert kinds(PHONE.readings["zh-Hant"], (1,), "zh") == ["language"]
    assert kinds(PHONE.readings["zh"], (1,), "zh-Hant") == ["language"]


# ---- meaning -------------------------------------------------------------------------------------------------------


def said(text: str, **translations: str) -> dict[int, Source]:
    return {1: Source(text=text, readings={"ja": text, **translations}), 2: PHONE, 3: BUTTON}


CANCEL = said(
    "出荷済みの注文はキャンセルできません。",
    en="Orders that have already shipped cannot be cancelled.",
    zh="已发货的订单不能取消。",
)


@pytest.mark.parametrize(
    ("statement", "language"),
    [
        ("一度出荷された注文は、キャンセルできません。", "ja"),
        ("Orders can't be cancelled once they have shipped.", "en"),
        ("According to the guide, orders that have already shipped cannot be cancelled.", "en"),
        ("订单发货后就不能取消了。", "zh"),
    ],
)
def test_the_same_in_other_words_may_be_said(gate: GroundingGate, statement: str, language: str) -> None:
    assert gate.faults(statement, (1,), language, CANCEL) == ()


@pytest.mark.parametrize(
    ("statement", "language"),
    [
        ("出荷済みの注文はキャンセルできます。", "ja"), ("出荷前の注文はキャンセルできません。返金は翌月です。", "ja"),
        ("Orders that have already shipped can be cancelled.", "en"),
        ("Gift cards expire after the holidays.", "en"), ("已发货的订单可以取消。", "zh"),
        ("客服人员会上门取件。", "zh"),
    ],
)  # fmt: skip
def test_what_the_source_does_not_say_may_not(gate: GroundingGate, statement: str, language: str) -> None:
    (fault,) = gate.faults(statement, (1,), language, CANCEL)
    assert fault == Fault("unsupported", "the cited source does not say this")


@pytest.mark.parametrize(
    ("statement", "language", "faults"),
    [
        ("Orders that have already shipped cannot be cancelled.", "en", 0),
        ("已发货的订单不能取消。", "zh", 0),
        ("Parents may borrow wheelchairs at the counter.", "en", 1),
        ("Orders that have already shipped can be cancelled.", "en", 1),
    ],
)
def test_without_a_translation_it_is_held_against_the_japanese(
    gate: GroundingGate, statement: str, language: str, faults: int
) -> None:
    assert len(gate.faults(statement, (1,), language, said(CANCEL[1].text))) == faults


def test_headings_above_a_span_may_name_what_it_speaks_of_but_lend_no_value(gate: GroundingGate) -> None:
    answer = Source(text="いいえ、できません。", readings={"ja": "いいえ、できません。"})
    heading = {"ja": "返品 30日後に返品できますか？"}
    under = Source(text=answer.text, readings=answer.readings, context=heading)
    assert gate.faults("返品はできません。", (1,), "ja", {1: under}) == ()
    (fault,) = gate.faults("30日後の返品はできません。", (1,), "ja", {1: under})
    assert fault.kind == "value"


@pytest.mark.parametrize("statement", ["。", "…", "to the", "ですので。", "——"])
def test_what_says_nothing_is_no_statement(gate: GroundingGate, statement: str) -> None:
    language = "en" if statement.isascii() else "ja"
    assert gate.faults(statement, (1,), language, SOURCES) == (Fault("unsupported", "the sentence says nothing"),)


@settings(max_examples=200)
@given(data=st.data(), language=st.sampled_from(["ja", "en", "zh", "zh-Hant"]))
def test_random_tokens_never_get_through(
    gate: GroundingGate, shipped_embedder: StaticEmbedder, data: st.DataObject, language: str
) -> None:
    """What a language model with random weights writes, even where it happens to cite."""
    size = shipped_embedder._tokenizer.get_vocab_size()
    ids = data.draw(st.lists(st.integers(0, size - 1), min_size=4, max_size=20))
    statement = shipped_embedder._tokenizer.decode(ids)
    assume(statement.strip())
    assert gate.faults(statement, (1,), language, SOURCES)


def test_nothing_is_embedded_for_a_reading_word_for_word(small_embedder: StaticEmbedder) -> None:
    embedder = CountingEmbedder(small_embedder)
    gate = GroundingGate(embedder, shipped_support())
    assert gate.faults(PHONE.readings["zh"], (1,), "zh", SOURCES) == ()
    assert embedder.passages == []


def test_any_embedder_will_do(small_embedder: StaticEmbedder) -> None:
    """One that shows no tokens is asked for the words."""
    embedder = CountingEmbedder(small_embedder)
    gate = GroundingGate(embedder, shipped_support())
    gate.faults("Quantum fields fluctuate.", (1,), "en", SOURCES)
    assert {"quantum fields fluctuate.", "quantum", "field"} <= set(embedder.passages)
