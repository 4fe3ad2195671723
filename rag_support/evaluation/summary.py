"""A run's rows → its figures: each per language with its interval, and the gap between the languages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from pydantic import BaseModel, ConfigDict

from rag_support.evaluation.bootstrap import Interval, Table, means, parity_gap
from rag_support.evaluation.dataset import Split
from rag_support.evaluation.language_id import LanguageRow
from rag_support.evaluation.metrics import METRICS, is_right
from rag_support.evaluation.retrieval import LEGS
from rag_support.evaluation.risk import area_under, risk_coverage
from rag_support.evaluation.run import AnswerRow, RetrievalRow, Run
from rag_support.types import LANGUAGES

RETRIEVAL_FIGURES = ("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Record):
    value: float
    low: float
    high: float
    n: int


class Figures(_Record):
    """One metric: language → figure, and the parity gap, best language less worst."""

    by_language: dict[str, Figure]
    gap: Figure | None


class LanguageClass(_Record):
    """One class of the language set."""

    queries: int
    right: int
    confident_errors: int


class Risk(_Record):
    """Risk and coverage of one language: what share is answered, and what share of those is wrong."""

    coverage: float
    risk: float
    area: float  # mean risk over the coverage reached
    curve: list[tuple[float, float]]


class Summary(_Record):
    name: str
    split: Split
    needs: int
    metrics: dict[str, Figures]
    risk: dict[str, Risk]
    language: dict[str, LanguageClass]
    retrieval: dict[str, dict[str, Figures]]  # leg → figure


class Latency(_Record):
    p50_ms: float
    p95_ms: float


def summarise(run: Run) -> Summary:
    languages = [language for language in LANGUAGES if any(row.language == language for row in run.answers)]
    return Summary(
        name=run.info.name,
        split=run.info.split,
        needs=run.info.needs,
        metrics={
            metric: figures
            for metric in METRICS
            if (figures := _figures(score_table(run.answers, metric), languages, METRICS[metric].share)).by_language
        },
        risk={language: _risk([row for row in run.answers if row.language == language]) for language in languages},
        language=_language(run.language),
        retrieval=summarise_retrieval(run.retrieval),
    )


def score_table(rows: Sequence[AnswerRow], metric: str) -> Table:
    """Need → language → one figure."""
    table: dict[str, dict[str, float | None]] = {}
    for row in rows:
        table.setdefault(row.need, {})[row.language] = row.scores.get(metric)
    return table


def retrieval_table(rows: Sequence[RetrievalRow], leg: str, figure: str) -> Table:
    table: dict[str, dict[str, float | None]] = {}
    for row in rows:
        if row.leg == leg:
            table.setdefault(row.query, {})[row.language] = row.scores[figure]
    return table


def latency(stages_ms: Mapping[str, Sequence[float]]) -> dict[str, Latency]:
    """Stage → median and 95th percentile in milliseconds."""
    return {
        stage: Latency(
            p50_ms=round(float(np.percentile(times, 50)), 3), p95_ms=round(float(np.percentile(times, 95)), 3)
        )
        for stage, times in stages_ms.items()
        if times
    }


def _figures(table: Table, languages: Sequence[str], comparable: bool = True) -> Figures:
    """Languages write the same in more or fewer characters: lengths are not comparable, and have no gap."""
    if not any(value is not None for row in table.values() for value in row.values()):
        return Figures(by_language={}, gap=None)
    gap = parity_gap(table, languages) if comparable else None
    return Figures(
        by_language={language: _figure(interval) for language, interval in means(table, languages).items()},
        gap=_figure(gap) if gap else None,
    )


def _figure(interval: Interval) -> Figure:
    return Figure(**asdict(interval))


def _risk(rows: Sequence[AnswerRow]) -> Risk:
    curve = risk_coverage([(row.confidence, not row.abstained, is_right(row.scores)) for row in rows])
    coverage, risk = curve[-1] if curve else (0.0, 0.0)
    return Risk(
        coverage=round(coverage, 6),
        risk=round(risk, 6),
        area=round(area_under(curve), 6),
        curve=[(round(x, 6), round(y, 6)) for x, y in curve],
    )


def _language(rows: Sequence[LanguageRow]) -> dict[str, LanguageClass]:
    """Each class, and the two totals: all with one right answer, and those of Han characters alone."""
    groups: dict[str, Callable[[LanguageRow], bool]] = {
        "one defensible answer": lambda row: row.expected != "ambiguous",
        "kanji or hanzi only": lambda row: row.kind in ("kanji_ja", "hanzi_hans", "hanzi_hant"),
    }
    for kind in dict.fromkeys(row.kind for row in rows):
        groups[kind] = lambda row, kind=kind: row.kind == kind  # type: ignore[misc]
    return {
        name: LanguageClass(
            queries=len(found),
            right=sum(row.right for row in found),
            confident_errors=sum(row.confident_error for row in found),
        )
        for name, belongs in groups.items()
        if (found := [row for row in rows if belongs(row)])
    }


def summarise_retrieval(rows: Sequence[RetrievalRow]) -> dict[str, dict[str, Figures]]:
    """Leg → figure → language."""
    languages = list(dict.fromkeys(row.language for row in rows))
    return {
        leg: {figure: _figures(retrieval_table(rows, leg, figure), languages) for figure in RETRIEVAL_FIGURES}
        for leg in LEGS
        if any(row.leg == leg for row in rows)
    }
