"""What a run of short lines is: headings, a menu, labels with values, a table that lost its columns.

In doubt the lines are a list or stay together, for a wrong heading misleads every answer below it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag_support.ingest.line_shapes import Line, Shape

CONTENTS = frozenset({"目次", "もくじ", "コンテンツ", "メニュー", "index", "contents", "table of contents"})
"""Headings of a list of headings: they head that list and nothing after it."""

_MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class ShortGroup:
    """Lines that make one heading, one list, one paragraph, or rows of `columns` lines each."""

    kind: Literal["heading", "items", "together", "rows"]
    lines: tuple[Line, ...]
    columns: int = 0
    has_header: bool = False


def short_groups(
    lines: Sequence[Line], run: Sequence[int], follows: bool, listed: Collection[str], headed: bool
) -> Iterator[ShortGroup]:
    """Groups of the SHORT and VALUE lines at the indices `run`, in order.

    `follows` tells that something below can be headed; `listed` holds the words of lists above (a contents list names
    the headings to come); `headed` tells that the document has a heading already.
    """
    clumps = _clumps(run)
    headings = _headings(lines, run, listed, headed) if follows else set()
    for clump in clumps:
        known = [index for index in clump[:-1] if lines[index].shape is Shape.SHORT and lines[index].words in listed]
        if 2 * len(known) <= len(clump):  # a menu that comes again is still a menu
            headings.update(known)
        if lines[clump[0]].words.lower() in CONTENTS:
            headings.add(clump[0])
    for position, clump in enumerate(clumps):
        body: list[Line] = []
        for index in clump:
            if index in headings:
                yield from _body_groups(body)
                body = []
                yield ShortGroup("heading", (lines[index],))
            else:
                body.append(lines[index])
        below = [lines[index].shape for index in clumps[position + 1]] if position + 1 < len(clumps) else []
        if below and [line.shape for line in body] == [Shape.SHORT] and 3 * below.count(Shape.VALUE) >= len(below):
            yield ShortGroup("heading", tuple(body))  # 「アクセス」 above an address and a telephone number
        else:
            yield from _body_groups(body)


def _headings(lines: Sequence[Line], run: Sequence[int], listed: Collection[str], headed: bool) -> set[int]:
    """Which of the last two lines head what follows the run."""
    last = run[-1]
    if lines[last].shape is not Shape.SHORT:
        return set()
    touching = 1
    while touching < len(run) and run[-touching] == run[-touching - 1] + 1:
        touching += 1
    if touching > 2 and headed and lines[last].words not in listed:
        return set()  # the end of a list
    if len(run) < 2 or lines[run[-2]].shape is not Shape.SHORT:
        return {last}
    lone = touching == 1 and len(run) > 2 and run[-2] > run[-3] + 1
    in_menu = len(run) > 3 and run[-3] > run[-4] + 1
    return {last, run[-2]} if len(run) == 2 or (lone and not in_menu) else {last}


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


def _body_groups(lines: Sequence[Line]) -> Iterator[ShortGroup]:
    if not lines:
        return
    figures = sum(line.shape is Shape.VALUE for line in lines)
    table = _table(lines)
    if table is None and lines[0].shape is Shape.SHORT and figures:
        # A heading over values, or over labels and values
        table = _table(lines[1:])
        if table is not None or figures == len(lines) - 1:
            yield ShortGroup("heading", (lines[0],))
            lines = lines[1:]
    if table is not None:
        yield table
    elif len(lines) > 2 and 3 * figures < len(lines):
        yield ShortGroup("items", tuple(lines))
    else:
        yield ShortGroup("together", tuple(lines))


def _table(lines: Sequence[Line]) -> ShortGroup | None:
    """Cells on lines of their own: the same sequence of names and figures again and again, perhaps below a header."""
    shapes = [line.shape for line in lines]
    for columns in range(2, _MOST_COLUMNS + 1):
        if len(shapes) % columns or len(shapes) < 2 * columns:
            continue
        pattern = shapes[-columns:]
        repeats = all(shapes[at : at + columns] == pattern for at in range(columns, len(shapes), columns))
        if not repeats or pattern[0] is not Shape.SHORT or Shape.VALUE not in pattern:
            continue
        if shapes[:columns] == pattern:
            return ShortGroup("rows", tuple(lines), columns)
        if Shape.VALUE not in shapes[:columns] and len(shapes) > 2 * columns:
            return ShortGroup("rows", tuple(lines), columns, has_header=True)
    return None
