from rag_support.answering.footnotes import footnotes
from rag_support.types import Citation


def test_each_citation_is_a_paragraph_with_its_place_below_the_title_and_its_quote() -> None:
    phone = Citation(1, "c1", "guide/phone.md", ("電話の案内", "番号", "会員"), "0120-111-222です。", 5, 18, None, True)
    notes = Citation(2, "c2", "notes.txt", ("配送",), "500円です。", 0, 6, "500 yen.", True)
    assert footnotes([phone, notes]) == (
        "[1] guide/phone.md › 番号 › 会員\n    0120-111-222です。\n\n[2] notes.txt › 配送\n    500円です。"
    )


def test_no_citation_is_no_text() -> None:
    assert footnotes([]) == ""
