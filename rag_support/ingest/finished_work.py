"""What the live snapshot holds of the work that the next build would do: only what has changed is worked on.

A document whose file is the same keeps its chunks; a chunk that reads the same keeps its terms, words and tokens; a
text that is the same keeps its vector. Files are checked before anything is taken over, and nothing is from a snapshot
that other code has made, so that what comes of it is what a build from nothing would give, byte for byte.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.errors import SnapshotError
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.lexical import LexicalIndex
from rag_support.retrieval.lexical_building import LexicalParts
from rag_support.retrieval.passages import PassageStore
from rag_support.retrieval.span_values import SpanValues
from rag_support.retrieval.written_words import WrittenWords
from rag_support.types import Chunk, Embedder, TokenEmbedder


@dataclass(frozen=True, slots=True)
class FinishedDocuments:
    sources: Mapping[str, snapshot.Source]  # by doc_id
    first_rows: Mapping[str, int]  # doc_id → row of its first chunk
    folder: Path
    passages: PassageStore

    def chunks(self, doc_id: str) -> list[Chunk]:
        """Those of one of the `sources`, in order. Raises DamagedSnapshot."""
        with snapshot.parsing(self.folder):
            return self.passages.chunks(self.first_rows[doc_id], self.sources[doc_id].chunks)


@dataclass(frozen=True, slots=True)
class FinishedAnalyses:
    """By the row that a chunk has in the live snapshot."""

    rows: Mapping[bytes, int]  # key of a chunk's content → its row
    lexical: LexicalParts
    words: WrittenWords
    tokens: SpanValues | None  # None for an embedder without tokens


@dataclass(frozen=True, slots=True)
class FinishedVectors:
    keys: NDArray[np.uint8]  # (n, 16): of the text of each vector
    stored: DenseIndex


@dataclass(frozen=True, slots=True)
class FinishedWork:
    """None for each part that cannot be taken over."""

    documents: FinishedDocuments | None = None
    analyses: FinishedAnalyses | None = None
    vectors: FinishedVectors | None = None


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
        if work.documents:
            work.documents.passages.close()


def _opened(folder: Path, manifest: snapshot.Manifest, embedder: Embedder, made_by: snapshot.MadeBy) -> FinishedWork:
    same_embedder = manifest.embedder == embedder.model_id
    same_code = manifest.made_by.code == made_by.code
    return FinishedWork(
        # a model's id tells all that a vector comes of; the rest is this package's work
        vectors=_vectors(folder) if same_embedder else None,
        analyses=_analyses(folder, embedder) if same_embedder and same_code else None,
        documents=_documents(folder, manifest) if manifest.made_by == made_by else None,  # opened last, as it is closed
    )


def _vectors(folder: Path) -> FinishedVectors:
    keys = np.load(folder / snapshot.DENSE_KEYS, allow_pickle=False)
    return FinishedVectors(keys, DenseIndex.load(folder / snapshot.DENSE))


def _analyses(folder: Path, embedder: Embedder) -> FinishedAnalyses:
    keys = np.load(folder / snapshot.CHUNK_KEYS, allow_pickle=False)
    return FinishedAnalyses(
        rows={key.tobytes(): row for row, key in enumerate(keys)},
        lexical=LexicalIndex.load(folder / snapshot.LEXICAL).parts,
        words=WrittenWords.load(folder / snapshot.WRITTEN_WORDS),
        tokens=SpanValues.load(folder / snapshot.TOKENS) if isinstance(embedder, TokenEmbedder) else None,
    )


def _documents(folder: Path, manifest: snapshot.Manifest) -> FinishedDocuments:
    firsts = accumulate((source.chunks for source in manifest.sources), initial=0)
    return FinishedDocuments(
        sources={source.doc_id: source for source in manifest.sources},
        first_rows={source.doc_id: first for source, first in zip(manifest.sources, firsts, strict=False)},
        folder=folder,
        passages=PassageStore(folder / snapshot.PASSAGES),
    )
