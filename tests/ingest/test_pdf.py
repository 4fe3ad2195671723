import io
import warnings
from contextlib import suppress
from pathlib import Path

import pypdf
import pytest
from blocks import assert_contract, contents, headings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from rag_support.errors import DocumentError
from rag_support.ingest import pdf as reader
from rag_support.ingest.pdf import extract_pdf
from rag_support.ingest.plain_text import plain_text_blocks
from rag_support.ingest.readers import read_document

PAGES = [
    ["返品について", "返品は商品が届いてから14日以内にお申し込みください。", "送料は当店が負担します。"],
    ["交換について", "交換は在庫がある場合に限ります。", "・サイズの交換", "・色の交換"],
    ["返金について", "返金は5営業日以内に行います。"],
]


def written(pages: list[list[str]], head: str = "", title: str = "") -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
        canvas = Canvas(buffer)
        canvas.setTitle(title or "untitled")
        for number, lines in enumerate(pages, start=1):
            canvas.setFont("HeiseiMin-W3", 11)
            for row, line in enumerate([head, *lines, f"- {number} -"] if head else lines):
                canvas.drawString(60, 780 - 24 * row, line)
            canvas.showPage()
        canvas.save()
    return buffer.getvalue()


def test_text_of_all_pages_with_its_structure() -> None:
    text = extract_pdf(written(PAGES), "a.pdf").text
    blocks = plain_text_blocks(text)
    assert_contract(text, blocks)
    assert [path[-1] for path in headings(blocks)] == ["返品について", "交換について", "返金について"]
    assert ("item", "サイズの交換") in contents(text, blocks)
    assert "返金は5営業日以内に行います。" in text


def test_running_heads_and_page_numbers_are_dropped() -> None:
    text = extract_pdf(written(PAGES, head="ことり商店 利用規約"), "a.pdf").text
    assert "利用規約" not in text
    assert "- 2 -" not in text
    assert "交換について" in text


def test_title_comes_from_the_first_heading_or_the_metadata(tmp_path: Path) -> None:
    for name, pages, title, expected in (
        ("a.pdf", [["本文だけの文書です。"]], "商店の案内", "商店の案内"),
        ("b.pdf", [["本文だけの文書です。"]], "untitled", "b"),
        ("c.pdf", PAGES, "商店の案内", "返品について"),
    ):
        (tmp_path / name).write_bytes(written(pages, title=title))
        assert read_document(tmp_path / name, name).title == expected


def test_a_locked_pdf_is_refused_and_one_without_user_password_is_read() -> None:
    for password, readable in (("geheim", False), ("", True)):
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(written(PAGES)))
        writer.encrypt(password, "owner", algorithm="AES-256")
        buffer = io.BytesIO()
        writer.write(buffer)
        if readable:
            assert "返品" in extract_pdf(buffer.getvalue(), "a.pdf").text
        else:
            with pytest.raises(DocumentError, match="password"):
                extract_pdf(buffer.getvalue(), "a.pdf")


def test_a_pdf_without_pages_is_refused() -> None:
    buffer = io.BytesIO()
    pypdf.PdfWriter().write(buffer)
    with pytest.raises(DocumentError, match="no pages"):
        extract_pdf(buffer.getvalue(), "a.pdf")


def test_a_scan_is_named_as_such() -> None:
    with pytest.raises(DocumentError, match="scan"):
        extract_pdf(written([[]]), "a.pdf")


def test_truncated_and_damaged_files_never_leak_another_error() -> None:
    data = written(PAGES)
    for at in range(0, len(data), len(data) // 40):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            with suppress(DocumentError):
                extract_pdf(damaged, "a.pdf")


def test_too_many_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_PAGES", 2)
    with pytest.raises(DocumentError, match="pages"):
        extract_pdf(written(PAGES), "a.pdf")
