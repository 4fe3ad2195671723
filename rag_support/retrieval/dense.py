"""Vectors in FAISS: build, save, load, search. Alone in importing faiss.

Rows are unit vectors, so the inner product is the cosine. Up to FLAT_ROWS rows the index is flat: exact, and built at
once; above it is an HNSW graph.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag_support.types import FloatMatrix

FLAT_ROWS = 30_000
_HNSW_LINKS = 32
_HNSW_EF_CONSTRUCTION = 200
_HNSW_EF_SEARCH = 128

faiss.omp_set_num_threads(1)  # two threads on a busy machine were several times slower than one


class DenseIndex:
    """Rows of unit vectors, found by cosine."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: FloatMatrix, flat_rows: int = FLAT_ROWS) -> "DenseIndex":
        """Index an (n, d) float32 matrix of unit rows."""
        n, d = vectors.shape
        index: Any
        if n <= flat_rows:
            index = faiss.IndexFlatIP(d)
        else:
            index = faiss.IndexHNSWFlat(d, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = _HNSW_EF_CONSTRUCTION
        index.add(vectors)
        return cls(index)

    def save(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))

    @classmethod
    def load(cls, file: Path) -> "DenseIndex":
        index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        if hasattr(index, "hnsw"):
            index.hnsw.efSearch = _HNSW_EF_SEARCH
        return cls(index)

    @property
    def rows(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        return int(self._index.d)

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """At most k (row, cosine), best first, for one (d,) query vector."""
        cosines, rows = self._index.search(vector[np.newaxis, :], min(k, self.rows))
        # FAISS fills the missing places of a short result with row -1
        return [(row, cosine) for row, cosine in zip(rows[0].tolist(), cosines[0].tolist(), strict=True) if row >= 0]

    def vectors(self, first: int, count: int) -> FloatMatrix:
        """The stored rows first … first + count - 1, (count, d) float32."""
        return np.asarray(self._index.reconstruct_n(first, count), dtype=np.float32)

    def cosines(self, vector: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
        """Those of one (d,) vector with the stored rows first … first + count - 1."""
        cosines: NDArray[np.float32] = self.vectors(first, count) @ vector
        return cosines

    def all_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Those of one (d,) vector with every stored row, (rows,); None where the index is a graph, which looks at few.

        A search of a flat index computes them all, and gives back the highest.
        """
        if not isinstance(self._index, faiss.IndexFlat):
            return None
        cosines = np.empty(self.rows, dtype=np.float32)
        faiss.fvec_inner_products_ny(  # type: ignore[attr-defined]  # made by SWIG
            faiss.swig_ptr(cosines), faiss.swig_ptr(vector), self._index.get_xb(), self.dimensions, self.rows
        )
        return cosines
