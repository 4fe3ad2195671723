"""What the live snapshot holds of the work that the next build would do: only what has changed is worked on.

A document whose file is the same keeps its chunks; a chunk that reads the same keeps its terms, words and tokens; a
text that is the same keeps its vector. Files are checked before anything is taken over, and nothing is from a snapshot
that other code has made, so that what comes of it is what a build from nothing would give, byte for byte.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.errors import SnapshotError
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.late_interaction import TokenIndex
from rag_support.retrieval.lexical import LexicalIndex
from rag_support.retrieval.lexical_building import LexicalParts
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.span_values import SpanValues
from rag_support.retrieval.written_words import WrittenWords
from rag_support.types import Chunk, Embedder, Passage, TokenEmbedder

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class FinishedAnalyses:
    """By the row that a chunk has in the live snapshot."""

    rows: Mapping[bytes, int]  # key of a chunk's content → its row
    lexical: LexicalParts
    words: WrittenWords
    tokens: SpanValues | None  # None for an embedder without tokens


@dataclass(frozen=True, slots=True)
class FinishedVectors:
    keys: NDArray[np.uint8]  # (n, KEY_BYTES): of the text of each vector
    stored: DenseIndex


@dataclass(frozen=True, slots=True)
class FinishedWork:
    """Empty in each part that cannot be taken over."""

    sources: Mapping[str, snapshot.Source] = field(default_factory=dict)  # by doc_id
    analyses: FinishedAnalyses | None = None
    vectors: FinishedVectors | None = None
    _passages: PassageStore | None = None
    _first_rows: Mapping[str, int] = field(default_factory=dict)  # doc_id → that of its chunks

    def chunks(self, doc_id: str) -> list[Chunk]:
        """Those of one of the `sources`, in order. Raises DamagedSnapshot."""
        assert self._passages is not None  # noqa: S101 (there are no sources otherwise)
        with snapshot.parsing(Path(snapshot.PASSAGES)):
            return self._passages.chunks(self._first_rows[doc_id], self.sources[doc_id].chunks)


@contextmanager
def finished_work(index: Path, embedder: Embedder, made_by: snapshot.MadeBy) -> Iterator[FinishedWork]:
    """That of the live snapshot; none where there is no index yet, or one that is not to be trusted."""
    work = FinishedWork()
    with suppress(SnapshotError):
        folder = index / snapshot.current_id(index)
        manifest = snapshot.read_manifest(folder)
        snapshot.check_files(folder, manifest)
        with snapshot.parsing(folder):
            work = _opened(folder, manifest, embedder, made_by)
    try:
        yield work
    finally:
        if work._passages is not None:
            work._passages.close()


def _opened(folder: Path, manifest: snapshot.Manifest, embedder: Embedder, made_by: snapshot.MadeBy) -> FinishedWork:
    same_code = manifest.made_by.code == made_by.code
    same_embedder = manifest.embedder == embedder.model_id
    analyses = vectors = None
    if same_code and same_embedder:
        keys = np.load(folder / snapshot.CHUNK_KEYS, allow_pickle=False)
        analyses = FinishedAnalyses(
            rows={key.tobytes(): row for row, key in enumerate(keys)},
            lexical=LexicalIndex.load(folder / snapshot.LEXICAL).parts,
            words=WrittenWords.load(folder / snapshot.WRITTEN_WORDS),
            tokens=TokenIndex.load(folder / snapshot.TOKENS).tokens if isinstance(embedder, TokenEmbedder) else None,
        )
    if same_embedder:
        vectors = FinishedVectors(
            np.load(folder / snapshot.DENSE_KEYS, allow_pickle=False), DenseIndex.load(folder / snapshot.DENSE)
        )
    if manifest.made_by != made_by:
        return FinishedWork(analyses=analyses, vectors=vectors)
    firsts = accumulate((source.chunks for source in manifest.sources), initial=0)
    return FinishedWork(
        sources={source.doc_id: source for source in manifest.sources},
        analyses=analyses,
        vectors=vectors,
        _passages=PassageStore(folder / snapshot.PASSAGES),
        _first_rows={source.doc_id: first for source, first in zip(manifest.sources, firsts, strict=False)},
    )


def content_key(chunk: Chunk, passages: Sequence[Passage], asked: Sequence[Mapping[str, Sequence[str]]]) -> bytes:
    """Of all that the analyses of a chunk look at."""
    spans = [list(span.texts.items()) for span in chunk.spans]
    content = [chunk.language, [passage.text for passage in passages], spans, [list(of.items()) for of in asked]]
    return text_key(json.dumps(content))


def text_key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
