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

_BLOCK = 256  # tokens


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
        if not rows:
            return []
        tokens, starts, chunks = self._tokens.of_chunks(rows)
        spans = np.zeros(len(starts), dtype=np.float32)
        of_chunks = np.zeros(len(rows), dtype=np.float32)
        asked = list(dict.fromkeys(embedder.token_ids([question])[0]))
        filled = np.flatnonzero(np.diff(starts, append=len(tokens)))  # reduceat cannot express a span without tokens
        if asked and len(filled):
            vectors = embedder.token_vectors(asked)
            weights = np.square(vectors).sum(axis=1)
            weights /= max(float(weights.sum()), 1e-9)
            met = np.maximum.reduceat(_cosines(vectors, tokens, embedder), starts[filled], axis=0)  # (filled, asked)
            spans[filled] = met @ weights
            of_filled = chunks[filled]
            firsts = np.flatnonzero(np.diff(of_filled, prepend=-1))
            of_chunks[of_filled[firsts]] = np.maximum.reduceat(met, firsts, axis=0) @ weights
        parts = np.split(spans, np.searchsorted(chunks, np.arange(1, len(rows))))
        return [SoftCoverage(chunk, part) for chunk, part in zip(of_chunks.tolist(), parts, strict=True)]


def _cosines(vectors: FloatMatrix, tokens: NDArray[np.int32], embedder: TokenEmbedder) -> FloatMatrix:
    """Those of each of the tokens with these vectors, (tokens, vectors), negative ones as 0.

    The same few thousand tokens make up all texts. Of each the vector is looked at once, a block at a time, so that a
    block stays in the processor's cache.
    """
    is_there = np.zeros(int(tokens.max()) + 1, dtype=bool)
    is_there[tokens] = True
    distinct = np.flatnonzero(is_there)
    place = np.zeros(len(is_there), dtype=np.int32)
    place[distinct] = np.arange(len(distinct))
    unit = _unit(vectors).T
    found = np.empty((len(distinct), len(vectors)), dtype=np.float32)
    for first in range(0, len(distinct), _BLOCK):
        block = embedder.token_vectors(distinct[first : first + _BLOCK].tolist())
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        found[first : first + _BLOCK] = block @ unit / np.maximum(lengths, 1e-9)[:, np.newaxis]
    return np.maximum(found, 0.0).take(place[tokens], axis=0)


def _unit(vectors: FloatMatrix) -> FloatMatrix:
    unit: FloatMatrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit
