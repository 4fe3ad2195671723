"""What is known of the request being answered: filled in as it passes, read when its response has left."""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from rag_support.types import Answer

Rejection = Literal["busy", "rate", "key"]


@dataclass(slots=True)
class RequestRecord:
    """Changed in place: what a task started by the request adds is seen by the request."""

    key: str | None = None  # name of the API key
    answer: Answer | None = None
    answered_ns: int = 0  # when it was ready, since the epoch
    rejected: Rejection | None = None


_CURRENT: ContextVar[RequestRecord] = ContextVar("request_record")


def open_record() -> RequestRecord:
    """A record for the request that this task serves from now on."""
    record = RequestRecord()
    _CURRENT.set(record)
    return record


def current_record() -> RequestRecord:
    """Outside a request, one that nobody reads."""
    return _CURRENT.get(None) or RequestRecord()


def note_answer(answer: Answer) -> None:
    """What the pipeline tells of every answer, whichever route it goes to."""
    record = current_record()
    record.answer = answer
    record.answered_ns = time.time_ns()
