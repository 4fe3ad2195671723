from hypothesis import given
from hypothesis import strategies as st

from rag_support.answering.statements import Statement, as_stated, plain_text, statements_of
from rag_support.types import Citation, Draft


def test_a_statement_ends_in_the_numbers_of_its_citations() -> None:
    assert statements_of("電話は24時間です。 [1] 返品は30日以内です。[2][13] チャットもあります。 [2] [3]") == [
        Statement("電話は24時間です。", (1,)),
        Statement("返品は30日以内です。", (2, 13)),
        Statement("チャットもあります。", (2, 3)),
    ]


def test_what_stands_after_the_last_marker_cites_nothing() -> None:
    assert statements_of("Open 24 hours. [1] Also on Sundays.")[1] == Statement("Also on Sundays.", ())


def test_a_line_end_closes_a_statement() -> None:
    assert statements_of("次のとおりです。\n電話は24時間です。 [1]") == [
        Statement("次のとおりです。", ()),
        Statement("電話は24時間です。", (1,)),
    ]


def test_list_marks_are_no_part_of_a_statement() -> None:
    answer = "- 電話 [1]\n・ チャット [2]\n1. Log in. [3]\n12) Press 0. [4]\n  * mail [5]"
    assert [statement.text for statement in statements_of(answer)] == [
        "電話",
        "チャット",
        "Log in.",
        "Press 0.",
        "mail",
    ]


def test_a_value_at_the_beginning_of_a_line_is_no_list_mark() -> None:
    values = ["24 hours", "9:00〜17:00", "10.5 %", "-5", "2024. gada"]
    assert [statement.text for statement in statements_of("\n".join(values))] == values


def test_no_text_is_no_statement() -> None:
    assert statements_of("") == statements_of(" \n\n ") == statements_of("[1][2]") == []


def test_plain_text_is_the_answer_without_marks_and_numbers() -> None:
    answer = "電話は24時間です。 [1]\n\n1. ログインします。 [2]\n2. 「電話」を選びます。 [3]"
    assert plain_text(statements_of(answer)) == "電話は24時間です。\nログインします。\n「電話」を選びます。"


def citation(number: int) -> Citation:
    return Citation(number, f"c{number}", "guide.md", (), "電話", 0, 2, None, True)


@given(
    st.lists(st.sampled_from(["電話は24時間です。", " ", "\n", "[1]", "[2]", "[2][1]", "- ", "Call us.", "[", "[x]"]))
)
def test_a_draft_told_statement_by_statement_is_the_draft(pieces: list[str]) -> None:
    draft = Draft("".join(pieces), 1.0, (citation(1), citation(2)))
    assert "".join(stated.text for stated in as_stated(draft)) == draft.text


def test_a_statement_brings_the_citations_that_it_is_the_first_to_use() -> None:
    draft = Draft("A. [2] B. [1][2] C. [1]\nMore.", 1.0, (citation(1), citation(2)))
    told = [(stated.text, [found.number for found in stated.citations]) for stated in as_stated(draft)]
    assert told == [("A. [2]", [2]), (" B. [1][2]", [1]), (" C. [1]", []), ("\nMore.", [])]
