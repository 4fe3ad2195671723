"""BM25 over lexical terms: build, save, load, search. Alone in importing bm25s.

bm25s is given term ids, never strings, and keeps its arrays memory-mapped. A question that shares no term with the
passages gets no ranking at all: zero scores are dropped, so the leg abstains instead of padding.
Source: Lù, BM25S, arXiv:2407.03618; the scoring is Lucene's, k1 = 1.5, b = 0.75.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.tokens import is_grammar, passage_terms, query_terms

_VOCABULARY = "vocabulary.json"
_ROWS = "rows.npy"
_CONTENT_REPEATS = 4  # how many times more a term that carries content counts than one of hiragana only


class LexicalIndex:
    """Passages by their terms; several passages (languages) may belong to one chunk row."""

    def __init__(self, bm25: bm25s.BM25, vocabulary: dict[str, int], idf: list[float], rows: NDArray[np.int32]) -> None:
        self._bm25 = bm25
        self._vocabulary = vocabulary
        self._idf = idf
        self._rows = rows  # passage → chunk row
        self._chunks = int(rows.max()) + 1 if len(rows) else 0

    @classmethod
    def build(cls, passages: Sequence[str], rows: Sequence[int]) -> "LexicalIndex":
        """Index passages; rows[i] is the chunk row that passage i belongs to."""
        vocabulary: dict[str, int] = {}
        ids = [
            [vocabulary.setdefault(term, len(vocabulary)) for term in passage_terms(passage)] for passage in passages
        ]
        if not vocabulary:  # bm25s cannot index passages without a single term
            vocabulary[""] = 0
            ids[0] = [0]
        document_frequency = [0] * len(vocabulary)
        for passage_ids in ids:
            for term_id in set(passage_ids):
                document_frequency[term_id] += 1
        total = len(passages)
        idf = [math.log(1 + (total - df + 0.5) / (df + 0.5)) for df in document_frequency]
        bm25 = bm25s.BM25(method="lucene")
        tokenized = bm25s.tokenization.Tokenized(ids=ids, vocab=vocabulary)
        bm25.index(tokenized, create_empty_token=False, show_progress=False)
        return cls(bm25, vocabulary, idf, np.asarray(rows, dtype=np.int32))

    def save(self, folder: Path) -> None:
        folder.mkdir()
        self._bm25.vocab_dict = {}  # ours is saved beside it, once
        self._bm25.save(folder, show_progress=False)
        idf = [round(value, 5) for value in self._idf]
        vocabulary = json.dumps({"terms": list(self._vocabulary), "idf": idf}, ensure_ascii=False)
        (folder / _VOCABULARY).write_text(vocabulary, encoding="utf-8")
        np.save(folder / _ROWS, self._rows, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        bm25 = bm25s.BM25.load(folder, mmap=True, load_vocab=False, show_progress=False)
        stored = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        vocabulary = {term: number for number, term in enumerate(stored["terms"])}
        return cls(bm25, vocabulary, stored["idf"], np.load(folder / _ROWS, allow_pickle=False))

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """At most k (chunk row, BM25 score), best first; a chunk scores as its best passage. Empty when no term matches."""
        ids = [
            self._vocabulary[term]
            for term in query_terms(query)
            if term in self._vocabulary
            for _ in range(1 if is_grammar(term) else _CONTENT_REPEATS)
        ]
        if not ids:
            return []
        passage_scores = self._bm25.get_scores_from_ids(ids)
        scores = np.zeros(self._chunks, dtype=np.float32)
        np.maximum.at(scores, self._rows, passage_scores)
        k = min(k, len(scores))
        best = np.argpartition(-scores, k - 1)[:k]
        order = best[np.lexsort((best, -scores[best]))]
        return [(int(row), float(scores[row])) for row in order if scores[row] > 0]

    def weight(self, term: str) -> float:
        """The inverse document frequency of a term; one that occurs nowhere weighs as much as one that occurs once."""
        term_id = self._vocabulary.get(term)
        idf = self._idf[term_id] if term_id is not None else math.log(1 + (len(self._rows) - 0.5) / 1.5)
        return idf / _CONTENT_REPEATS if is_grammar(term) else idf
