"""BM25 and term coverage over lexical terms: save, load, search; lexical_building.py builds.

A question that shares no term with the passages gets no ranking at all: zero scores are dropped, so the leg abstains
instead of padding. Coverage tells which share of the question's term weight (inverse document frequency) a chunk, or
one of its spans, holds.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.lexical_building import LexicalParts
from rag_support.retrieval.postings import Postings
from rag_support.retrieval.readings import question_readings
from rag_support.retrieval.span_values import SpanValues
from rag_support.retrieval.tokens import is_grammar, query_terms

_VOCABULARY = "vocabulary.json"
_ROWS = "rows.npy"
_SPAN_TERMS = "span-terms"
_SMOOTHING = 200  # passages
_CONTENT_REPEATS = 4  # how many times more a term that carries content counts than one of hiragana only


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """The weight of every term of the vocabulary for one question, (terms,) float32, zero for most.

    `widened` are the terms that only the glossary adds; `total` is the weight of the question's own terms, those that
    occur nowhere included, and `known` the share of it that occurs somewhere.
    """

    own: NDArray[np.float32]
    widened: NDArray[np.float32]
    total: float
    widened_total: float
    known: float


@dataclass(frozen=True, slots=True)
class SpanCoverage:
    """Of the question's own term weight and of what widens it, what each span of a chunk holds, (spans,) float32, 0..1.

    `united` is what it holds of the question's own together with its heading: a statement is read under its heading,
    which often holds half of what was asked.
    """

    own: NDArray[np.float32]
    widened: NDArray[np.float32]
    united: NDArray[np.float32]


class LexicalIndex:
    """Chunks by their terms."""

    def __init__(self, parts: LexicalParts, idf: list[float]) -> None:
        self.parts = parts
        self._postings, self._vocabulary, self._rows = parts.postings, parts.vocabulary, parts.rows
        self._span_terms = parts.span_terms
        self._idf = idf

    @classmethod
    def of(cls, parts: LexicalParts) -> "LexicalIndex":
        """The index that a build has collected."""
        frequency = np.diff(parts.postings.starts).tolist()
        return cls(parts, [_weight(passages, len(parts.rows)) for passages in frequency])

    def save(self, folder: Path) -> None:
        folder.mkdir()
        self._postings.save(folder)
        idf = [round(value, 5) for value in self._idf]
        vocabulary = json.dumps({"terms": list(self._vocabulary), "idf": idf}, ensure_ascii=False)
        (folder / _VOCABULARY).write_text(vocabulary, encoding="utf-8")
        np.save(folder / _ROWS, self._rows, allow_pickle=False)
        self._span_terms.save(folder / _SPAN_TERMS)

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        stored = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        vocabulary = {term: number for number, term in enumerate(stored["terms"])}
        rows = np.asarray(np.load(folder / _ROWS, mmap_mode="r", allow_pickle=False))
        parts = LexicalParts(vocabulary, Postings.load(folder), rows, SpanValues.load(folder / _SPAN_TERMS))
        return cls(parts, stored["idf"])

    @property
    def chunks(self) -> int:
        return len(self._span_terms)

    @property
    def spans(self) -> int:
        return self._span_terms.spans - len(self._span_terms)  # without those that are a whole chunk

    def knows(self, expression: str) -> bool:
        """Whether every term of the expression occurs somewhere in the passages."""
        return all(term in self._vocabulary for term in query_terms(expression))

    def query(self, question: str, widening: str) -> LexicalQuery:
        terms = set(self._asked(question))
        extra = set(query_terms(widening)) - terms
        total = sum(self._weight(term) for term in sorted(terms))
        own = self._weights(terms)
        widened = self._weights(extra)
        known = float(own.sum()) / total if total else 0.0
        return LexicalQuery(own, widened, total, float(widened.sum()), known)

    def _asked(self, question: str) -> list[str]:
        """The terms of a question, with repeats; a Latin word that occurs nowhere is taken by its sound."""
        readings = {stem: term for stem, term in question_readings(question).items() if term in self._vocabulary}
        return [
            readings[term] if term in readings and term not in self._vocabulary else term
            for term in query_terms(question)
        ]

    def _weights(self, terms: Iterable[str]) -> NDArray[np.float32]:
        weights = np.zeros(len(self._vocabulary), dtype=np.float32)
        for term in terms:
            if (term_id := self._vocabulary.get(term)) is not None:
                weights[term_id] = self._weight(term)
        return weights

    def _weight(self, term: str) -> float:
        """The inverse document frequency of a term; one that occurs nowhere weighs as much as one that occurs once."""
        term_id = self._vocabulary.get(term)
        idf = self._idf[term_id] if term_id is not None else _weight(1, len(self._rows))
        return idf / _CONTENT_REPEATS if is_grammar(term) else idf

    def search(self, question: str, k: int) -> list[tuple[int, float]]:
        """At most k (chunk row, BM25 score), best first; a chunk scores as its best passage. Empty without a match."""
        ids = [
            self._vocabulary[term]
            for term in self._asked(question)
            if term in self._vocabulary
            for _ in range(1 if is_grammar(term) else _CONTENT_REPEATS)
        ]
        if not ids:
            return []
        passage_scores = self._postings.passage_scores(ids, len(self._rows))
        scores = np.zeros(len(self._span_terms), dtype=np.float32)
        np.maximum.at(scores, self._rows, passage_scores)
        k = min(k, len(scores))
        best = np.argpartition(-scores, k - 1)[:k]
        order = best[np.lexsort((best, -scores[best]))]
        return [(int(row), float(scores[row])) for row in order if scores[row] > 0]

    def chunk_coverage(
        self, query: LexicalQuery, rows: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The shares of the question's own term weight, and of what widens it, that the chunks in these rows hold: two
        arrays of (rows,).
        """
        terms, starts = self._span_terms.last_of_chunks(rows)
        own, widened = np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=np.float32)
        for shares, weights, total in (
            (own, query.own, query.total),
            (widened, query.widened, query.widened_total),
        ):
            if total:
                np.divide(np.add.reduceat(weights.take(terms), starts), np.float32(total), out=shares)
        return own, widened

    def span_coverage(self, query: LexicalQuery, row: int, headings: Sequence[int]) -> SpanCoverage:
        """The same for each span of a chunk. `headings` are the heading's positions among the spans."""
        terms, starts = self._span_terms.of_chunk(row)
        share = np.float32(1 / query.total if query.total else 0.0)
        weights = query.own.take(terms)
        own = np.add.reduceat(weights, starts[:-1])[:-1] * share
        if query.widened_total:
            widened = np.add.reduceat(query.widened.take(terms), starts[:-1])[:-1] * np.float32(1 / query.widened_total)
        else:
            widened = np.zeros_like(own)
        held: dict[int, float] = {}  # terms of the question in the heading; few, so that a loop is quicker than a set
        for position in headings:
            of_heading = slice(starts[position], starts[position + 1])
            asked = np.flatnonzero(weights[of_heading])
            held.update(zip(terms[of_heading][asked].tolist(), weights[of_heading][asked].tolist(), strict=True))
        for term in held:
            weights[terms == term] = 0
        united = (np.add.reduceat(weights, starts[:-1])[:-1] + np.float32(sum(held.values()))) * share
        return SpanCoverage(own, widened, united)


def _weight(passages_with_it: int, passages: int) -> float:
    """Inverse document frequency, as if some passages more were there: a handful of them tells little of how rare a
    term is, and a question about what all of them say would seem to be about nothing.
    """
    return math.log(1 + (passages + _SMOOTHING - passages_with_it + 0.5) / (passages_with_it + 0.5))
