"""Word documents (.docx) to Markdown: headings by style, lists by numbering, tables, in the order of the body.

The archive is judged before the library opens it: its parts, their unpacked size, and that no part declares entities.
Left out on purpose: page headers and footers, foot notes, comments, deleted text, pictures.
"""

import io
import re
import warnings
import zipfile
from collections import defaultdict
from typing import Any

from rag_support.errors import DocumentError
from rag_support.ingest.extracted import Extracted, MarkdownWriter, clean

MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_MAX_RATIO = 200
_RATIO_MATTERS_BYTES = 4 * 1024 * 1024
_MAX_PARTS = 5_000
_HEADING = re.compile(r"(?:heading|見出し|标题|標題)\s*(\d)", re.IGNORECASE)
_TITLES = frozenset({"title", "表題", "标题", "標題"})
_QUOTES = frozenset({"quote", "intense quote", "引用文", "引用文 2"})
_AGAIN = "Open it in Word and save it again as .docx."


def extract_docx(data: bytes, doc_id: str) -> Extracted:
    """The document as Markdown. Raises DocumentError when it is not a sound .docx file."""
    _check_archive(data, doc_id)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import docx  # lxml and its schemas take a third of a second to load

            document = docx.Document(io.BytesIO(data))
            writer = MarkdownWriter()
            _Body(writer, document).walk(document)
            title = clean(document.core_properties.title or "")
    except MemoryError:
        raise
    except Exception as error:  # python-docx lets lxml's, zipfile's and its own errors through
        problem = f"The Word document is damaged ({type(error).__name__})."
        raise DocumentError(doc_id, problem, _AGAIN) from None
    return Extracted(writer.text(), "" if title.lower() == "word document" else title)


def _check_archive(data: bytes, doc_id: str) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        problem = "This is an old .doc file or a .docx with a password."
        raise DocumentError(doc_id, problem, "Save it from Word as .docx without a password.")
    if not data.startswith(b"PK"):
        raise DocumentError(
            doc_id, "The content is not a Word document.", "Correct the file's ending, or save it as .docx."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_sizes(parts, len(data), doc_id)
            names = {part.filename for part in parts}
            if not {"[Content_Types].xml", "_rels/.rels"} <= names:
                mend = "Unpack it, or save the document again as .docx."
                raise DocumentError(doc_id, "This is a ZIP archive, not a Word document.", mend)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and _declares_entities(archive.read(part)):
                    raise DocumentError(doc_id, "A part of it declares XML entities, which Word never writes.", _AGAIN)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib and lzma raise many kinds on a damaged archive
        problem = f"The Word document is cut off or damaged ({type(error).__name__})."
        raise DocumentError(doc_id, problem, "Copy the file again, or save it again from Word.") from None


def _check_sizes(parts: list[zipfile.ZipInfo], packed_bytes: int, doc_id: str) -> None:
    # zipfile never unpacks more than the size an entry states, so the stated sizes are a safe bound.
    unpacked = sum(part.file_size for part in parts)
    mend = "Take the pictures out, or split the document."
    if unpacked > MAX_UNPACKED_BYTES or len(parts) > _MAX_PARTS:
        problem = f"It unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB or {_MAX_PARTS:,} parts."
        raise DocumentError(doc_id, problem, mend)
    if unpacked > _RATIO_MATTERS_BYTES and unpacked > _MAX_RATIO * packed_bytes:
        problem = f"It unpacks to {unpacked // packed_bytes:,} times its size, as only made-up files do."
        raise DocumentError(doc_id, problem, mend)


def _declares_entities(part: bytes) -> bool:
    encodings = (
        ("utf-16-le", "utf-16-be") if part[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in part[:8] else ("ascii",)
    )
    return any(mark.encode(name) in part for mark in ("<!DOCTYPE", "<!ENTITY") for name in encodings)


class _Body:
    """python-docx is not typed for what we read, so its objects are Any here and nowhere else."""

    def __init__(self, writer: MarkdownWriter, document: Any) -> None:
        self.writer = writer
        self.formats = _number_formats(document)
        self.counts: defaultdict[tuple[str, int], int] = defaultdict(int)

    def walk(self, container: Any) -> None:
        from docx.table import Table

        for block in container.iter_inner_content():
            if isinstance(block, Table):
                self.table(block)
            else:
                self.paragraph(block)

    def table(self, table: Any) -> None:
        rows = []
        for row in table.rows:
            cells = []
            previous = None
            for cell in row.cells:  # a merged cell comes once for each column it covers
                cells.append(_words(cell._tc) if cell._tc is not previous else "")
                previous = cell._tc
            rows.append(cells)
        self.writer.table(rows, has_header=len(rows) > 1)

    def paragraph(self, paragraph: Any) -> None:
        words = _words(paragraph._p)
        style = (paragraph.style.name or "") if paragraph.style is not None else ""
        if heading := _HEADING.match(style):
            self.writer.heading(int(heading[1]), words)
        elif style.lower() in _TITLES:
            self.writer.heading(1, words)
        elif style.lower() in _QUOTES:
            self.writer.note(words)
        elif (numbering := self.numbering(paragraph)) or style.lower().startswith("list "):
            name, depth, is_step = numbering or (style, 0, "number" in style.lower())
            self.item(words, name, depth, is_step)
        else:
            if clean(words):
                self.counts.clear()
            for line in words.split("\n"):
                self.writer.paragraph(line)

    def item(self, words: str, name: str, depth: int, is_step: bool) -> None:
        if not clean(words):
            return
        self.counts[name, depth] += 1
        for key in [key for key in self.counts if key[0] == name and key[1] > depth]:
            del self.counts[key]
        self.writer.item(words, depth, self.counts[name, depth] if is_step else 0)

    def numbering(self, paragraph: Any) -> tuple[str, int, bool] | None:
        """List, depth and whether it counts; from the paragraph itself or from its style."""
        for holder in (paragraph._p.pPr, getattr(getattr(paragraph.style, "element", None), "pPr", None)):
            numbers = getattr(holder, "numPr", None)
            if numbers is not None and numbers.numId is not None and numbers.numId.val:
                depth = int(numbers.ilvl.val) if numbers.ilvl is not None else 0
                name = str(numbers.numId.val)
                return name, depth, self.formats.get((name, depth), "bullet") not in ("bullet", "none")
        return None


def _number_formats(document: Any) -> dict[tuple[str, int], str]:
    """(list, depth) → "bullet", "decimal", …"""
    from docx.oxml.ns import qn

    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError):
        return {}
    levels = {
        abstract.get(qn("w:abstractNumId")): {
            int(level.get(qn("w:ilvl")) or 0): level.find(qn("w:numFmt")).get(qn("w:val"))
            for level in abstract.findall(qn("w:lvl"))
            if level.find(qn("w:numFmt")) is not None
        }
        for abstract in root.findall(qn("w:abstractNum"))
    }
    formats = {}
    for number in root.findall(qn("w:num")):
        reference = number.find(qn("w:abstractNumId"))
        for depth, name in levels.get(reference.get(qn("w:val")) if reference is not None else "", {}).items():
            formats[str(number.get(qn("w:numId"))), depth] = str(name)
    return formats


def _words(element: Any) -> str:
    """Text below an element. Deleted text is in other elements; a fallback repeats what stands before it."""
    pieces: list[str] = []
    pending = [element]
    while pending:
        node = pending.pop()
        name = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
        if name in ("Fallback", "rt", "footnoteReference", "del", "instrText"):
            continue
        if name == "t":
            pieces.append(node.text or "")
        elif name in ("tab", "br", "cr") and node is not element:
            pieces.append(" " if name == "tab" else "\n")
        elif name == "p" and pieces and node is not element:
            pieces.append("\n")
        elif name == "noBreakHyphen":
            pieces.append("-")
        if name != "pPr":  # its tab stops are no tabs
            pending.extend(reversed(node))
    return "".join(pieces)
