"""`rag-support eval …` as people run it: in a process of its own, in a folder with sets, an index and a README."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from running import DEADLINE_SECONDS, environment, rag_support, running
from scripted_server import Reply, scripted
from small_sets import CROSSLINGUAL, LANGUAGE_QUERIES, NEEDS, files, write_project, write_set

from rag_support.cli import main
from rag_support.config import Settings
from rag_support.evaluation.dataset import load_needs
from rag_support.evaluation.llm_judge import VERDICTS
from rag_support.evaluation.retrieval import LEGS
from rag_support.evaluation.run import ANSWERS, LANGUAGE, RUN, AnswerRow, Run, read_run, write_run
from rag_support.types import Embedder

DEV = Path("eval/runs/dev")
Here = Callable[..., subprocess.CompletedProcess[str]]
ASKED = sum(len(need["questions"]) for need in NEEDS)  # type: ignore[arg-type]
BEGIN, END = "<!-- figures: made by `rag-support eval accept` -->", "<!-- end of figures -->"


def evaluate(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return rag_support(project, "eval", *map(str, arguments), corpus="corpus", index="index")


@pytest.fixture(scope="module")
def evaluated(shipped_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run; only to be read."""
    project = write_project(tmp_path_factory.mktemp("evaluated"), shipped_embedder)
    ended = evaluate(project, "run", "--data", "data")
    assert ended.returncode == 0, ended.stderr
    (project / "printed").write_text(ended.stdout, encoding="utf-8")
    (project / "told").write_text(ended.stderr, encoding="utf-8")
    return project


@pytest.fixture
def project(evaluated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(evaluated, tmp_path / "project")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """As evaluate(), but in this process, which has the libraries loaded, and in the folder of the test's choice."""

    def run(folder: Path, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(folder)
        clean = {f"RAG_SUPPORT_{name.upper()}": None for name in Settings.model_fields}
        given = {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in settings.items()}
        ended = CliRunner(env=clean | given).invoke(main, ["eval", *map(str, arguments)], catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)

    return run


def fails_in_one_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1, ended.stderr
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


def changed(run: Run, **scores: float) -> Run:
    """The run with these figures in every row that has them."""

    def with_scores(row: AnswerRow) -> AnswerRow:
        known = {name: value for name, value in scores.items() if row.scores[name] is not None}
        return row.model_copy(update={"scores": row.scores | known})

    return run.model_copy(update={"answers": [with_scores(row) for row in run.answers]})


class TestRun:
    def test_asks_all_sets_and_prints_the_figures(self, evaluated: Path) -> None:
        run = read_run(evaluated / DEV)
        assert (run.info.name, run.info.split, run.info.needs) == ("dev", "dev", len(NEEDS))
        assert len(run.answers) == ASKED
        assert [row.text for row in run.language] == [query["text"] for query in LANGUAGE_QUERIES]
        assert {row.query for row in run.retrieval} == {need["passage"] for need in CROSSLINGUAL}
        assert {row.leg for row in run.retrieval} == set(LEGS)
        assert run.timings.seconds > 0
        printed = (evaluated / "printed").read_text(encoding="utf-8")
        for line in (
            r"^\|  \| ja \| en \| zh \| gap \| rows a language \|$",
            r"^\| nDCG@10 \| 100\.0 \[100\.0, 100\.0\] \|",
            r"^\| kana \| 1 \| 100\.0 \| 0 \|$",
            r"^\| service \| recall@1 \|",
            r"^\| seen by the caller \| [\d.]+ \| [\d.]+ \|$",
            rf"^{ASKED} answers judged in [\d.]+ s: {DEV}$",
        ):
            assert re.search(line, printed, re.MULTILINE), line

    def test_set_of_ones_own_leaves_the_projects_other_sets_out(self, project: Path, here: Here) -> None:
        write_set(project / "ours.jsonl", "needs", NEEDS[:2])
        arguments = ("run", "--questions", "ours.jsonl", "--data", "data", "--out", "deep/mine")
        ended = here(project, *arguments, corpus="corpus", index="index")
        assert ended.returncode == 0, ended.stderr
        run = read_run(project / "deep/mine")
        assert run.info.name == "ours"
        assert [row.query for row in run.answers] == ["number:ja", "number:en", "number:zh", "appliance:ja"]
        assert (run.language, run.retrieval) == ([], [])

    def test_server_gives_the_same_run(self, project: Path, tmp_path: Path) -> None:
        with running(tmp_path, project / "index", corpus=project / "corpus") as server:
            shutil.rmtree(project / "corpus")  # a server is asked without its corpus at hand
            ended = evaluate(project, "run", "--url", server.url, "--out", "http")
        assert ended.returncode == 0, ended.stderr
        for name in (RUN, ANSWERS, LANGUAGE):
            assert (project / "http" / name).read_bytes() == (project / DEV / name).read_bytes()

    def test_what_is_asked_of_this_process_does_not_go_with_a_server(self, project: Path, here: Here) -> None:
        ended = here(project, "run", "--url", "http://127.0.0.1:9", "--data", "data")
        assert ended.returncode == 2
        assert "--data does not go with --url" in ended.stderr

    def test_another_set_does_not_take_the_place_of_the_projects_own(self, project: Path, here: Here) -> None:
        ended = here(project, "run", "--questions", "elsewhere/dev.jsonl")
        assert ended.returncode == 2
        assert "give --out too" in ended.stderr

    def test_data_that_is_not_there_is_gone_without(self, project: Path, here: Here) -> None:
        ended = here(project, "run", "--data", "none", "--out", "bare", corpus="corpus", index="index")
        assert ended.returncode == 0
        assert "going without the cross-lingual set" in ended.stderr
        assert read_run(project / "bare").retrieval == []
        assert "recall@1 |" not in ended.stdout

    def test_progress_is_plain_lines_where_there_is_no_terminal(self, evaluated: Path) -> None:
        lines = (evaluated / "told").read_text(encoding="utf-8").splitlines()
        stages = [line.partition(" (")[0] for line in lines if " INFO " not in line]
        assert stages == ["asking", "terms", "embedding", "searching cross-lingual"]


class TestReport:
    def test_writes_what_it_names(self, project: Path) -> None:
        ended = evaluate(project, "report")
        assert ended.returncode == 0, ended.stderr
        written = [project / line for line in ended.stdout.splitlines()]
        assert [file.suffix for file in written] == [".html", ".md", ".json"]
        assert all(file.parent == project / DEV and file.stat().st_size for file in written)


class TestGateAndAccept:
    def test_run_is_accepted_and_then_passes(self, project: Path, here: Here) -> None:
        accepted = evaluate(project, "accept", DEV)
        assert accepted.returncode == 0, accepted.stderr
        assert accepted.stdout == (
            f"accepted {DEV} as {Path('eval/baseline/dev.json')}\nwrote the table of README.md\n"
        )
        readme = (project / "README.md").read_text(encoding="utf-8")
        before, _, rest = readme.partition(BEGIN)
        table, _, after = rest.partition(END)
        assert (before, after) == ("# Ours\n\n", "\n\nMore.\n")
        assert "| in per cent | dev ja | dev en | dev zh |" in table
        assert re.search(r"^\| language of short queries told: one defensible answer \| 100\.0 \|", table, re.MULTILINE)

        once = files(project)
        assert here(project, "accept", DEV).returncode == 0
        assert files(project) == once

        passed = evaluate(project, "gate")
        assert passed.returncode == 0, passed.stdout
        assert passed.stdout == "gate: passed\n"

    def test_figure_that_fell_fails_the_gate(self, project: Path, here: Here) -> None:
        assert here(project, "accept", DEV).returncode == 0
        write_run(project / "worse", changed(read_run(project / DEV), full_answer=0.0))
        ended = evaluate(project, "gate", "worse")
        assert ended.returncode == 1
        assert ended.stderr == ""
        assert re.search(r"^WORSE .*full_answer ", ended.stdout, re.MULTILINE)
        assert "gate: FAILED, 0 broken promises" in ended.stdout

    def test_one_broken_promise_fails_the_gate(self, project: Path, here: Here) -> None:
        assert here(project, "accept", DEV).returncode == 0
        run = read_run(project / DEV)
        broken = changed(run.model_copy(update={"answers": run.answers[:1]}), citation_valid=0.0)
        write_run(project / "broken", run.model_copy(update={"answers": [*broken.answers, *run.answers[1:]]}))
        ended = here(project, "gate", "broken")
        assert ended.returncode == 1
        assert "BROKEN PROMISE  every quote is its source's text: not so in number ja" in ended.stdout

    def test_baseline_of_ones_own(self, project: Path, here: Here) -> None:
        assert here(project, "accept", DEV).returncode == 0
        (project / "eval/baseline/dev.json").rename(project / "mine.json")
        assert here(project, "gate", "--baseline", "mine.json").returncode == 0
        assert "eval accept" in fails_in_one_line(here(project, "gate"))

    def test_both_splits_stand_side_by_side(self, project: Path, here: Here) -> None:
        run = read_run(project / DEV)
        info = run.info.model_copy(update={"split": "test", "name": "test"})
        write_run(project / "eval/runs/test", run.model_copy(update={"info": info}))
        ended = here(project, "accept", DEV, "eval/runs/test")
        assert ended.returncode == 0, ended.stderr
        header = "| in per cent | dev ja | dev en | dev zh | test ja | test en | test zh |"
        assert header in (project / "README.md").read_text(encoding="utf-8")


class TestCompare:
    def test_changed_rows_and_figures_are_shown(self, project: Path) -> None:
        run = read_run(project / DEV)
        write_run(project / "other", changed(run, full_answer=0.0))
        ended = evaluate(project, "compare", DEV, "other", "--rows", "1")
        assert ended.returncode == 0, ended.stderr
        fallen = [row for row in run.answers if row.scores["full_answer"] == 1]
        assert f"{len(fallen)} rows changed" in ended.stdout
        assert "number ja: 電話番号を教えて\n  full_answer 1 → 0\n" in ended.stdout
        assert f"… and {len(fallen) - 1} more; --rows shows more" in ended.stdout

    def test_run_beside_itself(self, project: Path, here: Here) -> None:
        assert here(project, "compare", DEV, DEV).stdout == "no figure differs\n\n0 rows changed\n"

    def test_other_questions_cannot_be_compared(self, project: Path, here: Here) -> None:
        run = read_run(project / DEV)
        write_run(project / "other", run.model_copy(update={"answers": run.answers[1:]}))
        assert "same question set" in fails_in_one_line(here(project, "compare", DEV, "other"))


class TestExport:
    def test_trec_files_hold_rankings_and_judgements(self, project: Path) -> None:
        ended = evaluate(project, "export", "--out", "trec/files")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.splitlines() == ["trec/files/dev.qrels", "trec/files/dev.run"]
        run = read_run(project / DEV)
        qrels = [line.split() for line in (project / "trec/files/dev.qrels").read_text(encoding="utf-8").splitlines()]
        ranked = [line.split() for line in (project / "trec/files/dev.run").read_text(encoding="utf-8").splitlines()]
        assert qrels == [[row.query, "0", passage, "1"] for row in run.answers if row.gold for passage in row.relevant]
        assert [line[:4] for line in ranked] == [
            [row.query, "Q0", passage, str(rank)]
            for row in run.answers
            if row.gold
            for rank, passage in enumerate(row.passages, start=1)
        ]
        assert {len(line) for line in ranked} == {6}


class TestRetrieval:
    @pytest.fixture
    def beir(self, tmp_path: Path) -> Path:
        folder = tmp_path / "our texts"
        folder.mkdir()
        texts = [
            {"_id": "湖/1", "text": "琵琶湖は日本で最も大きな湖である。"},
            {"_id": "塔", "text": "東京タワーの高さは333メートルである。"},
        ]
        queries = [
            {"_id": "q1", "text": "大きな湖", "language": "ja/kanji"},
            {"_id": "q2", "text": "東京タワーの高さ"},
        ]
        for name, rows in (("corpus", texts), ("queries", queries)):
            lines = "".join(f"{json.dumps(row)}\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t湖/1\t1\nq2\t塔\t1\n", encoding="utf-8")
        return folder

    def test_folder_is_searched_leg_by_leg(self, beir: Path, tmp_path: Path) -> None:
        ended = evaluate(tmp_path, "retrieval", beir, "--out", "trec")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("our texts: 2 texts, 2 queries\n\n| leg | figure | ja/kanji | all | gap |\n")
        for leg in LEGS:
            assert (
                f"| {leg} | recall@1 | 100.0 [100.0, 100.0] | 100.0 [100.0, 100.0] | 0.0 [0.0, 0.0] |" in ended.stdout
            )
        assert set(files(tmp_path / "trec")) == {
            f"{leg}.{language}.{kind}"
            for leg in LEGS
            for language in ("ja%2Fkanji", "all")
            for kind in ("qrels", "run")
        }
        assert (tmp_path / "trec/service.all.qrels").read_text(encoding="utf-8") == "q2 0 塔 1\n"
        assert (
            (tmp_path / "trec/service.ja%2Fkanji.run").read_text(encoding="utf-8").startswith("q1 Q0 湖/1 1 1.000000 ")
        )

    def test_data_sets_own_japanese_questions(self, evaluated: Path, here: Here) -> None:
        ended = here(evaluated, "retrieval", "--jaquad", "data")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("jaquad: 3 texts, 3 queries\n\n| leg | figure | ja | gap |\n")
        assert "| service | recall@1 | 100.0 [100.0, 100.0] |  |" in ended.stdout


class TestInit:
    def test_template_is_a_set_that_can_be_run(self, project: Path, here: Here) -> None:
        ended = evaluate(project, "init", "sets/mine.jsonl", "--needs", "2")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("sets/mine.jsonl: 2 needs.")
        needs = load_needs(project / "sets/mine.jsonl")
        arguments = ("run", "--questions", "sets/mine.jsonl", "--out", "my-run")
        ran = here(project, *arguments, corpus="corpus", index="index")
        assert ran.returncode == 0, ran.stderr
        assert [row.need for row in read_run(project / "my-run").answers] == [need.id for need in needs]

    def test_file_that_is_there_is_kept(self, project: Path, here: Here) -> None:
        before = (project / "README.md").read_bytes()
        assert "README.md" in fails_in_one_line(here(project, "init", "README.md", index="index"))
        assert (project / "README.md").read_bytes() == before


class TestJudge:
    def test_verdicts_stand_beside_the_run(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        content = '{"supported": true, "answers": true, "reason": "it says so"}'
        with scripted(lambda *_: Reply({"choices": [{"message": {"content": content}}]})) as url:
            ended = evaluate(project, "judge", "--base-url", f"{url}/v1", "--model", "small")
        assert ended.returncode == 0, ended.stderr
        answered = [row for row in read_run(project / DEV).answers if not row.abstained]
        assert ended.stdout.startswith("ja: 2 answers, 0 without a usable verdict, 2 called supported")
        assert len((project / DEV / VERDICTS).read_text(encoding="utf-8").splitlines()) == len(answered)

    def test_no_key_is_one_line(self, evaluated: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        ended = here(evaluated, "judge", "--base-url", "http://127.0.0.1:9/v1", "--model", "small")
        assert "OPENAI_API_KEY" in fails_in_one_line(ended)


class TestMissing:
    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            (("run",), "eval/questions/dev.jsonl"),
            (("run", "--split", "test"), "eval/questions/test.jsonl"),
            (("run", "--questions", "none.jsonl"), "none.jsonl"),
            (("report",), "eval/runs/dev/run.json"),
            (("report", "none"), "none/run.json"),
            (("gate",), "eval/runs/dev/run.json"),
            (("compare", "none", "none"), "none/run.json"),
            (("accept", "none"), "none/run.json"),
            (("export", "none"), "none/run.json"),
            (("judge", "none", "--base-url", "http://127.0.0.1:9", "--model", "m"), "none/run.json"),
            (("retrieval", "none"), "none/corpus.jsonl"),
            (("retrieval", "none", "--jaquad"), "none/qa/jaquad-dev.ja.tsv.gz"),
            (("init", "mine.jsonl"), "`make index`"),
        ],
    )
    def test_file_is_named_in_one_line(
        self, tmp_path: Path, here: Here, arguments: tuple[str, ...], named: str
    ) -> None:
        assert named in fails_in_one_line(here(tmp_path, *arguments))

    def test_process_ends_without_a_traceback(self, tmp_path: Path) -> None:
        assert "eval/runs/dev/run.json" in fails_in_one_line(evaluate(tmp_path, "gate"))

    @pytest.mark.parametrize("setting", ["corpus", "index", "embedder"])
    def test_setting_that_leads_nowhere(self, evaluated: Path, here: Here, tmp_path: Path, setting: str) -> None:
        settings = {"corpus": "corpus", "index": "index"} | {setting: tmp_path / "none"}
        assert str(tmp_path / "none") in fails_in_one_line(
            here(evaluated, "run", "--out", tmp_path / "run", **settings)
        )
        assert not (tmp_path / "run").exists()

    def test_server_that_is_down(self, evaluated: Path, here: Here) -> None:
        assert "`make serve`" in fails_in_one_line(here(evaluated, "run", "--url", "http://127.0.0.1:9"))

    def test_quote_that_the_corpus_no_longer_holds(self, project: Path, here: Here) -> None:
        notes = project / "corpus/guide/returns.md"
        notes.write_text(notes.read_text(encoding="utf-8").replace("30日", "60日"), encoding="utf-8")
        line = fails_in_one_line(here(project, "run", corpus="corpus", index="index"))
        assert "need appliance" in line

    def test_damaged_index_is_named(self, project: Path, here: Here) -> None:
        (damaged,) = project.glob("index/*/passages.sqlite")
        damaged.write_bytes(b"")
        for arguments in (("run",), ("init", "mine.jsonl")):
            line = fails_in_one_line(here(project, *arguments, corpus="corpus", index="index"))
            assert damaged.name in line

    def test_readme(self, project: Path, here: Here) -> None:
        assert "none.md" in fails_in_one_line(here(project, "accept", DEV, "--readme", "none.md"))
        (project / "README.md").write_text("# Ours\n", encoding="utf-8")
        assert BEGIN in fails_in_one_line(here(project, "accept", DEV))

    @pytest.mark.parametrize(
        "arguments",
        [
            ("run", "--out", "README.md/run"),
            ("export", "--out", "README.md/run"),
            ("init", "README.md/mine.jsonl"),
        ],
    )
    def test_place_that_cannot_be_written(self, project: Path, here: Here, arguments: tuple[str, ...]) -> None:
        ended = here(project, *arguments, corpus="corpus", index="index")
        ended.stderr = "\n".join(line for line in ended.stderr.splitlines() if not line.startswith("asking"))
        assert "README.md" in fails_in_one_line(ended)

    @pytest.mark.parametrize("module", ["ir_measures", "jinja2", "matplotlib", "httpx"])
    def test_extra_that_is_not_installed(self, tmp_path: Path, module: str) -> None:
        ended = without(module, tmp_path, "eval", "gate")
        line = fails_in_one_line(ended)
        assert module in line
        assert "'rag-support[eval]'" in line

    def test_extra_of_the_judge(self, evaluated: Path) -> None:
        ended = without("openai", evaluated, "eval", "judge", "--base-url", "http://127.0.0.1:9", "--model", "m")
        assert "'rag-support[llm]'" in fails_in_one_line(ended)

    def test_other_commands_need_no_extra(self, tmp_path: Path) -> None:
        ended = without("ir_measures", tmp_path, "eval", "--help")
        assert ended.returncode == 0
        assert "Measure the answers" in ended.stdout


def without(module: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`rag-support …` where a module cannot be imported."""
    program = f"import sys\nsys.modules[{module!r}] = None\nfrom rag_support.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
    )
