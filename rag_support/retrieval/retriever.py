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
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.retrieval.coverage import WeightedTerms
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.fit import Parts, check_embedder, check_parts
from rag_support.retrieval.fusion import reciprocal_rank_fusion
from rag_support.retrieval.glossary import Glossary
from rag_support.retrieval.han_usage import HanUsage
from rag_support.retrieval.late_interaction import SoftCoverage, TokenIndex
from rag_support.retrieval.lexical import LexicalIndex, LexicalQuery
from rag_support.retrieval.nearness import ChunkCosines, ChunkVectors, Nearness
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.points import PointIndex
from rag_support.retrieval.readings import in_japanese_script
from rag_support.retrieval.tokens import search_text
from rag_support.types import Chunk, Embedder, Evidence, Hit, TokenEmbedder

_DEPTH = 50  # chunks taken from each leg into the fusion
_CANDIDATES = 60  # chunks scored, however many are asked for: the first hit must not depend on that

# Weights of the evidence, chosen on the dev questions.
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
    near: ChunkCosines
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
        self.passages, self._lexical, self._points = parts.passages, parts.lexical, parts.points
        self._soft = (parts.tokens, embedder) if parts.tokens and isinstance(embedder, TokenEmbedder) else None
        self._vectors = ChunkVectors(parts.dense, parts.rows, len(parts.passages))

    def search(self, question: str, k: int, language: str) -> list[Hit]:
        """At most k hits for a question in `language`, best first; empty when neither leg finds anything."""
        question = search_text(question)
        near, query = self._read(question)
        candidates = _fused(self._rankings(near, query), query.weighted.known)[: max(k, _CANDIDATES)]
        soft = self._soft_coverage(question, candidates, language)
        return self._hits(self._best(k, candidates, near, query.weighted, soft), query.weighted)

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
        near, query = self._read(search_text(question))
        rankings = self._rankings(near, query)
        rankings["fused"] = _fused(rankings, query.weighted.known)
        return {name: [self.passages.chunk(row) for row in rows] for name, rows in rankings.items()}

    def _read(self, question: str) -> tuple[Nearness, LexicalQuery]:
        """A question as each leg sees it."""
        vector = self._embedder.embed_queries([question])[0]
        return self._vectors.near(vector), self._lexical.query(question, self._glossary.widening(question))

    def _rankings(self, near: Nearness, query: LexicalQuery) -> dict[str, list[int]]:
        """Chunk rows by leg, best first."""
        lexical = self._lexical.search(query, _DEPTH)
        return {
            "dense": near.chunks(_DEPTH),
            "lexical": [row for row, _ in lexical.asked],
            "widened": [row for row, _ in lexical.widened],
        }

    def _soft_coverage(self, question: str, rows: Sequence[int], language: str) -> Sequence[SoftCoverage | None]:
        """Only where no passage is in the question's language: there token vectors stand in for shared words."""
        if self._soft is None or language in self.manifest.counts.passages:
            return [None] * len(rows)
        tokens, embedder = self._soft
        return tokens.coverage(question, rows, embedder)

    def _best(
        self, k: int, rows: Sequence[int], near: Nearness, query: WeightedTerms, soft: Sequence[SoftCoverage | None]
    ) -> list[_Candidate]:
        """At most k of these chunk rows with their evidence, best first."""
        if not rows:
            return []
        passage = near.passages(rows)
        covered = self._lexical.coverage.of_chunks(query, rows)
        points = self._points.closeness(near.vector)
        of_tokens = np.array([of_chunk.chunk if of_chunk else 0.0 for of_chunk in soft])
        beside_spans = (
            _PASSAGE * passage + _COVERAGE * _mixed(covered.own, covered.widened, query) + _SOFT_COVERAGE * of_tokens
        )
        ceilings = beside_spans + _BEST_SPAN * near.span_ceilings(rows)
        found: dict[int, _Candidate] = {}  # by place among the rows
        best: list[float] = []  # the k highest scores so far, as a heap
        for place in np.argsort(-ceilings, kind="stable").tolist():
            if len(best) == k and ceilings[place] < best[0]:
                break  # nor can those behind it come among the best
            cosines = near.of_chunk(rows[place])
            span = cosines.best_span
            score = float(beside_spans[place]) + _BEST_SPAN * span
            if len(best) < k:
                heappush(best, score)
            else:
                heappushpop(best, score)
            evidence = Evidence(
                passage=float(passage[place]),
                span=span,
                coverage=float(covered.own[place]),
                widened=float(covered.widened[place]),
                soft=float(of_tokens[place]),
                known=query.known,
                points=points,
            )
            found[place] = _Candidate(rows[place], score, evidence, cosines, soft[place])
        ranked = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))
        return [candidate for _, candidate in ranked[:k]]

    def _hits(self, found: Sequence[_Candidate], query: WeightedTerms) -> list[Hit]:
        """The spans of all of them are weighed at once."""
        if not found:
            return []
        chunks = [self.passages.chunk(candidate.row) for candidate in found]
        sizes = [len(chunk.spans) for chunk in chunks]
        ends = np.cumsum(sizes)
        cosines = np.zeros(ends[-1], dtype=np.float32)
        for candidate, first in zip(found, (ends - sizes).tolist(), strict=True):
            np.maximum.at(cosines, candidate.near.span_of + first, candidate.near.cosines)
        headings = np.array([span.kind in ("heading", "question") for chunk in chunks for span in chunk.spans])
        terms = self._lexical.coverage.of_spans(query, [candidate.row for candidate in found], headings)
        soft = np.concatenate(
            [
                candidate.soft.spans if candidate.soft else np.zeros(size, dtype=np.float32)
                for candidate, size in zip(found, sizes, strict=True)
            ]
        )
        spans = (
            _SPAN_COSINE * cosines
            + _SPAN_COVERAGE * _mixed(terms.own, terms.widened, query)
            + _SPAN_UNITED * terms.united
            + _SPAN_SOFT * soft
        )
        scores = np.minimum(spans, 1.0).round(4).tolist()
        return [
            Hit(
                chunk=chunk,
                rank=rank,
                score=round(min(candidate.score, 1.0), 4),
                span_scores=tuple(scores[end - size : end]),
                evidence=candidate.evidence,
            )
            for rank, (chunk, candidate, size, end) in enumerate(
                zip(chunks, found, sizes, ends.tolist(), strict=True), start=1
            )
        ]


def _mapped(file: Path) -> NDArray[Any]:
    return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))


def _fused(rankings: Mapping[str, list[int]], known: float) -> list[int]:
    """Chunk rows. A question in another language shares a stray word with the texts, which must not outvote vectors."""
    weights = {"lexical": known}
    return [row for row, _ in reciprocal_rank_fusion([(rows, weights.get(leg, 1)) for leg, rows in rankings.items()])]


def _mixed(own: NDArray[np.float64], widened: NDArray[np.float64], query: WeightedTerms) -> NDArray[np.float64]:
    """Coverage by the question's own terms and, where the glossary adds some, by those."""
    return (1 - _WIDENED) * own + _WIDENED * widened if query.widened_total else own
