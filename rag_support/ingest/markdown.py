"""Markdown to blocks.

markdown-it-py finds the blocks and the lines they stand on; we only locate the words on those lines, so every offset is
one of the source text. Its inline rules stay off: `**`, links and entities remain in the segments as written, because a
quotation is an exact slice. Also off are indented code (in Japanese text an indent is hardly ever code) and link
reference definitions (they would vanish from the blocks). A backslash before a mark that would start a block is left
out of the block. Nesting deeper than 20 levels is cut off by the library.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag_support.ingest.line_shapes import LONGEST_HEADING_CHARS
from rag_support.sentences import split_sentences, stripped
from rag_support.types import Block, BlockKind, Segment

_QUOTE_MARKS = re.compile(r"[ \t]*(?:>[ \t]?)*")
_LIST_MARK = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+")
_TASK_MARK = re.compile(r"\[[ xX]\][ \t]+")
_ALERT = re.compile(r"\[![A-Z]+\]$")  # GitHub's "> [!NOTE]"
_ESCAPE = re.compile(r"\\(?=[-#>+*=~`|<_0-9\\])")
_PIPE = re.compile(r"\\.|\|")
# A tag is at most 1,000 characters long, and an open comment hides the rest: both keep the search linear.
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]{0,1000}>", re.DOTALL)
_LONGEST_UNDERLINED_HEADING_CHARS = 60


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").disable(["code", "reference"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def markdown_blocks(text: str, start: int = 0) -> tuple[Block, ...]:
    """Blocks of text[start:]; `start` must be the beginning of a line or its end. Lines end in LF only."""
    return tuple(_Walk(text, start).run())


@dataclass(slots=True)
class _Table:
    header: tuple[Segment, ...] = ()
    header_line: int = -1
    rows: int = 0


@dataclass(slots=True)
class _Walk:
    """One pass over the library's tokens, keeping the containers that the current token stands in."""

    text: str
    start: int
    blocks: list[Block] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # offset of each line, and one past the end
    path: list[tuple[int, str]] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)  # next number of each open list; 0 for bullets
    quotes: int = 0
    groups: int = 0
    number: int = 0
    item_line: int = -1  # line on which the innermost open item started and still waits for its words
    table: _Table | None = None

    def run(self) -> list[Block]:
        source = self.text[self.start :]
        offset = self.start
        for line in source.split("\n"):
            self.lines.append(offset)
            offset += len(line) + 1
        self.lines.append(offset)
        tokens = _parser().parse(source)
        for position, token in enumerate(tokens):
            self.take(token, tokens[position + 1] if position + 1 < len(tokens) else None)
        return self.blocks

    def take(self, token: Token, following: Token | None) -> None:
        match token.type:
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "bullet_list_open" | "ordered_list_open":
                if not self.lists:
                    self.groups += 1
                self.lists.append(int(token.attrs.get("start", 1)) if token.type[0] == "o" else 0)
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open" if token.map:
                self.item_line = token.map[0]
                self.number = self.lists[-1]
                self.lists[-1] += 1 if self.lists[-1] else 0
            case "heading_open" if following is not None and following.type == "inline":
                self.add_heading(token, following)
            case "paragraph_open" if following is not None and following.type == "inline":
                self.add_words(self.pieces(following))
            case "fence":
                self.add_code(token)
            case "html_block":
                self.add_html(token)
            case "table_open":
                self.groups += 0 if self.lists else 1
                self.table = _Table()
            case "tr_open" if token.map and self.table is not None:
                self.add_row(token.map[0], self.table)
            case "table_close":
                if self.table and not self.table.rows:
                    self.add("row", self.table.header_line, self.cells(self.table.header_line))
                self.table = None
            case _:
                pass

    def line(self, number: int) -> tuple[int, str]:
        start = self.lines[number]
        return start, self.text[start : max(start, self.lines[number + 1] - 1)]

    def pieces(self, inline: Token) -> list[Segment]:
        """The words of a paragraph or heading, one piece a line, without marks and white space at the ends."""
        found = []
        first_line = inline.map[0] if inline.map else 0
        for row, content in enumerate(inline.content.split("\n")):
            words = content.strip()
            start, line = self.line(first_line + row)
            at = line.rfind(words) if words else -1
            if at >= 0:
                escape = _ESCAPE.match(line, at)
                at = escape.end() if escape and row == 0 else at
                if piece := stripped(self.text, start + at, start + line.rfind(words) + len(words)):
                    found.append(piece)
        return found

    def add_heading(self, token: Token, inline: Token) -> None:
        pieces = self.pieces(inline)
        if not pieces:
            return
        start, end = pieces[0].start, pieces[-1].end
        words = " ".join(self.text[start:end].split())
        underlined = token.markup in ("=", "-") and (
            len(pieces) > 1 or len(words) > _LONGEST_UNDERLINED_HEADING_CHARS or words.endswith("。")
        )
        # a rule drawn right below a paragraph makes no heading of it
        if self.lists or self.quotes or underlined or len(words) > LONGEST_HEADING_CHARS:
            self.add_words(pieces)
            return
        level = int(token.tag[1:])
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        self.path.append((level, words))
        self.blocks.append(Block("heading", start, end, (Segment(start, end),), self.heading(), level=level))

    def heading(self) -> tuple[str, ...]:
        return tuple(words for _, words in self.path)

    def add_words(self, pieces: list[Segment]) -> None:
        """A paragraph: of a list item its first becomes the item or step; in a quotation it is a note."""
        kind: BlockKind = "note" if self.quotes else "paragraph"
        number = 0
        if pieces and self.lists and self.item_line >= 0:
            kind, number = ("step", self.number) if self.lists[-1] else ("item", 0)
            self.item_line = -1
            task = _TASK_MARK.match(self.text, pieces[0].start, pieces[0].end)
            pieces = [Segment(task.end(), pieces[0].end), *pieces[1:]] if task else pieces
        if self.quotes:
            runs = [piece for piece in pieces if not _ALERT.match(self.text[piece.start : piece.end])]
        else:
            runs = self.joined(pieces)
        segments = [segment for run in runs for segment in split_sentences(self.text, run.start, run.end)]
        self.add(kind, -1, tuple(segments), number)

    def joined(self, pieces: list[Segment]) -> list[Segment]:
        """Lines of a paragraph as one run, parted only at hard breaks (two spaces or a backslash at a line's end)."""
        runs: list[Segment] = []
        for piece in pieces:
            hard = runs and (self.text.startswith("  ", runs[-1].end) or self.text[runs[-1].end - 1] == "\\")
            if runs and not hard:
                runs[-1] = Segment(runs[-1].start, piece.end)
            else:
                runs.append(piece)
        return runs

    def add(
        self,
        kind: BlockKind,
        line: int,
        segments: tuple[Segment, ...],
        number: int = 0,
        header: tuple[Segment, ...] = (),
    ) -> None:
        if not segments:
            return
        start, end = segments[0].start, segments[-1].end
        if kind == "row":
            whole = self.row_span(line)
            start, end = min(start, whole.start), max(end, whole.end)
        grouped = bool(self.lists) or kind == "row"
        self.blocks.append(
            Block(
                kind, start, end, segments, self.heading(),
                number=number, group=self.groups - 1 if grouped else -1, header=header,
            )
        )  # fmt: skip

    def add_row(self, line: int, table: _Table) -> None:
        if table.header_line < 0:
            table.header_line = line
            header = self.cells(line, keep_blank=True)
            table.header = header if any(cell.start < cell.end for cell in header) else ()
            return
        cells = self.cells(line, keep_blank=True)
        filled = [column for column, cell in enumerate(cells) if cell.start < cell.end]
        blank = Segment(self.lines[table.header_line], self.lines[table.header_line])
        named = filled if table.header else []
        header = tuple(table.header[column] if column < len(table.header) else blank for column in named)
        table.rows += 1
        self.add("row", line, tuple(cells[column] for column in filled), header=header)

    def row_span(self, line: int) -> Segment:
        start, words = self.line(line)
        begin = _QUOTE_MARKS.match(words)
        at = begin.end() if begin else 0
        if self.item_line == line and (mark := _LIST_MARK.match(words, at)):
            at = mark.end()
        return stripped(self.text, start + at, start + len(words)) or Segment(start, start)

    def cells(self, line: int, keep_blank: bool = False) -> tuple[Segment, ...]:
        row = self.row_span(line)
        start = row.start + (self.text[row.start : row.end].startswith("|"))
        cells: list[Segment] = []
        ends = [m.start() for m in _PIPE.finditer(self.text, start, row.end) if m.group() == "|"]
        if not ends or ends[-1] != row.end - 1:
            ends.append(row.end)
        for end in ends:
            cell = stripped(self.text, start, end)
            if cell or keep_blank:
                cells.append(cell or Segment(start, start))
            start = end + 1
        return tuple(cells)

    def add_code(self, fence: Token) -> None:
        if fence.map and fence.content.strip():
            first = fence.map[0] + 1
            last = min(first + max(fence.content.count("\n"), 1), len(self.lines) - 1)
            if code := stripped(self.text, self.lines[first], self.lines[last] - 1):
                self.add("code", -1, (code,))

    def add_html(self, token: Token) -> None:
        """Words between tags; comments are left out."""
        if not token.map:
            return
        at, end = self.lines[token.map[0]], max(self.lines[token.map[0]], self.lines[token.map[1]] - 1)
        segments: list[Segment] = []
        for tag in _TAG.finditer(self.text, at, end):
            segments += split_sentences(self.text, at, tag.start())
            at = tag.end()
        self.add("paragraph", -1, tuple(segments) + split_sentences(self.text, at, end))
