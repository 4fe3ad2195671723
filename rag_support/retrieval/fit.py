"""Whether the parts of a snapshot fit the manifest, the model and each other.

Checksums tell that each file is as it was written; this tells that what was written belongs together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.errors import EmbedderMismatch, SnapshotMismatch
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.late_interaction import TokenIndex
from rag_support.retrieval.lexical import LexicalIndex
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.points import PointIndex
from rag_support.types import Embedder


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read from the files of one snapshot."""

    passages: PassageStore
    dense: DenseIndex
    rows: NDArray[np.int32]  # (vectors, 2): chunk row and span of each vector
    keys: NDArray[np.uint8]  # (vectors, 16): of the text of each vector
    lexical: LexicalIndex
    tokens: TokenIndex | None
    points: PointIndex


def check_embedder(folder: Path, manifest: snapshot.Manifest, embedder: Embedder) -> None:
    """Raises EmbedderMismatch for another model or tokenizer, SnapshotMismatch for other dimensions."""
    if manifest.embedder != embedder.model_id:
        raise EmbedderMismatch(folder / snapshot.MANIFEST, manifest.embedder, embedder.model_id)
    if manifest.dimensions != embedder.dimensions:
        raise SnapshotMismatch(
            folder / snapshot.MANIFEST,
            f"its vectors have {manifest.dimensions} dimensions, those of {embedder.model_id} have "
            f"{embedder.dimensions}.",
        )


def check_parts(folder: Path, manifest: snapshot.Manifest, parts: Parts) -> None:
    """Raises SnapshotMismatch naming the first file that does not hold what the manifest says."""
    if not parts.passages.has_expected_schema():
        raise SnapshotMismatch(folder / snapshot.PASSAGES, "its tables are not those that this version reads.")
    for name, what, found, expected in _figures(manifest, parts):
        if found != expected:
            raise SnapshotMismatch(folder / name, f"it holds {found} {what}, but the manifest tells of {expected}.")


def _figures(manifest: snapshot.Manifest, parts: Parts) -> Iterator[tuple[str, str, int, int]]:
    """(file or folder, what is counted, how many it holds, how many the manifest tells of)."""
    counts = manifest.counts
    yield snapshot.PASSAGES, "chunks", len(parts.passages), counts.chunks
    yield snapshot.DENSE, "dimensions", parts.dense.dimensions, manifest.dimensions
    yield snapshot.DENSE, "vectors", parts.dense.rows, counts.vectors
    yield snapshot.DENSE_ROWS, "vectors", len(parts.rows), counts.vectors
    yield snapshot.DENSE_ROWS, "passages", int((parts.rows[:, 1] < 0).sum()), sum(counts.passages.values())
    yield snapshot.DENSE_ROWS, "chunks", int(parts.rows[-1, 0]) + 1, counts.chunks
    yield snapshot.DENSE_KEYS, "vectors", len(parts.keys), counts.vectors
    yield snapshot.LEXICAL, "chunks", parts.lexical.chunks, counts.chunks
    yield snapshot.LEXICAL, "spans", parts.lexical.spans, counts.spans
    yield snapshot.POINTS, "dimensions", parts.points.dimensions, manifest.dimensions
    if parts.tokens:
        yield snapshot.TOKENS, "spans", parts.tokens.spans, counts.spans
