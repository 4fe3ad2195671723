"""What a generated answer must not leave out of the quoted one: notes, where to make sure, the other sides.

A model asked to be short drops these first, and a number without its caveat can harm. So they are not left to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag_support.answering.conflicts import marks_another_side
from rag_support.answering.section import Statement, says_to_make_sure
from rag_support.types import Conflict, Draft
from rag_support.values import missing_values, values


def missing_caveats(
    statements: Mapping[int, Statement], quoted: Draft, told: Sequence[tuple[str, Sequence[Statement]]]
) -> Iterator[Statement]:
    """Those of the quoted answer's statements that have to be told and are not, in order.

    `statements` are the quoted answer's, by their citations' numbers; `told` holds texts with the statements that each
    cites. A caveat is told by a text that cites nothing else, or that holds all its values; a side of a disagreement by
    one that holds the value in question.
    """
    sides: dict[int, list[str]] = {}
    for conflict in quoted.conflicts:
        for value in conflict.values:
            sides.setdefault(value.citation, []).append(value.text)
    for number, statement in statements.items():
        if number not in sides and not _is_caveat(statement):
            continue
        texts = [text for text, cited in told if _cites(cited, statement)]
        if number in sides:
            kept = bool(texts) and not missing_values(" ".join(sides[number]), texts)
        elif any(len(cited) == 1 and _cites(cited, statement) for _, cited in told):
            kept = True
        else:
            kept = bool(texts and values(statement.source)) and not missing_values(statement.source, texts)
        if not kept:
            yield statement


def renumbered(conflicts: Sequence[Conflict], numbers: Mapping[int, int]) -> tuple[Conflict, ...]:
    """The same disagreements, under the citations' numbers in another answer, which cites all of their sides."""
    return tuple(
        replace(conflict, values=tuple(replace(value, citation=numbers[value.citation]) for value in conflict.values))
        for conflict in conflicts
    )


def _is_caveat(statement: Statement) -> bool:
    return statement.span.kind == "note" or says_to_make_sure(statement.source) or marks_another_side(statement.source)


def _cites(cited: Sequence[Statement], statement: Statement) -> bool:
    return any(one.chunk is statement.chunk and one.position == statement.position for one in cited)
