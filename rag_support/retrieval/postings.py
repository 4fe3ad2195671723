"""BM25 scores: for each term the passages that hold it, each with what the term adds to its score.

bm25s computes them when an index is built. It is imported here alone, and never for a question: to sum up a few rows is
all that is left to do then, and the library brings SciPy with it.
Source: Lù, BM25S, arXiv:2407.03618; the scoring is Lucene's, k1 = 1.5, b = 0.75.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SCORES, _PASSAGES, _STARTS = "data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy"


@dataclass(frozen=True, slots=True)
class Postings:
    """Term t has scores[starts[t]:starts[t + 1]] in the passages of the same places."""

    scores: NDArray[np.float32]
    passages: NDArray[np.int32]
    starts: NDArray[np.int32]

    @classmethod
    def build(cls, passages: Sequence[Sequence[int]], vocabulary: Mapping[str, int]) -> "Postings":
        """From the term ids of every passage, with repeats."""
        import bm25s

        bm25 = bm25s.BM25(method="lucene")
        tokens = bm25s.tokenization.Tokenized(ids=passages, vocab=vocabulary)
        bm25.index(tokens, create_empty_token=False, show_progress=False)
        return cls(*(np.asarray(bm25.scores[name]) for name in ("data", "indices", "indptr")))

    def save(self, folder: Path) -> None:
        for name, array in ((_SCORES, self.scores), (_PASSAGES, self.passages), (_STARTS, self.starts)):
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Postings":
        names = (_SCORES, _PASSAGES, _STARTS)
        return cls(*(np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in names))

    def add(self, scores: NDArray[np.float32], terms: Iterable[tuple[int, int]]) -> None:
        """Add to each passage's score what these terms, each with how many times it counts, give to it."""
        for term, repeats in terms:
            held = slice(self.starts[term], self.starts[term + 1])
            scores[self.passages[held]] += repeats * self.scores[held]  # a passage stands once among a term's
