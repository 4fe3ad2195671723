"""How close a question comes to what customers ask about each listed disagreement.

A disagreement is over one attribute of a thing: the hours of the phone, not how to use it. Both share the phone's
words, so neither the topic's name nor the statements of its sides tell them apart; questions that ask for the attribute
do. The vectors of these are kept apart from those of the texts, since nothing is to be found by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.tokens import search_text
from rag_support.types import Embedder, FloatMatrix

_NEAREST = 2  # questions of a point; one alone may come near by chance


@dataclass(frozen=True, slots=True)
class PointIndex:
    """Run i has the questions in the rows starts[i] … starts[i + 1] - 1, or none.

    Run 2p is of those that ask about point p, run 2p + 1 of those that touch its subject and ask something else.
    """

    vectors: FloatMatrix  # (questions, d), unit rows
    starts: NDArray[np.int64]  # (2 · points + 1,)

    @classmethod
    def build(cls, points: Sequence[tuple[Sequence[str], Sequence[str]]], embedder: Embedder) -> "PointIndex":
        """Index the questions about and beside each point. They are few, and embedded anew with every build."""
        runs = [run for point in points for run in point]
        texts = [search_text(text) for run in runs for text in run]
        vectors = embedder.embed_queries(texts) if texts else np.zeros((0, embedder.dimensions), dtype=np.float32)
        return cls(vectors, np.cumsum([0, *map(len, runs)], dtype=np.int64))

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder of their own."""
        folder.mkdir()
        np.save(folder / "vectors.npy", self.vectors, allow_pickle=False)
        np.save(folder / "starts.npy", self.starts, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "PointIndex":
        return cls(*(np.load(folder / name, allow_pickle=False) for name in ("vectors.npy", "starts.npy")))

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    def closeness(self, vector: NDArray[np.float32]) -> tuple[float, ...]:
        """For each point the mean cosine of a question's (d,) vector with the nearest questions about it.

        0 where there are none, or where those beside the point come nearer.
        """
        cosines = (self.vectors @ vector).tolist()
        nearest = (sorted(cosines[first:last])[-_NEAREST:] for first, last in pairwise(self.starts.tolist()))
        means = [sum(run) / len(run) if run else 0.0 for run in nearest]
        return tuple(about if about > beside else 0.0 for about, beside in zip(means[::2], means[1::2], strict=True))
