"""Question → ranked hits: dense and lexical legs over one snapshot, fused, then scored by what they say together.

The dense leg ranks a chunk by its best vector, be it the whole passage, one of its spans or a customer's question that
a span answers, in any language. The lexical leg is BM25 over the same texts, once with the question's own words and
once widened by the glossary. Each leg abstains where it cannot match. Reciprocal rank fusion chooses the candidates,
the lexical leg weighing as much as the share of the question's words that the texts use at all; their order is that of
the evidence: cosines of passage and best span, and the share of the question's terms that the chunk holds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.fit import Parts, check_embedder, check_parts
from rag_support.retrieval.fusion import reciprocal_rank_fusion
from rag_support.retrieval.glossary import Glossary
from rag_support.retrieval.han_usage import HanUsage
from rag_support.retrieval.late_interaction import SoftCoverage, TokenIndex
from rag_support.retrieval.lexical import LexicalIndex, LexicalQuery
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.points import PointIndex
from rag_support.retrieval.readings import in_japanese_script
from rag_support.retrieval.tokens import search_text
from rag_support.types import Chunk, Embedder, Evidence, Hit, TokenEmbedder

_DEPTH = 50  # chunks taken from each leg into the fusion
_DENSE_ROWS = 400  # vectors looked at; several belong to one chunk
_CANDIDATES = 60  # chunks scored, however many are asked for: the first hit must not depend on that

# Shares of the evidence, chosen on the dev questions.
_PASSAGE, _BEST_SPAN, _COVERAGE = 0.4, 0.3, 0.3
_WIDENED = 0.2  # share of the terms that only the glossary adds in what is covered
# What a span's score adds up from (pairwise logistic fit on dev): its own best cosine, the terms it holds, and those
# that it holds together with its heading.
_SPAN_COSINE, _SPAN_COVERAGE, _SPAN_UNITED = 0.65, 0.2, 0.3
_SPAN_SOFT = 0.5
_SOFT_COVERAGE = 0.3  # what token vectors add to a chunk in another language


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A chunk row with its evidence; the spans are looked at only if it becomes a hit."""

    row: int
    score: float
    evidence: Evidence
    cosines: NDArray[np.float32]  # of each of the chunk's vectors
    soft: SoftCoverage | None


class Retriever:
    """One opened snapshot. Opening checks every file; searching only reads."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Raises DamagedSnapshot when a file is not what the manifest says, SnapshotMismatch when it is whole, but for
        another model or another version.
        """
        self.manifest = snapshot.read_manifest(folder)
        check_embedder(folder, self.manifest, embedder)
        required = [snapshot.PASSAGES, snapshot.DENSE, snapshot.DENSE_ROWS, snapshot.DENSE_KEYS]
        required += [snapshot.GLOSSARY, snapshot.READINGS, snapshot.DISAGREEMENTS, f"{snapshot.POINTS}/vectors.npy"]
        required += [f"{snapshot.HAN_USAGE}/{language}.npy" for language in ("ja", "zh")]
        if isinstance(embedder, TokenEmbedder):
            required.append(f"{snapshot.TOKENS}/values.npy")
        snapshot.check_files(folder, self.manifest, required)
        self._embedder = embedder
        with snapshot.parsing(folder):
            parts = Parts(
                passages=PassageStore(folder / snapshot.PASSAGES),
                dense=DenseIndex.load(folder / snapshot.DENSE),
                rows=_mapped(folder / snapshot.DENSE_ROWS),
                keys=_mapped(folder / snapshot.DENSE_KEYS),
                lexical=LexicalIndex.load(folder / snapshot.LEXICAL),
                tokens=TokenIndex.load(folder / snapshot.TOKENS) if isinstance(embedder, TokenEmbedder) else None,
                points=PointIndex.load(folder / snapshot.POINTS),
            )
            self._glossary = Glossary(json.loads((folder / snapshot.GLOSSARY).read_text(encoding="utf-8")))
            self._written_words = json.loads((folder / snapshot.READINGS).read_text(encoding="utf-8"))
            self._han_usage = HanUsage.load(folder / snapshot.HAN_USAGE)
            check_parts(folder, self.manifest, parts)
        self.passages, self._dense, self._lexical = parts.passages, parts.dense, parts.lexical
        self._points = parts.points
        self._soft = (parts.tokens, embedder) if parts.tokens and isinstance(embedder, TokenEmbedder) else None
        # the vectors of one chunk stand together
        self._chunk_of = np.ascontiguousarray(parts.rows[:, 0])
        self._span_of = np.ascontiguousarray(parts.rows[:, 1])
        self._is_span = self._span_of >= 0
        self._first_row = np.searchsorted(self._chunk_of, np.arange(len(self.passages) + 1)).tolist()

    def search(self, question: str, k: int, language: str) -> list[Hit]:
        """At most k hits for a question in `language`, best first; empty when neither leg finds anything."""
        question = search_text(question)
        vector = self._embedder.embed_queries([question])[0]
        cosines = self._dense.all_cosines(vector)
        widening = self._glossary.widening(question)
        rankings = self._rankings(question, vector, cosines, widening)
        query = self._lexical.query(question, widening)
        candidates = _fused(rankings, query.known)[: max(k, _CANDIDATES)]
        soft = self._soft_coverage(question, candidates, language)
        found = self._best(k, candidates, vector, cosines, query, soft)
        return [self._hit(candidate, rank, query) for rank, candidate in enumerate(found, start=1)]

    def knows(self, expression: str) -> bool:
        """Whether the indexed texts use every term of an expression."""
        return self._lexical.knows(expression)

    def written_out(self, romaji: str) -> str:
        """A question in romaji with the words of the indexed Japanese texts."""
        return in_japanese_script(romaji, self._written_words)

    def writers(self, han: str) -> list[str]:
        """Those of "ja" and "zh" in which the indexed texts hold a piece of Han text."""
        return self._han_usage.writers(han)

    def legs(self, question: str) -> dict[str, list[Chunk]]:
        """What each leg finds by itself, best first, and what fusing them gives before the evidence is weighed."""
        question = search_text(question)
        vector = self._embedder.embed_queries([question])[0]
        widening = self._glossary.widening(question)
        rankings = self._rankings(question, vector, self._dense.all_cosines(vector), widening)
        rankings["fused"] = _fused(rankings, self._lexical.query(question, widening).known)
        return {name: [self.passages.chunk(row) for row in rows] for name, rows in rankings.items()}

    def _rankings(
        self, question: str, vector: NDArray[np.float32], cosines: NDArray[np.float32] | None, widening: str
    ) -> dict[str, list[int]]:
        """Chunk rows by leg, best first."""
        return {
            "dense": self._found_near(vector) if cosines is None else self._nearest(cosines),
            "lexical": [row for row, _ in self._lexical.search(question, _DEPTH)],
            "widened": [row for row, _ in self._lexical.search(f"{question} {widening}", _DEPTH)] if widening else [],
        }

    def _found_near(self, vector: NDArray[np.float32]) -> list[int]:
        """Chunk rows by their best vector, as a search of the index finds them."""
        rows = [row for row, cosine in self._dense.search(vector, _DENSE_ROWS) if cosine > 0]
        return list(dict.fromkeys(self._chunk_of[rows].tolist()))[:_DEPTH]

    def _nearest(self, cosines: NDArray[np.float32]) -> list[int]:
        """The same from the cosines of all vectors."""
        best = np.maximum.reduceat(cosines, self._first_row[:-1])
        order = np.argsort(-best, kind="stable")[:_DEPTH]
        last = max(len(cosines) - _DENSE_ROWS, 0)
        least = max(float(np.partition(cosines, last)[last]), np.finfo(np.float32).tiny)
        return [row for row, cosine in zip(order.tolist(), best[order].tolist(), strict=True) if cosine >= least]

    def _soft_coverage(self, question: str, rows: Sequence[int], language: str) -> Sequence[SoftCoverage | None]:
        """Only where no passage is in the question's language: there token vectors stand in for shared words."""
        if self._soft is None or language in self.manifest.counts.passages:
            return [None] * len(rows)
        tokens, embedder = self._soft
        return tokens.coverage(question, rows, embedder)

    def _best(
        self,
        k: int,
        rows: Sequence[int],
        vector: NDArray[np.float32],
        all_cosines: NDArray[np.float32] | None,
        query: LexicalQuery,
        soft: Sequence[SoftCoverage | None],
    ) -> list[_Candidate]:
        """At most k of these chunk rows with their evidence, best first."""
        if not rows:
            return []
        places = [(self._first_row[row], self._first_row[row + 1]) for row in rows]
        of_chunks = [
            self._dense.cosines(vector, first, last - first) if all_cosines is None else all_cosines[first:last]
            for first, last in places
        ]
        cosines = np.maximum(np.concatenate(of_chunks), 0.0)
        of_spans = np.concatenate([self._is_span[first:last] for first, last in places])
        starts = np.cumsum([0, *(len(of_chunk) for of_chunk in of_chunks[:-1])])
        passage = np.maximum.reduceat(np.where(of_spans, 0.0, cosines), starts).astype(np.float64)
        span = np.maximum.reduceat(np.where(of_spans, cosines, 0.0), starts).astype(np.float64)
        own, widened = (held.astype(np.float64) for held in self._lexical.chunk_coverage(query, rows))
        points = self._points.closeness(vector)
        of_tokens = np.array([of_chunk.chunk if of_chunk else 0.0 for of_chunk in soft])
        scores = (
            _PASSAGE * passage
            + _BEST_SPAN * span
            + _COVERAGE * _mixed(own, widened, query)
            + _SOFT_COVERAGE * of_tokens
        )
        return [
            _Candidate(
                rows[place],
                float(scores[place]),
                Evidence(
                    passage=float(passage[place]),
                    span=float(span[place]),
                    coverage=float(own[place]),
                    widened=float(widened[place]),
                    soft=float(of_tokens[place]),
                    known=query.known,
                    points=points,
                ),
                np.maximum(of_chunks[place], 0.0),
                soft[place],
            )
            for place in np.argsort(-scores, kind="stable")[:k].tolist()
        ]

    def _hit(self, candidate: _Candidate, rank: int, query: LexicalQuery) -> Hit:
        chunk = self.passages.chunk(candidate.row)
        first, last = self._first_row[candidate.row], self._first_row[candidate.row + 1]
        inside = self._is_span[first:last]
        span_cosines = np.zeros(len(chunk.spans), dtype=np.float32)
        np.maximum.at(span_cosines, self._span_of[first:last][inside], candidate.cosines[inside])
        headings = [position for position, span in enumerate(chunk.spans) if span.kind in ("heading", "question")]
        terms = self._lexical.span_coverage(query, candidate.row, headings)
        covered = _mixed(terms.own, terms.widened, query)
        soft = candidate.soft.spans if candidate.soft else 0.0
        spans = _SPAN_COSINE * span_cosines + _SPAN_COVERAGE * covered + _SPAN_UNITED * terms.united + _SPAN_SOFT * soft
        return Hit(
            chunk=chunk,
            rank=rank,
            score=round(min(candidate.score, 1.0), 4),
            span_scores=tuple(np.minimum(spans, 1.0).astype(float).round(4).tolist()),
            evidence=candidate.evidence,
        )


def _mapped(file: Path) -> NDArray[Any]:
    return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))


def _fused(rankings: Mapping[str, list[int]], known: float) -> list[int]:
    """Chunk rows. A question in another language shares a stray word with the texts, which must not outvote vectors."""
    weights = {"lexical": known}
    return [row for row, _ in reciprocal_rank_fusion([(rows, weights.get(leg, 1)) for leg, rows in rankings.items()])]


_Shares = TypeVar("_Shares", NDArray[np.float64], NDArray[np.float32])


def _mixed(own: _Shares, widened: _Shares, query: LexicalQuery) -> _Shares:
    """Coverage by the question's own terms and, where the glossary adds some, by those."""
    return (1 - _WIDENED) * own + _WIDENED * widened if query.widened_total else own
