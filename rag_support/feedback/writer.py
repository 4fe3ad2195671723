"""The one thread of a serving process that touches the feedback database.

What loads or waits for a database happens here, so that answers never do. Feedback is on disk when its future is done;
questions of the log are written soon, in batches, and those that come while too many wait are dropped and counted. A
database that is down fails feedback at once and keeps the log waiting; it is looked for again with the next feedback,
and for the log every few seconds. Rows past their time are removed at the start and once a day.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from rag_support.errors import FeedbackError
from rag_support.feedback.address import may_hold_rows
from rag_support.feedback.records import AnswerRecord, Feedback, Hearsay, Saved

if TYPE_CHECKING:
    from rag_support.feedback.store import FeedbackStore

logger = logging.getLogger(__name__)

_WAITING_QUESTIONS = 5_000
_WAITING_FEEDBACK = 64
_BATCH = 500  # questions of one transaction
_RETRY_SECONDS = 5.0
_PURGE_SECONDS = 24 * 60 * 60.0
_DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Said:
    given: Feedback
    answer: AnswerRecord | Hearsay
    saved: "Future[Saved]"


class FeedbackWriter:
    """Writes to the database at `url`; rows older than `retention_days` are removed, none if it is 0."""

    def __init__(self, url: str, retention_days: int) -> None:
        self._url = url
        self._retention_days = retention_days
        self._store: FeedbackStore | None = None
        self._said: deque[_Said] = deque()
        self._questions: deque[AnswerRecord] = deque()
        self._dropped = 0
        self._log_at = 0.0  # the log is not written before; monotonic seconds, as the next
        self._purge_at = 0.0
        self._closing = False
        self._work = threading.Event()
        # a daemon: a database that hangs must not keep the process from ending
        self._thread = threading.Thread(target=self._run, name="feedback", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what waits and end; gives up on a database that does not take it within seconds."""
        self._closing = True
        self._work.set()
        self._thread.join(_DRAIN_SECONDS)
        if lost := len(self._questions):
            logger.warning("%d questions were not logged: the feedback database did not take them in time", lost)

    def log(self, record: AnswerRecord) -> None:
        """Keep a question, soon. Never waits."""
        if len(self._questions) >= _WAITING_QUESTIONS:
            self._dropped += 1
        else:
            self._questions.append(record)
        self._work.set()

    def save(self, given: Feedback, answer: AnswerRecord | Hearsay) -> "Future[Saved]":
        """Keep feedback; a FeedbackError comes through the future, or from here when too much waits already."""
        if len(self._said) >= _WAITING_FEEDBACK:
            raise FeedbackError("Too much feedback waits for the database. It seems to hang; look at its log.")
        said = _Said(given, answer, Future())
        self._said.append(said)
        self._work.set()
        return said.saved

    def _run(self) -> None:
        while True:
            last = self._closing  # what comes before the last round is written in it
            self._save_feedback()
            self._write_log(last)
            self._purge_if_due()
            if last:
                break
            self._work.wait(self._seconds_to_wait())
            self._work.clear()
        if self._store is not None:
            self._store.close()

    def _seconds_to_wait(self) -> float:
        due = min(self._purge_at, self._log_at) if self._questions else self._purge_at
        return max(0.0, due - monotonic())

    def _save_feedback(self) -> None:
        while self._said:
            said = self._said.popleft()
            if not said.saved.set_running_or_notify_cancel():
                continue  # the caller has gone
            try:
                said.saved.set_result(self._opened().save_feedback(said.given, said.answer))
            except Exception as error:  # whatever it is, the caller waits for it
                said.saved.set_exception(error)

    def _write_log(self, last: bool) -> None:
        if not last and monotonic() < self._log_at:
            return
        while self._questions:
            batch = [self._questions[number] for number in range(min(_BATCH, len(self._questions)))]
            if not self._done(partial(self._log_batch, batch)):
                self._log_at = monotonic() + _RETRY_SECONDS
                break
            for _ in batch:
                self._questions.popleft()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            logger.warning("%d questions were not logged: too many waited for the feedback database", dropped)

    def _log_batch(self, batch: Sequence[AnswerRecord]) -> None:
        self._opened().log_answers(batch)

    def _purge_if_due(self) -> None:
        if monotonic() < self._purge_at:
            return
        self._purge_at = monotonic() + _PURGE_SECONDS
        # looking before opening: where there is no feedback, SQLAlchemy is not loaded
        if self._retention_days and may_hold_rows(self._url):
            self._done(self._purge)

    def _purge(self) -> None:
        self._opened().purge(datetime.now(UTC) - timedelta(days=self._retention_days))

    def _opened(self) -> "FeedbackStore":
        if self._store is None:
            from rag_support.feedback.store import FeedbackStore

            self._store = FeedbackStore(self._url)
        return self._store

    def _done(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except FeedbackError as error:
            logger.error("%s", error)
        except Exception as error:  # this thread must live; the message might repeat a question
            logger.error("writing to the feedback database failed: %s", type(error).__name__)
        else:
            return True
        return False
