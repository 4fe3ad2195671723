import time

import pytest
from blocks import assert_contract, contents, header, headings, words
from hypothesis import given
from hypothesis import strategies as st

from rag_support.ingest.line_shapes import LONGEST_HEADING_CHARS
from rag_support.ingest.markdown import markdown_blocks

GUIDE = """# 電話での問い合わせ

電話は便利です。すぐに話せます。

## かけ方

1. 番号を調べます。
2. 電話をかけます。二回目は待ちます。

- 会員番号
- 注文番号

| 窓口 | 時間 |
| --- | --- |
| 代表 | 9:00〜18:00 |

> 注意：番号を確かめてください。

## 料金

無料です。
"""


def test_every_kind_of_block_of_the_guide() -> None:
    assert contents(GUIDE, markdown_blocks(GUIDE)) == [
        ("heading", "電話での問い合わせ"),
        ("paragraph", "電話は便利です。|すぐに話せます。"),
        ("heading", "かけ方"),
        ("step", "番号を調べます。"),
        ("step", "電話をかけます。|二回目は待ちます。"),
        ("item", "会員番号"),
        ("item", "注文番号"),
        ("row", "代表|9:00〜18:00"),
        ("note", "注意：番号を確かめてください。"),
        ("heading", "料金"),
        ("paragraph", "無料です。"),
    ]


def test_heading_paths_steps_groups_and_header() -> None:
    blocks = markdown_blocks(GUIDE)
    assert headings(blocks) == [
        ("電話での問い合わせ",),
        ("電話での問い合わせ", "かけ方"),
        ("電話での問い合わせ", "料金"),
    ]
    assert [block.number for block in blocks if block.kind == "step"] == [1, 2]
    assert [block.group for block in blocks] == [-1, -1, -1, 0, 0, 1, 1, 2, -1, -1, -1]
    row = next(block for block in blocks if block.kind == "row")
    assert header(GUIDE, row) == ["窓口", "時間"]
    assert GUIDE[row.start : row.end] == "| 代表 | 9:00〜18:00 |"


def test_a_blank_cell_takes_its_header_away_too() -> None:
    text = "| 館 | 平日 | 土曜 |\n|--|--|--|\n| 北 |  | 10時 |\n"
    (row,) = markdown_blocks(text)
    assert words(text, row) == ["北", "10時"]
    assert header(text, row) == ["館", "土曜"]


def test_an_unnamed_column_has_an_empty_header_cell() -> None:
    text = "|  | 平日 |\n|--|--|\n| 北 | 9時 |\n"
    (row,) = markdown_blocks(text)
    assert header(text, row) == ["", "平日"]


def test_a_table_with_a_blank_header_has_none() -> None:
    text = "|  |  |\n|--|--|\n| 電話 | 03 |\n"
    (row,) = markdown_blocks(text)
    assert (words(text, row), row.header) == (["電話", "03"], ())


def test_a_bar_written_with_a_backslash_stays_in_its_cell() -> None:
    text = "| a | b |\n|--|--|\n| x\\|y | z |\n"
    assert words(text, markdown_blocks(text)[0]) == ["x\\|y", "z"]


def test_each_line_of_a_quotation_is_its_own_sentence() -> None:
    text = "> 一行目\n> 二行目。三つ目\n"
    (note,) = markdown_blocks(text)
    assert words(text, note) == ["一行目", "二行目。", "三つ目"]
    assert text[note.start : note.end] == "一行目\n> 二行目。三つ目"


def test_nested_lists_share_the_group_of_the_outermost() -> None:
    text = "1. 用意する\n   - 鉛筆\n   - 紙\n2. 書く\n"
    blocks = markdown_blocks(text)
    assert [(block.kind, block.number, block.group) for block in blocks] == [
        ("step", 1, 0), ("item", 0, 0), ("item", 0, 0), ("step", 2, 0),
    ]  # fmt: skip


def test_a_rule_right_below_a_paragraph_makes_no_heading_of_it() -> None:
    text = "これは本文です。\n---\n次の段落。\n"
    assert [kind for kind, _ in contents(text, markdown_blocks(text))] == ["paragraph", "paragraph"]
    assert contents("題名\n===\n", markdown_blocks("題名\n===\n")) == [("heading", "題名")]


def test_a_hard_break_ends_a_sentence() -> None:
    text = "住所 東京都  \n電話 03\n"
    assert words(text, markdown_blocks(text)[0]) == ["住所 東京都", "電話 03"]


def test_code_is_one_segment_and_indented_text_is_no_code() -> None:
    text = "```sh\nls\n\nfoo\n```\n\n    字下げした文。\n"
    assert contents(text, markdown_blocks(text)) == [("code", "ls\n\nfoo"), ("paragraph", "字下げした文。")]


def test_comments_are_left_out_and_words_between_tags_stay() -> None:
    text = "<!-- 作業中 -->\n\n<div>\nお知らせです。\n</div>\n"
    assert contents(text, markdown_blocks(text)) == [("paragraph", "お知らせです。")]


def test_an_escaped_mark_is_text_without_its_backslash() -> None:
    text = "\\# 番号\n"
    assert contents(text, markdown_blocks(text)) == [("paragraph", "# 番号")]


def test_task_marks_are_no_words() -> None:
    text = "- [x] 済んだこと\n- [ ] まだ\n"
    assert contents(text, markdown_blocks(text)) == [("item", "済んだこと"), ("item", "まだ")]


MARKS = st.sampled_from(
    [*"#>-*+|`~=_[]()<>!\\ \t\n　。？「」：1.0aあ漢\u2028\x0b\x85", "\n\n", "\n> ", "\n- ", "1. ", "|-|", "---"]
)


@given(st.lists(MARKS, max_size=60).map("".join) | st.text(max_size=200))
def test_any_text_gives_blocks_that_keep_the_contract(text: str) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert_contract(text, markdown_blocks(text))


@pytest.mark.parametrize(
    "unit", ["[", "> ", "|", "- ", "```\n", "<!--", "<a", "(", "「", "> a\n", "|a|b|\n", "a|b\n-|-\n"]
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    began = time.perf_counter()
    assert_contract(text, markdown_blocks(text))
    # A quadratic step takes a minute at this size; half a second is usual, the rest is for a busy machine.
    assert time.perf_counter() - began < 12


def test_a_line_too_long_to_head_anything_is_running_text() -> None:
    text = f"# {'あ' * LONGEST_HEADING_CHARS}い\n\n本文です。\n"
    assert [block.kind for block in markdown_blocks(text)] == ["paragraph", "paragraph"]
    assert markdown_blocks(text.replace("い", "").replace("あ", "", 1))[0].kind == "heading"
