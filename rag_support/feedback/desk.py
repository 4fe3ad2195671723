"""Where the routes leave answers and feedback.

The last answers are remembered for a while, so that a thumb finds the question it belongs to. They are kept in memory
only, unless there is feedback on one or the question log is on. Another worker, or this one after a restart, does not
know them; then the caller's own word for the question is taken.
"""

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from uuid import uuid4

from rag_support import language as languages
from rag_support.errors import FeedbackError
from rag_support.feedback.records import AnswerRecord, Feedback, Hearsay, Saved, Thumb
from rag_support.feedback.writer import FeedbackWriter
from rag_support.question import clean_text
from rag_support.types import LANGUAGES, Answer

REMEMBERED_ANSWERS = 2_000
_SAVE_SECONDS = 8.0


class FeedbackDesk:
    """Its methods belong to the event loop and never block it."""

    def __init__(self, url: str, *, retention_days: int, question_log: bool, fallback_language: str) -> None:
        self._writer = FeedbackWriter(url, retention_days)
        self._question_log = question_log
        self._fallback_language = fallback_language
        self._answers: OrderedDict[str, AnswerRecord] = OrderedDict()

    def open(self) -> None:
        self._writer.start()

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)

    def note(self, answer: Answer) -> None:
        """To be told of every answer that a user gets."""
        record = AnswerRecord.of(answer)
        self._answers[record.answer_id] = record
        if len(self._answers) > REMEMBERED_ANSWERS:
            self._answers.popitem(last=False)
        if self._question_log:
            self._writer.log(record)

    async def save(
        self,
        answer_id: str,
        thumb: Thumb,
        comment: str | None = None,
        expected_answer: str | None = None,
        question: str | None = None,
    ) -> Saved:
        """Keep feedback; it is on disk when this returns. `question` counts only where the answer is not remembered.

        Raises QuestionError for unusable text, FeedbackError when the database does not take it.
        """
        given = Feedback(
            feedback_id=uuid4().hex,
            created=datetime.now(UTC),
            thumb=thumb,
            comment=_cleaned(comment, "comment"),
            expected_answer=_cleaned(expected_answer, "expected_answer"),
        )
        asked = _cleaned(question, "question")
        answer = self._answers.get(answer_id) or Hearsay(answer_id, given.created, asked, self._language(asked))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._writer.save(given, answer)), _SAVE_SECONDS)
        except TimeoutError as error:
            raise FeedbackError(f"The feedback database took longer than {_SAVE_SECONDS:g} seconds.") from error

    def _language(self, question: str | None) -> str | None:
        if question is None:
            return None
        found = languages.detect(question).language
        return found if found in LANGUAGES else self._fallback_language


def _cleaned(text: str | None, field: str) -> str | None:
    """A field of a form that was left empty is as good as one that was not sent."""
    return clean_text(text, field) if text and not text.isspace() else None
