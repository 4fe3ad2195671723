"""Soft term coverage by token vectors: how well each token of the question is met by its nearest one in a text.

Across languages a question shares no words with the passage, and one mean vector blurs what it asks. Token by token the
question still meets its counterparts: score = sum over question tokens of the best cosine with a token of the text,
weighted by the length of the token's vector, which for a static model grows with how much the token tells.
Late interaction as in ColBERT (Khattab and Zaharia, SIGIR 2020, arXiv:2004.12832), over static vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support.types import FloatMatrix, TokenEmbedder

_TOKENS = "tokens.npy"
_SPAN_STARTS = "span-starts.npy"
_CHUNK_STARTS = "chunk-starts.npy"


@dataclass(frozen=True, slots=True)
class SoftCoverage:
    """Shares of the question's token weight met by the chunk, and (spans,) by each span; 0..1."""

    chunk: float
    spans: NDArray[np.float32]


class TokenIndex:
    """The embedder's token ids of every span, in the source's language."""

    def __init__(
        self, tokens: NDArray[np.int32], span_starts: NDArray[np.int64], chunk_starts: NDArray[np.int64]
    ) -> None:
        self._tokens = tokens
        self._span_starts = span_starts
        self._chunk_starts = chunk_starts

    @classmethod
    def build(cls, chunks: Sequence[Sequence[str]], embedder: TokenEmbedder) -> "TokenIndex":
        """Index the texts of each chunk's spans."""
        tokens: list[int] = []
        span_starts, chunk_starts = [0], [0]
        for spans in chunks:
            for ids in embedder.token_ids(spans):
                tokens.extend(sorted(set(ids)))
                span_starts.append(len(tokens))
            chunk_starts.append(len(span_starts) - 1)
        return cls(
            np.asarray(tokens, dtype=np.int32),
            np.asarray(span_starts, dtype=np.int64),
            np.asarray(chunk_starts, dtype=np.int64),
        )

    def save(self, folder: Path) -> None:
        folder.mkdir()
        for name, array in (
            (_TOKENS, self._tokens),
            (_SPAN_STARTS, self._span_starts),
            (_CHUNK_STARTS, self._chunk_starts),
        ):
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "TokenIndex":
        return cls(
            *(
                np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False))
                for name in (_TOKENS, _SPAN_STARTS, _CHUNK_STARTS)
            )
        )

    def coverage(self, question: str, rows: Sequence[int], embedder: TokenEmbedder) -> list[SoftCoverage]:
        """The soft coverage of a question by the chunks in these rows."""
        bounds = [self._span_starts[self._chunk_starts[row] : self._chunk_starts[row + 1] + 1] for row in rows]
        parts = [self._tokens[starts[0] : starts[-1]] for starts in bounds]
        texts, places = np.unique(np.concatenate(parts), return_inverse=True) if parts else (np.zeros(0, int),) * 2
        asked = list(dict.fromkeys(embedder.token_ids([question])[0]))
        if not asked or not len(texts):
            return [SoftCoverage(0.0, np.zeros(len(starts) - 1, dtype=np.float32)) for starts in bounds]
        vectors = embedder.token_vectors(asked)
        weights = np.linalg.norm(vectors, axis=1)
        weights /= max(float(weights.sum()), 1e-9)
        cosines = np.maximum(_unit(vectors) @ _unit(embedder.token_vectors(texts.tolist())).T, 0.0)
        found: list[SoftCoverage] = []
        first = 0
        for starts, part in zip(bounds, parts, strict=True):
            of_chunk = cosines[:, places[first : first + len(part)]]
            first += len(part)
            filled = np.flatnonzero(np.diff(starts))  # reduceat cannot express a span without tokens
            spans = np.zeros(len(starts) - 1, dtype=np.float32)
            chunk = 0.0
            if len(filled):
                best = np.maximum.reduceat(of_chunk, starts[filled] - starts[0], axis=1)
                spans[filled] = weights @ best
                chunk = float(weights @ best.max(axis=1))
            found.append(SoftCoverage(chunk, spans))
        return found


def _unit(vectors: FloatMatrix) -> FloatMatrix:
    unit: FloatMatrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit
