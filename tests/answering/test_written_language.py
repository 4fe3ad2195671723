from pathlib import Path

import pytest

from rag_support.answering.phrases import REFUSALS, UNTRANSLATED
from rag_support.answering.statements import Statement
from rag_support.answering.written_language import has_traditional, is_written_in, wrong_statements
from rag_support.ingest.traditional import TraditionalWriter
from rag_support.ingest.translation_memory import TARGET_LANGUAGES, read_catalog

CORPUS = Path(__file__).parents[2] / "corpus"
JA = "電話の受付時間は9:00〜17:00です。"
EN = "Phone hours are 9:00–17:00."
HANS = "电话服务时间为9:00–17:00。"
HANT = "電話服務時間為9:00–17:00。"
TEXTS = {"ja": JA, "en": EN, "zh-Hans": HANS, "zh-Hant": HANT}


@pytest.mark.parametrize("asked", TEXTS)
@pytest.mark.parametrize("written", TEXTS)
def test_a_sentence_is_in_its_own_language_and_script_only(asked: str, written: str) -> None:
    assert is_written_in(TEXTS[written], asked) == (asked == written)


@pytest.mark.parametrize(
    "text", ["0120-999-373", "9:00–17:00", "@amazon.co.jp", "URL: amazon.co.jp", "Amazon Pay", "Kindle for PC", "5 %"]
)
@pytest.mark.parametrize("language", TEXTS)
def test_values_and_names_are_in_every_language(text: str, language: str) -> None:
    assert is_written_in(text, language)


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(
    "text",
    [
        "Please open your order history and choose the item", "Call 0120-999-373 at any hour.", "Yes, all day.",
        "Ｐｈｏｎｅ ｈｏｕｒｓ ａｒｅ ｌｏｎｇ．", "Can I cancel a gift?",
        "Fulfillment By Amazon Customer Service Center",
    ],
)  # fmt: skip
def test_an_english_sentence_is_neither_japanese_nor_chinese_however_short(text: str, language: str) -> None:
    assert is_written_in(text, "en")
    assert not is_written_in(text, language)


@pytest.mark.parametrize("label", ["注文履歴", "電話番号", "返品・交換", "Amazon公式", "年間約5,600万件"])
def test_a_japanese_label_needs_no_kana(label: str) -> None:
    assert is_written_in(label, "ja")


@pytest.mark.parametrize(
    "text",
    [
        "订单历史",  # a label, but in characters that Japanese has not
        "電話服務。",  # a sentence
        "可以取消吗？", "正規客服電話號碼全部公開在官方網站上",  # too long for a label
    ],
)  # fmt: skip
def test_chinese_is_no_japanese_label(text: str) -> None:
    assert not is_written_in(text, "ja")


def test_a_japanese_label_is_not_chinese_where_its_characters_are_japanese_only() -> None:
    assert not is_written_in("注文履歴", "zh-Hans")
    assert not is_written_in("返品の方法", "zh-Hant")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Select 「チャットで問い合わせ」 (Contact us by chat).", "en"),
        ("请选择「チャットで問い合わせ」。", "zh-Hans"),
        ("請選擇「チャットで問い合わせ」。", "zh-Hant"),
        (f"「{JA}」", "en"),
        ("「「迷惑メール」を報告するときは、「報告」を押します。」", "en"),  # quoted whole, and it quotes in turn
    ],
)
def test_what_is_quoted_from_the_source_may_be_japanese(text: str, language: str) -> None:
    assert is_written_in(text, language)


def test_words_around_a_quotation_are_judged() -> None:
    assert not is_written_in("「注文」を選びます。", "en")
    assert not is_written_in("请选择「注文」を。", "zh-Hans")
    assert not is_written_in("Please open 「注文履歴」 first and then call us.", "ja")


def test_full_width_latin_and_half_width_kana_are_read_like_others() -> None:
    assert is_written_in("Ｏｐｅｎ ｂｙ ｎｉｎｅ.", "en")
    assert not is_written_in("ﾃﾞﾝﾜ", "en")


def test_the_wrong_statements_are_those_in_another_language() -> None:
    statements = [Statement(text, (1,)) for text in (EN, JA, EN)]
    assert wrong_statements(statements, "en") == [Statement(JA, (1,))]
    assert wrong_statements(statements, "ja") == [Statement(EN, (1,)), Statement(EN, (1,))]


@pytest.mark.parametrize(
    ("text", "traditional"),
    [("電話服務", True), ("电话服务", False), ("取消", False), ("電話和电话", False), ("hello", False)],
)
def test_traditional_is_told_by_characters_that_only_it_writes(text: str, traditional: bool) -> None:
    assert has_traditional(text) == traditional


def test_all_that_the_service_can_say_over_the_shipped_corpus_is_in_its_language() -> None:
    """Slow and plain: no reviewed translation, refusal or frame may count as another language."""
    said = {language: list(messages.values()) for language, messages in REFUSALS.items()}
    for language, frame in UNTRANSLATED.items():
        said[language].append(frame)
    for language in TARGET_LANGUAGES:
        said[language] += [str(message.string) for message in read_catalog(CORPUS, language) if message.id]
    writer = TraditionalWriter([])
    said["zh-Hant"] += [writer.convert(text) for text in said["zh"]]
    said["zh-Hans"] = said.pop("zh")
    assert sum(map(len, said.values())) > 3 * 1_000
    assert [text for language, texts in said.items() for text in texts if not is_written_in(text, language)] == []
