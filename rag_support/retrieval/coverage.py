"""Term coverage: which share of a question's term weight a chunk, or one of its spans, holds.

A question has a few dozen terms, its candidates tens of thousands. So one pass over the candidates' terms finds the few
places where one of the question's stands, and all sums are over those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.span_values import SpanValues


@dataclass(frozen=True, slots=True)
class WeightedTerms:
    """The terms of one question that occur in the index, and their weights.

    `widened` is the weight of those that only the glossary adds; `total` is that of all of the question's own terms,
    those that occur nowhere included, and `known` the share of it that occurs somewhere.
    """

    is_asked: NDArray[np.bool_]  # (vocabulary,)
    ids: NDArray[np.intp]  # (terms,), sorted
    own: NDArray[np.float64]  # (terms,), 0 for a term that only widens
    widened: NDArray[np.float64]  # (terms,), 0 for a term of the question's own
    total: float
    widened_total: float
    known: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the question's own term weight and of what widens it, what each chunk or span holds, float64, 0..1."""

    own: NDArray[np.float64]
    widened: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpanCoverage:
    """The coverage of each span, and `united`: what it holds of the question's own together with its heading.

    A statement is read under its heading, which often holds half of what was asked.
    """

    own: NDArray[np.float64]
    widened: NDArray[np.float64]
    united: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Held:
    """Where terms of the question stand: in which group (chunk or span), and which of `WeightedTerms.ids`."""

    groups: NDArray[np.intp]
    terms: NDArray[np.intp]


class TermCoverage:
    """The terms of every span; the last "span" of a chunk is the whole chunk."""

    def __init__(self, span_terms: SpanValues) -> None:
        self._span_terms = span_terms

    def of_chunks(self, question: WeightedTerms, rows: Sequence[int]) -> Coverage:
        """Of the chunks in these rows."""
        values, starts = self._span_terms.last_of_chunks(rows)
        return _coverage(question, _held(question, values, starts), len(rows))

    def of_spans(self, question: WeightedTerms, rows: Sequence[int], headings: NDArray[np.bool_]) -> SpanCoverage:
        """Of all spans of the chunks in these rows, one chunk's after the other's.

        `headings` tells which of these spans are their chunk's heading, (spans,).
        """
        values, starts, chunks = self._span_terms.of_chunks(rows, but_last=True)
        held = _held(question, values, starts)
        plain = _coverage(question, held, len(starts))
        # a term of the heading counts for each span of its chunk, once
        of_heading = np.zeros((len(rows), len(question.ids)), dtype=bool)
        in_heading = headings[held.groups]
        of_heading[chunks[held.groups[in_heading]], held.terms[in_heading]] = True
        beside = ~of_heading[chunks[held.groups], held.terms]
        rest = _sums(held.groups[beside], question.own[held.terms[beside]], len(starts))
        united = rest + (of_heading @ question.own)[chunks]
        return SpanCoverage(plain.own, plain.widened, _share(united, question.total))


def _held(question: WeightedTerms, values: NDArray[np.int32], starts: NDArray[np.int64]) -> _Held:
    """`starts` are the places in `values` where the groups begin, none of them empty."""
    places = np.flatnonzero(question.is_asked.take(values))
    return _Held(
        groups=np.searchsorted(starts, places, side="right") - 1,
        terms=np.searchsorted(question.ids, values[places]),
    )


def _coverage(question: WeightedTerms, held: _Held, groups: int) -> Coverage:
    own = _sums(held.groups, question.own[held.terms], groups)
    widened = _sums(held.groups, question.widened[held.terms], groups)
    return Coverage(_share(own, question.total), _share(widened, question.widened_total))


def _sums(groups: NDArray[np.intp], weights: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """The weights summed by group, (number,)."""
    return np.asarray(np.bincount(groups, weights, number), dtype=np.float64)


def _share(weights: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    return weights / total if total else np.zeros_like(weights)
