"""Soft term coverage by token vectors: how well each token of the question is met by its nearest one in a text.

Across languages a question shares no words with the passage, and one mean vector blurs what it asks. Token by token the
question still meets its counterparts: score = sum over question tokens of the best cosine with a token of the text,
weighted by the squared length of the token's vector, which for a static model grows with how much the token tells.
Late interaction as in ColBERT (Khattab and Zaharia, SIGIR 2020, arXiv:2004.12832), over static vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.retrieval.span_values import SpanValues
from rag_support.types import FloatMatrix, TokenEmbedder


@dataclass(frozen=True, slots=True)
class SoftCoverage:
    """Shares of the question's token weight met by the chunk, and (spans,) by each span; 0..1."""

    chunk: float
    spans: NDArray[np.float32]


class TokenIndex:
    """The embedder's token ids of every span, in the source's language."""

    def __init__(self, tokens: SpanValues) -> None:
        self._tokens = tokens

    def save(self, folder: Path) -> None:
        self._tokens.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "TokenIndex":
        return cls(SpanValues.load(folder))

    @property
    def spans(self) -> int:
        return self._tokens.spans

    def coverage(self, question: str, rows: Sequence[int], embedder: TokenEmbedder) -> list[SoftCoverage]:
        """The soft coverage of a question by the chunks in these rows."""
        parts = [self._tokens.of_chunk(row) for row in rows]
        if not parts:
            return []
        texts, places = np.unique(np.concatenate([tokens for tokens, _ in parts]), return_inverse=True)
        asked = list(dict.fromkeys(embedder.token_ids([question])[0]))
        if not asked or not len(texts):
            return [SoftCoverage(0.0, np.zeros(len(starts) - 1, dtype=np.float32)) for _, starts in parts]
        vectors = embedder.token_vectors(asked)
        weights = np.square(vectors).sum(axis=1)
        weights /= max(float(weights.sum()), 1e-9)
        cosines = np.maximum(_unit(vectors) @ _unit(embedder.token_vectors(texts.tolist())).T, 0.0)
        found: list[SoftCoverage] = []
        first = 0
        for tokens, starts in parts:
            of_chunk = cosines[:, places[first : first + len(tokens)]]
            first += len(tokens)
            filled = np.flatnonzero(np.diff(starts))  # reduceat cannot express a span without tokens
            spans = np.zeros(len(starts) - 1, dtype=np.float32)
            chunk = 0.0
            if len(filled):
                best = np.maximum.reduceat(of_chunk, starts[filled], axis=1)
                spans[filled] = weights @ best
                chunk = float(weights @ best.max(axis=1))
            found.append(SoftCoverage(chunk, spans))
        return found


def _unit(vectors: FloatMatrix) -> FloatMatrix:
    unit: FloatMatrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit
