"""passages.sqlite: chunks with their spans and translations, read one row at a time.

The file is written once, when the index is built, and opened read-only and immutable afterwards.
"""

import errno
import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from rag_support.types import Chunk, Span, TableHeader

_SCHEMA = """
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE, doc_id TEXT NOT NULL, title TEXT NOT NULL,
    language TEXT NOT NULL, heading TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    text TEXT NOT NULL, spans TEXT NOT NULL, headers TEXT NOT NULL
) STRICT
"""
_COLUMNS = 'chunk_id, doc_id, title, language, heading, start, "end", text, spans, headers'
_CACHED_CHUNKS = 4096


def write_passages(file: Path, chunks: Sequence[Chunk]) -> None:
    """Raises OSError."""
    try:
        _write(file, chunks)
    except sqlite3.OperationalError as error:  # a full disk, a refused write
        raise OSError(errno.EIO, f"SQLite: {error}", str(file)) from error


def _write(file: Path, chunks: Sequence[Chunk]) -> None:
    connection = sqlite3.connect(file)
    try:
        with connection:
            connection.execute(_SCHEMA)
            connection.executemany(
                f"INSERT INTO chunks (row, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (constant)
                (
                    (
                        row,
                        chunk.chunk_id,
                        chunk.doc_id,
                        chunk.title,
                        chunk.language,
                        json.dumps(chunk.heading, ensure_ascii=False),
                        chunk.start,
                        chunk.end,
                        chunk.text,
                        json.dumps([_span_row(span) for span in chunk.spans], ensure_ascii=False),
                        json.dumps([_header_row(header) for header in chunk.headers], ensure_ascii=False),
                    )
                    for row, chunk in enumerate(chunks)
                ),
            )
    finally:
        connection.close()


class PassageStore:
    """Chunks by row or id. Safe to use from several threads: SQLite access is behind one lock."""

    def __init__(self, file: Path) -> None:
        # the path is quoted by as_uri; immutable: nobody writes to a published snapshot, so no locks are needed
        self._connection = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._lock = threading.Lock()
        self.chunk = _cached_reader(self._connection, self._lock)

    def close(self) -> None:
        self._connection.close()

    def has_expected_schema(self) -> bool:
        with self._lock:
            found = self._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
        return [sql.strip() for (sql,) in found] == [_SCHEMA.strip()]

    def __len__(self) -> int:
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM chunks").fetchone()[0])

    def chunks(self, first: int, count: int) -> list[Chunk]:
        """Those of the rows first … first + count - 1; they are not kept for questions."""
        query = f"SELECT {_COLUMNS} FROM chunks WHERE row >= ? AND row < ? ORDER BY row"  # noqa: S608 (constant)
        with self._lock:
            found = self._connection.execute(query, (first, first + count)).fetchall()
        return [_chunk_of(row) for row in found]

    def by_id(self, chunk_id: str) -> Chunk | None:
        with self._lock:
            found = self._connection.execute("SELECT row FROM chunks WHERE chunk_id = ?", (chunk_id,)).fetchone()
        return self.chunk(found[0]) if found else None


def _cached_reader(connection: sqlite3.Connection, lock: threading.Lock) -> Callable[[int], Chunk]:
    """A chunk by its row. Not a method: a cache that holds its store would keep a replaced index in memory."""

    @lru_cache(maxsize=_CACHED_CHUNKS)
    def chunk(row: int) -> Chunk:
        with lock:
            found = connection.execute(f"SELECT {_COLUMNS} FROM chunks WHERE row = ?", (row,)).fetchone()  # noqa: S608
        if found is None:
            raise KeyError(row)
        return _chunk_of(found)

    return chunk


def _span_row(span: Span) -> list[object]:
    return [span.kind, span.start, span.end, span.number, span.group, dict(span.texts)]


def _header_row(header: TableHeader) -> list[object]:
    return [header.group, header.chunk_id, header.start, header.end, header.text, dict(header.texts)]


def _chunk_of(found: tuple[str, str, str, str, str, int, int, str, str, str]) -> Chunk:
    chunk_id, doc_id, title, language, heading, start, end, text, spans, headers = found
    return Chunk(
        chunk_id=chunk_id,
        doc_id=doc_id,
        title=title,
        language=language,
        heading=tuple(json.loads(heading)),
        start=start,
        end=end,
        text=text,
        spans=tuple(
            Span(kind=kind, start=span_start, end=span_end, number=number, group=group, texts=texts)
            for kind, span_start, span_end, number, group, texts in json.loads(spans)
        ),
        headers=tuple(TableHeader(*header) for header in json.loads(headers)),
    )
