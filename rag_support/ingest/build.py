"""The ingest flow: corpus → documents → chunks → passages → vectors and terms → a published snapshot."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rag_support import snapshot
from rag_support.answering.answerability import shipped_parameters
from rag_support.answering.register import Entry as Disagreed
from rag_support.answering.register import Register
from rag_support.errors import SnapshotError
from rag_support.ingest.analyses import Analyses
from rag_support.ingest.disagreements import DISAGREEMENTS_FILE, Disagreement, entries_of, read_disagreements
from rag_support.ingest.entry import Entry
from rag_support.ingest.finished_work import finished_work
from rag_support.ingest.glossary import read_glossary
from rag_support.ingest.made_by import made_by
from rag_support.ingest.phrasings import PHRASINGS_FILE, Phrasings
from rag_support.ingest.sources import read_sources
from rag_support.ingest.spans import Translate
from rag_support.ingest.traditional import TraditionalWriter
from rag_support.ingest.translation_memory import TranslationMemory
from rag_support.ingest.vectors import TextVectors
from rag_support.publishing import building, publish
from rag_support.retrieval.han_usage import HanUsage
from rag_support.retrieval.passages import write_passages
from rag_support.retrieval.points import PointIndex
from rag_support.retrieval.retriever import Retriever
from rag_support.types import LANGUAGES, Chunk, Embedder, Passage

logger = logging.getLogger(__name__)

_BATCH = 256  # chunks analysed at once

Progress = Callable[[str, int, int], None]
"""(stage, done, total), called as the work goes on."""


def build_index(
    corpus: Path, index: Path, embedder: Embedder, *, keep: int, progress: Progress = lambda *_: None
) -> snapshot.Manifest:
    """Build and publish a snapshot of a corpus; the live one is replaced only when all is written.

    What the live one holds of a document, chunk or text that has not changed is taken over. Raises CorpusError,
    TranslationMemoryError, EmbedderError, SnapshotError.
    """
    makers = made_by(corpus)  # before they are read: a change meanwhile is seen by the next build
    with building(index) as folder, finished_work(index, embedder, makers) as finished:
        memory = TranslationMemory.load(corpus)
        glossary = read_glossary(corpus)
        traditional = TraditionalWriter(glossary)
        sources = read_sources(
            corpus,
            memory.translate,
            traditional,
            finished.documents,
            lambda doc_id: progress(f"reading {doc_id}", 0, 0),
        )
        chunks, documents, left_out = sources.chunks, sources.documents, sources.left_out
        phrasings = _phrasings(corpus, chunks)
        write_passages(folder / snapshot.PASSAGES, chunks)
        HanUsage.build(_written(chunks, phrasings)).save(folder / snapshot.HAN_USAGE)
        register = _register(read_disagreements(corpus), chunks, traditional)
        (folder / snapshot.DISAGREEMENTS).write_bytes(Register.dump(register))
        PointIndex.build([(entry.questions, entry.beside) for entry in register], embedder).save(
            folder / snapshot.POINTS
        )
        (folder / snapshot.GLOSSARY).write_text(json.dumps(glossary, ensure_ascii=False), encoding="utf-8")
        analyses, vectors, tally = Analyses(finished.analyses, embedder), TextVectors(finished.vectors), _Tally()
        progress("terms", 0, len(chunks))
        for batch in _batches(chunks, memory.translate, phrasings):
            analyses.add(batch)
            for entry in batch:
                vectors.add(entry)
                tally.add(entry)
            progress("terms", tally.chunks, len(chunks))
        analyses.save(folder)
        del sources, chunks, analyses  # most of the memory that was needed so far, and vectors need as much
        vectors.embed(embedder, lambda done, total: progress("embedding", done, total))
        vectors.save(folder)

        files = snapshot.file_list(folder)
        created = datetime.now(UTC)
        content = hashlib.sha256("".join(sorted(file.sha256 for file in files.values())).encode()).hexdigest()
        manifest = snapshot.Manifest(
            format_version=snapshot.FORMAT_VERSION,
            snapshot_id=f"{created:%Y%m%dT%H%M%S%f}-{content[:8]}",
            created=created.isoformat(timespec="seconds"),
            made_by=makers,
            embedder=embedder.model_id,
            dimensions=embedder.dimensions,
            counts=snapshot.Counts(
                documents=len(documents),
                chunks=tally.chunks,
                passages=dict(tally.passages),
                phrasings=dict(tally.questions),
                spans=tally.spans,
                vectors=len(vectors.keys),
            ),
            sources=documents,
            left_out=left_out,
            answerability=shipped_parameters(),
            files=files,
        )
        publish(index, folder, manifest, keep, lambda target: _check_opens(target, embedder))
        return manifest


class _Tally:
    """Chunks, their spans, and by language their passages and customers' questions."""

    def __init__(self) -> None:
        self.chunks = self.spans = 0
        self.passages, self.questions = Counter[str](), Counter[str]()

    def add(self, entry: Entry) -> None:
        self.chunks += 1
        self.spans += len(entry.chunk.spans)
        self.passages.update(passage.language for passage in entry.passages)
        for asked in entry.asked:
            self.questions.update({language: len(texts) for language, texts in asked.items()})


def _batches(chunks: Sequence[Chunk], translate: Translate, phrasings: Phrasings) -> Iterator[list[Entry]]:
    for first in range(0, len(chunks), _BATCH):
        yield [
            Entry(row, chunk, list(passages_of(chunk, translate)), phrasings.of_spans(chunk))
            for row, chunk in enumerate(chunks[first : first + _BATCH], start=first)
        ]


def passages_of(chunk: Chunk, translate: Translate) -> Iterable[Passage]:
    """The chunk in each language that has any of its spans, under its headings in that language where reviewed."""
    for language in dict.fromkeys((chunk.language, *LANGUAGES)):
        texts = [span.texts[language] for span in chunk.spans if language in span.texts]
        if not texts:
            continue
        source = language == chunk.language
        path = [heading if source else translate(heading, language) for heading in chunk.heading]
        headings = [heading for heading in path if heading and heading not in texts]
        yield Passage(chunk_id=chunk.chunk_id, language=language, text="\n".join((*headings, *texts)))


def _phrasings(corpus: Path, chunks: Sequence[Chunk]) -> Phrasings:
    phrasings = Phrasings.load(corpus)
    stale = phrasings.without_statement(chunks)
    if stale:
        document, statement = stale[0]
        logger.warning(
            "%d lines of %s have no statement any more and are left out, first that of %s: %s. Bring their text up to "
            "date.", len(stale), PHRASINGS_FILE, document, statement,
        )  # fmt: skip
    return phrasings


def _register(
    disagreements: Sequence[Disagreement], chunks: Sequence[Chunk], traditional: TraditionalWriter
) -> list[Disagreed]:
    entries, stale = entries_of(disagreements, chunks, traditional.convert)
    if stale:
        logger.warning(
            "%d statements of %s are nowhere in the documents and are left out, the first: %s. Bring their text up to "
            "date.", len(stale), DISAGREEMENTS_FILE, stale[0],
        )  # fmt: skip
    return entries


def _written(chunks: Sequence[Chunk], phrasings: Phrasings) -> Iterable[tuple[str, str]]:
    """(language, text) of every span and of every customer's question."""
    for chunk in chunks:
        yield from (item for span in chunk.spans for item in span.texts.items())
        for asked in phrasings.of_spans(chunk):
            yield from ((language, text) for language, texts in asked.items() for text in texts)


def _check_opens(folder: Path, embedder: Embedder) -> None:
    """On a full disk NumPy and FAISS lose the end of a file in silence: what was built is opened as for a server."""
    try:
        Retriever(folder, embedder)
    except SnapshotError as error:
        raise SnapshotError(
            f"{folder.parent}: what was built cannot be read back and is not published. Check the free disk space, "
            f"then build again; the index that was live still is. ({error})"
        ) from error
