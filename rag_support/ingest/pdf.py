"""PDF to plain text, page by page; plain_text.py then finds its structure by shape.

Lines that repeat at the edge of most pages (running heads, page numbers) are dropped. Left out on purpose: optical
character recognition, forms, annotations.
"""

import io
import logging
import re
import unicodedata
import warnings
from collections import Counter

from rag_support.errors import DocumentError
from rag_support.ingest.extracted import Extracted, clean
from rag_support.ingest.line_shapes import columns_of, ends_sentence

MAX_PAGES = 2_000
_EDGE_LINES = 2
_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:p\.?\s*)?\d{1,4}(?:\s*[/／]\s*\d{1,4})?[-–—\s]*(?:ページ|頁)?$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_BETWEEN_CJK = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff、。]) (?=[\u3040-\u30ff\u3400-\u9fff、。「」])")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_RADICALS = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff]")  # many PDF fonts map 日 to the radical ⽇
_NO_TITLE = re.compile(r"^(?:microsoft word|untitled|無題|\(anonymous\))|\.(?:docx?|indd|pptx?|xlsx?)$", re.IGNORECASE)


def extract_pdf(data: bytes, doc_id: str) -> Extracted:
    """The text of all pages. Raises DocumentError when there is none, or the file is locked or damaged."""
    if b"%PDF-" not in data[:1024]:
        raise DocumentError(
            doc_id, "The content is not a PDF file.", "Correct the file's ending, or export it as PDF again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            title, pages = _pages(data, doc_id)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:  # pypdf raises some twenty kinds on damaged files
        problem = f"The PDF is cut off or damaged ({type(error).__name__})."
        raise DocumentError(doc_id, problem, "Copy the file again, or export it again from its source.") from None
    text = _joined(_without_edges([page.split("\n") for page in pages]))
    if not text.strip():
        problem = "The PDF has no text, only pictures (it is probably a scan)."
        raise DocumentError(doc_id, problem, "Run it through text recognition (OCR), or give the text as .txt or .md.")
    return Extracted(text, "" if _NO_TITLE.search(title) else title)


def _pages(data: bytes, doc_id: str) -> tuple[str, list[str]]:
    import pypdf

    # pypdf tells its log of every flaw it mends; the one that matters comes back as an exception.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentError(doc_id, "The PDF is locked with a password.", "Save a copy without the password.")
    count = len(reader.pages)
    if count == 0:
        raise DocumentError(doc_id, "The PDF has no pages.", "Export it again from its source.")
    if count > MAX_PAGES:
        raise DocumentError(doc_id, f"The PDF has more than {MAX_PAGES:,} pages.", "Split it into several files.")
    pages = [_tidy(page.extract_text()) for page in reader.pages]
    title = reader.metadata.title if reader.metadata else None
    return clean(title) if isinstance(title, str) else "", pages


def _tidy(page: str) -> str:
    page = _UNPRINTABLE.sub("", page.replace("\r\n", "\n").replace("\r", "\n"))
    page = _RADICALS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), page)
    # Spaced-out Japanese is an artefact of placing every character by itself.
    if len(_BETWEEN_CJK.findall(page)) * 4 > len(_CJK.findall(page)):
        page = _BETWEEN_CJK.sub("", page)
    return "\n".join(line.rstrip() for line in page.split("\n"))


def _without_edges(pages: list[list[str]]) -> list[list[str]]:
    """Pages without running heads, feet and page numbers."""
    pages = [[line for line in page if line.strip()] if not any(page) else page for page in pages]
    seen = Counter(key for page in pages for key in {_key(page[at]) for at in _edges(page)})
    often = max(3, 0.6 * len(pages))
    kept = []
    for page in pages:
        dropped = {
            at
            for at in _edges(page)
            if seen[_key(page[at])] >= often or (len(pages) > 1 and _PAGE_NUMBER.match(page[at].strip()))
        }
        kept.append([line for at, line in enumerate(page) if at not in dropped])
    return kept


def _edges(page: list[str]) -> set[int]:
    filled = [at for at, line in enumerate(page) if line.strip()]
    return {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]}


def _key(line: str) -> str:
    return _DIGITS.sub("0", "".join(line.split()))


def _joined(pages: list[list[str]]) -> str:
    """One text; a sentence that runs over a page's end stays in one paragraph."""
    text = ""
    parts: list[str] = []
    for page in pages:
        body = "\n".join(page).strip("\n")
        if not body.strip():
            continue
        last = text.rstrip().rpartition("\n")[2]
        runs_on = bool(last) and not ends_sentence(last) and columns_of(last) >= 36
        parts += ["\n" if runs_on else "\n\n", body] if parts else [body]
        text = body
    return "".join(parts) + "\n"
