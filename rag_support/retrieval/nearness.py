"""How near a question lies to chunks and their spans: cosines with their vectors, as few as will do.

A chunk has one vector for the whole passage in each language, and some dozens for its spans and for the customers'
questions that they answer. Where the index looks at all rows, all cosines are there. Where it looks at few, those of
the passages are computed for all candidates; of the spans it is known what the search found, and that nothing else is
nearer than the last that it found, but for the few rows that a search by codes misses. With that bound most candidates
are out before their spans are looked at.
Source of the idea: the threshold algorithm of Fagin, Lotem and Naor, PODS 2001.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.dense import DenseIndex

_ROWS = 400  # vectors searched for; several belong to one chunk
_ROUNDING = 1e-6  # by which a cosine of the search may fall short of the same computed again


@dataclass(frozen=True, slots=True)
class ChunkCosines:
    """Those of a chunk's vectors that stand for spans, and which span each stands for, both (vectors,)."""

    cosines: NDArray[np.float32]
    span_of: NDArray[np.int32]

    @property
    def best_span(self) -> float:
        return float(self.cosines.max(initial=0.0))


class ChunkVectors:
    """The vectors of an index by chunk; those of one chunk stand together."""

    def __init__(self, dense: DenseIndex, rows: NDArray[np.int32], chunks: int) -> None:
        """`rows` is (vectors, 2): chunk row, and span or -1 for a whole passage."""
        self._dense = dense
        self.chunk_of = np.ascontiguousarray(rows[:, 0])
        self.span_of = np.ascontiguousarray(rows[:, 1])
        self.is_span = self.span_of >= 0
        self._first_row = np.searchsorted(self.chunk_of, np.arange(chunks + 1))
        self._passages = np.flatnonzero(~self.is_span)
        self._first_passage = np.searchsorted(self.chunk_of[self._passages], np.arange(chunks + 1))

    def near(self, vector: NDArray[np.float32]) -> "Nearness":
        """How near one question's (d,) vector lies to them."""
        return Nearness(self, self._dense, vector)

    def of_chunk(self, row: int) -> slice:
        return slice(self._first_row[row], self._first_row[row + 1])

    def passages_of(self, rows: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The vectors of the whole passages of these chunks, and where among them each chunk's begin."""
        firsts, ends = self._first_passage[rows], self._first_passage[np.asarray(rows) + 1]
        found = [self._passages[first:end] for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)]
        return np.concatenate(found), np.cumsum(ends - firsts) - (ends - firsts)


class Nearness:
    """Cosines of one question, negative ones as 0."""

    def __init__(self, vectors: ChunkVectors, dense: DenseIndex, vector: NDArray[np.float32]) -> None:
        self._vectors = vectors
        self._dense = dense
        self.vector = vector
        self._nearest = dense.search(vector, _ROWS)

    def chunks(self, k: int) -> list[int]:
        """At most k rows of chunks by their best vector, best first; fewer when the search found no more."""
        near = self._nearest.rows[self._nearest.cosines > 0]
        return list(dict.fromkeys(self._vectors.chunk_of[near].tolist()))[:k]

    def passages(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """The best cosine with a whole passage of each of these chunks, (rows,)."""
        vectors, starts = self._vectors.passages_of(rows)
        cosines = np.maximum(self._dense.cosines(self.vector, vectors), 0.0)
        return np.maximum.reduceat(cosines, starts).astype(np.float64)

    def span_ceilings(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """What the best cosine with a span of each of these chunks is at most, (rows,), as far as the search tells."""
        found, cosines = self._nearest.rows[::-1], np.maximum(self._nearest.cosines[::-1], 0.0)
        farthest = float(cosines[0]) if len(cosines) else 0.0
        spans = self._vectors.is_span[found]
        of_chunks = self._vectors.chunk_of[found[spans]].tolist()
        best = dict(zip(of_chunks, cosines[spans].tolist(), strict=True))  # of a chunk's several the last is the best
        return np.array([best.get(row, farthest) for row in rows]) + _ROUNDING

    def of_chunk(self, row: int) -> ChunkCosines:
        vectors = self._vectors.of_chunk(row)
        cosines = np.maximum(self._dense.cosines(self.vector, vectors), 0.0)
        of_spans = self._vectors.is_span[vectors]
        return ChunkCosines(cosines[of_spans], self._vectors.span_of[vectors][of_spans])
