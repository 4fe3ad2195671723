"""The schema of the feedback database, in numbered steps: a database has a version, and is brought up step by step.

A step is SQL that SQLite and PostgreSQL both understand. It is never changed once released; a change is a new step, and
tables.py follows it.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from rag_support.errors import FeedbackError

_VERSION_TABLE = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"

STEPS: Sequence[Sequence[str]] = (
    (
        """
        CREATE TABLE answers (
            answer_id VARCHAR(32) NOT NULL PRIMARY KEY,
            created TIMESTAMP WITH TIME ZONE NOT NULL,
            question TEXT,
            language VARCHAR(8),
            refusal TEXT,
            confidence DOUBLE PRECISION,
            passage_ids JSON,
            generator TEXT,
            index_id TEXT
        )
        """,
        "CREATE INDEX ix_answers_created ON answers (created)",
        """
        CREATE TABLE feedback (
            feedback_id VARCHAR(32) NOT NULL PRIMARY KEY,
            answer_id VARCHAR(32) NOT NULL UNIQUE REFERENCES answers (answer_id) ON DELETE CASCADE,
            created TIMESTAMP WITH TIME ZONE NOT NULL,
            thumb VARCHAR(8) NOT NULL,
            comment TEXT,
            expected_answer TEXT
        )
        """,
    ),
)


def migrate(connection: Connection, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Take the steps that the database has not had, within the connection's transaction.

    The caller sees to it that no other process does so at the same time. Raises FeedbackError for a database that a
    newer version of this program has brought further.
    """
    connection.execute(text(_VERSION_TABLE))
    version = connection.execute(text("SELECT version FROM schema_version")).scalar()
    if version is None:
        version = 0
        connection.execute(text("INSERT INTO schema_version (version) VALUES (0)"))
    if version > len(steps):
        raise FeedbackError(
            f"The feedback database has schema version {version}, and this version of rag-support knows {len(steps)}. "
            "Install the newer rag-support again, or set RAG_SUPPORT_FEEDBACK_URL to another database."
        )
    for step in steps[version:]:
        for statement in step:
            connection.execute(text(statement))
    connection.execute(text("UPDATE schema_version SET version = :version"), {"version": len(steps)})
