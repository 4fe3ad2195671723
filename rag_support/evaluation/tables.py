"""Figures as Markdown tables: for the terminal, the report, and the README's own table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rag_support.errors import EvaluationError
from rag_support.evaluation.metrics import METRICS, Metric
from rag_support.evaluation.summary import Figure, Figures, Latency, Summary

_README_METRICS = (
    "recall@5", "ndcg@10", "full_answer", "citation_precision", "citation_recall", "conflict_shown", "false_refusal",
    "refused", "citation_valid", "value_fidelity", "answer_language",
)  # fmt: skip
_BEGIN, _END = "<!-- figures: made by `rag-support eval accept` -->", "<!-- end of figures -->"


def figure_text(figure: Figure | None, metric: Metric, interval: bool = True) -> str:
    if figure is None:
        return ""
    scale, unit = (100, "") if metric.share else (1, "")
    value = f"{figure.value * scale:.1f}{unit}"
    return f"{value} [{figure.low * scale:.1f}, {figure.high * scale:.1f}]" if interval else value


def answers_table(summary: Summary) -> str:
    """Every metric, in per cent with intervals of 95 %, and the parity gap."""
    languages = list(summary.risk)
    rows = [
        [
            _label(metric),
            *(figure_text(figures.by_language.get(language), METRICS[metric]) for language in languages),
            figure_text(figures.gap, METRICS[metric]),
            str(max(figure.n for figure in figures.by_language.values())),
        ]
        for metric, figures in summary.metrics.items()
    ]
    rows += [
        [f"answered questions that are wrong, at {_coverages(summary)} answered"]
        + [f"{100 * summary.risk[language].risk:.1f}" for language in languages]
        + ["", ""]
    ]
    return markdown_table(["", *languages, "gap", "rows a language"], rows)


def language_table(summary: Summary) -> str:
    rows = [
        [name, str(found.queries), f"{100 * found.right / found.queries:.1f}", str(found.confident_errors)]
        for name, found in summary.language.items()
    ]
    return markdown_table(["class", "queries", "right, %", "wrong with confidence ≥ 0.9"], rows)


def retrieval_table(retrieval: Mapping[str, Mapping[str, Figures]]) -> str:
    languages = list(dict.fromkeys(tag for leg in retrieval.values() for f in leg.values() for tag in f.by_language))
    share = Metric("")
    rows = [
        [
            leg,
            name,
            *(figure_text(figures.by_language.get(language), share) for language in languages),
            figure_text(figures.gap, share),
        ]
        for leg, by_figure in retrieval.items()
        for name, figures in by_figure.items()
    ]
    return markdown_table(["leg", "figure", *languages, "gap"], rows)


def latency_table(stages: Mapping[str, Latency]) -> str:
    return markdown_table(
        ["stage", "p50, ms", "p95, ms"],
        [[stage, f"{found.p50_ms:.2f}", f"{found.p95_ms:.2f}"] for stage, found in stages.items()],
    )


def readme_table(summaries: Sequence[Summary]) -> str:
    """The few figures that a newcomer wants, every split beside the other, without intervals."""
    languages = list(summaries[0].risk)
    rows = [
        [_label(metric)]
        + [
            figure_text(summary.metrics[metric].by_language.get(language), METRICS[metric], interval=False)
            for summary in summaries
            for language in languages
        ]
        for metric in _README_METRICS
        if all(metric in summary.metrics for summary in summaries)
    ]
    for name in ("one defensible answer", "kanji or hanzi only"):
        rows.append([f"language of short queries told: {name}"])
        for summary in summaries:
            found = summary.language.get(name)
            rows[-1] += [f"{100 * found.right / found.queries:.1f}" if found else "", *[""] * (len(languages) - 1)]
    if all("service" in summary.retrieval for summary in summaries):
        rows.append(["recall@5 over 1,455 unseen Japanese passages"])
        for summary in summaries:
            by_language = summary.retrieval["service"]["recall@5"].by_language
            rows[-1] += [figure_text(by_language.get(language), Metric(""), interval=False) for language in languages]
    header = ["in per cent", *(f"{summary.split} {language}" for summary in summaries for language in languages)]
    return markdown_table(header, rows)


def with_table(readme: Path, summaries: Sequence[Summary]) -> str:
    """The README's text with the table between its two marks. Raises EvaluationError when they are not there."""
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise EvaluationError(f"{readme}: the table belongs between the lines {_BEGIN!r} and {_END!r}. Add both.")
    return f"{before}{begin}\n\n{readme_table(summaries)}\n{end}{after}"


def _label(metric: str) -> str:
    arrow = "" if METRICS[metric].higher_is_better else " (less is better)"
    return f"{METRICS[metric].label}{arrow}"


def _coverages(summary: Summary) -> str:
    return " / ".join(f"{100 * risk.coverage:.0f} %" for risk in summary.risk.values())


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    align = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in (header, align, *rows))
