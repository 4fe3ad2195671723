"""Tables that lost their borders: runs of lines with the same number of cells.

Cells are parted by tabs, bars, two or more spaces, or single spaces. Single spaces are weak evidence, Japanese writes
them inside names too, so they need three columns, or two columns over three lines. Anything doubtful is no table.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile

from rag_support.ingest.line_shapes import Line, Shape
from rag_support.sentences import stripped
from rag_support.types import Segment

_BARS = re.compile(r"[|｜]")
_TABS = re.compile(r"\t")
_GAPS = re.compile(r"[ \u3000]{2,}")
_SPACES = re.compile(r"[ \u3000]")
_RULE = re.compile(r"[\s|｜:+=─━―-]+$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_DIGIT = re.compile(r"\d")
_FIGURE = re.compile(r"\d[\d,.:：]*")
_LONGEST_ROW_CHARS = 200
_MOST_CELLS = 30
# A space next to one of these does not part cells: "9:00 〜 18:00", "電話, メール".
_GLUE_AFTER = frozenset("、，,・/／〜~～–—:：（(&+＋")
_GLUE_BEFORE = frozenset("、，,・/／〜~～–—:：）)&+＋")
_RATINGS = frozenset("◎○〇●△▲×✕✓✔")
_HEADER_NOUNS = tuple(
    "項目 内容 区分 種類 種別 時間 料金 金額 対象 名称 番号 方法 備考 "
    "期間 日時 場所 担当 名前 状況 対応 条件 回数 冊数 点数 必要なもの 特徴 用途 理由 目的 場面".split()
)


@dataclass(frozen=True, slots=True)
class FlatTable:
    """`lines` lines from the first; rows hold blank cells as empty segments, `header` is () when there is none."""

    lines: int
    rows: tuple[tuple[Segment, ...], ...]
    header: tuple[Segment, ...]


def find_tables(text: str, lines: list[Line]) -> dict[int, FlatTable]:
    """Every table of the text by the index of its first line; tables do not overlap."""
    tables: dict[int, FlatTable] = {}
    index = 0
    while index < len(lines):
        table = flat_table(text, lines, index) if may_start_table(lines[index]) else None
        if table and table.rows:
            tables[index] = table
        index += table.lines if table else 1
    return tables


def flat_table(text: str, lines: list[Line], first: int) -> FlatTable:
    """The table that begins at lines[first]; one without rows tells how many lines were looked at and refused."""
    refused = 1
    for splitter, least_columns, least_rows in (
        (_TABS, 2, 2),
        (_BARS, 2, 2),
        (_GAPS, 2, 2),
        (_SPACES, 3, 2),
        (_SPACES, 2, 3),
    ):
        cells = _cells(text, lines[first], splitter)
        if len(cells) < least_columns:
            continue
        rows = [cells]
        taken = 1
        for line in takewhile(_may_be_row, map(lines.__getitem__, range(first + 1, len(lines)))):
            taken += 1
            if _RULE.match(line.words):
                continue
            following = _cells(text, line, splitter)
            if splitter is _SPACES and len(following) > len(cells):
                following = _marks_joined(text, following)
            if len(following) != len(cells) or (splitter is _SPACES and not _CJK.search(line.words)):
                taken -= 1
                break
            rows.append(following)
        if len(rows) < least_rows:
            continue
        if splitter is _SPACES and not _looks_tabular(text, rows):
            refused = max(refused, taken)
        else:
            header = rows[0] if len(rows) > 1 and _is_header(text, rows) else ()
            return FlatTable(taken, tuple(rows[1:] if header else rows), header)
    return FlatTable(refused, (), ())


def may_start_table(line: Line) -> bool:
    return _may_be_row(line) and not _RULE.match(line.words) and any(c in " \u3000\t|｜" for c in line.words)


def _may_be_row(line: Line) -> bool:
    if line.shape in (Shape.BLANK, Shape.ASKED, Shape.NOTE, Shape.QUESTION) or line.style not in ("", "1."):
        return False
    return len(line.words) <= _LONGEST_ROW_CHARS and "。" not in line.words


def _cells(text: str, line: Line, splitter: re.Pattern[str]) -> tuple[Segment, ...]:
    if line.shape is Shape.NUMBERED and splitter is _SPACES:
        return ()
    start, end = line.start, line.end
    if splitter is _BARS:
        start += text[start] in "|｜"
        end -= text[end - 1] in "|｜" and end - start > 1
    elif splitter is _TABS:
        while start and text[start - 1] == "\t":  # a blank first cell
            start -= 1
    cells: list[Segment] = []
    for gap in splitter.finditer(text, start, end):
        if splitter is _SPACES and (text[gap.start() - 1] in _GLUE_AFTER or text[gap.end()] in _GLUE_BEFORE):
            continue
        cells.append(stripped(text, start, gap.start()) or Segment(start, start))
        start = gap.end()
    cells.append(stripped(text, start, end) or Segment(start, start))
    return tuple(cells) if 1 < len(cells) <= _MOST_CELLS else ()


def _marks_joined(text: str, cells: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """A rating and its remark ("○ 可能") are one cell where a row would have too many."""
    joined: list[Segment] = []
    for cell in cells:
        if joined and text[joined[-1].start : joined[-1].end] in _RATINGS:
            joined[-1] = Segment(joined[-1].start, cell.end)
        else:
            joined.append(cell)
    return tuple(joined)


def _looks_tabular(text: str, rows: list[tuple[Segment, ...]]) -> bool:
    """Against running text with spaces: cells are short; two columns need figures, or names such as 項目 above them."""
    for cell in (cell for row in rows for cell in row):
        if cell.end - cell.start > 60 or text[cell.end - 1] in "をがはにでともへ、":
            return False
    if len(rows[0]) > 2 or 2 * sum(_has_digit(text, row[1]) for row in rows) >= len(rows):
        return True
    return any(text[cell.start : cell.end].endswith(_HEADER_NOUNS) for cell in rows[0])


def _is_header(text: str, rows: list[tuple[Segment, ...]]) -> bool:
    """Names without figures above rows; of two columns, where "電話 代表" may be a pair, more is asked."""
    first = rows[0]
    if any(_has_digit(text, cell) for cell in first) and not _unlike_below(text, first, rows[1:]):
        return False
    names = [text[cell.start : cell.end] for cell in first]
    if any(len(name) > 25 for name in names) or max(Counter(filter(None, names)).values(), default=1) > 1:
        return False
    if len(first) > 2:
        return True
    return any(name.endswith(_HEADER_NOUNS) for name in names)


def _unlike_below(text: str, first: tuple[Segment, ...], rest: list[tuple[Segment, ...]]) -> bool:
    """Names with figures in them ("３割負担", "2024年度") are of another form than every cell below them."""
    if len(rest) < 2 or len(first) < 3 or _has_digit(text, first[0]):
        return False
    return all(
        _form(text, name) not in {_form(text, row[column]) for row in rest}
        for column, name in enumerate(first)
        if column and _has_digit(text, name)
    )


def _form(text: str, cell: Segment) -> str:
    return _FIGURE.sub("0", text[cell.start : cell.end])


def _has_digit(text: str, cell: Segment) -> bool:
    return _DIGIT.search(text, cell.start, cell.end) is not None
