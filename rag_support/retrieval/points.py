"""How close a question comes to what customers ask about each listed disagreement.

A disagreement is over one attribute of a thing: the hours of the phone, not how to use it. Both share the phone's
words, so neither the topic's name nor the statements of its sides tell them apart; questions that ask for the attribute
do. The vectors of these are kept apart from those of the texts, since nothing is to be found by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.tokens import search_text
from rag_support.types import Embedder, FloatMatrix


@dataclass(frozen=True, slots=True)
class PointIndex:
    """Vector i is of a question about the point point_of[i]; a point may have none."""

    points: int
    vectors: FloatMatrix  # (questions, d), unit rows
    point_of: NDArray[np.int32]  # (questions,)

    @classmethod
    def build(cls, questions: Sequence[Sequence[str]], embedder: Embedder) -> "PointIndex":
        """Index the questions about each point. They are few, and embedded anew with every build."""
        texts = [search_text(text) for of_point in questions for text in of_point]
        vectors = embedder.embed_queries(texts) if texts else np.zeros((0, embedder.dimensions), dtype=np.float32)
        point_of = np.repeat(np.arange(len(questions), dtype=np.int32), [len(of_point) for of_point in questions])
        return cls(len(questions), vectors, point_of)

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder of their own."""
        folder.mkdir()
        np.save(folder / "count.npy", np.int32(self.points), allow_pickle=False)
        np.save(folder / "vectors.npy", self.vectors, allow_pickle=False)
        np.save(folder / "point-of.npy", self.point_of, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "PointIndex":
        return cls(
            points=int(np.load(folder / "count.npy", allow_pickle=False)),
            vectors=np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False),
            point_of=np.load(folder / "point-of.npy", allow_pickle=False),
        )

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    def closeness(self, vector: NDArray[np.float32]) -> tuple[float, ...]:
        """For each point the cosine of a question's (d,) vector with the nearest question about it, 0 for none."""
        nearest = np.zeros(self.points, dtype=np.float32)
        np.maximum.at(nearest, self.point_of, self.vectors @ vector)
        return tuple(nearest.tolist())
