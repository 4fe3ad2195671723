"""The ingest flow: corpus → documents → chunks → passages → vectors and terms → a published snapshot."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.answering.answerability import shipped_parameters
from rag_support.answering.register import Entry, Register
from rag_support.errors import CorpusError, SnapshotError
from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.disagreements import DISAGREEMENTS_FILE, Disagreement, entries_of, read_disagreements
from rag_support.ingest.glossary import read_glossary
from rag_support.ingest.phrasings import PHRASINGS_FILE, Phrasings
from rag_support.ingest.planted import planted
from rag_support.ingest.readers import read_corpus
from rag_support.ingest.spans import Translate
from rag_support.ingest.traditional import TraditionalWriter
from rag_support.ingest.translation_memory import TranslationMemory
from rag_support.publishing import building, publish
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.han_usage import HanUsage
from rag_support.retrieval.late_interaction import TokenIndex
from rag_support.retrieval.lexical import LexicalEntry, LexicalIndex
from rag_support.retrieval.passages import write_passages
from rag_support.retrieval.points import PointIndex
from rag_support.retrieval.readings import Reader
from rag_support.retrieval.retriever import Retriever
from rag_support.types import LANGUAGES, Chunk, Document, Embedder, FloatMatrix, Passage, TokenEmbedder

logger = logging.getLogger(__name__)

WHOLE_CHUNK = -1  # in the place of a span's position: the vector is that of the whole passage
_BATCH = 256  # texts embedded at once

Progress = Callable[[str, int, int], None]
"""(stage, done, total), called as the work goes on."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One text to embed: a whole passage, or one of its spans."""

    chunk_row: int
    span: int  # position in the chunk, or WHOLE_CHUNK
    text: str  # the span's, or a question that it answers


def build_index(
    corpus: Path, index: Path, embedder: Embedder, *, keep: int, progress: Progress = lambda *_: None
) -> snapshot.Manifest:
    """Build and publish a snapshot of a corpus; the live one is replaced only when all is written.

    Raises CorpusError, TranslationMemoryError, EmbedderError, SnapshotError.
    """
    with building(index) as folder:
        reading = read_corpus(corpus, on_file=lambda doc_id: progress(f"reading {doc_id}", 0, 0))
        memory = TranslationMemory.load(corpus)
        glossary = read_glossary(corpus)
        traditional = TraditionalWriter(glossary)
        chunks = [
            traditional.with_traditional(chunk)
            for document in reading.documents
            for chunk in chunk_document(document, memory.translate)
        ]
        _check_slices(reading.documents, chunks)
        if not chunks:
            raise CorpusError(f"{corpus}: the documents hold no text to index. Add text to them, then build again.")
        passages = [list(passages_of(chunk, memory.translate)) for chunk in chunks]
        asked = _asked(Phrasings.load(corpus), chunks)

        write_passages(folder / snapshot.PASSAGES, chunks)
        progress("terms", 0, len(chunks))
        reader = Reader()
        LexicalIndex.build(
            [
                LexicalEntry(
                    passages=[passage.text for passage in of_chunk] + _in_each_language(of_spans),
                    spans=[
                        " ".join((*span.texts.values(), *(text for texts in questions.values() for text in texts)))
                        for span, questions in zip(chunk.spans, of_spans, strict=True)
                    ],
                    readings=reader.terms([span.texts[chunk.language] for span in chunk.spans])
                    if chunk.language == "ja"
                    else [()] * len(chunk.spans),
                )
                for chunk, of_chunk, of_spans in zip(chunks, passages, asked, strict=True)
            ]
        ).save(folder / snapshot.LEXICAL)
        if isinstance(embedder, TokenEmbedder):
            sources = [[span.texts[chunk.language] for span in chunk.spans] for chunk in chunks]
            TokenIndex.build(sources, embedder).save(folder / snapshot.TOKENS)
        units = list(_units(chunks, passages, asked))
        vectors = _embed(units, embedder, _previous_vectors(index, embedder), folder, progress)
        DenseIndex.build(vectors).save(folder / snapshot.DENSE)
        rows = np.array([(unit.chunk_row, unit.span) for unit in units], dtype=np.int32)
        np.save(folder / snapshot.DENSE_ROWS, rows, allow_pickle=False)
        written = json.dumps(reader.written_words(), ensure_ascii=False)
        (folder / snapshot.READINGS).write_text(written, encoding="utf-8")
        HanUsage.build(_written(chunks, asked)).save(folder / snapshot.HAN_USAGE)
        register = _register(read_disagreements(corpus), chunks, traditional)
        (folder / snapshot.DISAGREEMENTS).write_bytes(Register.dump(register))
        PointIndex.build([(entry.questions, entry.beside) for entry in register], embedder).save(
            folder / snapshot.POINTS
        )
        (folder / snapshot.GLOSSARY).write_text(json.dumps(glossary, ensure_ascii=False), encoding="utf-8")

        files = snapshot.file_list(folder)
        created = datetime.now(UTC)
        content = hashlib.sha256("".join(sorted(file.sha256 for file in files.values())).encode()).hexdigest()
        per_document = Counter(chunk.doc_id for chunk in chunks)
        manifest = snapshot.Manifest(
            format_version=snapshot.FORMAT_VERSION,
            snapshot_id=f"{created:%Y%m%dT%H%M%S%f}-{content[:8]}",
            created=created.isoformat(timespec="seconds"),
            embedder=embedder.model_id,
            dimensions=embedder.dimensions,
            counts=snapshot.Counts(
                documents=len(reading.documents),
                chunks=len(chunks),
                passages=dict(Counter(passage.language for of_chunk in passages for passage in of_chunk)),
                phrasings=_count_by_language(asked),
                spans=sum(len(chunk.spans) for chunk in chunks),
                vectors=len(units),
            ),
            sources=tuple(
                snapshot.Source(
                    doc_id=document.doc_id, sha256=document.source_sha256, chunks=per_document[document.doc_id]
                )
                for document in reading.documents
            ),
            left_out=tuple(
                snapshot.SourceLeftOut(doc_id=left.doc_id, problem=left.problem, mend=left.mend)
                for left in reading.left_out
            ),
            planted=tuple(str(found) for document in reading.documents for found in planted(document)),
            answerability=shipped_parameters(),
            files=files,
        )
        publish(index, folder, manifest, keep, lambda target: _check_opens(target, embedder))
        return manifest


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


_Questions = Mapping[str, Sequence[str]]  # language → what customers ask that a span answers


def _asked(phrasings: Phrasings, chunks: Sequence[Chunk]) -> list[Sequence[_Questions]]:
    """The customers' questions of each span of each chunk."""
    stale = phrasings.without_statement(chunks)
    if stale:
        document, statement = stale[0]
        logger.warning(
            "%d lines of %s have no statement any more and are left out, first that of %s: %s. Bring their text up to "
            "date.", len(stale), PHRASINGS_FILE, document, statement,
        )  # fmt: skip
    return [phrasings.of_spans(chunk) for chunk in chunks]


def _register(
    disagreements: Sequence[Disagreement], chunks: Sequence[Chunk], traditional: TraditionalWriter
) -> list[Entry]:
    entries, stale = entries_of(disagreements, chunks, traditional.convert)
    if stale:
        logger.warning(
            "%d statements of %s are nowhere in the documents and are left out, the first: %s. Bring their text up to "
            "date.", len(stale), DISAGREEMENTS_FILE, stale[0],
        )  # fmt: skip
    return entries


def _written(chunks: Sequence[Chunk], asked: Sequence[Sequence[_Questions]]) -> Iterable[tuple[str, str]]:
    """(language, text) of every span and of every customer's question."""
    for chunk in chunks:
        yield from (item for span in chunk.spans for item in span.texts.items())
    for of_spans in asked:
        for questions in of_spans:
            yield from ((language, text) for language, texts in questions.items() for text in texts)


def _count_by_language(asked: Sequence[Sequence[_Questions]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for of_spans in asked:
        for questions in of_spans:
            found.update({language: len(texts) for language, texts in questions.items()})
    return dict(found)


def _in_each_language(of_spans: Sequence[_Questions]) -> list[str]:
    """All questions of a chunk, one text a language."""
    joined: dict[str, list[str]] = {}
    for questions in of_spans:
        for language, texts in questions.items():
            joined.setdefault(language, []).extend(texts)
    return ["\n".join(texts) for texts in joined.values()]


def _units(
    chunks: Sequence[Chunk], passages: Sequence[Sequence[Passage]], asked: Sequence[Sequence[_Questions]]
) -> Iterable[Unit]:
    for row, (chunk, of_chunk, of_spans) in enumerate(zip(chunks, passages, asked, strict=True)):
        for passage in of_chunk:
            yield Unit(row, WHOLE_CHUNK, passage.text)
            for position, span in enumerate(chunk.spans):
                if passage.language in span.texts:
                    yield Unit(row, position, span.texts[passage.language])
        for position, questions in enumerate(of_spans):
            for texts in questions.values():
                yield from (Unit(row, position, text) for text in texts)


def _check_slices(documents: Sequence[Document], chunks: Sequence[Chunk]) -> None:
    texts = {document.doc_id: document.text for document in documents}
    for chunk in chunks:
        if texts[chunk.doc_id][chunk.start : chunk.end] != chunk.text:
            raise CorpusError(
                f"{chunk.doc_id}: characters {chunk.start}–{chunk.end} are not the chunk's text. "
                "This is a fault of the reader; please report it with the file."
            )


def _check_opens(folder: Path, embedder: Embedder) -> None:
    """On a full disk NumPy and FAISS lose the end of a file in silence: what was built is opened as for a server."""
    try:
        Retriever(folder, embedder)
    except SnapshotError as error:
        raise SnapshotError(
            f"{folder.parent}: what was built cannot be read back and is not published. Check the free disk space, "
            f"then build again; the index that was live still is. ({error})"
        ) from error


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _previous_vectors(index: Path, embedder: Embedder) -> dict[bytes, NDArray[np.float32]]:
    """Vectors of the live snapshot by the key of their text, if the same model made them; else none."""
    try:
        folder = index / snapshot.current_id(index)
        manifest = snapshot.read_manifest(folder)
        if manifest.embedder != embedder.model_id:
            return {}
        snapshot.check_files(folder, manifest)
        with snapshot.parsing(folder):
            keys = np.load(folder / snapshot.DENSE_KEYS, allow_pickle=False)
            stored = DenseIndex.load(folder / snapshot.DENSE)
            vectors = stored.vectors(0, stored.rows)
            return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
    except SnapshotError:
        return {}  # no index yet, or one that is not to be trusted: embed everything


def _embed(
    units: Sequence[Unit],
    embedder: Embedder,
    known: dict[bytes, NDArray[np.float32]],
    folder: Path,
    progress: Progress,
) -> FloatMatrix:
    """Vectors of all units, (n, d); a text that is known, or occurs twice, is embedded once. Writes the keys beside."""
    keys = [_key(unit.text) for unit in units]
    fresh = {key: unit.text for key, unit in zip(keys, units, strict=True) if key not in known}
    todo = list(fresh.items())
    progress("embedding", 0, len(todo))
    for first in range(0, len(todo), _BATCH):
        batch = todo[first : first + _BATCH]
        for (key, _), vector in zip(batch, embedder.embed_passages([text for _, text in batch]), strict=True):
            known[key] = vector
        progress("embedding", first + len(batch), len(todo))
    logger.info("embedded %d texts, %d taken from the live index", len(todo), len(units) - len(todo))
    np.save(
        folder / snapshot.DENSE_KEYS, np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, 16), allow_pickle=False
    )
    return np.stack([known[key] for key in keys])
