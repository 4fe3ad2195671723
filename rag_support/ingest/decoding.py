"""Bytes of a text file to text: UTF-8 or a DocumentError that names the encoding it probably is.

Only the byte-order mark and the kind of line ends are changed. Bidirectional controls, zero-width characters and other
invisible marks are left as they stand: they come along when a telephone number is copied from an address book, and a
quotation must equal the source. NUL is refused, it means binary content.
"""

from rag_support.errors import DocumentError

_MAGIC = {
    b"%PDF-": ("a PDF file", "pdf"),
    b"PK\x03\x04": ("a ZIP archive (a Word file is one)", "docx"),
    b"\x89PNG": ("a PNG image", "png"),
    b"\xff\xd8\xff": ("a JPEG image", "jpg"),
    b"GIF8": ("a GIF image", "gif"),
    b"\xd0\xcf\x11\xe0": ("an old Word, Excel or PowerPoint file", "doc"),
    b"{\\rtf": ("an RTF file", "rtf"),
    b"\x1f\x8b": ("a gzip file", "gz"),
}
_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_AS_BROWSERS_DO = {"shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "gb2312": "gb18030"}
_SNIFFED_BYTES = 65_536
_NAMES = {"cp932": "Shift_JIS", "shift_jis_2004": "Shift_JIS", "euc_jis_2004": "EUC-JP", "euc_jisx0213": "EUC-JP"}


def decode(data: bytes, doc_id: str, declared: str = "") -> str:
    """The file's text, its lines ended by LF, without byte-order mark. Raises DocumentError when it is not UTF-8 text.

    `declared` is an encoding that the file itself names (HTML does); it is tried when UTF-8 fails.
    """
    for magic, (kind, suffix) in _MAGIC.items():
        if data.startswith(magic):
            mend = f"Rename it to end in .{suffix}." if suffix in ("pdf", "docx") else "Save it as text, PDF or .docx."
            raise DocumentError(doc_id, f"The content is {kind}, not text.", mend)
    for bom, name in _BOMS.items():
        if data.startswith(bom):
            raise _not_utf8(doc_id, name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            # cp932 is what every browser reads for Shift_JIS
            text = data.decode(_AS_BROWSERS_DO.get(declared.lower(), declared) or "utf-8")
        except (UnicodeError, LookupError):
            raise _not_utf8(doc_id, _likely_encoding(data)) from None
    if "\x00" in text:
        if text.count("\x00") > len(text) // 4:
            raise _not_utf8(doc_id, "UTF-16 or UTF-32")
        raise DocumentError(doc_id, "The file holds NUL characters, so it is not plain text.", "Save it as UTF-8 text.")
    # An escape sequence: ISO-2022-JP is pure ASCII to a UTF-8 decoder.
    if ("\x1b$B" in text or "\x1b$@" in text) and declared.lower() == "iso-2022-jp":
        text = data.decode("iso2022_jp", errors="replace")
    elif "\x1b$B" in text or "\x1b$@" in text:
        raise _not_utf8(doc_id, "ISO-2022-JP")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(doc_id: str, encoding: str) -> DocumentError:
    guess = f" (it looks like {encoding})" if encoding else ""
    return DocumentError(doc_id, f"The file is not UTF-8 text{guess}.", "Save it again with the encoding UTF-8.")


def _likely_encoding(data: bytes) -> str:
    """Best guess at the encoding, "" when nothing fits."""
    # charset-normalizer looks at chunks and may mistake short Japanese texts; one of these decoding without a single
    # error to mostly kana and kanji is the stronger evidence.
    for name in ("cp932", "euc_jp"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        letters = [c for c in text if ord(c) > 127]
        kana = sum("\u3041" <= c <= "\u30ff" for c in letters)
        if letters and kana * 5 >= len(letters):
            return {"cp932": "Shift_JIS", "euc_jp": "EUC-JP"}[name]
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SNIFFED_BYTES]).best()
    return _NAMES.get(best.encoding, best.encoding) if best else ""
