"""A run: its rows, the same in every process, and what of it is on disk."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from running import rag_support
from small_parts import write_corpus
from small_sets import CROSSLINGUAL, LANGUAGE_QUERIES, NEEDS_NOUNS, files

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import LanguageQuery
from rag_support.evaluation.language_id import judge_queries
from rag_support.evaluation.metrics import METRICS
from rag_support.evaluation.run import (
    ANSWERS,
    LANGUAGE,
    RETRIEVAL,
    RUN,
    TIMINGS,
    AnswerRow,
    RetrievalRow,
    Run,
    RunInfo,
    Timings,
    read_run,
    run_needs,
    set_fingerprint,
    write_run,
)
from rag_support.evaluation.targets import InProcess
from rag_support.ingest.build import build_index
from rag_support.types import Embedder

RANKING = {name: 1.0 for name in METRICS if "@" in name}  # in a corpus this small the right passage is the first
ALL_WELL = {
    **RANKING, "full_answer": 1.0, "fact_recall": 1.0, "citation_precision": 1.0, "citation_recall": 1.0,
    "false_conflict": 0.0, "false_refusal": 0.0, "citation_valid": 1.0, "value_fidelity": 1.0, "answer_language": 1.0,
}  # fmt: skip
ROWS = [f"number:{tag}" for tag in ("ja", "en", "zh")] + ["appliance:ja", "calling:en", "returning:en"]
ROWS += [f"{need}:{tag}" for need in ("bread", "hostile") for tag in ("ja", "en", "zh")]


@pytest.fixture(scope="module")
def run(target: InProcess) -> Run:
    answers, stages_ms = run_needs(NEEDS_NOUNS, target)
    queries = [LanguageQuery.model_validate(query) for query in LANGUAGE_QUERIES]
    return Run(
        info=RunInfo(name="dev", split="dev", needs=len(NEEDS_NOUNS), target=dict(target.description())),
        answers=answers,
        language=judge_queries(queries, target.detect),
        retrieval=[RetrievalRow(query="日本 1", language="ja", leg="dense", scores={"recall@1": 1 / 3})],
        timings=Timings(index=target.index_id, seconds=0.1, stages_ms=stages_ms),
    )


def row_of(run: Run, query: str) -> AnswerRow:
    return next(row for row in run.answers if row.query == query)


def figures(row: AnswerRow) -> dict[str, float]:
    return {name: value for name, value in row.scores.items() if value is not None}


class TestRows:
    def test_each_need_is_asked_in_each_of_its_languages_in_order(self, run: Run) -> None:
        assert [row.query for row in run.answers] == ROWS

    @pytest.mark.parametrize("language", ["ja", "en", "zh"])
    def test_question_that_is_answered_well(self, run: Run, language: str) -> None:
        row = row_of(run, f"number:{language}")
        assert "0120-111-222" in row.answer
        assert not row.abstained
        assert row.refusal is None
        assert [citation.quote for citation in row.citations] == ["電話番号は0120-111-222です。"]
        assert row.relevant == {row.citations[0].passage_id: 1}
        assert row.passages[row.citations[0].passage_id] == 1 / 1
        assert figures(row) == {**ALL_WELL, "answer_chars": len(row.answer.removesuffix(" [1]"))}
        assert row.missed == []

    def test_citation_that_was_not_asked_for_lowers_precision(self, run: Run) -> None:
        row = row_of(run, "appliance:ja")
        assert [citation.quote for citation in row.citations] == [
            "商品の返品は、到着から30日以内に受け付けます。",
            "| 家電 | 30日 |",
        ]
        assert figures(row) | {"answer_chars": 0} == {**ALL_WELL, "citation_precision": 1 / 2, "answer_chars": 0}

    def test_fact_that_is_not_shown_is_named(self, run: Run) -> None:
        row = row_of(run, "calling:en")
        expected = {**ALL_WELL, "fact_recall": 1 / 2, "full_answer": 0.0, "answer_chars": 0}
        assert figures(row) | {"answer_chars": 0} == expected
        assert row.missed == ["not shown: wait for the tone"]

    def test_refusal_of_what_the_sources_answer(self, run: Run) -> None:
        row = row_of(run, "returning:en")
        assert row.abstained
        assert row.refusal in ("nothing_found", "out_of_scope")
        assert row.citations == []
        shown = {"full_answer": 0.0, "fact_recall": 0.0, "citation_recall": 0.0}
        assert figures(row) == {**RANKING, **shown, "false_refusal": 1.0, "answer_language": 1.0}
        assert row.missed == ["refused, though the sources answer"]

    @pytest.mark.parametrize(("language", "detected"), [("ja", "ja"), ("en", "en"), ("zh", "zh-Hans")])
    def test_refusal_of_what_they_do_not(self, run: Run, language: str, detected: str) -> None:
        row = row_of(run, f"bread:{language}")
        assert row.refusal in ("nothing_found", "out_of_scope")  # how far it is, the fitted model says
        assert row.detected == detected
        assert row.relevant == {}
        assert figures(row) == {"refused": 1.0, "refused_far_domain": 1.0, "answer_language": 1.0}

    @pytest.mark.parametrize("language", ["ja", "en", "zh"])
    def test_question_that_is_turned_away_before_any_search(self, run: Run, language: str) -> None:
        row = row_of(run, f"hostile:{language}")
        assert row.abstained
        assert (row.refusal, row.answer, row.detected, row.passages) == ("unusable", "", "und", {})
        assert figures(row) == {"refused": 1.0, "refused_hostile": 1.0}

    def test_every_answer_is_timed(self, run: Run) -> None:
        times = run.timings.stages_ms
        turned_away = 3
        assert len(times["seen by the caller"]) == len(ROWS)
        assert {len(times[stage]) for stage in ("language", "retrieve", "answer", "total")} == {len(ROWS) - turned_away}

    def test_progress_is_told_question_by_question(self, target: InProcess) -> None:
        told = []
        run_needs(NEEDS_NOUNS[:2], target, lambda *now: told.append(now))
        assert told == [("asking", number, 4) for number in (1, 2, 3, 4)]

    def test_questions_tell_which_runs_can_be_compared(self, run: Run) -> None:
        other = run.model_copy(update={"answers": run.answers[1:]})
        assert set_fingerprint(run) == set_fingerprint(run.model_copy(update={"answers": run.answers[::-1]}))
        assert set_fingerprint(run) != set_fingerprint(other)


def test_two_processes_write_the_same_bytes_but_for_the_timings(
    project: Path, shipped_embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        index = tmp_path / f"index{seed}"  # built anew, under another id
        build_index(write_corpus(project / "corpus"), index, shipped_embedder, keep=1)
        out = str(tmp_path / seed)
        ended = rag_support(project, "eval", "run", "--data", "data", "--out", out, corpus="corpus", index=index)
        assert ended.returncode == 0, ended.stderr
    first, second = files(tmp_path / "1"), files(tmp_path / "2")
    assert set(first) == {RUN, ANSWERS, LANGUAGE, RETRIEVAL, TIMINGS}
    assert all(first.values())
    assert {name for name in first if first[name] != second.get(name)} == {TIMINGS}
    rows = [json.loads(line) for line in first[RETRIEVAL].decode().splitlines()]
    asked = {(need["passage"], language) for need in CROSSLINGUAL for language in need["questions"]}
    assert {(row["query"], row["language"]) for row in rows} == asked


class TestOnDisk:
    def test_run_read_back_is_the_run_that_was_written(self, run: Run, tmp_path: Path) -> None:
        write_run(tmp_path / "deep" / "run", run)
        assert read_run(tmp_path / "deep" / "run") == run
        write_run(tmp_path / "again", read_run(tmp_path / "deep" / "run"))
        assert files(tmp_path / "again") == files(tmp_path / "deep" / "run")

    @pytest.mark.parametrize("text", ["a\u2028b", "a\x85b\x1c", "a\nb\r\nc\x0b", '"}\\', "\x00\ufeff", "𠮷\U0010ffff"])
    def test_any_text_comes_back(self, run: Run, tmp_path: Path, text: str) -> None:
        odd = run.answers[0].model_copy(update={"question": text, "answer": text, "missed": [text]})
        told = run.language[0].model_copy(update={"text": text})
        kept = run.model_copy(update={"answers": [odd, *run.answers], "language": [told]})
        write_run(tmp_path, kept)
        assert read_run(tmp_path) == kept

    def test_run_without_a_row(self, run: Run, tmp_path: Path) -> None:
        nothing: dict[str, Sequence[object]] = {"answers": [], "language": [], "retrieval": []}
        write_run(tmp_path, run)
        write_run(tmp_path, run.model_copy(update=nothing))
        assert read_run(tmp_path) == run.model_copy(update=nothing)

    def test_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(EvaluationError, match=r"no run.*eval run") as caught:
            read_run(tmp_path / "none")
        assert str(caught.value).startswith(f"{tmp_path / 'none' / RUN}: ")

    @pytest.mark.parametrize("name", [RUN, ANSWERS, LANGUAGE, RETRIEVAL, TIMINGS])
    def test_file_that_is_missing_is_named(self, run: Run, tmp_path: Path, name: str) -> None:
        write_run(tmp_path, run)
        (tmp_path / name).unlink()
        with pytest.raises(EvaluationError, match=r"no run.*eval run") as caught:
            read_run(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")

    @pytest.mark.parametrize("name", [RUN, ANSWERS, LANGUAGE, RETRIEVAL, TIMINGS])
    @pytest.mark.parametrize("damage", [b"no JSON", b"{}", b"[]", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"\n\n"])
    def test_file_that_is_damaged_is_named(self, run: Run, tmp_path: Path, name: str, damage: bytes) -> None:
        write_run(tmp_path, run)
        (tmp_path / name).write_bytes(damage)
        with pytest.raises(EvaluationError, match=r"damaged.*Run it again") as caught:
            read_run(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")

    @pytest.mark.parametrize("name", [RUN, ANSWERS, LANGUAGE, RETRIEVAL, TIMINGS])
    def test_file_that_is_cut_off_is_named(self, run: Run, tmp_path: Path, name: str) -> None:
        write_run(tmp_path, run)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-5])
        with pytest.raises(EvaluationError, match="damaged") as caught:
            read_run(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")

    def test_what_was_not_written_to_its_end_is_no_run(self, run: Run, tmp_path: Path) -> None:
        write_run(tmp_path, run)
        (tmp_path / LANGUAGE).unlink()
        (tmp_path / LANGUAGE).mkdir()  # in the way of the file
        with pytest.raises(OSError, match=LANGUAGE):
            write_run(tmp_path, run)
        with pytest.raises(EvaluationError, match="no run"):
            read_run(tmp_path)
