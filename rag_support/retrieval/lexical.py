"""BM25 over lexical terms: save, load, search; lexical_building.py builds.

A question that shares no term with the passages gets no ranking at all: zero scores are dropped, so the leg abstains
instead of padding. A question is read once, by `query`; what of it a chunk or a span holds stands in coverage.py.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.coverage import TermCoverage, WeightedTerms
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
    """A question in the terms of one index: for its ranking as (term id, how many times it counts), in order and with
    repeats; for what is covered each once, with its weight.
    """

    asked: Sequence[tuple[int, int]]
    widening: Sequence[tuple[int, int]]  # what the glossary adds
    weighted: WeightedTerms


@dataclass(frozen=True, slots=True)
class LexicalRankings:
    """(chunk row, BM25 score), best first; a chunk scores as its best passage."""

    asked: Sequence[tuple[int, float]]  # by the question's own words
    widened: Sequence[tuple[int, float]]  # by those and what the glossary adds; empty where it adds nothing


class LexicalIndex:
    """Chunks by their terms."""

    def __init__(self, parts: LexicalParts, idf: list[float]) -> None:
        self.parts = parts
        self._postings, self._vocabulary, self._rows = parts.postings, parts.vocabulary, parts.rows
        self._span_terms = parts.span_terms
        self._idf = idf
        self.coverage = TermCoverage(parts.span_terms)

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
        asked, widened = self._asked(question), self._asked(widening)
        terms = sorted(set(asked))
        extra = sorted(set(query_terms(widening)) - set(terms))
        weights = {term: self._weight(term) for term in (*terms, *extra)}
        total = sum(weights[term] for term in terms)
        known = [term for term in terms if term in self._vocabulary]
        added = [term for term in extra if term in self._vocabulary]
        ids = np.array([self._vocabulary[term] for term in (*known, *added)], dtype=np.intp)
        own = np.array([weights[term] for term in known] + [0.0] * len(added))
        extra_weights = np.array([0.0] * len(known) + [weights[term] for term in added])
        is_asked = np.zeros(len(self._vocabulary), dtype=bool)
        is_asked[ids] = True
        order = np.argsort(ids)
        weighted = WeightedTerms(
            is_asked=is_asked,
            ids=ids[order],
            own=own[order],
            widened=extra_weights[order],
            total=total,
            widened_total=sum(weights[term] for term in added),
            known=sum(weights[term] for term in known) / total if total else 0.0,
        )
        return LexicalQuery(self._counted(asked), self._counted(widened), weighted)

    def _asked(self, text: str) -> list[str]:
        """The terms of a question, with repeats; a Latin word that occurs nowhere is taken by its sound."""
        terms = query_terms(text)
        if all(term in self._vocabulary for term in terms):
            return terms
        readings = {stem: term for stem, term in question_readings(text).items() if term in self._vocabulary}
        return [term if term in self._vocabulary else readings.get(term, term) for term in terms]

    def _counted(self, terms: Iterable[str]) -> list[tuple[int, int]]:
        return [
            (self._vocabulary[term], 1 if is_grammar(term) else _CONTENT_REPEATS)
            for term in terms
            if term in self._vocabulary
        ]

    def _weight(self, term: str) -> float:
        """The inverse document frequency of a term; one that occurs nowhere weighs as much as one that occurs once."""
        term_id = self._vocabulary.get(term)
        idf = self._idf[term_id] if term_id is not None else _weight(1, len(self._rows))
        return idf / _CONTENT_REPEATS if is_grammar(term) else idf

    def search(self, query: LexicalQuery, k: int) -> LexicalRankings:
        """At most k chunks in each ranking; none without a match."""
        scores = np.zeros(len(self._rows), dtype=np.float32)
        self._postings.add(scores, query.asked)
        asked = self._best(scores, k)
        if not query.widening:
            return LexicalRankings(asked, ())
        self._postings.add(scores, query.widening)
        return LexicalRankings(asked, self._best(scores, k))

    def _best(self, scores: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Of chunks whose scores are equal, the one that stands first comes first. Only what was met is looked at."""
        met = np.flatnonzero(scores)
        if not len(met):
            return []
        rows = self._rows[met]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        rows, best = rows[starts], np.maximum.reduceat(scores[met], starts)
        if len(best) > k:
            near = np.flatnonzero(best >= np.partition(best, -k)[-k])
            rows, best = rows[near], best[near]
        order = np.argsort(-best, kind="stable")[:k]
        return list(zip(rows[order].tolist(), best[order].tolist(), strict=True))


def _weight(passages_with_it: int, passages: int) -> float:
    """Inverse document frequency, as if some passages more were there: a handful of them tells little of how rare a
    term is, and a question about what all of them say would seem to be about nothing.
    """
    return math.log(1 + (passages + _SMOOTHING - passages_with_it + 0.5) / (passages_with_it + 0.5))
