"""A question set, asked of a target → a run: what was answered, row by row, with the figures of each row.

    <run>/run.json         what was asked of what; the totals are made from the rows, see summary.py
    <run>/answers.jsonl    a row for each need and language
    <run>/language.jsonl   a row for each query of the language set
    <run>/retrieval.jsonl  a row for each cross-lingual query and leg, where the data was at hand
    <run>/timings.json     all that differs between two runs of the same thing: times, and the snapshot's id

Everything but timings.json is the same, byte for byte, in every run of the same sets over the same index and code.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import Fact, GoldSpan, Need, NeedKind, Split
from rag_support.evaluation.language_id import LanguageRow
from rag_support.evaluation.metrics import Scores, judge, judge_rejected
from rag_support.evaluation.ranking import judgements, ranked, ranking_scores
from rag_support.evaluation.retrieval import RetrievalResult, RetrievalSet
from rag_support.evaluation.targets import Target
from rag_support.ingest.build import Progress
from rag_support.service.schemas import AnswerResponse, CitationResponse, ConflictResponse

RUN, ANSWERS, LANGUAGE, RETRIEVAL, TIMINGS = (
    "run.json", "answers.jsonl", "language.jsonl", "retrieval.jsonl", "timings.json"
)  # fmt: skip
MADE_FROM_IT = ("report.html", "report.md", "report.json", "judge.jsonl")  # what belongs to one run only
_SHOWN_PASSAGES = 10  # kept in a row for its reader


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerRow(_Record):
    need: str
    language: str
    kind: NeedKind
    question: str
    answer: str  # empty where the question was refused as unusable
    abstained: bool
    refusal: str | None
    confidence: float
    detected: str
    detection_confidence: float
    generator: str
    citations: list[CitationResponse]
    conflicts: list[ConflictResponse]
    passages: dict[str, float]  # id → 1 / rank
    relevant: dict[str, int]  # id → relevance
    gold: list[GoldSpan]
    required: list[Fact]
    scores: Scores
    missed: list[str]

    @property
    def query(self) -> str:
        """Its name in TREC files."""
        return f"{self.need}:{self.language}"


class RetrievalRow(_Record):
    query: str
    language: str
    leg: str
    scores: dict[str, float]


class RunInfo(_Record):
    """What a run is of. Two runs are comparable when their sets are the same."""

    name: str
    split: Split
    needs: int
    target: dict[str, Any]


class Timings(_Record):
    index: str
    seconds: float
    stages_ms: dict[str, list[float]]  # stage → one time for each answer, in the order of the rows


class Run(_Record):
    info: RunInfo
    answers: list[AnswerRow]
    language: list[LanguageRow]
    retrieval: list[RetrievalRow]
    timings: Timings


def run_needs(
    needs: Sequence[Need], target: Target, progress: Progress = lambda *_: None
) -> tuple[list[AnswerRow], dict[str, list[float]]]:
    """Ask every question and judge every answer. Returns the rows and the times of each stage in milliseconds."""
    asked = [(need, language) for need in needs for language in need.questions]
    rows: list[AnswerRow] = []
    stages_ms: dict[str, list[float]] = {}
    for number, (need, language) in enumerate(asked, start=1):
        started = perf_counter()
        response = target.answer(need.questions[language])
        times = {**(response.timings_ms if response else {}), "seen by the caller": (perf_counter() - started) * 1000}
        for stage, time_ms in times.items():
            stages_ms.setdefault(stage, []).append(round(time_ms, 3))
        rows.append(_row(need, language, response, target))
        progress("asking", number, len(asked))
    return _with_ranking(rows), stages_ms


def _row(need: Need, language: str, response: AnswerResponse | None, target: Target) -> AnswerRow:
    common: dict[str, Any] = {
        "need": need.id,
        "language": language,
        "kind": need.kind,
        "question": need.questions[language],  # type: ignore[index]
        "gold": need.gold,
        "required": need.required,
    }
    if response is None:
        judged = judge_rejected(need)
        return AnswerRow(
            **common, answer="", abstained=True, refusal="unusable", confidence=0, detected="und",
            detection_confidence=0, generator="", citations=[], conflicts=[], passages={}, relevant={},
            scores=judged.scores, missed=list(judged.missed),
        )  # fmt: skip
    judged = judge(need, language, response, target.source_text)
    return AnswerRow(
        **common,
        answer=response.answer,
        abstained=response.abstained,
        refusal=response.refusal.kind if response.refusal else None,
        confidence=response.confidence,
        detected=response.detection.variant or response.detection.language,
        detection_confidence=response.detection.confidence,
        generator=response.generator,
        citations=response.citations,
        conflicts=response.conflicts,
        passages=ranked(response.passages),
        relevant=judgements(need.gold, response.passages),
        scores=judged.scores,
        missed=list(judged.missed),
    )


def _with_ranking(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    """The rows with the ranking figures filled in; passages beyond the first few are then no longer needed."""
    judged = [row for row in rows if row.gold]
    figures = ranking_scores({row.query: row.relevant for row in judged}, {row.query: row.passages for row in judged})
    return [
        row.model_copy(
            update={
                "scores": {**row.scores, **figures.get(row.query, {})},
                "passages": dict(list(row.passages.items())[:_SHOWN_PASSAGES]),
            }
        )
        for row in rows
    ]


def retrieval_rows(task: RetrievalSet, result: RetrievalResult) -> list[RetrievalRow]:
    return [
        RetrievalRow(query=query, language=language, leg=leg, scores=scores)
        for leg, by_language in result.scores(task.qrels).items()
        for language, by_query in by_language.items()
        for query, scores in by_query.items()
    ]


# ---- on disk -------------------------------------------------------------------------------------------------------


def write_run(folder: Path, run: Run) -> None:
    """Written whole into the folder, which may hold an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (RUN, *MADE_FROM_IT):
        (folder / old).unlink(missing_ok=True)
    _write_rows(folder / ANSWERS, run.answers)
    _write_rows(folder / LANGUAGE, run.language)
    _write_rows(folder / RETRIEVAL, run.retrieval)
    (folder / TIMINGS).write_text(run.timings.model_dump_json(indent=1) + "\n", encoding="utf-8")
    # last, so that a folder with it is a whole run
    (folder / RUN).write_text(run.info.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_run(folder: Path) -> Run:
    """Raises EvaluationError naming the file."""
    return Run(
        info=_read(folder / RUN, RunInfo),
        answers=_read_rows(folder / ANSWERS, AnswerRow),
        language=_read_rows(folder / LANGUAGE, LanguageRow),
        retrieval=_read_rows(folder / RETRIEVAL, RetrievalRow),
        timings=_read(folder / TIMINGS, Timings),
    )


_T = TypeVar("_T", bound=BaseModel)


def _write_rows(file: Path, rows: Iterable[BaseModel]) -> None:
    file.write_text("".join(f"{row.model_dump_json()}\n" for row in rows), encoding="utf-8")


def _read_rows(file: Path, kind: type[_T]) -> list[_T]:
    # lines of bytes, for a question may hold characters that end a line of text
    return [_parsed(file, line, kind) for line in _bytes(file).splitlines()]


def _read(file: Path, kind: type[_T]) -> _T:
    return _parsed(file, _bytes(file), kind)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EvaluationError(
            f"{file}: this is no run ({error.strerror}). Make one with `rag-support eval run`."
        ) from error


def _parsed(file: Path, json: bytes, kind: type[_T]) -> _T:
    try:
        return kind.model_validate_json(json)
    except ValidationError as error:
        raise EvaluationError(f"{file}: the run is damaged, or of another version. Run it again.") from error


def set_fingerprint(run: Run) -> frozenset[tuple[str, str, str]]:
    """The questions of a run: what must be equal for two runs to be compared row by row."""
    return frozenset((row.need, row.language, row.question) for row in run.answers)
