"""HTML to Markdown: headings, lists, tables, questions of FAQ markup; what a reader does not see is left out.

Left out on purpose: navigation, footers, forms, scripts, hidden elements, ruby readings, alternative texts of images.
Tables used for layout (with headings, lists or tables inside) are read as ordinary text.
"""

import warnings
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PageElement, PreformattedString

from rag_support.errors import DocumentError
from rag_support.ingest.decoding import decode
from rag_support.ingest.extracted import Extracted, MarkdownWriter, clean

_UNSEEN = frozenset(
    "script style template noscript svg math head nav footer button select option input "
    "textarea iframe object embed "
    "canvas audio video rt rp dialog".split()
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q rb ruby s "
    "samp small span strike strong sub "
    "sup time tt u var wbr".split()
)
_MAX_CHARS = 8_000_000  # of source; the parser takes about a second and 40 MB for a million
_MAX_SPAN = 50
_MAX_CELLS = 200_000
_MAX_DEPTH = 150


def extract_html(data: bytes, doc_id: str) -> Extracted:
    """The page as Markdown. Raises DocumentError when its encoding is unknown or it cannot be parsed."""
    text = decode(data, doc_id, EncodingDetector.find_declared_encoding(data[:4096], is_html=True) or "")
    if len(text) > _MAX_CHARS:
        problem = f"The page is {len(text):,} characters long; the limit is {_MAX_CHARS:,}."
        raise DocumentError(doc_id, problem, "Take embedded images and scripts out, or split it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bs4 warns of pages that look like a file name or XML
            soup = BeautifulSoup(text, "lxml")
            writer = MarkdownWriter()
            page = _Page(writer)
            page.walk(soup.body or soup, 0)
            page.flush()  # words below the last block
            title = clean(soup.title.get_text()) if soup.title else ""
    except MemoryError:
        raise
    except Exception as error:  # bs4 and lxml raise many kinds on broken markup
        problem = f"The HTML cannot be parsed ({type(error).__name__})."
        raise DocumentError(doc_id, problem, "Save the page again from a browser.") from None
    return Extracted(writer.text(), title)


class _Page:
    """One walk over the tree; inline words gather in `words` until a block begins or ends."""

    def __init__(self, writer: MarkdownWriter) -> None:
        self.writer = writer
        self.words: list[str] = []
        self.quoted = 0

    def flush(self) -> None:
        words = "".join(self.words)
        self.words.clear()
        if self.quoted:
            self.writer.note(words)
        else:
            self.writer.paragraph(words)

    def walk(self, parent: Tag, depth: int) -> None:
        for child in parent.children:
            if not isinstance(child, Tag):
                self.words.append(_string(child))
            elif not _is_seen(child):
                continue
            elif depth >= _MAX_DEPTH:
                self.words.append(_text(child))
            elif child.name in _INLINE:
                self.walk(child, depth + 1)
            elif child.name != "br":
                self.flush()
                self.block(child, depth + 1)
                self.flush()
            else:
                self.flush()

    def block(self, tag: Tag, depth: int) -> None:
        name = tag.name
        if name in _HEADINGS:
            self.writer.heading(int(name[1]), _text(tag))
        elif name == "summary" or (name == "dt" and _text(tag).rstrip().endswith(("？", "?"))):
            level = self.writer.level
            self.writer.heading(level + 1, _text(tag))
            self.writer.level = level  # the next question stands beside this one
        elif name in ("ul", "ol"):
            self.listing(tag, 0)
        elif name == "table" and not tag.find(["table", "ul", "ol", "dl", *_HEADINGS]):
            rows, has_header = _table(tag)
            self.writer.table(rows, has_header)
        elif name == "pre":
            self.writer.code(tag.get_text())
        elif name == "blockquote":
            self.quoted += 1
            self.walk(tag, depth)
            self.flush()
            self.quoted -= 1
        else:
            self.walk(tag, depth)

    def listing(self, parent: Tag, depth: int) -> None:
        start = str(parent.get("start") or "1")
        number = int(start) if parent.name == "ol" and start.isdecimal() and len(start) < 9 else 1
        for child in parent.find_all(True, recursive=False):
            if child.name in ("ul", "ol"):
                self.listing(child, min(depth + 1, _MAX_DEPTH))
            elif _is_seen(child):
                self.writer.item(_text(child, skip_lists=True), depth, number if parent.name == "ol" else 0)
                number += 1
                for nested in _outermost_lists(child) if depth < _MAX_DEPTH else ():
                    self.listing(nested, depth + 1)


def _is_seen(tag: Tag) -> bool:
    if tag.name in _UNSEEN or tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return False
    return "display:none" not in str(tag.get("style") or "").replace(" ", "").lower()


def _string(node: PageElement) -> str:
    # Comments, declarations and the like are subclasses of PreformattedString.
    return str(node) if isinstance(node, NavigableString) and not isinstance(node, PreformattedString) else ""


def _visible(tag: Tag, skip_lists: bool) -> Iterator[str]:
    """Pieces of text below `tag`, without recursion: a tree can be deeper than the interpreter's stack."""
    pending: list[PageElement] = list(tag.children)[::-1]
    while pending:
        node = pending.pop()
        if not isinstance(node, Tag):
            yield _string(node)
        elif _is_seen(node) and not (skip_lists and node.name in ("ul", "ol")):
            if node.name not in _INLINE:
                yield " "
                pending.append(NavigableString(" "))
            pending.extend(list(node.children)[::-1])


def _text(tag: Tag, skip_lists: bool = False) -> str:
    return "".join(_visible(tag, skip_lists))


def _outermost_lists(tag: Tag) -> Iterator[Tag]:
    pending = [tag]
    while pending:
        for child in pending.pop().find_all(True, recursive=False):
            if child.name in ("ul", "ol"):
                yield child
            elif _is_seen(child):
                pending.append(child)


def _table(table: Tag) -> tuple[list[list[str]], bool]:
    """Cells by row, spans written out, and whether the first row names the columns."""
    rows: list[list[str]] = []
    carried: dict[int, tuple[str, int]] = {}  # column → words of a cell from above and rows it still covers
    has_header = False
    total = 0
    for position, row in enumerate(table.find_all("tr")):
        cells = row.find_all(["td", "th"], recursive=False)
        if position == 0:
            named = row.parent is not None and row.parent.name == "thead"
            has_header = named or (len(cells) > 1 and all(cell.name == "th" for cell in cells))
        words: list[str] = []
        for cell in cells:
            _carry(words, carried)
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            content = _text(cell)
            for copy in range(across):
                # A name over several columns holds for each of them; a value is said once.
                words.append(content if copy == 0 or (has_header and position == 0) else "")
                if down > 1:
                    carried[len(words) - 1] = (words[-1], down - 1)
        _carry(words, carried)
        total += len(words)
        if total > _MAX_CELLS:
            break
        rows.append(words)
    return rows, has_header


def _carry(words: list[str], carried: dict[int, tuple[str, int]]) -> None:
    while len(words) in carried:
        column = len(words)
        content, left = carried.pop(column)
        words.append(content)
        if left > 1:
            carried[column] = (content, left - 1)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1")
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() and len(value) < 9 else 1
