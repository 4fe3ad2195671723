"""BM25 scores: for each term the passages that hold it, each with what the term adds to its score.

They are computed when an index is built, so that a question only sums up a few rows. SciPy turns passages with their
terms into terms with their passages; it is imported here alone, and never for a question.
Source: Lù, BM25S, arXiv:2407.03618; the scoring is Lucene's, k1 = 1.5, b = 0.75.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SCORES, _PASSAGES, _STARTS = "data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy"
_COUNTS = "counts.csc.index.npy"
_K1, _B = np.float32(1.5), np.float32(0.75)
_SCORED_TOGETHER = 4_000_000  # postings


@dataclass(frozen=True, slots=True)
class Bags:
    """Passage p holds terms[starts[p]:starts[p + 1]], each once and as often as counts at the same place says."""

    terms: NDArray[np.int32]
    counts: NDArray[np.uint16]
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Postings:
    """Term t has scores[starts[t]:starts[t + 1]] in the passages of the same places, which hold it `counts` times.

    The counts are what the next build needs of passages that have not changed; no question reads them.
    """

    scores: NDArray[np.float32]
    passages: NDArray[np.int32]
    counts: NDArray[np.uint16]
    starts: NDArray[np.int32]

    @classmethod
    def build(cls, bags: Bags, terms: int) -> "Postings":
        """From passages that hold a term at least each, out of a vocabulary of so many terms."""
        from scipy.sparse import csr_matrix

        passages = len(bags.starts) - 1
        by_term = csr_matrix((bags.counts, bags.terms, bags.starts), shape=(passages, terms)).tocsc()
        starts = by_term.indptr.astype(np.int32)
        lengths = np.add.reduceat(bags.counts, bags.starts[:-1], dtype=np.int64).astype(np.float32)
        norms = _K1 * ((1 - _B) + _B * lengths / lengths.mean(dtype=np.float64).astype(np.float32))
        frequency = np.diff(starts)
        idf = np.log(1 + (passages - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        scores = np.empty(len(by_term.data), dtype=np.float32)
        # blocks of whole terms: one expression over all postings would take several times their memory
        blocks = np.searchsorted(starts, np.arange(0, len(scores), _SCORED_TOGETHER)).tolist()
        for first, last in pairwise((*blocks, terms)):
            held = slice(starts[first], starts[last])
            counts = by_term.data[held].astype(np.float32)
            of_terms = np.repeat(idf[first:last], frequency[first:last])
            scores[held] = of_terms * (counts / (norms[by_term.indices[held]] + counts))
        return cls(scores, by_term.indices.astype(np.int32, copy=False), by_term.data, starts)

    def bags(self, passages: int) -> Bags:
        """What they were built from, each passage's terms in their order; `passages` is how many there are."""
        from scipy.sparse import csc_matrix

        shape = (passages, len(self.starts) - 1)
        by_passage = csc_matrix((self.counts, self.passages, self.starts), shape=shape).tocsr()
        return Bags(by_passage.indices, by_passage.data, by_passage.indptr.astype(np.int64))

    def save(self, folder: Path) -> None:
        for name, array in (
            (_SCORES, self.scores), (_PASSAGES, self.passages), (_COUNTS, self.counts), (_STARTS, self.starts),
        ):  # fmt: skip
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Postings":
        names = (_SCORES, _PASSAGES, _COUNTS, _STARTS)
        return cls(*(np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in names))

    def add(self, scores: NDArray[np.float32], terms: Iterable[tuple[int, int]]) -> None:
        """Add to each passage's score what these terms, each with how many times it counts, give to it."""
        for term, repeats in terms:
            held = slice(self.starts[term], self.starts[term + 1])
            scores[self.passages[held]] += repeats * self.scores[held]  # a passage stands once among a term's
