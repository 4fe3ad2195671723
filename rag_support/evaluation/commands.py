"""rag-support eval: run, report, compare, gate, accept and what belongs to them. Each parses, calls, prints."""

import sys
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from rag_support.config import Settings
from rag_support.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag_support.evaluation.dataset import Need
    from rag_support.evaluation.grounding_suite import Outcome
    from rag_support.evaluation.run import RetrievalRow, Run
    from rag_support.evaluation.targets import Target
    from rag_support.types import Embedder

_SPLIT = click.Choice(["dev", "test"])
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_RUN = click.argument("run_folder", metavar="RUN", type=_FOLDER, default=Path("eval/runs/dev"))


_NEEDED = ("httpx", "ir_measures", "jinja2", "matplotlib")  # the extra "eval" of pyproject.toml


class _Files(click.Group):
    """A file that cannot be read or written is told in one line, whichever command wanted it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is None:  # no file but a pipe, say, which click deals with
                raise
            raise click.ClickException(
                f"{error.filename}: {error.strerror}. Check the path and its permissions."
            ) from error


@click.group(name="eval", cls=_Files)
def evaluate() -> None:
    """Measure the answers: offline, deterministic, in each language."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"the evaluation needs {', '.join(missing)}: run `make eval`, or pip install 'rag-support[eval]'."
        )


@evaluate.command()
@click.option("--split", type=_SPLIT, default="dev", help="dev to work with; test for reporting only.")
@click.option("--questions", type=_FILE, help="Another set of needs. Default: eval/questions/<split>.jsonl.")
@click.option("--url", help="Ask a running server instead of the index in this process.")
@click.option("--data", type=_FOLDER, help="Folder of the training data, for the cross-lingual set over JaQuAD.")
@click.option("--out", type=_FOLDER, help="Folder of the run. Default: eval/runs/<name of the set>.")
@click.pass_obj
def run(
    settings: Settings, split: str, questions: Path | None, url: str | None, data: Path | None, out: Path | None
) -> None:
    """Ask every question, judge every answer, and keep all of it."""
    from rag_support.embedding import configured_embedder
    from rag_support.evaluation.dataset import load_language_queries, load_needs, split_of
    from rag_support.evaluation.language_id import judge_queries
    from rag_support.evaluation.run import Run, RunInfo, Timings, run_needs, write_run

    if url and data:
        raise click.UsageError("the cross-lingual set is asked of this process, so --data does not go with --url")
    file = questions or Path("eval/questions") / f"{split}.jsonl"
    if questions and out is None and questions.stem in ("dev", "test"):
        raise click.UsageError(f"{questions}: give --out too, for a run of that name is one of the project's own set")
    needs = load_needs(file)
    # the project's other sets belong to the project's own questions
    queries = load_language_queries(Path("eval/language") / f"{split}.jsonl") if questions is None else []
    started = perf_counter()
    with Progress() as progress:
        with _target(settings, url, needs, file) as target:
            answers, stages_ms = run_needs(needs, target, progress.show)
            language = judge_queries(queries, target.detect)
            info = RunInfo(name=file.stem, split=split_of(file), needs=len(needs), target=dict(target.description()))
            index = target.index_id
        retrieval = []
        if questions is None and data is not None:
            retrieval = _crosslingual(configured_embedder(settings), split, data, progress)
    timings = Timings(index=index, seconds=round(perf_counter() - started, 1), stages_ms=stages_ms)
    finished = Run(info=info, answers=answers, language=language, retrieval=retrieval, timings=timings)
    folder = out or Path("eval/runs") / file.stem
    write_run(folder, finished)
    _print_tables(finished)
    click.echo(f"{len(answers)} answers judged in {timings.seconds} s: {folder}")


@contextmanager
def _target(settings: Settings, url: str | None, needs: "Sequence[Need]", file: Path) -> "Iterator[Target]":
    from rag_support.evaluation.targets import InProcess, OverHttp

    if url:
        with OverHttp(url) as server:
            yield server
        return
    from rag_support.embedding import configured_embedder
    from rag_support.evaluation.dataset import check_gold
    from rag_support.ingest.readers import read_corpus
    from rag_support.pipeline import Pipeline

    documents = {document.doc_id: document.text for document in read_corpus(settings.corpus).documents}
    check_gold(needs, documents, file)
    pipeline = Pipeline.open(settings.index, configured_embedder(settings), settings.fallback_language)
    yield InProcess(pipeline, documents)


def _crosslingual(embedder: "Embedder", split: str, data: Path, progress: Progress) -> "list[RetrievalRow]":
    from rag_support.evaluation.retrieval import JAQUAD, crosslingual_set, run_retrieval
    from rag_support.evaluation.run import retrieval_rows

    if not (data / JAQUAD).is_file():
        click.echo(f"No {data / JAQUAD}: going without the cross-lingual set.", err=True)
        return []
    task = crosslingual_set(Path("eval/crosslingual") / f"{split}.jsonl", data)
    return retrieval_rows(task, run_retrieval(task, embedder, progress.show))


def _print_tables(finished: "Run") -> None:
    from rag_support.evaluation import tables
    from rag_support.evaluation.summary import latency, summarise

    summary = summarise(finished)
    click.echo(f"\n{tables.answers_table(summary)}")
    if summary.language:
        click.echo(tables.language_table(summary))
    if summary.retrieval:
        click.echo(tables.retrieval_table(summary.retrieval))
    click.echo(tables.latency_table(latency(finished.timings.stages_ms)))


@evaluate.command()
@_RUN
def report(run_folder: Path) -> None:
    """Write a run's report: one HTML file to read, Markdown and JSON beside it."""
    from rag_support.evaluation.report import write_report
    from rag_support.evaluation.run import read_run

    for file in write_report(run_folder, read_run(run_folder)):
        click.echo(str(file))


@evaluate.command()
@click.argument("before", type=_FOLDER)
@click.argument("after", type=_FOLDER)
@click.option("--rows", type=click.IntRange(0), default=20, help="Changed rows to print.")
def compare(before: Path, after: Path, rows: int) -> None:
    """Paired differences of two runs with their intervals, and the rows that changed."""
    from rag_support.evaluation.compare import compare as compared
    from rag_support.evaluation.compare import comparison_text
    from rag_support.evaluation.run import read_run

    click.echo(comparison_text(compared(read_run(before), read_run(after)), rows))


@evaluate.command()
@_RUN
@click.option("--baseline", type=_FILE, help="Accepted figures. Default: eval/baseline/<name of the set>.json.")
def gate(run_folder: Path, baseline: Path | None) -> None:
    """Exit status 1 when a figure is worse than the accepted one beyond its interval, or a promise is broken."""
    from rag_support.evaluation.gate import judge_run, read_baseline, verdict_text
    from rag_support.evaluation.run import read_run

    finished = read_run(run_folder)
    verdict = judge_run(finished, read_baseline(baseline or _baseline(finished.info.name)))
    click.echo(verdict_text(verdict))
    if not verdict.passed:
        sys.exit(1)


@evaluate.command()
@click.argument("run_folders", metavar="RUN...", type=_FOLDER, nargs=-1, required=True)
@click.option("--readme", type=_FILE, default=Path("README.md"), help="Where the table of figures stands.")
def accept(run_folders: tuple[Path, ...], readme: Path) -> None:
    """Make runs the baselines of their sets, and write the README's table from those of dev and test."""
    from rag_support.errors import EvaluationError
    from rag_support.evaluation.gate import baseline_of, read_baseline, sections_missing, write_baseline
    from rag_support.evaluation.run import read_run
    from rag_support.evaluation.tables import with_table

    accepted = {}
    for folder in run_folders:
        finished = read_run(folder)
        file = _baseline(finished.info.name)
        lost = sections_missing(finished, read_baseline(file)) if file.is_file() else ()
        if lost:
            raise EvaluationError(
                f"{folder}: the run lacks what the baseline {file} has: {', '.join(lost)}. Run it with --data, or "
                "remove the baseline first."
            )
        accepted[folder] = baseline_of(finished)
    by_name = {baseline.summary.name: baseline for baseline in accepted.values()}
    shown = [
        by_name[name] if name in by_name else read_baseline(_baseline(name))
        for name in ("dev", "test")
        if name in by_name or _baseline(name).is_file()
    ]
    # before anything is written, for the README may lack the place for it
    text = with_table(readme, [baseline.summary for baseline in shown]) if {"dev", "test"} & by_name.keys() else None
    for folder, baseline in accepted.items():
        file = _baseline(baseline.summary.name)
        write_baseline(file, baseline)
        click.echo(f"accepted {folder} as {file}")
    if text is not None:
        readme.write_text(text, encoding="utf-8")
        click.echo(f"wrote the table of {readme}")


def _baseline(name: str) -> Path:
    return Path("eval/baseline") / f"{name}.json"


@evaluate.command()
@_RUN
@click.option("--out", type=_FOLDER, help="Folder for the two files. Default: the run's own.")
def export(run_folder: Path, out: Path | None) -> None:
    """Write a run's rankings and judgements as TREC files."""
    from rag_support.evaluation.ranking import write_trec
    from rag_support.evaluation.run import read_run

    finished = read_run(run_folder)
    judged = [row for row in finished.answers if row.relevant]
    files = write_trec(
        out or run_folder,
        finished.info.name,
        {row.query: row.relevant for row in judged},
        {row.query: row.passages for row in judged},
    )
    for file in files:
        click.echo(str(file))


@evaluate.command()
@click.argument("path", type=_FOLDER)
@click.option("--split", default="test", help="Which judgements: qrels/<split>.tsv.")
@click.option("--jaquad", is_flag=True, help="PATH is the training data: ask JaQuAD's own Japanese questions.")
@click.option("--out", type=_FOLDER, help="Folder for TREC files of each leg and language.")
@click.pass_obj
def retrieval(settings: Settings, path: Path, split: str, jaquad: bool, out: Path | None) -> None:
    """Evaluate retrieval over a folder in BEIR's format (corpus.jsonl, queries.jsonl, qrels/)."""
    from rag_support.embedding import configured_embedder
    from rag_support.evaluation.ranking import write_trec
    from rag_support.evaluation.retrieval import beir_set, jaquad_set, run_retrieval
    from rag_support.evaluation.run import retrieval_rows
    from rag_support.evaluation.summary import summarise_retrieval
    from rag_support.evaluation.tables import retrieval_table

    task = jaquad_set(path) if jaquad else beir_set(path, split)
    with Progress() as progress:
        result = run_retrieval(task, configured_embedder(settings), progress.show)
    click.echo(f"{task.name}: {len(task.texts)} texts, {sum(map(len, task.queries.values()))} queries\n")
    click.echo(retrieval_table(summarise_retrieval(retrieval_rows(task, result))))
    if out is not None:
        for leg, by_language in result.runs.items():
            for language, found in by_language.items():
                name = f"{leg}.{quote(language, safe='')}"  # a set may name its languages as it likes
                write_trec(out, name, {query: task.qrels[query] for query in found}, found)
        click.echo(f"TREC files: {out}")


@evaluate.command()
@click.argument("file", type=_FILE)
@click.option("--needs", type=click.IntRange(1, 1_000), default=30, help="How many needs to start with.")
@click.pass_obj
def init(settings: Settings, file: Path, needs: int) -> None:
    """Make a question set to fill in, from the sections of the indexed corpus."""
    from rag_support import snapshot
    from rag_support.evaluation.template import write_template
    from rag_support.retrieval.passages import PassageStore

    folder = settings.index / snapshot.current_id(settings.index)
    snapshot.check_files(folder, snapshot.read_manifest(folder), [snapshot.PASSAGES])
    with closing(PassageStore(folder / snapshot.PASSAGES)) as store:
        written = write_template(file, [store.chunk(row) for row in range(len(store))], needs)
    click.echo(f"{file}: {written} needs. Fill it in, then: rag-support eval run --questions {file} --out my-run")


@evaluate.command("llm-speed")
@click.option("--streams", type=click.IntRange(1, 256), default=16, help="Completions under way at any time.")
@click.option("--completions", type=click.IntRange(1, 100_000), default=64, help="Completions in all.")
@click.option("--tokens", type=click.IntRange(1, 10_000), default=64, help="Longest completion, in tokens.")
@click.pass_obj
def llm_speed(settings: Settings, streams: int, completions: int, tokens: int) -> None:
    """Measure the language model that RAG_SUPPORT_GENERATOR and RAG_SUPPORT_LLM_… name, with several askers at once."""
    import asyncio

    from rag_support.answering.backends import configured_backend
    from rag_support.evaluation.backend_speed import Speed, measure

    if settings.generator == "extractive":
        raise click.ClickException("no language model is set. Set RAG_SUPPORT_GENERATOR; see the README.")
    backend = configured_backend(settings)

    async def measured() -> Speed:
        try:
            return await measure(backend, streams, completions, tokens)
        finally:
            await backend.close()

    click.echo(str(asyncio.run(measured())))


@evaluate.command()
@_RUN
@click.option("--base-url", required=True, help="An OpenAI-compatible server, such as http://127.0.0.1:11434/v1.")
@click.option("--model", required=True, help="The model to ask.")
def judge(run_folder: Path, base_url: str, model: str) -> None:
    """Ask a language model for a second opinion on a run's answers. Never part of the gate."""
    from rag_support.evaluation.llm_judge import judge_run, openai_compatible, write_verdicts
    from rag_support.evaluation.run import read_run

    finished = read_run(run_folder)
    complete = openai_compatible(base_url, model)
    with Progress() as progress:
        told = write_verdicts(run_folder, judge_run(finished, complete, progress.show))
    click.echo(told)


@evaluate.command()
@click.option("--out", type=_FOLDER, default=Path("eval/grounding"), help="Folder for the tables.")
@click.pass_obj
def grounding(settings: Settings, out: Path) -> None:
    """Corrupt true statements of the corpus, thousands of times, and count what the grounding gate catches."""
    from rag_support.answering.grounding import GroundingGate
    from rag_support.answering.support import shipped_support
    from rag_support.embedding import configured_embedder
    from rag_support.evaluation.corruptions import BY_HAND, suite_of, without_translations
    from rag_support.evaluation.grounding_suite import check, let_through, outcome_table, write_outcomes

    gate = GroundingGate(configured_embedder(settings), shipped_support())
    with Progress() as progress:
        progress.show("making the cases", 0, 0)
        cases = suite_of(settings.corpus, BY_HAND if settings.corpus == Path("corpus") else None)
        unseen = [case for folder in sorted(Path("eval/unseen").glob("*/corpus")) for case in suite_of(folder)]
        outcomes: list[Outcome] = []
        for name, of_name, fitted in (
            ("Sources with reviewed translations", cases, True),
            ("The same, without translations", without_translations(cases), True),
            ("Texts that nothing was fitted to, in Japanese", unseen, False),
        ):
            progress.show(name, len(outcomes), 3)
            outcomes.append(check(name, of_name, gate, fitted))
    for outcome in outcomes:
        click.echo(f"{outcome.name}: {outcome.ms} ms a statement that had to be weighed\n\n{outcome_table(outcome)}")
    for file in write_outcomes(out, outcomes):
        click.echo(str(file))
    if passed := sum(map(let_through, outcomes)):
        raise click.ClickException(f"{passed} statements with a changed value passed the gate: see {out}.")
