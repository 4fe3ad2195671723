"""A run → report.html to read, report.md to paste, report.json to compute with. The figures are all summary's.

The page is one file that loads nothing and runs one script, its own: a content security policy names the script and the
style sheet by their hashes. Questions are hostile by design, so everything from a run is escaped, and what the filters
look at stands in data attributes.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rag_support.answering.written_language import is_written_in
from rag_support.evaluation import tables
from rag_support.evaluation.dataset import UNANSWERABLE
from rag_support.evaluation.language_id import CONFIDENT
from rag_support.evaluation.metrics import METRICS, Metric, broken_promises, is_right, written_language
from rag_support.evaluation.plots import LANGUAGE_NAMES, MAIN_METRICS, plots
from rag_support.evaluation.run import AnswerRow, Run
from rag_support.evaluation.summary import Latency, Summary, latency, summarise

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_WORST = 10
_SCRIPTS = ("ja", "en", "zh-Hans", "zh-Hant")
# figures of one row that a reader wants to see; the others say the same at other cutoffs, or are told by the outcome
_ROW_METRICS = (
    "recall@5", "mrr@10", "ndcg@10", "fact_recall", "citation_precision", "citation_recall", "conflict_shown",
    "conflict_listed", "false_conflict", "answer_chars", "citation_valid", "value_fidelity", "answer_language",
)  # fmt: skip

OUTCOMES: Mapping[str, str] = {
    "right": "right",
    "wrong": "wrong",
    "false-refusal": "false refusal",
    "answered": "answered unanswerable",
    "broken": "broken promise",
}
"""How a row may have ended, by the name it has in the page's address. A broken promise comes beside another outcome."""


def write_report(folder: Path, run: Run) -> tuple[Path, ...]:
    """Write report.html, report.md and report.json into the run's folder; the same run gives the same bytes."""
    summary, stages = summarise(run), latency(run.timings.stages_ms)
    texts = {
        "report.html": _html(run, summary, stages),
        "report.md": _markdown(run, summary, stages),
        "report.json": json.dumps(_figures(summary, stages), ensure_ascii=False, indent=1) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(folder / name for name in texts)


def _figures(summary: Summary, stages: Mapping[str, Latency]) -> dict[str, Any]:
    return summary.model_dump(mode="json") | {"latency": {stage: found.model_dump() for stage, found in stages.items()}}


def outcomes(row: AnswerRow) -> tuple[str, ...]:
    """Of OUTCOMES: one for how the row ended, and "broken" where it breaks a promise."""
    if is_right(row.scores):
        ended = "right"
    elif row.kind in UNANSWERABLE:
        ended = "answered"
    else:
        ended = "false-refusal" if row.abstained else "wrong"
    return (ended, "broken") if broken_promises(row.scores) else (ended,)


def worst(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    """Ten rows at most that did not end well: broken promises, then wrong answers, the surest first, then refusals."""

    def badness(row: AnswerRow) -> tuple[bool, bool, float, float]:
        return (not broken_promises(row.scores), row.abstained, row.scores.get("fact_recall") or 0.0, -row.confidence)

    return sorted((row for row in rows if outcomes(row) != ("right",)), key=badness)[:_WORST]


# ---- report.html ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shown:
    """A row with what the page adds to it for its reader."""

    row: AnswerRow
    outcomes: tuple[str, ...]
    question_lang: str
    answer_lang: str
    search_text: str  # what the free-text filter looks through
    gold_ranks: str

    @classmethod
    def of(cls, row: AnswerRow) -> "_Shown":
        asked = written_language(row.question, row.language)
        searched = "\n".join((row.need, row.question, row.answer, *row.missed))
        return cls(
            row, outcomes(row), asked, _answer_language(row.answer, asked), _search_form(searched), _gold_ranks(row)
        )


def _html(run: Run, summary: Summary, stages: Mapping[str, Latency]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["csp_hash"] = _csp_hash
    environment.globals.update(
        METRICS=METRICS,
        SHARE=Metric(""),
        OUTCOMES=OUTCOMES,
        LANGUAGE_NAMES=LANGUAGE_NAMES,
        CONFIDENT=CONFIDENT,
        main_metrics=[metric for metric in MAIN_METRICS if metric in summary.metrics],
        row_metrics=_ROW_METRICS,
        figure_parts=_figure_parts,
        lang_of=_lang_of,
    )
    rows = [_Shown.of(row) for row in run.answers]
    page = environment.get_template(_TEMPLATE.name).render(
        info=run.info,
        target={name: _plain(value) for name, value in run.info.target.items()},
        timings=run.timings,
        summary=summary,
        languages=list(summary.risk),
        retrieval_languages=list(dict.fromkeys(row.language for row in run.retrieval)),
        latency=stages,
        # the only markup that is not the template's own: drawn here, its texts escaped by the SVG writer
        plots=[(plot.title, plot.caption, Markup(plot.svg)) for plot in plots(summary, stages)],  # noqa: S704
        rows=rows,
        ended={
            outcome: {
                language: sum(outcome in shown.outcomes and shown.row.language == language for shown in rows)
                for language in summary.risk
            }
            for outcome in OUTCOMES
        },
        kinds=list(dict.fromkeys(row.kind for row in run.answers)),
        misjudged=[row for row in run.language if not row.right or row.confident_error],
    )
    return f"{page}\n"


def _csp_hash(content: str) -> str:
    """As a content security policy names an inline script or style sheet. Source: W3C, CSP Level 3, section 2.3.1."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _figure_parts(figure: Any, metric: Metric) -> tuple[str, str]:
    """(value, interval), as tables.py writes them."""
    value, _, interval = tables.figure_text(figure, metric).partition(" ")
    return value, interval


def _plain(value: Any) -> str:
    """What the target says of itself, on one line."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} ({_plain(inner)})" if isinstance(inner, Mapping) else f"{name} {_plain(inner)}"
            for name, inner in value.items()
        )
    return f"{value:,}" if isinstance(value, int) else str(value)


def _answer_language(answer: str, asked: str) -> str:
    """The language to read an answer aloud in: the asker's, unless it is plainly written in another."""
    return next((language for language in (asked, *_SCRIPTS) if is_written_in(answer, language)), asked)


def _lang_of(tag: str) -> str:
    """A lang attribute for a query of the language set; empty, which is "unknown", for those in no one language."""
    return tag if tag.partition("-")[0] in LANGUAGE_NAMES else ""


def _search_form(text: str) -> str:
    """As the page's script folds what is typed: NFKC, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def _gold_ranks(row: AnswerRow) -> str:
    ranks = sorted(round(1 / row.passages[passage]) for passage in row.relevant if passage in row.passages)
    beyond = len(row.relevant) - len(ranks)
    parts = [", ".join(map(str, ranks))] if ranks else []
    parts += [f"{beyond} not among the first {len(row.passages)}"] if beyond else []
    return "; ".join(parts)


# ---- report.md -----------------------------------------------------------------------------------------------------


def _markdown(run: Run, summary: Summary, stages: Mapping[str, Latency]) -> str:
    parts = [
        f"# Evaluation of {_escaped(summary.name)}",
        f"Split {summary.split}, {summary.needs} needs, {len(run.answers)} answers in {run.timings.seconds:g} s. "
        f"Index {_escaped(run.timings.index)}. "
        + "".join(f"{_escaped(name)}: {_escaped(_plain(value))}. " for name, value in run.info.target.items()),
        "## Answers",
        "In per cent, with intervals of 95 %. The gap is the best language less the worst.",
        tables.answers_table(summary),
        "## Risk",
        "\n".join(
            f"- {LANGUAGE_NAMES.get(language, language)}: {100 * risk.coverage:.1f} % answered, "
            f"{100 * risk.risk:.1f} % of them wrong; {100 * risk.area:.1f} % on average over all thresholds"
            for language, risk in summary.risk.items()
        ),
    ]
    if summary.language:
        parts += ["## Language of short queries", tables.language_table(summary)]
    if summary.retrieval:
        parts += ["## Cross-lingual retrieval", tables.retrieval_table(summary.retrieval)]
    parts += ["## Latency", tables.latency_table(stages), "## Worst rows"]
    parts += [_worst_row(row) for row in worst(run.answers)] or ["None: every row ended well."]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _worst_row(row: AnswerRow) -> str:
    ended = ", ".join(OUTCOMES[outcome] for outcome in outcomes(row))
    lines = [
        f"### {_escaped(row.need)} {row.language}: {ended}",
        f"- kind: {row.kind}, confidence {row.confidence:.2f}",
        f"- question: {_escaped(row.question)}",
        f"- answer: {_escaped(row.answer) or 'none'}",
        *(f"- missed: {_escaped(missed)}" for missed in row.missed),
    ]
    return f"{lines[0]}\n\n" + "\n".join(lines[1:])


def _escaped(text: str) -> str:
    """On one line, so that Markdown shows every character and means none of it, with raw HTML allowed or not."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~$])", r"\\\1", flat)
