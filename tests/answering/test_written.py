"""A model's text → statements with their evidence numbers, in however many pieces it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.answering.written import Splitter, Written


def statements(*pieces: str) -> list[Written]:
    splitter = Splitter()
    return [*(written for piece in pieces for written in splitter.feed(piece)), *splitter.end()]


def told(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(written.text, written.citations) for written in statements(text)]


@pytest.mark.parametrize(
    "marked",
    [
        "受付は平日です。[1][2]",
        "受付は平日です。 [1] [2]",
        "受付は平日です。[1, 2]",
        "受付は平日です。[1、2]",
        "受付は平日です。【1】【2】",
        "受付は平日です。［１］［２］",
        "受付は平日です[1][2]。",
        "受付は平日です [1,2]。",
        "受付は平日です。[1][2][1]",
        "**受付は平日です。**[1][2]",
    ],
)
def test_markers_are_read_however_they_are_written(marked):
    assert told(marked) == [("受付は平日です。", (1, 2))]


def test_each_sentence_of_a_paragraph_is_a_statement():
    assert told("電話は0120-111-222です。[1] 受付は9:00です。[2][3]送料は500円です。") == [
        ("電話は0120-111-222です。", (1,)),
        ("受付は9:00です。", (2, 3)),
        ("送料は500円です。", ()),
    ]


def test_marker_before_the_stop_belongs_to_the_sentence_that_ends():
    assert told("電話は0120-111-222です[1]。受付は9:00です[2]。") == [
        ("電話は0120-111-222です。", (1,)),
        ("受付は9:00です。", (2,)),
    ]


def test_english_sentences_end_where_a_sentence_ends():
    assert told("Call No. 5 at 9 a.m. or later.[1] Delivery costs 1.5 dollars. [2]") == [
        ("Call No. 5 at 9 a.m. or later.", (1,)),
        ("Delivery costs 1.5 dollars.", (2,)),
    ]


def test_markers_within_a_sentence_belong_to_it():
    assert told("Phones are open 24 hours [1] and emails are read at night [2].") == [
        ("Phones are open 24 hours and emails are read at night.", (1, 2))
    ]


@pytest.mark.parametrize(
    ("line", "mark", "text"),
    [
        ("1. 注文履歴を開きます。[1]", "1. ", "注文履歴を開きます。"),
        ("2) 注文履歴を開きます。[1]", "2. ", "注文履歴を開きます。"),
        ("３．注文履歴を開きます。[1]", "3. ", "注文履歴を開きます。"),
        ("- 注文履歴を開きます。[1]", "- ", "注文履歴を開きます。"),
        ("* 注文履歴を開きます。[1]", "- ", "注文履歴を開きます。"),
        ("・注文履歴を開きます。[1]", "- ", "注文履歴を開きます。"),
        ("## 注文履歴 [1]", "", "注文履歴"),
        ("1.5時間かかります。[1]", "", "1.5時間かかります。"),
    ],
)
def test_list_marks_are_told_apart_from_the_text(line, mark, text):
    [written] = statements(line)
    assert (written.mark, written.text, written.citations) == (mark, text, (1,))


def test_lines_are_numbered_and_a_paragraph_shares_one():
    written = statements("A です。[1] B です。[2]\n1. C です。[3]\n2. D です。[4]")
    assert [one.line for one in written] == [0, 0, 1, 2]
    assert [one.is_step for one in written] == [False, False, True, True]


@pytest.mark.parametrize("tail", ["電話は0120-11", "電話は0120-111-222で", "Phones [1] are open until 9", "- 電話は"])
def test_a_sentence_without_an_end_is_left_out(tail):
    assert told(f"受付は平日です。[1]\n{tail}") == [("受付は平日です。", (1,))]


def test_lone_marks_are_no_statement():
    assert told("[1]\n- \n1. \n") == []


def test_what_is_thought_before_the_answer_is_left_out():
    assert told("<think>\n電話は9:00。[1]\n</think>\n\n受付は平日です。[2]") == [("受付は平日です。", (2,))]
    assert told("<think>それは長い話で。[1]") == []


TEXTS = st.lists(
    st.sampled_from(
        ["受付は9:00です", "（平日。のみ）", "「はい。」", "電話は0120-111-222", "。", "。", "[1]", "[2, 3]", "【4】",
         " ", "\n", "1. ", "- ", ". ", "No. 5", "a.m.", "Open", "[", "]", "？", "<think>", "</think>", "**"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(TEXTS, st.integers(1, 9))
def test_pieces_make_no_difference(text, size):
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert statements(*pieces) == statements(text)


def test_a_statement_is_told_as_soon_as_the_next_has_begun():
    splitter = Splitter()
    assert list(splitter.feed("受付は平日です。[1]")) == []
    assert list(splitter.feed(" [2]")) == []
    assert [(one.text, one.citations) for one in splitter.feed("電話")] == [("受付は平日です。", (1, 2))]
