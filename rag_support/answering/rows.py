"""Which rows of a table a question names: of fees for adults and for children, a question about children wants one.

A row is named by its first cell, in any language in which it reads. Only what tells it from the other rows counts: in
"Associate (Japanese)" beside "Associate (multilingual)" that is the language.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from rag_support.retrieval.tokens import is_grammar, query_terms
from rag_support.types import Span

_NAMED = 0.5  # share of what is special to a row's name that a question has to hold more of
_PAIRS = {"）": "（", ")": "("}


def named_rows(rows: Sequence[Span], asked: Collection[str]) -> list[int]:
    """The places among the rows of one table of those that a question with these terms names; often none."""
    if len(rows) < 2:
        return []
    found: set[int] = set()
    for language in rows[0].texts:
        names = [_name_terms(row.texts[language]) if language in row.texts else frozenset() for row in rows]
        counts = Counter(term for name in names for term in name)
        for place, name in enumerate(names):
            special = {term for term in name if counts[term] == 1}
            if special and len(special.intersection(asked)) > _NAMED * len(special):
                found.add(place)
    return sorted(found)


def _name_terms(reading: str) -> frozenset[str]:
    return frozenset(term for term in query_terms(_name(reading)) if not is_grammar(term))


def _name(reading: str) -> str:
    """The first cell of a row that reads as "cell (header: cell; …)", "cell: cell" or "cell, cell"."""
    opening = _PAIRS.get(reading[-1:])
    if opening:
        depth = 0
        for place in range(len(reading) - 1, -1, -1):
            depth += (reading[place] == reading[-1]) - (reading[place] == opening)
            if depth == 0:
                if any(mark in reading[place:] for mark in ("：", ": ")):
                    return reading[:place]
                break  # of "cell: cell (a remark)" the name is the first cell
    return min((reading.partition(mark)[0] for mark in ("：", ": ", "、", "；", "; ")), key=len)
