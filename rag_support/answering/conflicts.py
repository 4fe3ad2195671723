"""Statements of one answer → the points on which they disagree.

The sources mark the other side of a disagreement in words (「…とする案内もあります」). Where a statement so marked
holds a value of a kind for which the answer shows another one, the values are set side by side; where it holds none,
the statements themselves are. Values of different kinds are no disagreement. Statements that give different values for
one thing without saying so (see disagreement.py) are set side by side too. What the register of disagreements lists is
left to it, since it knows whether the question asks about the point.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from rag_support.answering.disputed import DisputedTopic, disputed_values
from rag_support.answering.phrases import TOPICS, shown_value
from rag_support.answering.register import Entry, Place, Register
from rag_support.answering.section import Statement, text_in
from rag_support.answering.selection import differ
from rag_support.types import Conflict, ConflictValue

_OTHER_SIDE = re.compile(
    r"(?:とする|という|といった)(?:案内|説明|記載|情報|記述)[もが](?:あり|ござい)ます|とされていますが|両方があります|案内によって(?:異なり|違い)"
)


def marks_another_side(text: str) -> bool:
    """Whether a statement says of itself that the sources say something else elsewhere."""
    return _OTHER_SIDE.search(text) is not None


def find_conflicts(
    statements: Sequence[Statement], language: str, register: Register, disputed: Sequence[Entry]
) -> tuple[Conflict, ...]:
    """The disagreements within an answer; citation numbers are the statements' places, from 1.

    Of what the register lists those entries are told that the question asks about: `disputed`. Of statements that it
    does not list their marks and values tell.
    """
    numbered = list(enumerate(statements, start=1))
    unlisted = [(number, statement) for number, statement in numbered if not register.lists(statement.place)]
    marked = [(number, statement) for number, statement in unlisted if marks_another_side(statement.source)]
    found = _of_values(unlisted, marked, language) or _of_statements(unlisted, marked, language) if marked else ()
    return _listed(numbered, language, disputed) + found + _unmarked(unlisted, language)


def _listed(
    numbered: Sequence[tuple[int, Statement]], language: str, disputed: Sequence[Entry]
) -> tuple[Conflict, ...]:
    numbers: dict[Place, int] = {}
    for number, statement in numbered:
        numbers.setdefault(statement.place, number)
    by_number = dict(numbered)
    found = []
    for entry in disputed:
        sides = sorted({numbers[place] for place in entry.shown(list(numbers))})
        if len(sides) > 1:
            values = tuple(_side(by_number[number], number, language) for number in sides)
            found.append(Conflict(topic=entry.topic[language], values=values))
    return tuple(found)


def _unmarked(numbered: Sequence[tuple[int, Statement]], language: str) -> tuple[Conflict, ...]:
    """Pairs that differ without a word about it, as an old notice does from the page of today."""
    return tuple(
        Conflict(topic=_heading(one, language), values=(_side(one, number, language), _side(other, at, language)))
        for (number, one), (at, other) in combinations(numbered, 2)
        if differ(one, other)
    )


def _side(statement: Statement, number: int, language: str) -> ConflictValue:
    return ConflictValue(text=statement.text(language) or statement.reading, citation=number)


def _of_values(
    numbered: Sequence[tuple[int, Statement]], marked: Sequence[tuple[int, Statement]], language: str
) -> tuple[Conflict, ...]:
    disputed = _values_of(marked)
    found = {
        topic: sides if len(sides) > 1 else _values_of(numbered)[topic]  # one statement may name both sides itself
        for topic, sides in disputed.items()
    }
    topics = TOPICS[language]
    return tuple(
        Conflict(
            topic=topics[topic],
            values=tuple(replace(side, text=shown_value(side.text, language)) for side in sides.values()),
        )
        for topic, sides in found.items()
        if len(sides) > 1
    )


def _values_of(statements: Sequence[tuple[int, Statement]]) -> dict[DisputedTopic, dict[str, ConflictValue]]:
    """Topic → form of a value → how it was written first, and where."""
    found: dict[DisputedTopic, dict[str, ConflictValue]] = {}
    for number, statement in statements:
        for topic, shown_by_form in disputed_values(statement.source).items():
            for form, shown in shown_by_form.items():
                found.setdefault(topic, {}).setdefault(form, ConflictValue(text=shown, citation=number))
    return found


def _of_statements(
    numbered: Sequence[tuple[int, Statement]], marked: Sequence[tuple[int, Statement]], language: str
) -> tuple[Conflict, ...]:
    """The marked statements with the others of their list."""
    sides = dict(marked)
    for _, statement in marked:
        group = statement.span.group
        for number, other in numbered:
            if group >= 0 and other.chunk is statement.chunk and other.span.group == group:
                sides.setdefault(number, other)
    if len(sides) < 2:
        return ()
    return (
        Conflict(
            topic=_heading(marked[0][1], language),
            values=tuple(_side(side, number, language) for number, side in sorted(sides.items())),
        ),
    )


def _heading(statement: Statement, language: str) -> str:
    chunk = statement.chunk
    first = chunk.spans[0]
    if first.kind in ("heading", "question"):
        return text_in(first, chunk, language) or first.texts[chunk.language]
    return chunk.heading[-1] if chunk.heading else chunk.title
