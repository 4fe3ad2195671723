"""Question → ranked hits: dense and lexical legs over one snapshot, fused, then scored by what they say together.

The dense leg ranks a chunk by its best vector, be it the whole passage or one of its spans, in any language. The
lexical leg is BM25 over the same passages, once with the question's own words and once widened by the glossary. Each
leg abstains where it cannot match. The fused list is ordered by reciprocal rank; `Hit.score` is the evidence, 0..1.
"""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag_support import snapshot
from rag_support.errors import DamagedSnapshot, EmbedderMismatch
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.fusion import reciprocal_rank_fusion
from rag_support.retrieval.glossary import Glossary
from rag_support.retrieval.lexical import LexicalIndex
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.tokens import passage_terms, query_terms
from rag_support.types import Chunk, Embedder, Hit

_DEPTH = 50  # chunks taken from each leg into the fusion
_DENSE_ROWS = 400  # vectors looked at; several belong to one chunk


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
        # rows of one chunk stand together, in order of language and span
        self._first_row = np.searchsorted(self._rows[:, 0], np.arange(len(self.passages) + 1))
        self._span_terms = lru_cache(maxsize=4096)(self._terms_of_spans)

    def search(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; empty when neither leg finds anything."""
        vector = self._embedder.embed_queries([question])[0]
        dense = self._dense_ranking(vector)
        widening = self._glossary.widening(question)
        lexical = self._lexical.search(question, _DEPTH)
        widened = self._lexical.search(f"{question} {widening}", _DEPTH) if widening else []
        rankings = [dense, [row for row, _ in lexical], [row for row, _ in widened]]
        candidates = [row for row, _ in reciprocal_rank_fusion(rankings)][: max(2 * k, 20)]
        hits = [self._score(row, vector, question, widening) for row in candidates]
        hits.sort(key=lambda hit: -hit[1])
        return [
            Hit(chunk=chunk, rank=rank, score=score, span_scores=span_scores)
            for rank, (chunk, score, span_scores) in enumerate(hits[:k], start=1)
        ]

    def _dense_ranking(self, vector: np.ndarray) -> list[int]:
        """Chunk rows by their best vector."""
        best: dict[int, float] = {}
        for row, cosine in self._dense.search(vector, _DENSE_ROWS):
            if cosine > 0:
                best.setdefault(int(self._rows[row, 0]), cosine)
        return list(best)[:_DEPTH]

    def _terms_of_spans(self, row: int) -> list[frozenset[str]]:
        return [frozenset(passage_terms(" ".join(span.texts.values()))) for span in self.passages.chunk(row).spans]

    def _score(
        self, row: int, vector: np.ndarray, question: str, widening: str
    ) -> tuple[Chunk, float, tuple[float, ...]]:
        chunk = self.passages.chunk(row)
        first, last = int(self._first_row[row]), int(self._first_row[row + 1])
        cosines = self._dense.vectors(first, last - first) @ vector
        positions = self._rows[first:last, 1]
        whole = float(cosines[positions < 0].max(initial=0.0))
        span_cosines = np.zeros(len(chunk.spans), dtype=np.float32)
        inside = positions >= 0
        np.maximum.at(span_cosines, positions[inside], cosines[inside])
        term_sets = self._span_terms(row)
        own = set(query_terms(question))
        wide = set(query_terms(widening)) - own
        chunk_terms = frozenset().union(*term_sets) | frozenset(passage_terms(" ".join(chunk.heading)))
        coverage = self._coverage(own, wide, chunk_terms)
        span_scores = tuple(
            round(0.5 * max(float(cosine), 0.0) + 0.5 * self._coverage(own, wide, terms), 4)
            for cosine, terms in zip(span_cosines, term_sets, strict=True)
        )
        best_span = max(float(span_cosines.max(initial=0.0)), 0.0)
        score = 0.25 * max(whole, 0.0) + 0.25 * best_span + 0.5 * coverage
        return chunk, round(min(score, 1.0), 4), span_scores

    def _coverage(self, own: set[str], wide: set[str], terms: frozenset[str]) -> float:
        """The share of the question's term weight that `terms` hold; widened terms count half."""
        total = sum(self._lexical.weight(term) for term in own)
        if total == 0:
            return 0.0
        found = sum(self._lexical.weight(term) for term in own & terms)
        widened = 0.5 * sum(self._lexical.weight(term) for term in wide & terms)
        return min((found + widened) / total, 1.0)
