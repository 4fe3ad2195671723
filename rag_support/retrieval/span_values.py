"""Integers for every span of every chunk (term ids, token ids) as flat arrays that are mapped from disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SpanValues:
    """Span i holds values[span_starts[i]:span_starts[i + 1]]; chunk j the spans chunk_starts[j]:chunk_starts[j + 1]."""

    values: NDArray[np.int32]
    span_starts: NDArray[np.int64]
    chunk_starts: NDArray[np.int64]

    @classmethod
    def build(cls, chunks: Iterable[Iterable[Iterable[int]]]) -> "SpanValues":
        values: list[int] = []
        span_starts, chunk_starts = [0], [0]
        for spans in chunks:
            for span in spans:
                values.extend(span)
                span_starts.append(len(values))
            chunk_starts.append(len(span_starts) - 1)
        return cls(
            np.asarray(values, dtype=np.int32),
            np.asarray(span_starts, dtype=np.int64),
            np.asarray(chunk_starts, dtype=np.int64),
        )

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder of their own."""
        folder.mkdir()
        np.save(folder / "values.npy", self.values, allow_pickle=False)
        np.save(folder / "span-starts.npy", self.span_starts, allow_pickle=False)
        np.save(folder / "chunk-starts.npy", self.chunk_starts, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "SpanValues":
        names = ("values.npy", "span-starts.npy", "chunk-starts.npy")
        return cls(*(np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in names))

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self.chunk_starts) - 1

    @property
    def spans(self) -> int:
        """The number of spans of all chunks."""
        return len(self.span_starts) - 1

    def last_of_chunks(self, rows: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The values of these chunks' last spans, one after the other, and where each chunk's start."""
        ends = self.chunk_starts[np.asarray(rows) + 1]
        firsts, lasts = self.span_starts[ends - 1], self.span_starts[ends]
        parts = [self.values[first:last] for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)]
        return np.concatenate(parts), np.cumsum(lasts - firsts) - (lasts - firsts)

    def of_chunks(
        self, rows: Sequence[int], but_last: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """The values of all spans of these chunks (`but_last`: of all but each chunk's last), one after the other;
        where each span's start; and which of these chunks, from 0, each span is of.
        """
        firsts, ends = (self.chunk_starts[np.asarray(rows) + after] for after in (0, 1))
        ends = ends - but_last
        bounds = [self.span_starts[first : end + 1] for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)]
        values = np.concatenate([self.values[bound[0] : bound[-1]] for bound in bounds])
        sizes = np.concatenate([bound[1:] - bound[:-1] for bound in bounds])
        return values, np.cumsum(sizes) - sizes, np.repeat(np.arange(len(bounds)), ends - firsts)
