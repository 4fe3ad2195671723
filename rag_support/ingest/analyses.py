"""Chunks → what the search looks up besides vectors: terms, written words, tokens.

A chunk whose content the live snapshot knows is taken over; the others are worked on, a batch at a time.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rag_support import snapshot
from rag_support.ingest.entry import KEY_BYTES, Entry, Questions
from rag_support.ingest.finished_work import FinishedAnalyses
from rag_support.retrieval.late_interaction import TokenIndex
from rag_support.retrieval.lexical import LexicalIndex
from rag_support.retrieval.lexical_building import LexicalBuilder, LexicalEntry
from rag_support.retrieval.readings import Reader, ReadText
from rag_support.retrieval.span_values import SpanValuesBuilder
from rag_support.retrieval.written_words import WrittenWordsBuilder
from rag_support.types import Chunk, Embedder, TokenEmbedder

_UNREAD = ReadText([], [])


class Analyses:
    """Takes the chunks in order; `save` writes what the legs of the search load."""

    def __init__(self, finished: FinishedAnalyses | None, embedder: Embedder) -> None:
        self._finished = finished
        self._embedder = embedder if isinstance(embedder, TokenEmbedder) else None
        self._reader = Reader()
        self._keys = bytearray()
        self._lexical = LexicalBuilder(finished.lexical if finished else None)
        self._words = WrittenWordsBuilder(finished.words if finished else None)
        self._tokens = SpanValuesBuilder()

    def add(self, batch: Sequence[Entry]) -> None:
        """The next chunks; the new ones among them are cut into tokens together."""
        keys = [entry.content_key() for entry in batch]
        self._keys += b"".join(keys)
        rows = [self._finished.rows.get(key) if self._finished else None for key in keys]
        tokens = self._token_sets([entry.chunk for entry, row in zip(batch, rows, strict=True) if row is None])
        for entry, row in zip(batch, rows, strict=True):
            if self._finished and row is not None:
                self._lexical.take_over(row)
                self._words.take_over(row)
                if self._finished.tokens is not None:
                    self._tokens.take_over(self._finished.tokens, row)
            else:
                self._analyse(entry)
                self._tokens.add(next(tokens))

    def save(self, folder: Path) -> None:
        """Into the folder of a snapshot; nothing can be added after this. Raises OSError."""
        keys = np.frombuffer(self._keys, dtype=np.uint8).reshape(-1, KEY_BYTES)
        np.save(folder / snapshot.CHUNK_KEYS, keys, allow_pickle=False)
        LexicalIndex.of(self._lexical.built()).save(folder / snapshot.LEXICAL)
        if self._embedder:
            TokenIndex(self._tokens.built()).save(folder / snapshot.TOKENS)
        words = self._words.built()
        words.save(folder / snapshot.WRITTEN_WORDS)
        most_written = json.dumps(words.most_written(), ensure_ascii=False)
        (folder / snapshot.READINGS).write_text(most_written, encoding="utf-8")

    def _analyse(self, entry: Entry) -> None:
        chunk = entry.chunk
        readings = [
            self._reader.read(span.texts[chunk.language]) if chunk.language == "ja" else _UNREAD for span in chunk.spans
        ]
        self._words.add(word for reading in readings for word in reading.words)
        self._lexical.add(
            LexicalEntry(
                passages=[passage.text for passage in entry.passages] + _in_each_language(entry.asked),
                spans=[
                    "\n".join((*span.texts.values(), *(text for texts in questions.values() for text in texts)))
                    for span, questions in zip(chunk.spans, entry.asked, strict=True)
                ],
                readings=[reading.terms for reading in readings],
            )
        )

    def _token_sets(self, chunks: Sequence[Chunk]) -> Iterator[list[list[int]]]:
        """Those of each span of each chunk, in the source's language; none for an embedder without tokens."""
        texts = [span.texts[chunk.language] for chunk in chunks for span in chunk.spans]
        ids = iter(self._embedder.token_ids(texts) if self._embedder and texts else [[] for _ in texts])
        for chunk in chunks:
            yield [sorted(set(next(ids))) for _ in chunk.spans]


def _in_each_language(asked: Sequence[Questions]) -> list[str]:
    """All questions of a chunk, one text a language."""
    joined: dict[str, list[str]] = {}
    for questions in asked:
        for language, texts in questions.items():
            joined.setdefault(language, []).extend(texts)
    return ["\n".join(texts) for texts in joined.values()]
