"""Answers and feedback in short."""

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from uuid import uuid4

from rag_support.feedback.records import AnswerRecord, Feedback, Hearsay

NOW = datetime(2026, 5, 17, 9, 30, 15, 123456, tzinfo=UTC)


def identifier(name: str) -> str:
    return md5(name.encode(), usedforsecurity=False).hexdigest()


def answered(name: str, *, days_ago: float = 0, **fields: Any) -> AnswerRecord:
    """An answer; `name` makes its id, and its question where none is given."""
    return AnswerRecord(
        **{
            "answer_id": identifier(name),
            "created": NOW - timedelta(days=days_ago),
            "question": name,
            "language": "ja",
            "refusal": None,
            "confidence": 0.75,
            "passage_ids": ("p1", "p2"),
            "generator": "extractive",
            "index_id": "20260517T093015-abc",
        }
        | fields
    )


def heard_of(name: str, question: str | None = None, language: str | None = None, days_ago: float = 0) -> Hearsay:
    return Hearsay(identifier(name), NOW - timedelta(days=days_ago), question, language)


def said(thumb: Any = "down", comment: str | None = None, expected: str | None = None) -> Feedback:
    """Feedback; every call has an id of its own."""
    return Feedback(uuid4().hex, NOW, thumb, comment, expected)
