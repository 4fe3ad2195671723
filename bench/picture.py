"""The results as one picture: what an answer takes beside the floor, and how it grows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito


def draw(results: Mapping[str, Any], file: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    (times, rates), (answers, builds) = figure.subplots(2, 2)
    serving = [
        (f"{name}, {workers} worker{'s' if workers == '2' else ''}", figures)
        for workers, servers in results["serving"].items()
        if workers.isdigit()
        for name, figures in servers.items()
    ]
    for axes, figure_name, title in (
        (times, "p50_ms", "an answer over HTTP, median, ms"),
        (rates, "answers_per_s", "answers a second"),
    ):
        _bars(axes, serving, figure_name, title)
    grown = results["growth"]
    sizes = [step["passages"] for step in grown]
    for percent, style in (("p50", "o-"), ("p99", "o:")):
        answers.plot(sizes, [step["answer_ms"][percent] for step in grown], style, color=_COLOURS[0], label=percent)
    answers.plot(
        sizes, [step["dense_search_ms"]["p50"] for step in grown], "o--", color=_COLOURS[1], label="FAISS, p50"
    )
    answers.set(xscale="log", yscale="log", xlabel="passages", title="an answer without HTTP, ms")
    for build, style in (("build", "o-"), ("rebuild", "o:")):
        builds.plot(sizes, [step[build]["seconds"] for step in grown], style, color=_COLOURS[0], label=f"{build}, s")
    builds.plot(sizes, [step["rss_mb"] for step in grown], "o--", color=_COLOURS[2], label="memory of a worker, MB")
    builds.set(xscale="log", yscale="log", xlabel="passages", title="index and memory")
    for axes in (answers, builds):
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


def _bars(axes: Any, serving: Sequence[tuple[str, Mapping[str, Any]]], figure_name: str, title: str) -> None:
    height = 0.38
    for offset, connections in ((-height / 2, 1), (height / 2, 16)):
        values = [figures[f"connections_{connections}"][figure_name]["median"] for _, figures in serving]
        colour = _COLOURS[0] if connections == 1 else _COLOURS[1]
        places = [place + offset for place in range(len(serving))]
        drawn = axes.barh(places, values, height, color=colour, label=f"{connections} at once")
        axes.bar_label(drawn, fmt="%.4g", padding=2, fontsize="small")
    axes.set_yticks(range(len(serving)), [name for name, _ in serving])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(title=title)
    axes.legend(frameon=False, fontsize="small")
