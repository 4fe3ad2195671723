"""Cases in short, newest first by their order."""

from datetime import timedelta
from typing import Any

from said import NOW, identifier

from rag_support.feedback.records import Case


def case(question: str, language: str = "ja", *, minutes_ago: int = 0, **fields: Any) -> Case:
    return Case(
        **{
            "answer_id": identifier(f"{question} {minutes_ago}"),
            "created": NOW - timedelta(minutes=minutes_ago),
            "question": question,
            "language": language,
            "refusal": None,
            "passage_ids": (),
            "thumb": None,
            "comment": None,
            "expected_answer": None,
        }
        | fields
    )
