"""`python -m drills.serving [NAME …] [--full]`: the drills of the running service, over the shipped corpus.

They harm a server under load instead of files, and their figures (latency, memory) mean something on a quiet machine
only; so they have a command, and a report, of their own.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from secrets import randbits

import click

from drills.deaths import deaths
from drills.outcome import Outcome
from drills.overload import overload
from drills.restarts import restarts
from drills.soak import soak
from drills.swaps import swaps
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.evaluation.dataset import load_needs
from rag_support.ingest.build import build_index

CORPUS = Path("corpus")
QUESTIONS = Path("eval/questions/dev.jsonl")
REPORT = Path("docs/drills")

Drill = Callable[[Path, Path, Sequence[str], int, bool], Outcome]
"""(folder to work in, an index, questions, seed, full) → outcome."""

DRILLS: dict[str, Drill] = {
    "swaps": lambda folder, _, asked, __, full: swaps(folder, CORPUS, asked, *((50, 60.0) if full else (3, 3.0))),
    "restarts": lambda folder, index, asked, seed, full: restarts(folder, index, asked, 100 if full else 2, seed),
    "deaths": lambda folder, index, asked, seed, full: deaths(folder, index, asked, 20 if full else 1, seed),
    "overload": lambda folder, index, asked, seed, full: overload(folder, index, asked, 60.0 if full else 3.0, seed),
    "soak": lambda folder, index, asked, seed, full: soak(
        folder, index, asked, *((120.0, 60.0) if full else (3.0, 3.0)), seed
    ),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(DRILLS)))
@click.option("--full", is_flag=True, help="All cases, about eight minutes, and write docs/drills/serving/.")
@click.option("--soak-seconds", type=click.FloatRange(min=1), help="Only a soak, of this length: 3600 for an hour.")
@click.option("--seed", type=int, default=None, help="Chance as in an earlier run, which printed its seed.")
def main(names: tuple[str, ...], full: bool, soak_seconds: float | None, seed: int | None) -> None:
    """Swap indexes, restart, kill workers, ask too much, ask for long. Exit status 1 when something was lost."""
    seed = randbits(32) if seed is None else seed
    click.echo(f"seed {seed}", err=True)
    asked = [text for need in load_needs(QUESTIONS) if need.answerable for text in need.questions.values()]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="drill-") as scratch:
        index = Path(scratch) / "index"
        build_index(CORPUS, index, load_embedder(SHIPPED_EMBEDDER), keep=1)
        for name in ("soak",) if soak_seconds else names or DRILLS:
            folder = Path(scratch) / name
            folder.mkdir()
            outcome = (
                soak(folder, index, asked, soak_seconds, 60.0, seed)
                if soak_seconds
                else DRILLS[name](folder, index, asked, seed, full)
            )
            click.echo(_line(outcome))
            for failure in outcome.failures:
                click.echo(f"{outcome.drill}: {failure}", err=True)
            outcomes.append(outcome)
    if full and not names:
        _write(outcomes, seed)
    sys.exit(0 if all(outcome.kept for outcome in outcomes) else 1)


def _line(outcome: Outcome) -> str:
    figures = ", ".join(f"{name} {value:g}" for name, value in outcome.figures.items())
    kept = "nothing lost" if outcome.kept else "; ".join(outcome.failures)
    return f"| {outcome.drill} | {outcome.cases} | {kept} | {figures} |"


def _write(outcomes: Sequence[Outcome], seed: int) -> None:
    folder = REPORT / "serving"  # the other drills' report reads the folder above
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"seed": seed, "outcomes": [asdict(outcome) for outcome in outcomes]}
    head = (
        "# Drills of the running service\n\n"
        "Made by `make drill`. What each does stands in [drills/README.md](../../../drills/README.md).\n\n"
    )
    lines = ["| drill | cases | lost | figures |", "| --- | ---: | --- | --- |", *map(_line, outcomes)]
    (folder / "README.md").write_text(f"{head}Seed {seed}.\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    text = json.dumps(stored, ensure_ascii=False, indent=1) + "\n"
    (folder / "figures.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
