"""Plain text, as copied from a web page, to blocks by the shape of its lines.

A short line is a heading when something follows that it can head; a run of short lines is a menu or a list of tags and
makes no headings; runs of lines with as many cells are a table. In doubt lines stay together as one paragraph, for a
wrong heading misleads every answer below it. Levels follow the marks in order of first use (as reStructuredText does):
a mark seen before returns to its level, a new one goes one deeper. Left out on purpose: indents as code, nested lists.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rag_support.ingest.flat_tables import FlatTable, find_tables
from rag_support.ingest.line_runs import WRAPPED, next_filled, numbered_roles, with_wrapped_lines
from rag_support.ingest.line_shapes import LONGEST_HEADING_CHARS, UNMARKED, Line, Shape, lines_of
from rag_support.ingest.short_runs import CONTENTS, ShortGroup, short_groups
from rag_support.sentences import split_sentences
from rag_support.types import Block, BlockKind, Segment

_FEW_WORDS = frozenset({Shape.SHORT, Shape.VALUE})
_LIST_SIGNS = "●○◎★☆▶►▲△▼▽♦◉"  # used for lists as often as for headings
_LEAVES = frozenset({"Q", "？", "目次"})  # a question heads its answer, never another heading
_RUNS_ON = re.compile(r"[、，,：:はをがもにでとへやのし]$|^[「『（(※]")
_DEEPEST = 6
_LONGEST_KEPT_TOGETHER_CHARS = 200


def plain_text_blocks(text: str, start: int = 0) -> tuple[Block, ...]:
    """Blocks of text[start:]; lines end in LF only."""
    lines = lines_of(text, start)
    tables = find_tables(text, lines)
    lines = with_wrapped_lines(lines, tables)
    following = next_filled(lines)
    return tuple(_Composer(text, lines, tables, numbered_roles(lines, following), following).compose())


@dataclass(slots=True)
class _Composer:
    text: str
    lines: list[Line]
    tables: dict[int, FlatTable]
    roles: dict[int, str]  # of NUMBERED lines: step, item or heading
    next_filled: list[int]  # index of the next line that is not blank
    blocks: list[Block] = field(default_factory=list)
    path: list[tuple[str, int, str]] = field(default_factory=list)  # mark, level, words
    group: int = -1
    listed: set[str] = field(default_factory=set)  # words of the list items so far
    listing: str = ""  # what the open list is made of; "" when no list is open

    def compose(self) -> list[Block]:
        index = 0
        if self.lines and self.lines[0].shape is Shape.BLANK:
            index = self.next_filled[0]
        if index < len(self.lines) and self.is_title(index):
            self.add_heading("title", self.lines[index])
            index = self.next_filled[index]
        while index < len(self.lines):
            index = self.take(index)
        return self.blocks

    def is_title(self, first: int) -> bool:
        """The first line, unless it is the head of a menu."""
        line = self.lines[first]
        following = self.next_filled[first]
        if following >= len(self.lines) or first in self.tables or line.style == WRAPPED:
            return False
        below = self.lines[following]
        if line.shape is Shape.TEXT:  # the title of an article is often longer than any heading
            return _is_name(line, 160) and (following > first + 1 or below.shape in _FEW_WORDS)
        blank_below = following > first + 1
        return line.shape is Shape.SHORT and (blank_below or below.shape not in _FEW_WORDS or following in self.tables)

    def is_long_heading(self, index: int) -> bool:
        """A line like a name that no fixed width can have cut: the line below is longer, or blank."""
        line, following = self.lines[index], self.next_filled[index]
        if not _is_name(line, 80) or following >= len(self.lines) or self.lines[following].shape is not Shape.TEXT:
            return False
        return following > index + 1 or self.lines[following].columns > line.columns

    def take(self, index: int) -> int:
        """Make the block that begins here; returns the index of the first line after it that is not blank."""
        line = self.lines[index]
        if table := self.tables.get(index):
            self.add_table(table)
            last = index + table.lines - 1
        elif line.shape in _FEW_WORDS:
            return self.take_few_words(index)
        elif self.is_long_heading(index):
            self.add_heading("", line)
            last = index
        elif line.shape in (Shape.TEXT, Shape.ANSWERED):
            last = self.paragraph_end(index)
            self.add("paragraph", [(line.start, self.lines[last].end)])
        elif self.is_heading(index):
            self.add_heading("？" if line.shape is Shape.QUESTION else line.style, line)
            last = index
        else:
            last = self.take_item(index)
        return self.next_filled[last]

    def is_heading(self, index: int) -> bool:
        line = self.lines[index]
        following = self.next_filled[index]
        below = self.lines[following] if following < len(self.lines) else None
        if line.shape is Shape.ASKED or line.style.startswith("#"):
            return True
        if line.shape is Shape.NUMBERED:
            return self.roles[index] == "heading" and below is not None
        if below is None or line.shape not in (Shape.MARKED, Shape.QUESTION):
            return False
        if line.shape is Shape.QUESTION:
            return below.shape not in (Shape.QUESTION, Shape.ASKED, Shape.MARKED)
        alike = below.shape is Shape.MARKED and below.style == line.style
        return not alike and not (line.style in _LIST_SIGNS and self.listing == line.style)

    def take_item(self, index: int) -> int:
        line = self.lines[index]
        kind: BlockKind = "item"
        listing = line.style or line.shape.name
        last = self.item_end(index)
        if line.shape is Shape.NOTE:
            kind, listing = "note", ""
        elif line.shape is Shape.QUESTION and self.listing != listing and self.next_filled[index] != index + 1:
            kind, listing = "paragraph", ""
        elif line.shape is Shape.NUMBERED and self.roles[index] == "step":
            kind = "step"
        pieces = [(line.start, line.end), (self.lines[last].start, self.lines[last].end)]
        if kind == "step" and line.columns <= 60 and not line.finished and last > index:
            pieces = [(line.start, line.end), (self.lines[index + 1].start, self.lines[last].end)]
        else:
            pieces = [(line.start, self.lines[last].end)]
        self.add_item(kind, pieces, listing, line)
        return last

    def add_item(self, kind: BlockKind, pieces: Iterable[tuple[int, int]], listing: str, line: Line) -> None:
        self.listed.add(line.words)
        self.add(kind, pieces, listing, line.number if kind == "step" else 0)

    def item_end(self, index: int) -> int:
        """Last line of a list item: lines below it that are indented deeper, or that a full line runs on to."""
        line = self.lines[index]
        last = index
        while last + 1 < len(self.lines):
            above, below = self.lines[last], self.lines[last + 1]
            if below.shape not in UNMARKED or below.shape is Shape.QUESTION or last + 1 in self.tables:
                break
            deeper = below.indent > line.indent and below.shape is not Shape.SHORT
            runs_on = not above.finished and 60 <= above.columns <= 100
            detail = self.roles.get(index) == "step" and not line.finished and below.shape is Shape.TEXT
            if not (deeper or runs_on or (detail and (last == index or below.style == WRAPPED))):
                break
            last += 1
        return last

    def paragraph_end(self, index: int) -> int:
        last = index
        while last + 1 < len(self.lines):
            above, below = self.lines[last], self.lines[last + 1]
            if below.shape not in UNMARKED or last + 1 in self.tables:
                break
            wrapped = above.style == below.style == WRAPPED
            open_end = not above.finished and not above.words.endswith(("：", ":")) and 30 <= above.columns <= 100
            # The line below a cut line is no longer than it.
            if not wrapped and not (open_end and below.columns <= 1.1 * above.columns):
                break
            last += 1
        return last

    def take_few_words(self, index: int) -> int:
        """Short lines up to the next line of another shape."""
        run: list[int] = []
        while index < len(self.lines) and self.lines[index].shape in _FEW_WORDS and index not in self.tables:
            run.append(index)
            index = self.next_filled[index]
        is_answer = len(run) == 1 and self.under_question()  # 「はい、使えます」
        follows = index < len(self.lines) and not is_answer
        headed = any(block.kind != "item" for block in self.blocks)
        for group in short_groups(self.lines, run, follows, self.listed, headed):
            if group.kind == "heading":
                self.add_heading("", group.lines[0])
            elif group.kind == "items":
                for line in group.lines:
                    self.add_item("item", [(line.start, line.end)], "menu", line)
            elif group.kind == "rows":
                self.add_stacked_rows(group)
            else:
                self.add_together(group.lines)
        return index

    def under_question(self) -> bool:
        return bool(self.path) and self.path[-1][0] in ("Q", "？") and self.blocks[-1].kind == "heading"

    def add_stacked_rows(self, table: ShortGroup) -> None:
        cells = [Segment(line.start, line.end) for line in table.lines]
        rows = [tuple(cells[at : at + table.columns]) for at in range(0, len(cells), table.columns)]
        self.group += 1
        for row in rows[1:] if table.has_header else rows:
            self.add_row(row, rows[0] if table.has_header else ())

    def add_together(self, lines: Sequence[Line]) -> None:
        start, end = lines[0].start, lines[-1].end
        if end - start <= _LONGEST_KEPT_TOGETHER_CHARS:
            self.add_block("paragraph", (Segment(start, end),))
        else:
            self.add("paragraph", [(line.start, line.end) for line in lines])

    def add_table(self, table: FlatTable) -> None:
        self.group += 1
        for row in table.rows:
            filled = [column for column, cell in enumerate(row) if cell.start < cell.end]
            header = tuple(table.header[column] for column in filled) if table.header else ()
            self.add_row(tuple(row[column] for column in filled), header)

    def add_row(self, cells: tuple[Segment, ...], header: tuple[Segment, ...]) -> None:
        if cells:
            self.listing = ""
            path = tuple(words for _, _, words in self.path)
            self.blocks.append(
                Block("row", cells[0].start, cells[-1].end, cells, path, group=self.group, header=header)
            )

    def add(self, kind: BlockKind, pieces: Iterable[tuple[int, int]], listing: str = "", number: int = 0) -> None:
        segments = [segment for start, end in pieces for segment in split_sentences(self.text, start, end)]
        self.add_block(kind, tuple(segments), listing, number)

    def add_block(self, kind: BlockKind, segments: tuple[Segment, ...], listing: str = "", number: int = 0) -> None:
        if not segments:
            return
        if listing and listing != self.listing:
            self.group += 1
        self.listing = listing
        path = tuple(words for _, _, words in self.path)
        group = self.group if listing else -1
        self.blocks.append(Block(kind, segments[0].start, segments[-1].end, segments, path, number=number, group=group))

    def add_heading(self, mark: str, line: Line) -> None:
        start, words = self.heading_words(line)
        if not words:
            return
        if len(words) > LONGEST_HEADING_CHARS:
            self.add("paragraph", [(start, line.end)])
            return
        if words.lower() in CONTENTS:
            mark = "目次"
        elif not mark and all(block.kind == "item" for block in self.blocks):
            mark = "title"  # the first heading below a menu
        marks = [known for known, _, _ in self.path]
        if mark in marks:
            del self.path[marks.index(mark) :]
        while self.path and (self.path[-1][0] in _LEAVES or self.path[-1][1] >= _DEEPEST):
            self.path.pop()
        level = 1 if mark == "title" else (self.path[-1][1] if self.path else 1) + 1
        if mark.startswith("#"):
            level = len(mark)
        self.path.append((mark, level, words))
        self.listing = ""
        path = tuple(part for _, _, part in self.path)
        self.blocks.append(Block("heading", start, line.end, (Segment(start, line.end),), path, level=level))

    def heading_words(self, line: Line) -> tuple[int, str]:
        """A numbered heading keeps its number: "1. 概要" is how people refer to it."""
        if line.shape is not Shape.NUMBERED:
            return line.start, line.words
        start = self.text.rfind("\n", 0, line.start) + 1
        whole = self.text[start : line.end]
        bare = whole.lstrip()
        return start + len(whole) - len(bare), " ".join(bare.split())


def _is_name(line: Line, most_columns: int) -> bool:
    if line.shape is not Shape.TEXT or line.style == WRAPPED or line.columns > most_columns or line.finished:
        return False
    return "。" not in line.words and not _RUNS_ON.search(line.words)
