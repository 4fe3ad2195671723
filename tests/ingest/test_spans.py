from collections.abc import Mapping
from pathlib import Path

import pytest

from rag_support.ingest.readers import read_document
from rag_support.ingest.spans import MAX_HEADER_CHARS, MAX_SPAN_CHARS, block_spans, is_question, row_phrase
from rag_support.types import Span


def spans(folder: Path, text: str, english: Mapping[str, str] = {}) -> list[Span]:
    path = folder / "a.md"
    path.write_text(text, encoding="utf-8")
    document = read_document(path, "a.md")

    def translate(segment: str, language: str) -> str | None:
        return english.get(segment) if language == "en" else None

    return [span for block in document.blocks for span in block_spans(document.text, block, "ja", translate)]


@pytest.mark.parametrize(
    "text", ["返品できますか？", "「いつ届きますか？」", "Where is it?", "Really?) ", "（いつ？）"]
)
def test_a_question_asks(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["返品できます。", "「いつ？」と聞きます。", "a.example/?q=1", "？の印"])
def test_a_statement_does_not(text: str) -> None:
    assert not is_question(text)


def test_questions_are_told_from_statements_in_headings_sentences_and_notes(tmp_path: Path) -> None:
    blocks = [
        "# 返品できますか？",
        "いつまでですか？30日以内です。",
        "> 本は？本は14日です。",
        "## 期限",
        "1. 送ります。",
        "- 箱",
    ]
    text = "\n\n".join(blocks)
    assert [span.kind for span in spans(tmp_path, text)] == [
        *("question", "question", "sentence", "question", "note", "heading", "step", "item")
    ]


def test_a_span_reads_in_a_language_only_when_all_of_it_is_translated(tmp_path: Path) -> None:
    text = "- 箱に入れます。送ります。\n- 箱に入れます。待ちます。\n"
    english = {"箱に入れます。": "Box it.", "送ります。": "Send it."}
    whole, half = spans(tmp_path, text, english)
    assert whole.texts == {"ja": "箱に入れます。送ります。", "en": "Box it. Send it."}
    assert half.texts == {"ja": "箱に入れます。待ちます。"}


def test_white_space_inside_a_span_reads_as_one_space(tmp_path: Path) -> None:
    (span,) = spans(tmp_path, "Call us\nat any time.\n", {"Call us at any time.": "Call at any time."})
    assert (span.start, span.end) == (0, len("Call us\nat any time."))
    assert span.texts == {"ja": "Call us at any time.", "en": "Call at any time."}


TABLE = "| 商品 | 期限 | 送料 |\n| --- | --- | --- |\n| 本 | 14日 | 無料 |\n"
WORDS = {"商品": "item", "期限": "deadline", "送料": "postage", "本": "Books", "14日": "14 days", "無料": "free"}


def test_a_row_is_quoted_whole_and_reads_under_its_header(tmp_path: Path) -> None:
    (row,) = spans(tmp_path, TABLE, WORDS)
    assert TABLE[row.start : row.end].strip("| \n") == "本 | 14日 | 無料"
    assert row.texts == {"ja": "本（期限：14日、送料：無料）", "en": "Books (deadline: 14 days; postage: free)"}


@pytest.mark.parametrize("missing", ["期限", "14日"])
def test_a_row_needs_its_header_and_its_cells_translated(tmp_path: Path, missing: str) -> None:
    (row,) = spans(tmp_path, TABLE, {word: text for word, text in WORDS.items() if word != missing})
    assert set(row.texts) == {"ja"}


def test_an_empty_header_cell_needs_no_translation(tmp_path: Path) -> None:
    (row,) = spans(tmp_path, TABLE.replace("商品", "　　"), WORDS)
    assert row.texts["en"] == "Books (deadline: 14 days; postage: free)"
    (row,) = spans(tmp_path, TABLE.replace("送料", "　　"), WORDS)
    assert row.texts["en"] == "Books (deadline: 14 days; free)"


def test_a_header_that_is_no_name_is_not_repeated_in_each_row(tmp_path: Path) -> None:
    (row,) = spans(tmp_path, TABLE.replace("期限", "期" * MAX_HEADER_CHARS))
    assert row.texts == {"ja": "本、14日、無料"}


@pytest.mark.parametrize(
    ("cells", "header", "language", "phrase"),
    [
        (["本"], ["商品"], "ja", "本"),
        (["本", "14日"], ["商品", "期限"], "ja", "本：14日"),
        (["书", "14天", "免费"], ["商品", "期限", "运费"], "zh", "书（期限：14天；运费：免费）"),
        (["Books", "14 days"], [], "en", "Books: 14 days"),
        (["本", "14日", "無料"], [], "ja", "本、14日、無料"),
    ],
)
def test_a_row_as_a_phrase(cells: list[str], header: list[str], language: str, phrase: str) -> None:
    assert row_phrase(cells, header, language) == phrase


def test_what_is_too_long_to_quote_is_cut_at_gaps(tmp_path: Path) -> None:
    text = "長い文、" * MAX_SPAN_CHARS
    found = spans(tmp_path, text)
    assert "".join(span.texts["ja"] for span in found) == text
    assert all(span.texts["ja"].endswith("、") and len(span.texts["ja"]) <= MAX_SPAN_CHARS for span in found)


def test_what_is_too_long_and_has_no_gap_is_cut_anyway(tmp_path: Path) -> None:
    found = spans(tmp_path, "あ" * (2 * MAX_SPAN_CHARS + 1))
    assert [span.end - span.start for span in found] == [MAX_SPAN_CHARS, MAX_SPAN_CHARS, 1]


def test_code_stays_code_when_it_is_cut(tmp_path: Path) -> None:
    found = spans(tmp_path, f"```\n{'code; ' * MAX_SPAN_CHARS}\n```\n")
    assert {span.kind for span in found} == {"code"}


def test_a_number_under_a_number_does_not_read_as_a_time_of_day() -> None:
    assert row_phrase(["小人", "10", "30"], ["区分", "1", "2月"], "ja") == "小人（1 = 10、2月：30）"
