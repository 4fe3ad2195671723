"""The nouns of feedback: what is kept of an answer, what is said of it, and both together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from rag_support.types import Answer, RefusalKind

Thumb = Literal["up", "down"]

_KEPT_PASSAGES = 5


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What is kept of an answer. Its text is not: the index and the question make it again."""

    answer_id: str
    created: datetime  # in UTC, as all times here
    question: str
    language: str  # of the answer: ja, en or zh
    refusal: RefusalKind | None
    confidence: float
    passage_ids: tuple[str, ...]  # the first passages found, best first
    generator: str
    index_id: str

    @classmethod
    def of(cls, answer: Answer) -> "AnswerRecord":
        return cls(
            answer_id=answer.answer_id,
            created=datetime.now(UTC),
            question=answer.question,
            language=answer.language,
            refusal=answer.draft.refusal.kind if answer.draft.refusal else None,
            confidence=answer.draft.confidence,
            passage_ids=tuple(hit.chunk.chunk_id for hit in answer.hits[:_KEPT_PASSAGES]),
            generator=answer.draft.generator,
            index_id=answer.index_id,
        )


@dataclass(frozen=True, slots=True)
class Hearsay:
    """What is known of an answer that this process did not give, or gave too long ago: what the caller says."""

    answer_id: str
    created: datetime
    question: str | None
    language: str | None  # of the question: ja, en, zh


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is said of one answer; texts are cleaned."""

    feedback_id: str
    created: datetime
    thumb: Thumb
    comment: str | None = None
    expected_answer: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    feedback_id: str  # that of the first feedback on the answer, which later ones replace
    answer_known: bool  # whether more of the answer is known than the caller said


@dataclass(frozen=True, slots=True)
class Case:
    """A question that was refused, or whose answer got a thumb down, with all that is known of it."""

    answer_id: str
    created: datetime
    question: str
    language: str
    refusal: RefusalKind | None
    passage_ids: tuple[str, ...]
    thumb: Thumb | None
    comment: str | None
    expected_answer: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many answers are alike in these; language is None where not even the question is known."""

    language: str | None
    refusal: RefusalKind | None
    thumb: Thumb | None
    answers: int


@dataclass(frozen=True, slots=True)
class Removed:
    answers: int
    feedback: int
