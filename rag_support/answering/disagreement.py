"""Do two statements give different values for one thing?

They do when each holds a value of a kind that the other holds too, none of them the same, and what the shorter says
besides stands in the longer: 「取置き期間は7日間です」 and 「本の取置き期間は10日間です」. 「東京店は9時からです」 and
「大阪店は10時からです」 speak of two things. Members of one list or table never disagree.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from rag_support.retrieval.tokens import fold
from rag_support.types import Chunk, Span
from rag_support.values import Value, values

_FEWEST_TERMS = 3  # of what is said besides the values
_SHARED = 0.9  # of the shorter's terms, from which both speak of the same thing
_LONGEST_RATIO = 3.0  # a long statement says much, and nearly every short one is part of it
_RARE = 30  # statements; a term that more of them hold leads to no candidates
_NUMBER = re.compile(r"[\d０-９,.:：〜~–-]+")
_RUN = re.compile("[\u30a1-\u30fa\u30fc]+|[\u3400-\u9fff々]+|[a-z]{3,}")
_UNITS = ("minute", "day", "business day", "month", "year", "percent", "jpy", "cny", "usd")


class Placed(Protocol):
    """Anything that stands in a chunk as one of its spans."""

    @property
    def chunk(self) -> Chunk: ...

    @property
    def span(self) -> Span: ...


class Place(NamedTuple):
    """A statement of a corpus."""

    chunk: Chunk
    span: Span

    @property
    def text(self) -> str:
        return self.chunk.source_of(self.span)

    def __str__(self) -> str:
        return f"{self.chunk.doc_id}, {' › '.join(self.chunk.heading)}: {' '.join(self.text.split())}"


def gives_a_value(text: str) -> bool:
    """Whether a statement holds any value that another could differ from."""
    return bool(_typed(text))


def disagree(one: str, other: str) -> bool:
    """Whether two statements in one language give different values for the same thing."""
    ours, theirs = _typed(one), _typed(other)
    differing = [
        kind
        for kind in ours.keys() & theirs.keys()
        if not any(mine.same_as(value) for mine in ours[kind] for value in theirs[kind])
    ]
    if not differing:
        return False
    terms = sorted((_terms(one), _terms(other)), key=len)
    if len(terms[0]) < _FEWEST_TERMS or len(terms[1]) > _LONGEST_RATIO * len(terms[0]):
        return False
    return len(terms[0] & terms[1]) >= _SHARED * len(terms[0])


def disagreements(chunks: Sequence[Chunk]) -> Iterator[tuple[Place, Place]]:
    """Pairs of statements of a corpus that disagree, in the order in which they stand."""
    places = [
        Place(chunk, span)
        for chunk in chunks
        for span in chunk.spans
        if span.kind not in ("heading", "question") and _typed(chunk.source_of(span))
    ]
    holding: dict[str, list[int]] = defaultdict(list)
    for number, place in enumerate(places):
        for term in _terms(place.text):
            holding[term].append(number)
    for number, place in enumerate(places):
        near = {other for term in _terms(place.text) if len(holding[term]) <= _RARE for other in holding[term]}
        for other in sorted(near):
            if other > number and not same_list(place, places[other]) and disagree(place.text, places[other].text):
                yield place, places[other]


def same_list(one: Placed, other: Placed) -> bool:
    """Whether both are members of one list or table."""
    return one.chunk is other.chunk and one.span.group >= 0 and one.span.group == other.span.group


@lru_cache(maxsize=8192)
def _typed(text: str) -> dict[str, tuple[Value, ...]]:
    """The values by kind; numbers by their unit, those of other units left out, for they count too many things."""
    found: dict[str, tuple[Value, ...]] = {}
    for value in values(text):
        kind = value.unit if value.kind == "number" else value.kind
        if kind is not None and (value.kind != "number" or kind in _UNITS):
            found[kind] = (*found.get(kind, ()), value)
    return found


@lru_cache(maxsize=8192)
def _terms(text: str) -> frozenset[str]:
    """What is said besides the values: words, and bigrams of kanji and of katakana."""
    found: set[str] = set()
    for run in _RUN.findall(_NUMBER.sub(" ", fold(text))):
        found.update([run] if run.isascii() or len(run) == 1 else (run[i : i + 2] for i in range(len(run) - 1)))
    return frozenset(found)
