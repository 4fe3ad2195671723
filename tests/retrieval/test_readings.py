import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.readings import (
    Reader,
    in_japanese_script,
    question_readings,
    romanise,
)
from rag_support.retrieval.written_words import WrittenWordsBuilder


@pytest.mark.parametrize(
    ("kana", "romaji"),
    [("トウキョウ", "toukyou"), ("シャンプー", "shanpu"), ("ジュース", "jusu"), ("ティッシュ", "tishu"),
     ("ファイル", "fairu"), ("ヴァイオリン", "vaiorin"), ("チェック", "cheku"), ("ニャー", "nya"),
     ("クォーツ", "kotsu"), ("", ""), ("ー", ""), ("ャ", ""), ("漢字", "")],
)  # fmt: skip
def test_katakana_is_romanised(kana: str, romaji: str) -> None:
    assert romanise(kana) == romaji


@pytest.mark.parametrize(
    ("question", "text"),
    [("Meguro", "目黒"), ("the Tosho mine", "当初"), ("Tōshō", "当初"), ("Toushou", "当初"),
     ("Shimbashi station", "新橋"), ("Shinbashi station", "新橋"), ("Ohno", "大野"), ("henpin dekimasu ka", "返品"),
     ("NAGOYA", "名古屋"), ("ｎａｇｏｙａ", "名古屋市"), ("Ichiro Fujiyama", "藤山一郎"),
     ("fujiyamaichiro", "藤山一郎"), ("Yamaha", "ヤマハ")],
)  # fmt: skip
def test_a_latin_word_and_the_written_one_meet(question: str, text: str) -> None:
    assert set(question_readings(question).values()) & set(Reader().read(text).terms)


@pytest.mark.parametrize("question", ["home delivery", "same date", "返品したい", "0120-999-373", "ki wa", "", "？"])
def test_english_words_short_words_and_other_scripts_have_no_reading(question: str) -> None:
    assert question_readings(question) == {}


def test_words_without_kanji_or_katakana_have_no_reading() -> None:
    reader = Reader()
    texts = ["これはペンです。", "The Kindle", "", "12:00〜13:00"]
    assert [reader.read(text).terms for text in texts] == [["~pen"], [], [], []]


def test_a_text_longer_than_the_analyser_takes_at_once_is_read_to_its_end() -> None:
    assert "~yokohama" in Reader().read("あ" * 60_000 + "横浜").terms


@given(st.text())
def test_any_text_has_readings_and_none_is_empty(text: str) -> None:
    terms = [*Reader().read(text).terms, *question_readings(text).values()]
    assert all(len(term) > 3 for term in terms)


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    reader, builder = Reader(), WrittenWordsBuilder()
    for text in ("返品の方法は、注文履歴で選びます。返品は無料です。", "電話番号はこちらです。", "アカウント"):
        builder.add(reader.read(text).words)
    return builder.built().most_written()


@pytest.mark.parametrize(
    ("romaji", "written"),
    [("henpin no houhou wo oshiete", "返品の方法をおしえて"), ("Denwa bango?", "電話番号?"), ("akaunto", "アカウント"),
     ("henpin wa muryou desu ka", "返品は無料ですか"), ("hempin", "返品"), ("", "")],
)  # fmt: skip
def test_romaji_is_written_with_the_words_of_the_texts(words: dict[str, str], romaji: str, written: str) -> None:
    assert in_japanese_script(romaji, words) == written


@given(st.text())
def test_any_text_can_be_written_out(text: str) -> None:
    assert isinstance(in_japanese_script(text, {"hempin": "返品"}), str)
