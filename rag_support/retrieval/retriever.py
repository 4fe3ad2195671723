"""Question → ranked hits: dense and lexical legs over one snapshot, fused, then scored by what they say together.

The dense leg ranks a chunk by its best vector, be it the whole passage or one of its spans, in any language. The
lexical leg is BM25 over the same passages, once with the question's own words and once widened by the glossary. Each
leg abstains where it cannot match. Reciprocal rank fusion chooses the candidates; their order is that of the evidence:
cosines of passage and best span, and the share of the question's terms that the chunk holds.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.errors import DamagedSnapshot, EmbedderMismatch
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.fusion import reciprocal_rank_fusion
from rag_support.retrieval.glossary import Glossary
from rag_support.retrieval.lexical import LexicalIndex, LexicalQuery
from rag_support.retrieval.passages import PassageStore
from rag_support.types import Embedder, Hit

_DEPTH = 50  # chunks taken from each leg into the fusion
_DENSE_ROWS = 400  # vectors looked at; several belong to one chunk
_CANDIDATES = 25  # chunks scored, at least

# Shares of the evidence, fitted by hand on the dev questions; each sums to 1.
_PASSAGE, _BEST_SPAN, _COVERAGE = 0.25, 0.25, 0.5
_WIDENED = 0.5  # what a term that only the glossary adds counts against one of the question's own
# A span is judged more by words than by its cosine, which for a short text is noisy (pairwise logistic fit on dev).
_SPAN_COSINE, _SPAN_COVERAGE = 0.2, 0.8
_SPAN_WIDENED = 0.3


class Retriever:
    """One opened snapshot. Opening checks every file; searching only reads."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Raises DamagedSnapshot when a file is not what the manifest says, EmbedderMismatch for another model."""
        self.manifest = snapshot.read_manifest(folder)
        if self.manifest.embedder != embedder.model_id:
            raise EmbedderMismatch(folder / snapshot.MANIFEST, self.manifest.embedder, embedder.model_id)
        snapshot.check_files(folder, self.manifest)
        self._embedder = embedder
        self.passages = PassageStore(folder / snapshot.PASSAGES)
        self._dense = DenseIndex.load(folder / snapshot.DENSE)
        self._rows = np.load(folder / snapshot.DENSE_ROWS, mmap_mode="r", allow_pickle=False)
        self._lexical = LexicalIndex.load(folder / snapshot.LEXICAL)
        self._glossary = Glossary(json.loads((folder / snapshot.GLOSSARY).read_text(encoding="utf-8")))
        if self._dense.rows != len(self._rows) or self._dense.dimensions != embedder.dimensions:
            raise DamagedSnapshot(folder / snapshot.DENSE, "its vectors do not match the list of their texts.")
        # the vectors of one chunk stand together
        self._first_row = np.searchsorted(self._rows[:, 0], np.arange(len(self.passages) + 1))

    def search(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; empty when neither leg finds anything."""
        vector = self._embedder.embed_queries([question])[0]
        widening = self._glossary.widening(question)
        rankings = [
            self._dense_ranking(vector),
            [row for row, _ in self._lexical.search(question, _DEPTH)],
            [row for row, _ in self._lexical.search(f"{question} {widening}", _DEPTH)] if widening else [],
        ]
        query = self._lexical.query(question, widening)
        candidates = [row for row, _ in reciprocal_rank_fusion(rankings)][: max(2 * k, _CANDIDATES)]
        scored = [(row, *self._evidence(row, vector, query)) for row in candidates]
        scored.sort(key=lambda found: -found[1])
        return [
            Hit(self.passages.chunk(row), rank, round(score, 4), tuple(round(float(s), 4) for s in span_scores))
            for rank, (row, score, span_scores) in enumerate(scored[:k], start=1)
        ]

    def _dense_ranking(self, vector: NDArray[np.float32]) -> list[int]:
        """Chunk rows by their best vector."""
        best: dict[int, None] = {}
        for row, cosine in self._dense.search(vector, _DENSE_ROWS):
            if cosine > 0:
                best[int(self._rows[row, 0])] = None
        return list(best)[:_DEPTH]

    def _evidence(
        self, row: int, vector: NDArray[np.float32], query: LexicalQuery
    ) -> tuple[float, NDArray[np.float32]]:
        """The chunk's evidence, 0..1, and that of each of its spans."""
        coverage = self._lexical.coverage(query, row)
        first, last = int(self._first_row[row]), int(self._first_row[row + 1])
        cosines = np.maximum(self._dense.vectors(first, last - first) @ vector, 0.0)
        positions = self._rows[first:last, 1]
        inside = positions >= 0
        span_cosines = np.zeros(len(coverage.spans), dtype=np.float32)
        np.maximum.at(span_cosines, positions[inside], cosines[inside])
        score = (
            _PASSAGE * float(cosines[~inside].max(initial=0.0))
            + _BEST_SPAN * float(span_cosines.max(initial=0.0))
            + _COVERAGE * min(coverage.chunk + _WIDENED * coverage.chunk_widened, 1.0)
        )
        covered = np.minimum(coverage.spans + _SPAN_WIDENED * coverage.spans_widened, 1.0)
        return min(score, 1.0), _SPAN_COSINE * span_cosines + _SPAN_COVERAGE * covered
