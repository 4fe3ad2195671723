"""Chunks → what the lexical leg looks up: the terms of every passage and span, under numbers that are those of their
alphabetical order.

A chunk that has not changed since the live index was built is taken over by its row there, unread. The order of the
vocabulary does not depend on which chunks those were, so that the same corpus gives the same files either way.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.postings import Bags, Postings
from rag_support.retrieval.span_values import SpanValues, SpanValuesBuilder
from rag_support.retrieval.tokens import passage_terms

_NOTHING = ""  # the term of a text without terms: one in each keeps sums over stretches of an array simple
_MAX_COUNT = np.iinfo(np.uint16).max  # far beyond where BM25 still tells a difference
_CACHED_LINES = 4_096  # a line is met as a span, in its passage and in its chunk; headings more often
_SORTED_TOGETHER = 1 << 20  # values


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """One chunk as the lexical leg sees it: passages and, where there are any, customers' questions, a text a language;
    and of each span its text in all languages with the questions that it answers, and the readings of its words.
    """

    passages: Sequence[str]  # that in the source's language first
    spans: Sequence[str]
    readings: Sequence[Sequence[str]]  # for each span


@dataclass(frozen=True, slots=True)
class LexicalParts:
    """What a lexical index is made of."""

    vocabulary: dict[str, int]
    postings: Postings
    rows: NDArray[np.int32]  # passage → chunk row
    span_terms: SpanValues  # the last "span" of a chunk is the whole chunk


class LexicalBuilder:
    """Takes chunk after chunk, new or taken over from `live`."""

    def __init__(self, live: LexicalParts | None = None) -> None:
        # numbers as they come, behind those of the live index; in order of the alphabet only when all are known
        self._numbers: dict[str, int] = dict(live.vocabulary) if live else {}
        self._terms, self._counts, self._starts = array("i"), array("H"), array("q", [0])
        self._rows = array("i")
        self._spans = SpanValuesBuilder()
        self._chunks = 0
        self._live = _Live.of(live) if live else _Live.nothing()
        self._of_line = _line_reader(self._numbers)

    def add(self, entry: LexicalEntry) -> None:
        readings = [[self._number(term) for term in terms] for terms in entry.readings]
        read = list(dict.fromkeys(chain.from_iterable(readings)))
        passages = [self._of_text(passage) for passage in entry.passages]
        for position, terms in enumerate(passages):
            bag = Counter((*terms, *read) if position == 0 else terms) or Counter([self._number(_NOTHING)])
            self._terms.extend(bag.keys())
            self._counts.extend(map(min, bag.values(), repeat(_MAX_COUNT)))
            self._starts.append(len(self._terms))
            self._rows.append(self._chunks)
        of_spans = [{*self._of_text(text), *terms} for text, terms in zip(entry.spans, readings, strict=True)]
        whole = {*chain.from_iterable(passages), *read}
        self._spans.add(terms or (self._number(_NOTHING),) for terms in (*of_spans, whole))
        self._chunks += 1

    def take_over(self, row: int) -> None:
        """The next chunk is that in this row of the live index."""
        first, last = self._live.first_passage[row], self._live.first_passage[row + 1]
        bags = self._live.bags
        starts = bags.starts[first : last + 1]
        held = slice(starts[0], starts[-1])
        self._starts.frombytes((starts[1:] - starts[0] + len(self._terms)).tobytes())
        self._terms.frombytes(bags.terms[held].tobytes())
        self._counts.frombytes(bags.counts[held].tobytes())
        self._rows.extend([self._chunks] * (last - first))
        self._spans.take_over(self._live.span_terms, row)
        self._chunks += 1

    def built(self) -> LexicalParts:
        """What was collected; nothing can be added after this."""
        spans = self._spans.built()
        terms = np.frombuffer(self._terms, dtype=np.int32)
        used = np.zeros(len(self._numbers), dtype=np.bool_)
        used[terms] = True
        used[spans.values] = True
        names = list(self._numbers)
        ordered = sorted(range(len(names)), key=names.__getitem__)
        ordered = [number for number in ordered if used[number]]
        new_numbers = np.full(len(names), -1, dtype=np.int32)
        new_numbers[ordered] = np.arange(len(ordered), dtype=np.int32)
        bags = Bags(
            new_numbers[terms],
            np.frombuffer(self._counts, dtype=np.uint16),
            np.frombuffer(self._starts, dtype=np.int64),
        )
        return LexicalParts(
            vocabulary={names[number]: place for place, number in enumerate(ordered)},
            postings=Postings.build(bags, len(ordered)),
            rows=np.frombuffer(self._rows, dtype=np.int32),
            span_terms=SpanValues(
                _sorted_in_spans(new_numbers[spans.values], spans.span_starts), spans.span_starts, spans.chunk_starts
            ),
        )

    def _of_text(self, text: str) -> list[int]:
        return list(chain.from_iterable(map(self._of_line, text.split("\n"))))

    def _number(self, term: str) -> int:
        return self._numbers.setdefault(term, len(self._numbers))


@dataclass(frozen=True, slots=True)
class _Live:
    """The live index by chunk row."""

    bags: Bags
    first_passage: list[int]  # of each chunk, and one past the last
    span_terms: SpanValues

    @classmethod
    def nothing(cls) -> "_Live":
        bags = Bags(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint16), np.zeros(1, dtype=np.int64))
        return cls(bags, [0], SpanValuesBuilder().built())

    @classmethod
    def of(cls, live: LexicalParts) -> "_Live":
        chunks = np.arange(len(live.span_terms) + 1)
        first_passage: list[int] = np.searchsorted(live.rows, chunks).tolist()
        return cls(live.postings.bags(len(live.rows)), first_passage, live.span_terms)


def _line_reader(numbers: dict[str, int]) -> Callable[[str], Sequence[int]]:
    """The numbers of a line's terms, with repeats; no term reaches over the end of a line."""

    @lru_cache(maxsize=_CACHED_LINES)
    def of_line(line: str) -> Sequence[int]:
        return [numbers.setdefault(term, len(numbers)) for term in passage_terms(line)]

    return of_line


def _sorted_in_spans(values: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.int32]:
    """The values of each span in order, a stretch of spans at a time."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + _SORTED_TOGETHER, side="right")) - 1
        last = min(max(last, first + 1), len(starts) - 1)
        held = slice(starts[first], starts[last])
        span = np.repeat(np.arange(last - first, dtype=np.int64), np.diff(starts[first : last + 1]))
        keys = span << 32 | values[held]
        keys.sort()
        values[held] = (keys & 0xFFFFFFFF).astype(np.int32)
        first = last
    return values
