import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.tokens import fold, is_grammar, passage_terms, query_terms, search_text


@pytest.mark.parametrize(
    "value",
    [
        *("0120-999-373", "011-330-3000", "24:00", "5,600", "92.5", "2024-12-01", "24/7", "365"),
        *("amazon.co.jp", "www.amazon.co.jp", "amazon.com", "help@amazon.co.jp", "first.last+tag@amazon.co.jp"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "電話は{}です", "Call {}.", "（{}）、", "是{}吗？", "{},"])
def test_numbers_telephone_numbers_times_and_domains_stay_whole(value: str, around: str) -> None:
    assert value in query_terms(around.format(value))
    assert value in passage_terms(around.format(value))


def test_hours_are_two_times() -> None:
    assert query_terms("6:00〜24:00") == query_terms("6:00-24:00".replace("-", "～")) == ["6:00", "24:00"]


@pytest.mark.parametrize(
    ("japanese", "traditional", "simplified"),
    [("返却", "返卻", "返却"), ("会員", "會員", "会员"), ("電話", "電話", "电话"),
     ("注文番号", "注文番號", "注文番号"), ("営業時間", "營業時間", "营业时间"),
     ("発送", "發送", "发送"), ("変更", "變更", "变更"),
     ("価格", "價格", "价格")],
)  # fmt: skip
def test_japanese_traditional_and_simplified_characters_fold_together(
    japanese: str, traditional: str, simplified: str
) -> None:
    assert fold(japanese) == fold(traditional) == fold(simplified)
    assert query_terms(japanese) == query_terms(traditional) == query_terms(simplified) != []


def test_width_and_case_do_not_matter() -> None:
    assert query_terms("ＡＭＡＺＯＮ ｶｽﾀﾏｰ ０１２０-９９９") == query_terms("amazon カスタマー 0120-999")


def test_latin_words_meet_by_their_stem_and_grammar_is_dropped() -> None:
    assert query_terms("How do I return my orders?") == query_terms("returning an order") == ["return", "order"]
    assert query_terms("what is it") == []


def test_runs_without_spaces_give_bigrams_and_single_characters_on_the_passage_side() -> None:
    assert query_terms("返品方法") == ["返品", "品方", "方法"]
    assert sorted(passage_terms("返品方法")) == sorted(["返品", "品方", "方法", *"返品方法"])
    assert query_terms("本") == passage_terms("本") == ["本"]


def test_scripts_without_a_rule_of_their_own_give_whole_words() -> None:
    assert query_terms("환불 возврат") == ["환불", "возврат"]


@pytest.mark.parametrize(
    ("term", "expected"), [("です", True), ("すか", True), ("返品", False), ("ギフ", False), ("する返", False)]
)
def test_hiragana_alone_is_grammar(term: str, expected: bool) -> None:
    assert is_grammar(term) is expected


@given(st.text(max_size=200))
def test_every_term_of_a_question_is_one_of_the_same_text_as_a_passage(text: str) -> None:
    assert set(query_terms(text)) <= set(passage_terms(text))


@given(st.text("返品Aé1. ", max_size=50))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("pattern", ["a.", "1.", "a-", "a@", "a@a.", "1-1.", "%", ".", "a_", "1:"])
def test_a_long_run_of_marks_is_read_without_going_back_and_forth(pattern: str) -> None:
    """A pattern that tries every way to split such a run would not come to an end in the lifetime of a test run."""
    assert len(passage_terms(pattern * 50_000)) <= 100_000


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("電話番号を教えてください", "電話番号"),
        ("返品 方法", "返品方法"),
        ("请问客服电话是多少", "客服电话是多少"),
        ("Could you please tell me about refunds?", "refunds?"),
        ("how to return an item", "how to return an item"),
        ("教えてください", "教えてください"),
        ("please", "please"),
    ],
)
def test_what_is_searched_is_the_question_without_its_polite_frame(question: str, searched: str) -> None:
    assert search_text(question) == searched


@given(st.text())
def test_a_question_with_a_letter_never_becomes_nothing(question: str) -> None:
    assert any(map(str.isalnum, search_text(question))) == any(map(str.isalnum, question))
