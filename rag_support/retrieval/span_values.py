"""Integers for every span of every chunk (term ids, token ids) as flat arrays that are mapped from disk."""

from array import array
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


class SpanValuesBuilder:
    """Collects the values of chunk after chunk, four bytes each: lists of a large corpus would take ten times that."""

    def __init__(self) -> None:
        self._values = array("i")
        self._span_starts, self._chunk_starts = array("q", [0]), array("q", [0])

    def add(self, spans: Iterable[Iterable[int]]) -> None:
        """The next chunk, by the values of each of its spans."""
        for span in spans:
            self._values.extend(span)
            self._span_starts.append(len(self._values))
        self._chunk_starts.append(len(self._span_starts) - 1)

    def take_over(self, stored: SpanValues, row: int) -> None:
        """The next chunk, as it stands in `stored`."""
        starts = stored.span_starts[stored.chunk_starts[row] : stored.chunk_starts[row + 1] + 1]
        self._span_starts.frombytes((starts[1:] - starts[0] + len(self._values)).tobytes())
        self._values.frombytes(stored.values[starts[0] : starts[-1]].tobytes())
        self._chunk_starts.append(len(self._span_starts) - 1)

    def built(self) -> SpanValues:
        """What was collected; nothing can be added after this."""
        return SpanValues(
            np.frombuffer(self._values, dtype=np.int32) if self._values else np.empty(0, dtype=np.int32),
            np.frombuffer(self._span_starts, dtype=np.int64),
            np.frombuffer(self._chunk_starts, dtype=np.int64),
        )
