import io
import zipfile
from collections.abc import Callable
from contextlib import suppress

import docx
import pytest
from blocks import assert_contract, contents, header

from rag_support.errors import DocumentError
from rag_support.ingest import docx as reader
from rag_support.ingest.docx import extract_docx
from rag_support.ingest.markdown import markdown_blocks


def written() -> bytes:
    document = docx.Document()
    document.core_properties.title = "返品の案内"
    document.sections[0].header.paragraphs[0].text = "社外秘"
    document.add_heading("返品について", 1)
    document.add_paragraph("返品できます。送料は無料です。")
    document.add_paragraph("注文番号", style="List Bullet")
    document.add_paragraph("商品", style="List Bullet")
    document.add_paragraph("申し込む。", style="List Number")
    document.add_paragraph("送る。", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(table._cells, ["品", "期限", "本", "14日"], strict=True):
        cell.text = words
    document.add_heading("交換", 2)
    document.add_paragraph("# 番号から始まる文。")
    return saved(document)


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return buffer.getvalue()


def test_structure_of_a_word_document() -> None:
    extracted = extract_docx(written(), "a.docx")
    blocks = markdown_blocks(extracted.text)
    assert_contract(extracted.text, blocks)
    assert extracted.title == "返品の案内"
    assert contents(extracted.text, blocks) == [
        ("heading", "返品について"),
        ("paragraph", "返品できます。|送料は無料です。"),
        ("item", "注文番号"),
        ("item", "商品"),
        ("step", "申し込む。"),
        ("step", "送る。"),
        ("row", "本|14日"),
        ("heading", "交換"),
        ("paragraph", "# 番号から始まる文。"),
    ]
    row = next(block for block in blocks if block.kind == "row")
    assert header(extracted.text, row) == ["品", "期限"]
    assert [block.number for block in blocks if block.kind == "step"] == [1, 2]


def test_every_truncation_is_refused() -> None:
    data = written()
    for length in range(10, len(data) - 1, len(data) // 12):
        with pytest.raises(DocumentError):
            extract_docx(data[:length], "a.docx")


def test_flipped_bytes_never_leak_another_error() -> None:
    data = written()
    for at in range(0, len(data), len(data) // 60):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        with suppress(DocumentError):
            extract_docx(damaged, "a.docx")


def test_a_zip_bomb_is_refused_before_it_is_opened() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"")
        archive.writestr("word/document.xml", bytes(8 * 2**20))
    with pytest.raises(DocumentError, match="times its size"):
        extract_docx(bomb.getvalue(), "a.docx")


def test_an_archive_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_UNPACKED_BYTES", 2**10)
    with pytest.raises(DocumentError, match="unpacks to more"):
        extract_docx(written(), "a.docx")


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]><a>&d;</a>'

    def put_bomb(name: str, content: bytes) -> bytes:
        return bomb if name == "word/document.xml" else content

    with pytest.raises(DocumentError, match="entities"):
        extract_docx(rewritten(written(), put_bomb), "a.docx")


def test_a_part_that_is_no_xml_is_refused() -> None:
    with pytest.raises(DocumentError, match="damaged"):
        extract_docx(
            rewritten(written(), lambda name, content: b"<a" if name == "word/document.xml" else content), "a.docx"
        )


def test_an_old_word_file_is_named() -> None:
    with pytest.raises(DocumentError, match=r"old \.doc"):
        extract_docx(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "a.docx")
