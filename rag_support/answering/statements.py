"""The text of an answer → its statements, each with the numbers of the citations it rests on.

An answer is written as sentences and list members that end in "[1]" or "[1][2]". What stands after the last marker, or
on a line without one, is a statement that cites nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_support.types import Draft, Stated

_MARKERS = re.compile(r"((?:\s*\[\d{1,3}\])+)")
_UP_TO_MARKERS = re.compile(r".*?(?:\[\d{1,3}\](?:\s*\[\d{1,3}\])*|\Z)", re.DOTALL)
_NUMBER = re.compile(r"\[(\d{1,3})\]")
_LIST_MARK = re.compile(r"^\s*(?:[-*・•]\s+|\d{1,3}[.)]\s+)")


@dataclass(frozen=True, slots=True)
class Statement:
    text: str  # without list mark and markers
    citations: tuple[int, ...]


def statements_of(answer: str) -> list[Statement]:
    """In order; a line end closes a statement, cited or not."""
    found = []
    for line in answer.splitlines():
        parts = _MARKERS.split(_LIST_MARK.sub("", line))
        for text, markers in zip(parts[::2], [*parts[1::2], ""], strict=True):
            if text.strip():
                found.append(Statement(text.strip(), tuple(int(number) for number in re.findall(r"\d+", markers))))
    return found


def plain_text(statements: Sequence[Statement]) -> str:
    """The answer as it is read, without list marks and citation numbers."""
    return "\n".join(statement.text for statement in statements)


def as_stated(draft: Draft) -> list[Stated]:
    """A whole draft as it is told statement by statement; the texts, joined, are the draft's."""
    waiting = {citation.number: citation for citation in draft.citations}
    told = []
    for text in filter(None, _UP_TO_MARKERS.findall(draft.text)):
        numbers = dict.fromkeys(int(number) for number in _NUMBER.findall(text))
        told.append(Stated(text, tuple(waiting.pop(number) for number in numbers if number in waiting)))
    return told
