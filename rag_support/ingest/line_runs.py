"""What several lines of plain text are together: one wrapped paragraph, one numbered list, one set of headings."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from rag_support.ingest.flat_tables import FlatTable
from rag_support.ingest.line_shapes import UNMARKED, Line, Shape

WRAPPED = "wrapped"
"""Style of a TEXT line that was cut at a fixed width."""

_WRAP_COLUMNS = range(36, 101)
_HEADING_STYLES: Container[str] = ("1.", "一、")


def next_filled(lines: Sequence[Line]) -> list[int]:
    """For each line the index of the next one that is not blank; len(lines) where none follows."""
    following = len(lines)
    indices = []
    for index in range(len(lines) - 1, -1, -1):
        indices.append(following)
        following = following if lines[index].shape is Shape.BLANK else index
    return indices[::-1]


def with_wrapped_lines(lines: Sequence[Line], tables: Mapping[int, FlatTable]) -> list[Line]:
    """The lines, those cut at a fixed width as running text, however short they are."""
    result = list(lines)
    index = 0
    while index < len(lines):
        first = index
        while index < len(lines) and lines[index].shape in UNMARKED and index not in tables:
            index += 1
        if index - first > 1:
            result[first:index] = _unwrapped(lines[first:index])
        if index in tables:
            index += tables[index].lines
        elif index == first:
            index += 1
    return result


def _unwrapped(run: Sequence[Line]) -> list[Line]:
    width = max(line.columns for line in run)
    if width not in _WRAP_COLUMNS or not any(line.finished or "。" in line.words for line in run):
        return list(run)
    # Editors wrap at columns, some programs at a number of characters.
    cut = _cut_lines(run, [line.columns for line in run]) | _cut_lines(run, [len(line.words) for line in run])
    if not cut:
        return list(run)
    return [
        replace(line, shape=Shape.TEXT, style=WRAPPED) if row in cut or row - 1 in cut else line
        for row, line in enumerate(run)
    ]


def _cut_lines(run: Sequence[Line], sizes: Sequence[int]) -> set[int]:
    """Rows that a fixed width cut off, if that explains at least half of the lines that are not short."""
    width = max(sizes)
    cut = {row for row, line in enumerate(run[:-1]) if sizes[row] >= 0.85 * width and not line.finished}
    body = sum(size >= 0.7 * width for size in sizes[:-1])
    return cut if 2 * len(cut) >= body else set()


def numbered_roles(lines: Sequence[Line], following: Sequence[int]) -> dict[int, str]:
    """For each NUMBERED line "step", "item" or "heading".

    Numbers in a row are steps, or entries of a contents list when their words come again; numbers with text between
    them are headings.
    """
    seen: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        seen[line.words] += 1
    roles: dict[int, str] = {}
    for run in _numbered_runs(lines, following):
        role = _role(run, lines, following)
        if role == "step" and 2 * sum(seen[lines[index].words] > 1 for index in run) > len(run) > 1:
            role = "item"
        roles.update(dict.fromkeys(run, role))
    return roles


def _numbered_runs(lines: Sequence[Line], following: Sequence[int]) -> list[list[int]]:
    latest: dict[str, list[int]] = {}
    runs: list[list[int]] = []
    for index, line in enumerate(lines):
        if line.shape is not Shape.NUMBERED:
            continue
        run = latest.get(line.style)
        continues = run is not None and line.number == lines[run[-1]].number + 1
        if run and continues and len(run) > 1 and run[-1] == run[-2] + 1 and following[run[-1]] == index:
            continues = run[-1] == index - 1  # a list written without blank lines ends at one
        if run is None or not continues:
            run = latest[line.style] = []
            runs.append(run)
        run.append(index)
    return runs


def _role(run: Sequence[int], lines: Sequence[Line], following: Sequence[int]) -> str:
    if lines[run[0]].style not in _HEADING_STYLES:
        return "step"
    if any(lines[index].finished or lines[index].columns > 60 for index in run):
        return "step"
    touching = sum(following[index] == later for index, later in pairwise(run))
    if len(run) > 1 and 2 * touching >= len(run) - 1:
        return "step"
    return "heading" if following[run[0]] < len(lines) else "step"
