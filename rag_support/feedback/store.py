"""The feedback database: SQLite or PostgreSQL through SQLAlchemy Core. Alone in talking to it.

Several processes may have it open: each write is one transaction, and SQLite keeps a write-ahead log. What is deleted
is gone: SQLite overwrites it with zeros. An error never repeats what was to be stored.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Select, delete, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from rag_support.errors import FeedbackError
from rag_support.feedback.address import sqlite_file
from rag_support.feedback.migrations import STEPS, migrate
from rag_support.feedback.records import AnswerRecord, Case, Count, Feedback, Hearsay, Removed, Saved
from rag_support.feedback.tables import answers, feedback

_LOCK_SECONDS = 10  # how long SQLite waits for another process to finish its write
_CONNECT_SECONDS = 3
_MIGRATION_LOCK = 7_240_183  # PostgreSQL's name for "someone is changing the schema": any number that is ours
_UPSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class FeedbackStore:
    """An open feedback database with its schema up to date. Used by one thread at a time."""

    def __init__(self, url: str, steps: Sequence[Sequence[str]] = STEPS) -> None:
        """Raises FeedbackError when the database cannot be reached, or is of a newer version."""
        self._shown_url = sqlalchemy.make_url(url).render_as_string(hide_password=True)
        with self._telling():
            self._engine = _engine(url)
            self._upsert: Any = _UPSERTS[self._engine.dialect.name]
            try:
                with self._engine.begin() as connection:
                    if connection.dialect.name == "postgresql":
                        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                    migrate(connection, steps)
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        self._engine.dispose()

    def save_feedback(self, given: Feedback, answer: AnswerRecord | Hearsay) -> Saved:
        """Keep what was said, in the place of what was said of the same answer before. On disk when it returns."""
        with self._writing() as connection:
            if isinstance(answer, AnswerRecord):
                self._log(connection, [answer])
            else:
                hearsay = {
                    "answer_id": answer.answer_id,
                    "created": answer.created,
                    "question": answer.question,
                    "language": answer.language,
                }
                connection.execute(self._upsert(answers).values(hearsay).on_conflict_do_nothing())
            row = {
                "feedback_id": given.feedback_id,
                "answer_id": answer.answer_id,
                "created": given.created,
                "thumb": given.thumb,
                "comment": given.comment,
                "expected_answer": given.expected_answer,
            }
            replaced = {name: value for name, value in row.items() if name not in ("feedback_id", "answer_id")}
            saved = connection.execute(
                self._upsert(feedback)
                .values(row)
                .on_conflict_do_update(index_elements=["answer_id"], set_=replaced)
                .returning(feedback.c.feedback_id)
            ).scalar_one()
            known = select(answers.c.generator.is_not(None)).where(answers.c.answer_id == answer.answer_id)
            return Saved(feedback_id=saved, answer_known=bool(connection.execute(known).scalar_one()))

    def log_answers(self, records: Sequence[AnswerRecord]) -> None:
        """Keep answers; one of which only hearsay was known is completed."""
        with self._writing() as connection:
            self._log(connection, records)

    def _log(self, connection: Connection, records: Sequence[AnswerRecord]) -> None:
        rows = [
            {
                "answer_id": record.answer_id,
                "created": record.created,
                "question": record.question,
                "language": record.language,
                "refusal": record.refusal,
                "confidence": record.confidence,
                "passage_ids": list(record.passage_ids),
                "generator": record.generator,
                "index_id": record.index_id,
            }
            for record in records
        ]
        statement = self._upsert(answers)
        completed = {name: statement.excluded[name] for name in rows[0] if name not in ("answer_id", "created")}
        connection.execute(statement.on_conflict_do_update(index_elements=["answer_id"], set_=completed), rows)

    def counts(self, since: datetime | None = None) -> list[Count]:
        """Answers by language, refusal and thumb."""
        by = (answers.c.language, answers.c.refusal, feedback.c.thumb)
        query = _since(select(*by, func.count()).outerjoin_from(answers, feedback), since).group_by(*by).order_by(*by)
        return [Count(*row) for row in self._rows(query)]

    def cases(self, since: datetime | None, limit: int) -> list[Case]:
        """Refused questions and those with a thumb down, the newest `limit`, newest first."""
        query = (
            _since(
                select(
                    answers.c.answer_id,
                    answers.c.created,
                    answers.c.question,
                    answers.c.language,
                    answers.c.refusal,
                    answers.c.passage_ids,
                    feedback.c.thumb,
                    feedback.c.comment,
                    feedback.c.expected_answer,
                ).outerjoin_from(answers, feedback),
                since,
            )
            .where(answers.c.question.is_not(None), answers.c.refusal.is_not(None) | (feedback.c.thumb == "down"))
            .order_by(answers.c.created.desc(), answers.c.answer_id)
            .limit(limit)
        )
        return [
            Case(
                answer_id=row.answer_id,
                created=row.created,
                question=row.question,
                language=row.language,
                refusal=row.refusal,
                passage_ids=tuple(row.passage_ids or ()),
                thumb=row.thumb,
                comment=row.comment,
                expected_answer=row.expected_answer,
            )
            for row in self._rows(query)
        ]

    def delete(self, identifier: str) -> Removed:
        """Remove an answer, by its own id or that of the feedback on it, with its question and all that was said."""
        of_feedback = select(feedback.c.answer_id).where(feedback.c.feedback_id == identifier)
        return self._remove((answers.c.answer_id == identifier) | answers.c.answer_id.in_(of_feedback))

    def purge(self, before: datetime) -> Removed:
        """Remove every answer that was given before a time, with all that was said of it."""
        return self._remove(answers.c.created < before)

    def _remove(self, which: sqlalchemy.ColumnElement[bool]) -> Removed:
        with self._writing() as connection:
            ids = select(answers.c.answer_id).where(which)
            count = select(func.count()).select_from(feedback).where(feedback.c.answer_id.in_(ids))
            said = connection.execute(count).scalar_one()
            given = connection.execute(delete(answers).where(which)).rowcount  # and feedback, as the tables say
        if given and self._engine.dialect.name == "sqlite":
            with self._telling(), closing(self._engine.raw_connection()) as raw:
                # else the deleted texts would stand in the write-ahead log until later writes replace them
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Removed(answers=given, feedback=said)

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with self._telling(), self._engine.connect() as connection:
            return connection.execution_options(reading=True).execute(query).all()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._telling(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """The library's errors as ours."""
        try:
            yield
        except ImportError as error:
            raise FeedbackError(
                f"{self._shown_url}: PostgreSQL is reached through psycopg, which is not installed. Run "
                "pip install 'rag-support[postgresql]', or set RAG_SUPPORT_FEEDBACK_URL to an SQLite file."
            ) from error
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            # PostgreSQL's second line may repeat a row
            problem = next(iter(str(cause).splitlines()), type(cause).__name__)
            raise FeedbackError(
                f"{self._shown_url}: the feedback database cannot be used ({problem}). Check that it is there, may be "
                "written, and is what RAG_SUPPORT_FEEDBACK_URL names."
            ) from None  # the library's error would show statements


def _since(query: Select[Any], since: datetime | None) -> Select[Any]:
    return query if since is None else query.where(answers.c.created >= since)


def _engine(url: str) -> Engine:
    options: dict[str, Any] = {
        "hide_parameters": True,  # so that no error shows a question
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False),
    }
    file = sqlite_file(url)
    if file is None:
        connect_args = {"connect_timeout": _CONNECT_SECONDS, "application_name": "rag-support"}
        return sqlalchemy.create_engine(url, pool_pre_ping=True, pool_size=1, connect_args=connect_args, **options)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": _LOCK_SECONDS}, **options)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # so that the driver begins no transactions of its own
        for pragma in ("journal_mode = WAL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a writer that began as a reader is refused when another wrote in between, whatever its patience
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
