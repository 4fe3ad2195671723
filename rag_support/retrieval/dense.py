"""Vectors in FAISS: build, save, load, search. Alone in importing faiss.

Rows are unit vectors, so the inner product is the cosine. Up to FLAT_ROWS rows a search looks at all of them. Above, it
looks at all of their codes, half a bit a dimension, sixteen at once in a processor's registers, and then at the rows
whose codes came nearest: their cosines are exact, and what it misses is far down the list (`make bench` measures it).
Source: André, Kermarrec and Le Scouarnec, Quicker ADC, arXiv:1812.09162.

On 100,000 of our own vectors, a question at a time, codes found 1.000 of the ten nearest in 1.2 ms and were built in
1.5 s; an HNSW graph (M 16, efConstruction 40) found 0.947 in 1.7 ms and took 21 s; looking at all rows took 14 ms.
"""

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from rag_support.types import FloatMatrix

FLAT_ROWS = 5_000  # where both ways take the same time
_CODED_TOGETHER = 4  # dimensions
_CODE_BITS = 4
_TRAINING_ROWS = 10_000
_LOOKED_AT = 3  # rows whose cosine is computed, for each that is asked for
_LOOKED_AT_LEAST = 400

_ADDED_TOGETHER = 16_384  # rows

faiss.omp_set_num_threads(1)  # two threads on a busy machine were several times slower than one


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rows with their cosines, best first."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]


class UnitRows(Protocol):
    """A matrix of (n, d) float32 that need not lie in memory; a slice of it does."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: slice, /) -> FloatMatrix: ...


class DenseIndex:
    """Rows of unit vectors, found by cosine."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._coded = isinstance(index, faiss.IndexRefineFlat)
        flat: Any = faiss.downcast_index(index.refine_index) if self._coded else index
        # a view of the stored rows, valid while the index lives: it must not leave this object
        self._matrix: FloatMatrix = (
            faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)
            if flat.ntotal
            else np.empty((0, flat.d), dtype=np.float32)
        )

    @classmethod
    def build(cls, vectors: UnitRows, flat_rows: int = FLAT_ROWS) -> "DenseIndex":
        """Index n unit rows of d dimensions. The same rows give the same index."""
        n, d = vectors.shape
        index: Any
        if n <= flat_rows:
            index = faiss.IndexFlatIP(d)
        else:
            index = _coded(d, n)
            index.train(np.ascontiguousarray(vectors[:: -(-n // _TRAINING_ROWS)]))
        for first in range(0, n, _ADDED_TOGETHER):
            index.add(np.ascontiguousarray(vectors[first : first + _ADDED_TOGETHER]))
        return cls(index)

    def save(self, file: Path) -> None:
        """Raises OSError."""
        try:
            faiss.write_index(self._index, str(file))
        except RuntimeError as error:  # of whatever went wrong
            raise OSError(errno.EIO, "FAISS could not write it", str(file)) from error

    @classmethod
    def load(cls, file: Path) -> "DenseIndex":
        return cls(faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC))

    @property
    def rows(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        return int(self._index.d)

    def search(self, vector: NDArray[np.float32], k: int) -> Nearest:
        """At most k rows, best first, for one (d,) query vector."""
        k = min(k, self.rows)
        parameters = None
        if self._coded:
            parameters = faiss.IndexRefineSearchParameters()
            parameters.k_factor = max(_LOOKED_AT, _LOOKED_AT_LEAST / k)
        cosines, rows = self._index.search(vector[np.newaxis, :], k, params=parameters)
        found = rows[0] >= 0  # FAISS fills the missing places of a short result with row -1
        return Nearest(rows[0][found], cosines[0][found])

    def vectors(self, first: int, count: int) -> FloatMatrix:
        """The stored rows first … first + count - 1, (count, d) float32."""
        return self._matrix[first : first + count].copy()

    def take(self, rows: NDArray[np.int64]) -> FloatMatrix:
        """These stored rows, (rows, d) float32."""
        return self._matrix[rows]

    def cosines(self, vector: NDArray[np.float32], rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Those of one (d,) vector with these stored rows. A slice reads them where they lie; an array copies them."""
        cosines: NDArray[np.float32] = self._matrix[rows] @ vector
        return cosines


def _coded(d: int, rows: int) -> Any:
    together = next(size for size in (_CODED_TOGETHER, 2, 1) if d % size == 0)
    codes = faiss.IndexPQFastScan(d, d // together, _CODE_BITS, faiss.METRIC_INNER_PRODUCT)
    codes.pq.cp.min_points_per_centroid = 1  # a few rows are no reason for a warning
    index = faiss.IndexRefineFlat(codes)
    stored: Any = faiss.downcast_index(index.refine_index)
    # what grows as it is filled takes twice its memory on the way
    stored.codes.resize(rows * d * np.dtype(np.float32).itemsize)
    stored.codes.resize(0)  # its room stays
    return index
