"""Two runs of the same questions: what changed, by how much, and on which rows.

Differences are taken row by row, so that what the two runs share cancels out: a loss of five answers in ninety shows,
where two intervals side by side would overlap.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rag_support.errors import EvaluationError
from rag_support.evaluation.bootstrap import Interval, Table, paired_difference
from rag_support.evaluation.metrics import METRICS
from rag_support.evaluation.run import AnswerRow, Run, set_fingerprint
from rag_support.evaluation.summary import score_table

ALL = "all"


@dataclass(frozen=True, slots=True)
class Difference:
    """after − before of one metric in one language, or in all together."""

    metric: str
    language: str
    interval: Interval

    @property
    def worse(self) -> bool:
        """Whether the whole interval lies on the bad side of no difference."""
        return self.interval.high < 0 if self._higher_is_better else self.interval.low > 0

    @property
    def better(self) -> bool:
        return self.interval.low > 0 if self._higher_is_better else self.interval.high < 0

    @property
    def _higher_is_better(self) -> bool:
        return self.metric not in METRICS or METRICS[self.metric].higher_is_better


@dataclass(frozen=True, slots=True)
class ChangedRow:
    before: AnswerRow
    after: AnswerRow

    @property
    def figures(self) -> dict[str, tuple[float | None, float | None]]:
        return {
            metric: (self.before.scores.get(metric), self.after.scores.get(metric))
            for metric in METRICS
            if self.before.scores.get(metric) != self.after.scores.get(metric)
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    differences: tuple[Difference, ...]
    changed: tuple[ChangedRow, ...]  # rows whose answer or figures differ


def compare(before: Run, after: Run) -> Comparison:
    """Raises EvaluationError when the runs asked different questions."""
    if set_fingerprint(before) != set_fingerprint(after):
        raise EvaluationError(
            f"{before.info.name} and {after.info.name} asked different questions, so their rows cannot be paired. "
            "Run both on the same question set."
        )
    tables = {metric: (score_table(before.answers, metric), score_table(after.answers, metric)) for metric in METRICS}
    earlier = {row.query: row for row in before.answers}
    changed = [
        ChangedRow(earlier[row.query], row)
        for row in after.answers
        if (row.answer, row.scores) != (earlier[row.query].answer, earlier[row.query].scores)
    ]
    return Comparison(tuple(differences(tables)), tuple(changed))


def differences(tables: Mapping[str, tuple[Table, Table]]) -> list[Difference]:
    """Metric → (before, after) → the difference of each language, and of all together where there are several."""
    found = []
    for metric, (before, after) in tables.items():
        languages = list(dict.fromkeys(language for row in after.values() for language in row))
        groups = [(language, [language]) for language in languages]
        for name, members in [*groups, (ALL, languages)] if len(languages) > 1 else groups:
            interval = paired_difference(before, after, members)
            if interval is not None:
                found.append(Difference(metric, name, interval))
    return found


def comparison_text(comparison: Comparison, rows: int) -> str:
    """For the terminal: figures that moved, then at most `rows` changed rows."""
    moved = [found for found in comparison.differences if found.interval.low or found.interval.high]
    lines = [f"{_verdict(found)} {difference_text(found)}" for found in moved] or ["no figure differs"]
    lines.append(f"\n{len(comparison.changed)} rows changed")
    for change in comparison.changed[:rows]:
        figures = ", ".join(f"{name} {_short(old)} → {_short(new)}" for name, (old, new) in change.figures.items())
        lines += [
            f"\n{change.after.need} {change.after.language}: {change.after.question}",
            f"  {figures or 'same figures'}",
            f"  before: {_line(change.before.answer)}",
            f"  after:  {_line(change.after.answer)}",
        ]
    if len(comparison.changed) > rows:
        lines.append(f"\n… and {len(comparison.changed) - rows} more; --rows shows more")
    return "\n".join(lines)


def _verdict(difference: Difference) -> str:
    return "worse " if difference.worse else "better" if difference.better else "      "


def difference_text(difference: Difference) -> str:
    scale = 1 if difference.metric in METRICS and not METRICS[difference.metric].share else 100
    interval = difference.interval
    low, value, high = (scale * number for number in (interval.low, interval.value, interval.high))
    return (
        f"{difference.language:3} {difference.metric:20} {value:+7.2f} [{low:+.2f}, {high:+.2f}] over {interval.n} rows"
    )


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _line(answer: str) -> str:
    flat = " / ".join(answer.splitlines())
    return flat if len(flat) <= 300 else f"{flat[:299]}…"
