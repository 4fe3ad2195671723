"""Files that were made to hurt whoever reads them, each small on disk or quick to write."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

import docx

_MARKS = 50_000  # what takes the square of it in steps is not done within any limit here


def pdf(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, root, table)
    return bytes(out)


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(content), content)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _one_page(content: bytes, *more: bytes, resources: bytes = b"/Font << /F 5 0 R >>") -> bytes:
    """Object 4 is the page's content, 5 a font, more from 6."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << %b >> >>" % resources
    return pdf(_CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, content, _FONT, *more)


def _packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    return content


PDFS: Mapping[str, Callable[[], bytes]] = {
    "flate.pdf": lambda: _one_page(_stream(_packed(bytes(120_000_000)), b"/Filter /FlateDecode")),
    "flate-in-flate.pdf": lambda: _one_page(
        _stream(_packed(bytes(120_000_000), 2), b"/Filter [/FlateDecode /FlateDecode]")
    ),
    "run-length.pdf": lambda: _one_page(_stream(b"\x81A" * 1_000_000 + b"\x80", b"/Filter /RunLengthDecode")),
    "endless-drawing.pdf": lambda: _one_page(
        _stream(_packed(b"BT /F 9 Tf " + b"(a) Tj " * 4_000_000 + b"ET"), b"/Filter /FlateDecode")
    ),
    "pages-in-a-circle.pdf": lambda: pdf(
        _CATALOG,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>",
    ),
    "pages-in-depth.pdf": lambda: pdf(
        _CATALOG, *(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 3) for number in range(20_000)), b"null"
    ),
    "hundred-thousand-pages.pdf": lambda: pdf(
        _CATALOG,
        b"<< /Type /Pages /Kids [%b] /Count 100000 >>" % (b"3 0 R " * 100_000),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    ),
    "said-to-have-pages.pdf": lambda: pdf(_CATALOG, b"<< /Type /Pages /Kids [] /Count 999999999 >>"),
    "arrays-in-depth.pdf": lambda: _one_page(_stream(b"[" * _MARKS)),
    "objects-in-depth.pdf": lambda: pdf(_CATALOG, b"<< /Type /Pages /Kids " + b"[" * _MARKS),
    "form-in-itself.pdf": lambda: _one_page(
        _stream(b"/X Do"),
        _stream(
            b"/X Do /X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
        ),
        resources=b"/XObject << /X 6 0 R >>",
    ),
    "object-stream.pdf": lambda: pdf(
        b"<< /Type /Catalog /Pages 3 0 R >>",
        _stream(_packed(b"3 0 " * 1_000_000), b"/Type /ObjStm /N 99999999 /First 4000000 /Filter /FlateDecode"),
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>",
    ),
    "table-in-a-circle.pdf": lambda: (
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF\n"
    ),
    "character-map.pdf": lambda: _one_page(
        _stream(b"BT /F 9 Tf (a) Tj ET"),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /A /ToUnicode 7 0 R >>",
        _stream(b"1 beginbfrange\n<00000000> <ffffffff> <0041>\nendbfrange"),
        resources=b"/Font << /F 6 0 R >>",
    ),
}


def word(parts: Mapping[str, bytes]) -> bytes:
    """A Word document with these parts, file name → content, in place of its own or beside them."""
    plain = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("本文です。")
    document.save(plain)
    out = io.BytesIO()
    left = dict(parts)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(part.filename, left.pop(part.filename, source.read(part)))
        for name, content in left.items():
            target.writestr(name, content)
    return out.getvalue()


_W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word_body(document: bytes) -> bytes:
    return word({"word/document.xml": document})


def _body(content: bytes) -> bytes:
    return b"<w:document %b><w:body>%b</w:body></w:document>" % (_W, content)


def _paragraph(content: bytes) -> bytes:
    return b"<w:p><w:r><w:t>%b</w:t></w:r></w:p>" % content


def _laughs(system: bytes = b"") -> bytes:
    if system:
        return b'<!DOCTYPE a [<!ENTITY x SYSTEM "%b">]>' % system + _body(_paragraph(b"&x;"))
    entities = b"".join(b'<!ENTITY a%d "%b">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"ha") for n in range(12))
    return b"<!DOCTYPE a [%b]>" % entities + _body(_paragraph(b"&a11;"))


def _lying_about_size() -> bytes:
    """A part of 70 MB that the archive calls 100 bytes."""
    data = bytearray(word({_BOMB: bytes(70_000_000)}))
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(_BOMB.encode()))
    data[entry + 24 : entry + 28] = struct.pack("<I", 100)
    return bytes(data)


def _climbing() -> bytes:
    out = io.BytesIO(word({}))
    with zipfile.ZipFile(out, "a") as archive:
        for name in ("../climbed.md", "/tmp/climbed.md", "word/../../climbed.md", "..\\climbed.md"):
            archive.writestr(name, "外へ。")
    return out.getvalue()


_BOMB = "word/media/bomb"

WORDS: Mapping[str, Callable[[], bytes]] = {
    "unpacks-to-much.docx": lambda: word({_BOMB: bytes(100_000_000)}),
    "lies-about-its-size.docx": _lying_about_size,
    "archive-in-archive.docx": lambda: word({"a.docx": word({"a.docx": word({"bomb": bytes(60_000_000)})})}),
    "six-thousand-parts.docx": lambda: word({f"word/{number}": b"" for number in range(6_000)}),
    "climbing.docx": _climbing,
    "laughs.docx": lambda: word_body(_laughs()),
    "outside-entity.docx": lambda: word_body(_laughs(b"file:///etc/passwd")),
    "elements-in-depth.docx": lambda: word_body(_body(b"<w:p>" * _MARKS + b"</w:p>" * _MARKS)),
    "cell-over-a-billion-columns.docx": lambda: word_body(
        _body(
            b"<w:tbl><w:tblPr/><w:tblGrid/><w:tr><w:tc><w:tcPr><w:gridSpan w:val='1000000000'/></w:tcPr>%b</w:tc>"
            b"</w:tr></w:tbl>" % _paragraph(b"a")
        )
    ),
    "million-paragraphs.docx": lambda: word_body(_body(_paragraph(b"a") * 700_000)),
}

TEXTS: Mapping[str, str] = {
    "no-end": "あ" * _MARKS,
    "white-space": f"あ{' ' * _MARKS}い",
    "open-brackets": "「" * _MARKS,
    "nested-brackets": "「（" * (_MARKS // 4) + "）」" * (_MARKS // 4),
    "square-brackets": "[" * _MARKS,
    "half-links": "[a](b" * (_MARKS // 5),
    "bars": "|" * _MARKS,
    "wide-table": "|a" * (_MARKS // 8) + "|\n" + "|-" * (_MARKS // 8) + "|\n" + "|b" * (_MARKS // 8) + "|\n",
    "deep-quotation": "> " * (_MARKS // 2) + "a",
    "deep-list": "- " * (_MARKS // 2) + "a",
    "indented-list": "".join(f"{' ' * 2 * depth}- a\n" for depth in range(200)),
    "emphasis": "**a _b " * (_MARKS // 7),
    "backticks": " ".join("`" * count for count in range(1, 300)),
    "half-tags": "<a " * (_MARKS // 3),
    "half-comments": "<!--" * (_MARKS // 4),
    "full-stops": "A. " * (_MARKS // 3),
    "digits": "1" * _MARKS,
    "hashes": "#" * _MARKS,
    "long-heading": f"# {'あ' * (_MARKS // 2)}\n\n" + "い\n\n" * 1_000,
    "long-question": f"Q. {'あ' * (_MARKS // 2)}？\n\n" + "い。\n\n" * 1_000,
    "aliases": "---\na0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 99))
    + "---\nあ",
}  # fmt: skip

PAGES: Mapping[str, Callable[[], str]] = {
    "elements-in-depth.html": lambda: "<div>" * 20_000 + "あ",
    "lists-in-depth.html": lambda: "<ul><li>" * 5_000 + "あ",
    "tables-in-depth.html": lambda: "<table><tr><td>" * 5_000 + "あ",
    "wide-cells.html": lambda: "<table>" + "<tr>" + "<td colspan=50 rowspan=50>あ" * 200 + "<tr><td>い" * 200,
    "one-line-of-ten-megabytes.html": lambda: f"<p>{'a' * 10_000_000}",
    "laughs.html": lambda: (
        "<!DOCTYPE html ["
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
        + "]><p>本文です。&a11;"
    ),
    "outside-entity.html": lambda: (
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<html><body><p>本文です。&x;</p></body></html>"
    ),
}
