"""Corpus → chunks, document by document. Those of a file that has not changed are taken over from the live snapshot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag_support import snapshot
from rag_support.errors import CorpusError
from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.finished_work import FinishedDocuments
from rag_support.ingest.planted import planted
from rag_support.ingest.readers import LeftOut, Unchanged, read_files
from rag_support.ingest.spans import Translate
from rag_support.ingest.traditional import TraditionalWriter
from rag_support.types import Chunk, Document


@dataclass(frozen=True, slots=True)
class Sources:
    """What the index is built from, in the order of doc_ids; the chunks of a document stand together."""

    documents: tuple[snapshot.Source, ...]
    left_out: tuple[snapshot.SourceLeftOut, ...]
    chunks: list[Chunk]


def read_sources(
    corpus: Path,
    translate: Translate,
    traditional: TraditionalWriter,
    finished: FinishedDocuments | None,
    on_file: Callable[[str], None],
) -> Sources:
    """Each document's text goes as soon as its chunks are there. Raises CorpusError, DamagedSnapshot."""
    documents: list[snapshot.Source] = []
    left_out: list[snapshot.SourceLeftOut] = []
    chunks: list[Chunk] = []
    known = {doc_id: source.sha256 for doc_id, source in finished.sources.items()} if finished else {}
    for file in read_files(corpus, on_file, known=known):
        match file:
            case Unchanged(doc_id) if finished:
                documents.append(finished.sources[doc_id])
                chunks += finished.chunks(doc_id)
            case Document():
                of_document = list(_chunks(file, translate, traditional))
                documents.append(
                    snapshot.Source(
                        doc_id=file.doc_id,
                        sha256=file.source_sha256,
                        chunks=len(of_document),
                        planted=tuple(map(str, planted(file))),
                    )
                )
                chunks += of_document
            case LeftOut(doc_id, problem, mend):
                left_out.append(snapshot.SourceLeftOut(doc_id=doc_id, problem=problem, mend=mend))
    if not chunks:
        raise CorpusError(f"{corpus}: the documents hold no text to index. Add text to them, then build again.")
    return Sources(tuple(documents), tuple(left_out), chunks)


def _chunks(document: Document, translate: Translate, traditional: TraditionalWriter) -> Iterator[Chunk]:
    for chunk in chunk_document(document, translate):
        if document.text[chunk.start : chunk.end] != chunk.text:
            raise CorpusError(
                f"{chunk.doc_id}: characters {chunk.start}–{chunk.end} are not the chunk's text. "
                "This is a fault of the reader; please report it with the file."
            )
        yield traditional.with_traditional(chunk)
