"""What is kept, replaced, counted and removed, in both databases."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from said import NOW, answered, heard_of, identifier, said

from rag_support.errors import FeedbackError
from rag_support.feedback.migrations import STEPS, migrate
from rag_support.feedback.records import Case, Count, Removed
from rag_support.feedback.store import FeedbackStore
from rag_support.feedback.tables import metadata


def rows(url: str, table: str) -> list[dict[str, object]]:
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(metadata.tables[table].select()).mappings()
            return [dict(row) for row in found]
    finally:
        engine.dispose()


@pytest.fixture
def reopened(url: str) -> Iterator[list[FeedbackStore]]:
    opened: list[FeedbackStore] = []
    yield opened
    for store in opened:
        store.close()


class TestSaving:
    def test_feedback_is_kept_with_the_answer_it_is_on(self, store: FeedbackStore, url: str) -> None:
        answer = answered("ギフト券の期限は？", refusal="nothing_found", language="zh")
        given = said("down", "役に立たない", "購入から10年です。")
        saved = store.save_feedback(given, answer)
        assert (saved.feedback_id, saved.answer_known) == (given.feedback_id, True)
        assert store.cases(None, 10) == [
            Case(
                answer_id=answer.answer_id,
                created=NOW,
                question="ギフト券の期限は？",
                language="zh",
                refusal="nothing_found",
                passage_ids=("p1", "p2"),
                thumb="down",
                comment="役に立たない",
                expected_answer="購入から10年です。",
            )
        ]
        (row,) = rows(url, "answers")
        assert row == {name: getattr(answer, name) for name in row} | {"passage_ids": ["p1", "p2"]}

    def test_second_feedback_on_an_answer_takes_the_place_of_the_first(self, store: FeedbackStore, url: str) -> None:
        first = store.save_feedback(said("down", "wrong", "42"), answered("q"))
        second = store.save_feedback(replace(said("up"), created=NOW + timedelta(minutes=1)), answered("q"))
        assert second == first
        (row,) = rows(url, "feedback")
        assert (row["feedback_id"], row["thumb"], row["comment"], row["expected_answer"], row["created"]) == (
            first.feedback_id,
            "up",
            None,
            None,
            NOW + timedelta(minutes=1),
        )

    def test_feedback_on_an_answer_that_is_not_known_stands_with_what_the_caller_says(self, store):
        saved = store.save_feedback(said("down", "no"), heard_of("x", "ポイントは？", "ja"))
        assert not saved.answer_known
        (case,) = store.cases(None, 10)
        assert (case.question, case.language, case.refusal, case.passage_ids, case.comment) == (
            "ポイントは？",
            "ja",
            None,
            (),
            "no",
        )

    def test_feedback_without_any_question_is_counted_and_is_no_case(self, store):
        store.save_feedback(said("down"), heard_of("x"))
        assert store.cases(None, 10) == []
        assert store.counts() == [Count(None, None, "down", 1)]

    @pytest.mark.parametrize("log_first", [True, False])
    def test_answer_in_the_log_completes_what_the_caller_said(self, store, log_first):
        record, hearsay = answered("本当の質問", refusal="out_of_scope"), heard_of("本当の質問", "嘘", "en")
        steps = [lambda: store.log_answers([record]), lambda: store.save_feedback(said(), hearsay)]
        for step in steps if log_first else reversed(steps):
            step()
        (case,) = store.cases(None, 10)
        assert (case.question, case.language, case.refusal, case.thumb) == ("本当の質問", "ja", "out_of_scope", "down")
        assert store.save_feedback(said(), hearsay).answer_known

    def test_a_question_with_every_kind_of_character_comes_back_as_it_was(self, store):
        question = "'; DROP TABLE answers; -- %s :x \\ \" 😀 𠮷野家 葛󠄀"
        store.log_answers([answered(question, refusal="nothing_found", generator="g" * 300)])
        assert [case.question for case in store.cases(None, 10)] == [question]

    def test_what_was_kept_is_there_when_it_is_opened_again(self, store, url, reopened):
        store.log_answers([answered("q", refusal="nothing_found")])
        reopened.append(FeedbackStore(url))
        assert [case.question for case in reopened[0].cases(None, 10)] == ["q"]


class TestReading:
    def test_cases_are_the_refused_and_the_disliked_newest_first(self, store):
        store.log_answers(
            [
                answered("refused", days_ago=3, refusal="nothing_found"),
                answered("answered", days_ago=2),
                answered("disliked", days_ago=1),
                answered("refused and liked", refusal="out_of_scope"),
                answered("liked"),
            ]
        )
        for name, thumb in (("disliked", "down"), ("refused and liked", "up"), ("liked", "up")):
            store.save_feedback(said(thumb), heard_of(name))
        assert [case.question for case in store.cases(None, 10)] == ["refused and liked", "disliked", "refused"]
        assert [case.question for case in store.cases(None, 2)] == ["refused and liked", "disliked"]
        assert [case.question for case in store.cases(NOW - timedelta(days=1), 10)] == ["refused and liked", "disliked"]

    def test_counts_add_up_by_language_refusal_and_thumb(self, store):
        store.log_answers(
            [
                *(answered(f"ja {number}") for number in range(3)),
                *(answered(f"en {number}", language="en", refusal="nothing_found") for number in range(2)),
                answered("old", days_ago=40),
            ]
        )
        store.save_feedback(said("up"), heard_of("ja 0"))
        month = {(found.language, found.refusal, found.thumb): found.answers for found in store.counts(NOW)}
        assert month == {("ja", None, "up"): 1, ("ja", None, None): 2, ("en", "nothing_found", None): 2}
        assert sum(found.answers for found in store.counts()) == 3 + 2 + 1


class TestRemoving:
    @pytest.mark.parametrize("by", ["answer", "feedback"])
    def test_deletion_by_either_id_removes_the_question_and_what_was_said(self, store, url, by):
        store.log_answers([answered("gone"), answered("stays")])
        saved = store.save_feedback(said(), heard_of("gone"))
        store.save_feedback(said(), heard_of("stays"))
        assert store.delete(identifier("gone") if by == "answer" else saved.feedback_id) == Removed(1, 1)
        assert [row["question"] for row in rows(url, "answers")] == ["stays"]
        assert [row["answer_id"] for row in rows(url, "feedback")] == [identifier("stays")]

    def test_deleting_what_is_not_there_removes_nothing(self, store):
        store.log_answers([answered("stays")])
        assert store.delete(identifier("other")) == Removed(0, 0)
        assert store.counts() == [Count("ja", None, None, 1)]

    def test_purge_removes_what_is_older_with_its_feedback(self, store, url):
        store.log_answers([answered("old", days_ago=91), answered("edge", days_ago=90), answered("new", days_ago=89)])
        for name in ("old", "new"):
            store.save_feedback(said(), heard_of(name))
        assert store.purge(NOW - timedelta(days=90)) == Removed(answers=1, feedback=1)
        assert {row["question"] for row in rows(url, "answers")} == {"edge", "new"}
        assert len(rows(url, "feedback")) == 1

    def test_a_deleted_question_is_in_no_file_of_sqlite(self, tmp_path):
        with closing(FeedbackStore(f"sqlite:///{tmp_path}/feedback.sqlite")) as store:
            secret = "my card number is in this question"
            store.log_answers([answered("other"), answered(secret)])
            store.save_feedback(said("down", secret.upper()), heard_of(secret))

            def on_disk() -> bytes:
                return b"".join(file.read_bytes() for file in tmp_path.iterdir())

            assert secret.encode() in on_disk()
            store.delete(identifier(secret))
            assert secret.encode() not in on_disk()
            assert secret.upper().encode() not in on_disk()
            assert b"other" in on_disk()


class TestSchema:
    def test_tables_are_made_as_the_code_sees_them(self, store: FeedbackStore, url: str) -> None:
        engine = sqlalchemy.create_engine(url)
        made = sqlalchemy.inspect(engine)
        assert set(made.get_table_names()) == {*metadata.tables, "schema_version"}
        for name, table in metadata.tables.items():
            found = {column["name"]: column["nullable"] for column in made.get_columns(name)}
            assert found == {column.name: column.nullable for column in table.columns}
            assert [index["name"] for index in made.get_indexes(name) if not index["unique"]] == [
                index.name for index in table.indexes
            ]
        engine.dispose()

    def test_next_steps_are_taken_once_and_keep_what_was_there(self, store, url, reopened):
        store.log_answers([answered("before")])
        more = (*STEPS, ("ALTER TABLE answers ADD COLUMN channel TEXT", "UPDATE answers SET channel = 'page'"))
        for _ in range(2):  # a second ALTER of the same kind would fail
            reopened.append(FeedbackStore(url, more))
        reopened[0].log_answers([answered("after")])
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.text("SELECT question, channel FROM answers ORDER BY 1 DESC")).all()
            assert [tuple(row) for row in found] == [("before", "page"), ("after", None)]
        engine.dispose()

    def test_a_step_that_fails_leaves_the_version_before(self, store, url):
        with pytest.raises(FeedbackError):
            FeedbackStore(url, (*STEPS, ("CREATE TABLE half (x INTEGER)", "no SQL at all")))
        engine = sqlalchemy.create_engine(url)
        assert "half" not in sqlalchemy.inspect(engine).get_table_names()
        with engine.begin() as connection:
            migrate(connection)
            assert connection.execute(sqlalchemy.text("SELECT version FROM schema_version")).scalars().all() == [
                len(STEPS)
            ]
        engine.dispose()

    def test_database_of_a_newer_version_is_refused_with_the_mend(self, store, url):
        with closing(FeedbackStore(url, (*STEPS, ()))), pytest.raises(FeedbackError, match="Install the newer rag-sup"):
            FeedbackStore(url)


class TestTrouble:
    def test_server_that_is_down_is_named_without_its_password(self):
        with pytest.raises(FeedbackError) as caught:
            FeedbackStore("postgresql+psycopg://user:s3cret@127.0.0.1:1/feedback")
        assert "postgresql+psycopg://user:***@127.0.0.1:1/feedback: " in str(caught.value)
        assert "RAG_SUPPORT_FEEDBACK_URL" in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_file_that_is_no_database_is_named(self, tmp_path):
        file = tmp_path / "feedback.sqlite"
        file.write_text("not a database, and long enough to look like one" * 20)
        with pytest.raises(FeedbackError, match=r"feedback\.sqlite: .*file is not a database"):
            FeedbackStore(f"sqlite:///{file}")

    def test_an_error_does_not_repeat_what_was_to_be_stored(self, store, url):
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("DROP TABLE feedback"))
        engine.dispose()
        with pytest.raises(FeedbackError) as caught:
            store.save_feedback(said("down", "my secret"), answered("q", question="my secret"))
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert rows(url, "answers") == []  # all or nothing

    def test_folder_of_a_new_file_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        FeedbackStore(f"sqlite:///{tmp_path}/new/feedback.sqlite").close()
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def _write(url: str, worker: int, turns: int, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    with closing(FeedbackStore(url)) as store:  # the first ones to come make the tables
        for turn in range(turns):
            store.log_answers([answered(f"{worker}-{turn}-{part}") for part in range(3)])
            store.save_feedback(said(), heard_of(f"{worker}-{turn}-0"))
            store.save_feedback(said("up"), heard_of(f"shared {turn}"))


def test_processes_that_write_at_once_lose_nothing(url: str) -> None:
    workers, turns = 3, 15
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(workers)
    processes = [context.Process(target=_write, args=(url, worker, turns, start)) for worker in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * workers
    with closing(FeedbackStore(url)) as store:
        found = {(row.language, row.thumb): row.answers for row in store.counts()}
    assert found == {
        ("ja", None): workers * turns * 2,
        ("ja", "down"): workers * turns,
        (None, "up"): turns,
    }
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
