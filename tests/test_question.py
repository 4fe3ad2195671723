import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_support.errors import QuestionError
from rag_support.question import MAX_CHARS, clean_question

CONTROL = st.characters(categories=["Cc"], exclude_characters="\t\n\r")
BIDI_CHARACTERS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BIDI = st.sampled_from(BIDI_CHARACTERS)
HARMLESS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=BIDI_CHARACTERS)
TEXT = st.text(HARMLESS | st.sampled_from(" \t\n\r　電話？ｱｶﾞ"), max_size=300)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  電話番号は？ \n", "電話番号は?"),
        ("ＡＢＣ　ｶﾞｲﾄﾞ １２３", "ABC ガイド 123"),
        ("one\t\ttwo\r\nthree", "one two three"),
        ("か\u3099いど", "がいど"),
        ("㌔", "キロ"),
        ("a" * MAX_CHARS, "a" * MAX_CHARS),
    ],
)
def test_a_question_is_stripped_and_normalised(text: str, clean: str) -> None:
    assert clean_question(text) == clean


@given(TEXT)
def test_a_harmless_question_is_kept_as_its_normal_form(text: str) -> None:
    expected = " ".join(unicodedata.normalize("NFKC", text).split())
    if not expected or len(expected) > 2 * MAX_CHARS:
        with pytest.raises(QuestionError):
            clean_question(text)
    else:
        assert clean_question(text) == expected


@given(TEXT.filter(str.strip))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean_question(text)
    assert once == once.strip()
    assume(len(once) <= MAX_CHARS)
    assert clean_question(once) == once


@given(TEXT, CONTROL | BIDI | st.characters(categories=["Cs"]), TEXT)
def test_a_misleading_character_is_refused_wherever_it_stands(before: str, character: str, after: str) -> None:
    with pytest.raises(QuestionError) as caught:
        clean_question(before + character + after)
    assert character not in str(caught.value)


@given(st.text(" \t\r\n\u3000\u2003\u2028", max_size=MAX_CHARS))
def test_white_space_alone_is_no_question(text: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        clean_question(text)


@given(st.integers(1, 5 * MAX_CHARS))
def test_an_overlong_question_is_refused_with_its_length_and_the_limit(excess: int) -> None:
    with pytest.raises(QuestionError) as caught:
        clean_question("あ" * (MAX_CHARS + excess))
    assert f"{MAX_CHARS + excess} characters" in str(caught.value)
    assert str(MAX_CHARS) in str(caught.value)
    assert "あ" not in str(caught.value)


def test_a_question_that_unfolds_beyond_measure_is_refused() -> None:
    ligature = "\ufdfa"  # eighteen characters in NFKC
    assert len(clean_question(ligature)) == 18
    with pytest.raises(QuestionError, match="too long"):
        clean_question(ligature * 300)
