"""The two tables as SQLAlchemy sees them. They are made by migrations.py, and a test holds both alike."""

from datetime import UTC, datetime

from sqlalchemy import JSON, Column, DateTime, Dialect, Double, ForeignKey, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator


class _Utc(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which knows no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=None) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and dialect.name == "sqlite" else value


metadata = MetaData()

answers = Table(
    "answers",
    metadata,
    Column("answer_id", String(32), primary_key=True),
    Column("created", _Utc, nullable=False, index=True),
    # where nothing is known of an answer but feedback on it, all of these are null, or all but the first two
    Column("question", Text),
    Column("language", String(8)),
    Column("refusal", Text),
    Column("confidence", Double),
    Column("passage_ids", JSON(none_as_null=True)),
    Column("generator", Text),
    Column("index_id", Text),
)

feedback = Table(
    "feedback",
    metadata,
    Column("feedback_id", String(32), primary_key=True),
    Column("answer_id", ForeignKey("answers.answer_id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("created", _Utc, nullable=False),
    Column("thumb", String(8), nullable=False),
    Column("comment", Text),
    Column("expected_answer", Text),
)
