"""What a serving process does with answers and feedback: nothing of it waits for the database but the one who asked."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgresql import Postgresql
from running import wait_until
from said import answered, heard_of, identifier, said

from rag_support.errors import FeedbackError, QuestionError
from rag_support.feedback import desk as desk_module
from rag_support.feedback import writer as writer_module
from rag_support.feedback.desk import FeedbackDesk
from rag_support.feedback.records import Case
from rag_support.feedback.store import FeedbackStore
from rag_support.feedback.writer import FeedbackWriter
from rag_support.pipeline import Pipeline
from rag_support.types import Answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "feedback.sqlite"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def answer(pipeline: Pipeline) -> Answer:
    return pipeline.answer("宇宙旅行の予約はできますか")


def open_desk(url: str, *, question_log: bool = False) -> FeedbackDesk:
    desk = FeedbackDesk(url, retention_days=0, question_log=question_log, fallback_language="en")
    desk.open()
    return desk


def cases(url: str) -> list[Case]:
    with closing(FeedbackStore(url)) as store:
        return store.cases(None, 100)


@contextmanager
def open_writer(url: str, retention_days: int = 0) -> Iterator[FeedbackWriter]:
    writer = FeedbackWriter(url, retention_days)
    writer.start()
    yield writer
    writer.close()


class TestDesk:
    async def _save(self, desk: FeedbackDesk, *arguments: object, **fields: object) -> object:
        try:
            return await desk.save(*arguments, **fields)
        finally:
            await desk.close()

    def test_thumb_finds_the_answer_that_was_noted(self, url, answer):
        desk = open_desk(url)
        desk.note(answer)
        saved = asyncio.run(self._save(desk, answer.answer_id, "down", " ちがう\n ", question="not what was asked"))
        assert saved.answer_known
        (case,) = cases(url)
        assert (case.question, case.language, case.refusal) == (answer.question, "ja", answer.draft.refusal.kind)
        assert case.passage_ids == tuple(hit.chunk.chunk_id for hit in answer.hits[:5])
        assert (case.thumb, case.comment) == ("down", "ちがう")

    @pytest.mark.parametrize(
        ("question", "language"), [("ギフト券はどこ？", "ja"), ("礼品卡在哪里", "zh"), ("기프트 카드는?", "en")]
    )
    def test_caller_is_taken_at_their_word_for_an_answer_that_is_not_remembered(self, url, question, language):
        saved = asyncio.run(self._save(open_desk(url), identifier("other"), "down", question=question))
        assert not saved.answer_known
        assert [(case.question, case.language) for case in cases(url)] == [(question.replace("？", "?"), language)]

    def test_only_so_many_answers_are_remembered(self, url, answer, monkeypatch):
        monkeypatch.setattr(desk_module, "REMEMBERED_ANSWERS", 2)
        desk = open_desk(url)
        for name in ("1", "2", "3"):
            desk.note(replace(answer, answer_id=identifier(name)))

        async def known() -> list[bool]:
            found = [(await desk.save(identifier(name), "up")).answer_known for name in ("1", "2", "3")]
            await desk.close()
            return found

        assert asyncio.run(known()) == [False, True, True]

    def test_field_left_empty_counts_as_not_sent(self, url):
        asyncio.run(self._save(open_desk(url), identifier("x"), "down", "", " \u3000", question="why?"))
        assert [(case.comment, case.expected_answer) for case in cases(url)] == [(None, None)]

    def test_unusable_text_is_refused_by_the_name_of_its_field(self, url, file):
        with pytest.raises(QuestionError, match=r"^The expected answer holds control characters\.") as caught:
            asyncio.run(self._save(open_desk(url), identifier("x"), "up", None, "a\0b"))
        assert caught.value.field == "expected_answer"
        assert not file.exists()

    def test_question_is_kept_only_with_the_log_on(self, url, file, answer):
        for question_log in (False, True):
            desk = open_desk(url, question_log=question_log)
            desk.note(answer)
            asyncio.run(desk.close())
            assert file.exists() == question_log
        assert [case.question for case in cases(url)] == [answer.question]


class TestWriter:
    def test_all_that_waits_is_written_before_the_end(self, url, monkeypatch):
        monkeypatch.setattr(writer_module, "_BATCH", 10)
        with open_writer(url) as writer:
            for number in range(95):
                writer.log(answered(f"q{number}", refusal="nothing_found"))
        assert len(cases(url)) == 95

    def test_questions_beyond_what_may_wait_are_dropped_and_counted(self, url, monkeypatch, caplog):
        monkeypatch.setattr(writer_module, "_WAITING_QUESTIONS", 3)
        writer = FeedbackWriter(url, 0)  # nothing is written yet
        for number in range(10):
            writer.log(answered(f"q{number}", refusal="nothing_found"))
        writer.start()
        writer.close()
        assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
            "7 questions were not logged: too many waited for the feedback database"
        ]
        assert {case.question for case in cases(url)} == {"q0", "q1", "q2"}

    def test_feedback_beyond_what_may_wait_is_refused(self, url, monkeypatch):
        monkeypatch.setattr(writer_module, "_WAITING_FEEDBACK", 2)
        writer = FeedbackWriter(url, 0)
        waiting = [writer.save(said(), heard_of(f"q{number}")) for number in range(2)]
        with pytest.raises(FeedbackError, match="Too much feedback waits"):
            writer.save(said(), heard_of("q2"))
        writer.start()
        assert all(future.result(60).feedback_id for future in waiting)
        writer.close()

    def test_rows_past_their_time_are_removed_at_the_start(self, url):
        with closing(FeedbackStore(url)) as store:
            store.log_answers([answered("old"), answered("new", created=datetime.now(UTC))])
        with open_writer(url, retention_days=1):
            pass
        with closing(FeedbackStore(url)) as store:
            assert sum(count.answers for count in store.counts()) == 1

    def test_without_feedback_no_database_is_made(self, url, file):
        with open_writer(url, retention_days=1):
            pass
        assert not file.parent.exists()

    def test_log_waits_for_a_database_that_is_away(self, postgresql: Postgresql, monkeypatch, caplog):
        monkeypatch.setattr(writer_module, "_RETRY_SECONDS", 0.05)
        url = postgresql.empty_database()
        postgresql.stop()
        try:
            writer = FeedbackWriter(url, 0)
            writer.start()
            writer.log(answered("asked meanwhile", refusal="nothing_found"))
            wait_until(lambda: "cannot be used" in caplog.text, "the first attempt")
        finally:
            postgresql.start()
        wait_until(lambda: [case.question for case in cases(url)] == ["asked meanwhile"], "the log to be written")
        writer.close()
        assert "asked meanwhile" not in caplog.text

    def test_questions_lost_at_the_end_are_counted(self, caplog):
        with open_writer("postgresql+psycopg://x@127.0.0.1:1/x") as writer:
            for number in range(3):
                writer.log(answered(f"q{number}"))
        assert "3 questions were not logged: the feedback database did not take them in time" in caplog.text
