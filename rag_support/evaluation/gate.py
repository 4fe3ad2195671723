"""May this change land? No figure worse than the accepted one beyond chance, no promise broken.

The baseline is a committed file with the figures of every row of the accepted run, so that a new run is compared row by
row. A figure fails when the 95 % interval of its paired difference lies wholly on the bad side, in a language or in all
together. The promises (see METRICS) fail on a single row, whatever the baseline says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rag_support.errors import EvaluationError
from rag_support.evaluation.bootstrap import Table
from rag_support.evaluation.compare import Difference, difference_text, differences
from rag_support.evaluation.metrics import METRICS, broken_promises
from rag_support.evaluation.run import Run
from rag_support.evaluation.summary import Summary, retrieval_table, score_table, summarise

LANGUAGE_ID, CROSSLINGUAL = "language told", "cross-lingual recall@5"

_Flags = dict[str, dict[str, float | None]]  # row → language → figure


class Baseline(BaseModel):
    """An accepted run: its summary for people and the README, its rows for the gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: Summary
    questions: dict[str, dict[str, str]]  # need → language → question, to see when a set was changed
    answers: dict[str, dict[str, dict[str, float]]]  # need → language → metric → figure
    language: _Flags  # query → expected language → told right
    retrieval: _Flags  # passage → language → recall@5 of the service's ranking


@dataclass(frozen=True, slots=True)
class Verdict:
    broken_promises: tuple[str, ...]
    worse: tuple[Difference, ...]
    better: tuple[Difference, ...]
    sections_missing: tuple[str, ...]
    not_compared: int  # questions that the baseline does not know or asks otherwise, or that only it knows

    @property
    def passed(self) -> bool:
        return not self.broken_promises and not self.worse


def judge_run(run: Run, baseline: Baseline) -> Verdict:
    broken = tuple(
        f"{METRICS[metric].label}: not so in {row.need} {row.language}: {'; '.join(row.missed)}"
        for row in run.answers
        for metric in broken_promises(row.scores)
    )
    asked = {(row.need, row.language): row.question for row in run.answers}
    accepted = {(need, tag): question for need, found in baseline.questions.items() for tag, question in found.items()}
    known = [row for row in run.answers if accepted.get((row.need, row.language)) == row.question]
    tables: dict[str, tuple[Table, Table]] = {
        metric: (_accepted(baseline, metric), score_table(known, metric)) for metric in METRICS if METRICS[metric].gated
    }
    tables[LANGUAGE_ID] = baseline.language, _language_flags(run)
    tables[CROSSLINGUAL] = baseline.retrieval, _retrieval_flags(run)
    moved = differences(tables)
    return Verdict(
        broken,
        tuple(difference for difference in moved if difference.worse),
        tuple(difference for difference in moved if difference.better),
        sections_missing(run, baseline),
        sum(asked.get(row) != accepted.get(row) for row in asked.keys() | accepted.keys()),
    )


def sections_missing(run: Run, baseline: Baseline) -> tuple[str, ...]:
    """What the baseline was measured on and the run was not: the cross-lingual set where the data is not at hand."""
    return tuple(
        name
        for name, accepted, asked in (
            (LANGUAGE_ID, baseline.language, run.language),
            (CROSSLINGUAL, baseline.retrieval, run.retrieval),
        )
        if accepted and not asked
    )


def _accepted(baseline: Baseline, metric: str) -> Table:
    return {
        need: {language: figures.get(metric) for language, figures in by_language.items()}
        for need, by_language in baseline.answers.items()
    }


def baseline_of(run: Run) -> Baseline:
    questions: dict[str, dict[str, str]] = {}
    answers: dict[str, dict[str, dict[str, float]]] = {}
    for row in run.answers:
        questions.setdefault(row.need, {})[row.language] = row.question
        kept = {metric: value for metric, value in row.scores.items() if value is not None}
        answers.setdefault(row.need, {})[row.language] = kept
    return Baseline(
        summary=summarise(run),
        questions=questions,
        answers=answers,
        language=_language_flags(run),
        retrieval=_retrieval_flags(run),
    )


def _language_flags(run: Run) -> _Flags:
    return {row.text: {row.expected.partition("-")[0]: float(row.right)} for row in run.language}


def _retrieval_flags(run: Run) -> _Flags:
    return {query: dict(row) for query, row in retrieval_table(run.retrieval, "service", "recall@5").items()}


def write_baseline(file: Path, baseline: Baseline) -> None:
    """One line a row, so that a change of the file can be read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = baseline.model_dump(mode="json")
    summary = json.dumps(parts.pop("summary"), ensure_ascii=False)
    body = ",\n".join([f' "summary": {summary}', *(_by_row(name, rows) for name, rows in parts.items())])
    file.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")


def _by_row(name: str, rows: Mapping[str, object]) -> str:
    lines = ",\n".join(
        f"  {json.dumps(key, ensure_ascii=False)}: {json.dumps(row, ensure_ascii=False)}" for key, row in rows.items()
    )
    return f' "{name}": {{\n{lines}\n }}'


def read_baseline(file: Path) -> Baseline:
    """Raises EvaluationError naming the file and the mend."""
    try:
        return Baseline.model_validate_json(file.read_bytes())
    except OSError as error:
        raise EvaluationError(
            f"{file}: there is no baseline ({error.strerror}). Accept a run with `rag-support eval accept`."
        ) from error
    except ValidationError as error:
        raise EvaluationError(f"{file}: the baseline is damaged. Take it from version control.") from error


def verdict_text(verdict: Verdict) -> str:
    lines = [f"BROKEN PROMISE  {broken}" for broken in verdict.broken_promises]
    lines += [f"WORSE   {difference_text(difference)}" for difference in verdict.worse]
    lines += [f"better  {difference_text(difference)}" for difference in verdict.better]
    lines += [f"{section}: in the baseline, not in this run, so not compared" for section in verdict.sections_missing]
    if verdict.not_compared:
        lines.append(
            f"{verdict.not_compared} rows are new, gone or asked otherwise than in the baseline, and not compared"
        )
    if verdict.passed:
        lines.append(
            f"gate: passed{'; better in places: consider `rag-support eval accept`' if verdict.better else ''}"
        )
    else:
        lines.append(
            f"gate: FAILED, {len(verdict.broken_promises)} broken promises, {len(verdict.worse)} figures worse. Look "
            "at the report; if the change is meant, accept it with `rag-support eval accept`."
        )
    return "\n".join(lines)
