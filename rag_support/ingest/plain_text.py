"""Plain text, as copied from a web page, to blocks by the shape of its lines.

A short line is a heading when something follows that it can head; a run of short lines is a menu or a list of tags and
makes no headings; runs of lines with as many cells are a table. In doubt lines stay together as one paragraph, for a
wrong heading misleads every answer below it. Levels follow the marks in order of first use (as reStructuredText does):
a mark seen before returns to its level, a new one goes one deeper. Left out on purpose: indents as code, nested lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rag_support.ingest.flat_tables import FlatTable, flat_table, may_start_table
from rag_support.ingest.line_shapes import Line, Shape, lines_of
from rag_support.ingest.sentences import split_sentences
from rag_support.types import Block, BlockKind, Segment

_UNMARKED = frozenset({Shape.TEXT, Shape.SHORT, Shape.VALUE, Shape.QUESTION})
_FEW_WORDS = frozenset({Shape.SHORT, Shape.VALUE})
_LIST_SIGNS = "●○◎★☆▶►▲△▼▽♦◉"  # used for lists as often as for headings
_LEAVES = frozenset({"Q", "？", "目次"})  # a question heads its answer, never another heading
_CONTENTS = frozenset({"目次", "もくじ", "コンテンツ", "メニュー", "index", "contents", "table of contents"})
_DEEPEST = 6
_WRAP_COLUMNS = range(36, 101)
_LONGEST_KEPT_TOGETHER_CHARS = 200
_WRAPPED = "wrapped"


def plain_text_blocks(text: str, start: int = 0) -> tuple[Block, ...]:
    """Blocks of text[start:]; lines end in "\\n" only."""
    composer = _Composer(text, lines_of(text, start))
    composer.find_tables()
    composer.find_wrapped_lines()
    composer.find_numbered_roles()
    return tuple(composer.compose())


@dataclass(slots=True)
class _Composer:
    text: str
    lines: list[Line]
    tables: dict[int, FlatTable] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)  # of NUMBERED lines: step, item or heading
    next_filled: list[int] = field(default_factory=list)  # index of the next line that is not blank
    blocks: list[Block] = field(default_factory=list)
    path: list[tuple[str, int, str]] = field(default_factory=list)  # mark, level, words
    group: int = -1
    listing: str = ""  # what the open list is made of; "" when no list is open

    def __post_init__(self) -> None:
        following = len(self.lines)
        for index in range(len(self.lines) - 1, -1, -1):
            self.next_filled.append(following)
            following = following if self.lines[index].shape is Shape.BLANK else index
        self.next_filled.reverse()

    # What several lines are together, found before any block is made

    def find_tables(self) -> None:
        index = 0
        while index < len(self.lines):
            table = flat_table(self.text, self.lines, index) if may_start_table(self.lines[index]) else None
            if table and table.rows:
                self.tables[index] = table
            index += table.lines if table else 1

    def find_wrapped_lines(self) -> None:
        """Lines cut at a fixed width become running text, however short they are."""
        index = 0
        while index < len(self.lines):
            first = index
            while index < len(self.lines) and self.lines[index].shape in _UNMARKED and index not in self.tables:
                index += 1
            if index - first > 1:
                self.mark_wrapped(first, index)
            if index in self.tables:
                index += self.tables[index].lines
            elif index == first:
                index += 1

    def mark_wrapped(self, first: int, end: int) -> None:
        run = self.lines[first:end]
        width = max(line.columns for line in run)
        if width not in _WRAP_COLUMNS or not any(line.finished or "。" in line.words for line in run):
            return
        cut = [line.columns >= 0.85 * width and not line.finished for line in run]
        body = [line for line in run[:-1] if line.columns >= 0.7 * width]
        if 2 * sum(cut[:-1]) < len(body) or not any(cut[:-1]):
            return
        for offset, line in enumerate(run):
            if cut[offset] or (offset and cut[offset - 1]):
                self.lines[first + offset] = replace(line, shape=Shape.TEXT, style=_WRAPPED)

    def find_numbered_roles(self) -> None:
        """Numbers in a row are steps, or entries of a contents list; numbers with text between them are headings."""
        seen: defaultdict[str, int] = defaultdict(int)
        for line in self.lines:
            seen[line.words] += 1
        open_runs: dict[str, list[int]] = {}
        runs: list[list[int]] = []
        for index, line in enumerate(self.lines):
            if line.shape is not Shape.NUMBERED:
                continue
            run = open_runs.get(line.style)
            continues = run is not None and line.number == self.lines[run[-1]].number + 1
            if run and continues and len(run) > 1 and run[-1] == run[-2] + 1 and self.next_filled[run[-1]] == index:
                continues = run[-1] == index - 1  # a list without blank lines has ended at one
            if run is None or not continues:
                run = open_runs[line.style] = []
                runs.append(run)
            run.append(index)
        for run in runs:
            role = self.numbered_role(run)
            if role == "step" and 2 * sum(seen[self.lines[index].words] > 1 for index in run) > len(run) > 1:
                role = "item"
            self.roles.update(dict.fromkeys(run, role))

    def numbered_role(self, run: Sequence[int]) -> str:
        if self.lines[run[0]].style not in ("1.", "一、"):
            return "step"
        if any(self.lines[index].finished or self.lines[index].columns > 60 for index in run):
            return "step"
        touching = sum(self.next_filled[index] == following for index, following in zip(run, run[1:], strict=False))
        if len(run) > 1 and 2 * touching >= len(run) - 1:
            return "step"
        return "heading" if self.next_filled[run[0]] < len(self.lines) else "step"

    # Blocks, from the first line to the last

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
        if line.shape is not Shape.SHORT or following >= len(self.lines) or first in self.tables:
            return False
        blank_below = following > first + 1
        return blank_below or self.lines[following].shape not in _FEW_WORDS or following in self.tables

    def take(self, index: int) -> int:
        """Make the block that begins here; returns the index of the first line after it that is not blank."""
        line = self.lines[index]
        if table := self.tables.get(index):
            self.add_table(table)
            last = index + table.lines - 1
        elif line.shape in _FEW_WORDS:
            return self.take_few_words(index)
        elif line.shape is Shape.TEXT:
            last = self.paragraph_end(index)
            self.add("paragraph", [(line.start, self.lines[last].end)])
        elif line.shape is Shape.ANSWERED:
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
        self.add(kind, pieces, listing, line.number if kind == "step" else 0)
        return last

    def item_end(self, index: int) -> int:
        """Last line of a list item: lines below it that are indented deeper, or that a full line runs on to."""
        line = self.lines[index]
        last = index
        while last + 1 < len(self.lines):
            above, below = self.lines[last], self.lines[last + 1]
            if below.shape not in _UNMARKED or below.shape is Shape.QUESTION or last + 1 in self.tables:
                break
            deeper = below.indent > line.indent and below.shape is not Shape.SHORT
            runs_on = not above.finished and 60 <= above.columns <= 100
            detail = line.shape is Shape.NUMBERED and self.roles[index] == "step" and below.shape is Shape.TEXT
            if not (deeper or runs_on or (detail and (last == index or below.style == _WRAPPED))):
                break
            last += 1
        return last

    def paragraph_end(self, index: int) -> int:
        last = index
        while last + 1 < len(self.lines):
            above, below = self.lines[last], self.lines[last + 1]
            if below.shape not in _UNMARKED or last + 1 in self.tables:
                break
            wrapped = above.style == below.style == _WRAPPED
            open_end = not above.finished and not above.words.endswith(("：", ":")) and 30 <= above.columns <= 100
            if not wrapped and not (open_end and (below.shape is Shape.TEXT or below.columns <= 1.1 * above.columns)):
                break
            last += 1
        return last

    def take_few_words(self, index: int) -> int:
        """Short lines up to the next line of another shape: menus, label and value, and the heading of what follows."""
        run: list[int] = []
        while index < len(self.lines) and self.lines[index].shape in _FEW_WORDS and index not in self.tables:
            run.append(index)
            index = self.next_filled[index]
        headings = 0
        if index < len(self.lines) and self.lines[run[-1]].shape is Shape.SHORT:
            headings = 1
            before_last = self.lines[run[-2]] if len(run) > 1 else None
            lone = len(run) > 2 and run[-1] > run[-2] + 1 and run[-2] > run[-3] + 1
            in_menu = len(run) > 3 and run[-3] > run[-4] + 1
            if before_last and before_last.shape is Shape.SHORT and (len(run) == 2 or (lone and not in_menu)):
                headings = 2
        if len(run) == 1 and self.under_question():
            headings = 0  # a short answer: 「はい、使えます」
        self.add_few_words(run[: len(run) - headings])
        for heading in run[len(run) - headings :]:
            self.add_heading("", self.lines[heading])
        return index

    def under_question(self) -> bool:
        return bool(self.path) and self.path[-1][0] in ("Q", "？") and self.blocks[-1].kind == "heading"

    def add_few_words(self, run: list[int]) -> None:
        clumps = _clumps(run)
        for position, clump in enumerate(clumps):
            lines = [self.lines[index] for index in clump]
            shapes = [line.shape for line in lines]
            figures = shapes.count(Shape.VALUE)
            labelled = shapes == [Shape.SHORT] + [Shape.VALUE] * figures
            headed = len(shapes) % 2 and shapes[1:] == [Shape.SHORT, Shape.VALUE] * (len(shapes) // 2)
            if position + 1 < len(clumps) and shapes == [Shape.SHORT]:
                below = [self.lines[index].shape for index in clumps[position + 1]]
                if 3 * below.count(Shape.VALUE) >= len(below):
                    self.add_heading("", lines[0])
                    continue
            if shapes[0] is Shape.SHORT and figures and (labelled or headed):
                self.add_heading("", lines[0])
                lines = lines[1:]
            if len(lines) > 2 and [line.shape for line in lines] == [Shape.SHORT, Shape.VALUE] * (len(lines) // 2):
                self.add_pairs(lines)
            elif len(lines) > 2 and 3 * figures < len(lines):
                for line in lines:
                    self.add("item", [(line.start, line.end)], "menu")
            else:
                self.add_together(lines)

    def add_pairs(self, lines: list[Line]) -> None:
        """Labels and values on lines of their own are rows of two cells."""
        self.group += 1
        for label, value in zip(lines[::2], lines[1::2], strict=True):
            self.add_row((Segment(label.start, label.end), Segment(value.start, value.end)), ())

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
        if words.lower() in _CONTENTS:
            mark = "目次"
        elif not mark and not any(block.kind != "item" for block in self.blocks):
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


def _clumps(run: Sequence[int]) -> list[list[int]]:
    """Neighbouring lines together; three or more lines that stand alone between blank lines are one clump as well."""
    clumps: list[list[int]] = []
    for index in run:
        if clumps and clumps[-1][-1] + 1 == index:
            clumps[-1].append(index)
        else:
            clumps.append([index])
    if len(clumps) > 2 and all(len(clump) == 1 for clump in clumps):
        return [list(run)]
    return clumps
