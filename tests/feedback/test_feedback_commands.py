"""rag-support feedback …, over a database with a few answers and the shipped corpus's index."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from said import answered, heard_of, identifier, said

from rag_support.cli import main
from rag_support.config import Settings
from rag_support.evaluation.dataset import GoldSpan
from rag_support.feedback.store import FeedbackStore
from rag_support.ingest.readers import read_corpus
from rag_support.pipeline import Pipeline

CORPUS = Path(__file__).parents[2] / "corpus"


@pytest.fixture(autouse=True)
def no_env_file_around(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **settings: object) -> Result:
    clean = {f"RAG_SUPPORT_{name.upper()}": None for name in Settings.model_fields}
    given = {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in settings.items()}
    return CliRunner(env=clean | given).invoke(main, ["feedback", *arguments], catch_exceptions=False)


@pytest.fixture
def url(url: str, pipeline: Pipeline) -> str:
    """With a correction, a refusal and an old answer that was liked."""
    passages = tuple(hit.chunk.chunk_id for hit in pipeline.search("ギフト券の返品"))
    with closing(FeedbackStore(url)) as store:
        store.log_answers(
            [
                answered("ギフト券は返品できますか", passage_ids=passages),
                answered("明日の天気は", refusal="out_of_scope"),
                answered("old", days_ago=365),
            ]
        )
        expected = "デジタルコンテンツは返品できません。"
        store.save_feedback(said("down", None, expected), heard_of("ギフト券は返品できますか"))
        store.save_feedback(said("up"), heard_of("old"))
    return url


def answers_left(url: str) -> int:
    with closing(FeedbackStore(url)) as store:
        return sum(count.answers for count in store.counts())


def test_report_shows_topics_with_their_nearest_section(url, shipped_index):
    ended = run("report", feedback_url=url, index=shipped_index, question_log=True)
    assert ended.exit_code == 0
    assert "Refused, or with a thumb down: 2 questions, 2 topics" in ended.stdout
    assert "expected: デジタルコンテンツは返品できません。" in ended.stdout
    assert "nearest section: " in ended.stdout
    assert "question log is off" not in ended.stdout


def test_report_without_an_index_or_the_log_says_what_it_can(url, tmp_path):
    ended = run("report", feedback_url=url, index=tmp_path / "none")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("The question log is off (RAG_SUPPORT_QUESTION_LOG)")
    assert "nearest section" not in ended.stdout


def test_report_as_json_of_the_last_days(url, shipped_index):
    whole, recent = (
        json.loads(run("report", "--json", *since, feedback_url=url, index=shipped_index).stdout)
        for since in ((), ("--since", "36000"))
    )
    assert whole == recent
    assert (whole["languages"]["ja"]["answers"], whole["languages"]["ja"]["up"]) == (3, 1)
    assert {topic["name"] for topic in whole["topics"]} == {"ギフト券は返品できますか", "明日の天気は"}


def test_export_proposes_a_place_in_the_corpus_that_says_it(url, shipped_index, tmp_path):
    ended = run("export", "--out", "rows.jsonl", feedback_url=url, index=shipped_index)
    assert ended.stdout.startswith("rows.jsonl: 2 rows.")
    first = json.loads((tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()[1])
    (gold,) = [GoldSpan.model_validate(place) for place in first["gold"]]
    texts = {document.doc_id: document.text for document in read_corpus(CORPUS).documents}
    assert gold.quote in texts[gold.document]
    assert "返品" in gold.quote


def test_delete_by_id_and_then_there_is_nothing_more_to_delete(url):
    first = run("delete", identifier("明日の天気は"), feedback_url=url)
    assert (first.exit_code, first.stdout) == (0, "Removed: 1 answers, 0 of them with feedback.\n")
    again = run("delete", identifier("明日の天気は"), feedback_url=url)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "no answer and no feedback with this id" in again.stderr
    assert answers_left(url) == 2


def test_purge_of_everything(url):
    ended = run("purge", "--older-than", "0", feedback_url=url)
    assert ended.stdout == "Removed: 3 answers, 2 of them with feedback.\n"
    assert answers_left(url) == 0


@pytest.mark.parametrize("arguments", [["report"], ["delete", "x"], ["purge", "--older-than", "1"]])
def test_without_feedback_it_is_said_and_no_database_is_made(arguments, tmp_path):
    ended = run(*arguments)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: sqlite:///var/feedback.sqlite: there is no feedback yet.")
    assert list(tmp_path.iterdir()) == []
