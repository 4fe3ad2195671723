"""A run's figures → plots, as SVG to stand inside a page.

Drawn so that they are read without a legend: each bar and line is named where it is. What a page's content security
policy would block is taken out of what matplotlib writes: styles become attributes. Letters are measured in the font
that comes with matplotlib, so that a plot is the same on every machine; the page shows its own font, which is narrower.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from defusedxml.ElementTree import fromstring

from rag_support.evaluation.metrics import METRICS, Metric
from rag_support.evaluation.summary import Figure, Figures, Latency, Risk, Summary
from rag_support.evaluation.tables import figure_text

MAIN_METRICS = (
    "full_answer", "recall@5", "citation_precision", "citation_recall", "conflict_shown", "false_refusal", "refused",
)  # fmt: skip
LANGUAGE_NAMES: Mapping[str, str] = {"ja": "Japanese", "en": "English", "zh": "Chinese"}
_RETRIEVAL_FIGURE = "recall@5"

# Okabe and Ito's palette, told apart with every kind of colour vision
_COLOURS: Mapping[str, str] = {"ja": "#0072b2", "en": "#d55e00", "zh": "#009e73"}
_OTHER, _MEDIAN, _TAIL = "#6d7479", "#0c6a60", "#8fbfb7"
_INK, _MUTED, _GRID = "#1c2326", "#566067", "#e3e0d9"
_OVER_GRID: Mapping[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1}

_WIDTH = 400  # in units of the SVG, about CSS pixels on a phone
_ROW = 14  # height of one bar with the room around it
_LEFT, _RIGHT, _BOTTOM, _TOP = 66, 44, 20, 4
_STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",  # text stays text: it is found, read aloud and copied
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.parse_math": False,  # a stage may be named with dollar signs
    "text.color": _INK,
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": _GRID,
    "xtick.color": _GRID,
    "ytick.color": _GRID,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    caption: str
    svg: str  # one <svg> element, with the title as its name for those who do not see it


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    value: float
    text: str
    colour: str
    low: float | None = None
    high: float | None = None


_Group = tuple[str, Sequence[_Bar]]


def plots(summary: Summary, stages: Mapping[str, Latency]) -> list[Plot]:
    """The plots that the figures suffice for, most important first. The same figures give the same bytes."""
    shown = {metric: summary.metrics[metric] for metric in MAIN_METRICS if metric in summary.metrics}
    drawn = [_metrics_plot(shown)]
    if any(risk.curve for risk in summary.risk.values()):
        drawn.append(_risk_plot(summary.risk))
    if stages:
        drawn.append(_latency_plot(stages))
    if summary.retrieval:
        drawn.append(_retrieval_plot(summary.retrieval))
    return drawn


def _metrics_plot(metrics: Mapping[str, Figures]) -> Plot:
    groups = [
        (
            f"{METRICS[metric].label}{'' if METRICS[metric].higher_is_better else ' (less is better)'}",
            _by_language(found),
        )
        for metric, found in metrics.items()
    ]
    title = "Main figures by language"
    caption = "In per cent. The whisker is the interval of 95 %."
    return Plot(title, caption, _bars(title, groups, limit=100))


def _retrieval_plot(retrieval: Mapping[str, Mapping[str, Figures]]) -> Plot:
    groups = [(leg, _by_language(by_figure[_RETRIEVAL_FIGURE])) for leg, by_figure in retrieval.items()]
    title = "Cross-lingual recall@5 by leg"
    caption = "In per cent, over unseen Japanese passages: vectors, words, both fused, and the service's own order."
    return Plot(title, caption, _bars(title, groups, limit=100))


def _latency_plot(stages: Mapping[str, Latency]) -> Plot:
    groups = [
        (
            stage,
            [
                _Bar("p50", found.p50_ms, f"{found.p50_ms:.2f}", _MEDIAN),
                _Bar("p95", found.p95_ms, f"{found.p95_ms:.2f}", _TAIL),
            ],
        )
        for stage, found in stages.items()
    ]
    title = "Latency by stage"
    caption = "In milliseconds: half of the answers are as fast as p50, 95 % as fast as p95."
    return Plot(title, caption, _bars(title, groups, limit=max(found.p95_ms for found in stages.values()) or 1))


def _by_language(figures: Figures) -> list[_Bar]:
    return [_language_bar(language, figure) for language, figure in figures.by_language.items()]


def _language_bar(language: str, figure: Figure) -> _Bar:
    return _Bar(
        LANGUAGE_NAMES.get(language, language),
        100 * figure.value,
        figure_text(figure, Metric(""), interval=False),
        _COLOURS.get(language, _OTHER),
        100 * figure.low,
        100 * figure.high,
    )


def _bars(title: str, groups: Sequence[_Group], limit: float) -> str:
    """Horizontal bars under the headings of their groups, named on the left, their values in a column on the right."""
    heading, gap = 1.4, 0.5  # in rows
    rows = sum(len(bars) + heading + gap for _, bars in groups)
    with _matplotlib(title) as matplotlib:
        figure, axes = _axes(matplotlib, rows * _ROW, _RIGHT)
        axes.set(xlim=(0, limit), ylim=(rows, 0), yticks=[])
        axes.grid(visible=False, axis="y")
        axes.spines["bottom"].set_visible(False)
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
        right = limit * (1 + (_RIGHT - 4) / (_WIDTH - _LEFT - _RIGHT))
        top = 0.0
        for name, bars in groups:
            axes.text(
                -limit * _LEFT / (_WIDTH - _LEFT - _RIGHT),
                top + heading / 2,
                name,
                va="center",
                weight="bold",
                bbox=_OVER_GRID,
            )
            for row, bar in enumerate(bars):
                y = top + heading + row + 0.5
                axes.barh(y, bar.value, height=0.74, color=bar.colour, clip_on=False)
                if bar.low is not None and bar.high is not None:
                    axes.plot([bar.low, bar.high], [y, y], color=_INK, linewidth=1.2, clip_on=False)
                    for end in (bar.low, bar.high):
                        axes.plot([end, end], [y - 0.18, y + 0.18], color=_INK, linewidth=1.2, clip_on=False)
                axes.text(-limit * 0.015, y, bar.name, ha="right", va="center", color=_MUTED)
                axes.text(right, y, bar.text, ha="right", va="center")
            top += heading + len(bars) + gap
        return _svg(figure, title)


def _risk_plot(risk: Mapping[str, Risk]) -> Plot:
    title = "Risk and coverage"
    caption = (
        "How many of the answers given are wrong, as less and less sure ones are let through. The mark is where the "
        "service stops and refuses. The first few answers on the left are mostly chance."
    )
    drawn = {language: found for language, found in risk.items() if found.curve}
    room = 104  # for the names on the right
    with _matplotlib(title) as matplotlib:
        figure, axes = _axes(matplotlib, 210, room, left=40, bottom=34)
        top = max(0.1, max(y for found in drawn.values() for _, y in found.curve)) * 105
        axes.set(xlim=(0, 100), ylim=(0, min(top, 100)), xlabel="questions answered, %", ylabel="wrong among them, %")
        places = _apart({language: 100 * found.risk for language, found in drawn.items()}, 0.075 * min(top, 100))
        for language, found in drawn.items():
            colour = _COLOURS.get(language, _OTHER)
            x, y = ([100 * point[axis] for point in found.curve] for axis in (0, 1))
            axes.plot(x, y, color=colour, linewidth=1.6, clip_on=False)
            axes.plot(x[-1:], y[-1:], "o", color=colour, markersize=6, clip_on=False)
            axes.plot([x[-1], 103], [y[-1], places[language]], color=colour, linewidth=0.6, clip_on=False)
            name = f"{LANGUAGE_NAMES.get(language, language)} {y[-1]:.1f}"
            axes.text(104, places[language], name, va="center")
        return Plot(title, caption, _svg(figure, title))


def _apart(values: Mapping[str, float], gap: float) -> dict[str, float]:
    """Places near the values, in their order, at least `gap` from each other."""
    placed: dict[str, float] = {}
    floor = float("-inf")
    for name, value in sorted(values.items(), key=lambda item: item[1]):
        floor = placed[name] = max(value, floor + gap)
    lifted = sum(placed[name] - value for name, value in values.items()) / len(values)
    return {name: place - lifted for name, place in placed.items()}


# ---- matplotlib and its SVG ----------------------------------------------------------------------------------------


@contextmanager
def _matplotlib(salt: str) -> Iterator[Any]:
    """The library with this module's settings, whatever the user's own are; they are put back afterwards."""
    import matplotlib
    import matplotlib.figure
    import matplotlib.ticker

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        # ids of shapes are made from the salt: the same in every run, others in every plot of a page
        matplotlib.rcParams.update({**_STYLE, "svg.hashsalt": salt})
        yield matplotlib


def _axes(
    matplotlib: Any, height: float, right: float, left: float = _LEFT, bottom: float = _BOTTOM
) -> tuple[Any, Any]:
    """A figure and its axes, `height` high, with the margins around them in units of the SVG."""
    total = height + bottom + _TOP
    figure = matplotlib.figure.Figure(figsize=(_WIDTH / 72, total / 72), facecolor="none")
    return figure, figure.add_axes(
        (left / _WIDTH, bottom / total, (_WIDTH - left - right) / _WIDTH, height / total), facecolor="none"
    )


def _svg(figure: Any, title: str) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")]:
            parent.remove(child)
    for element in root.iter():
        for declaration in element.attrib.pop("style", "").split(";"):
            name, _, value = declaration.partition(":")
            # the page's own font takes the place of the one that was measured with
            if value and name.strip() != "font-family":
                element.set(name.strip(), value.strip())
        if element.tag == f"{{{_SVG}}}g":
            element.attrib.pop("id", None)  # numbered anew in every plot, and nothing refers to them
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    # what matplotlib says in its style sheet
    root.attrib.update({"role": "img", "aria-label": title, "stroke-linejoin": "round", "stroke-linecap": "butt"})
    svg: str = ElementTree.tostring(root, encoding="unicode")
    return svg
