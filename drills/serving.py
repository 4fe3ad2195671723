"""`python -m drills.serving [NAME …] [--full]`: the drills of the running service, over the shipped corpus.

They harm a server under load instead of files, and their figures (latency, memory) mean something on a quiet machine
only; so they have a command, and a report, of their own.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import randbits

import click

from drills.deaths import deaths
from drills.outcome import Outcome
from drills.overload import overload
from drills.restarts import restarts
from drills.serving_report import outcome_line, write_outcome
from drills.soak import Length, soak
from drills.swaps import swaps
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.evaluation.dataset import load_needs
from rag_support.ingest.build import build_index

CORPUS = Path("corpus")
QUESTIONS = Path("eval/questions/dev.jsonl")
REPORT = Path("docs/drills/serving")  # the other drills' report reads the folder above
_LONG = "soak-long"  # a soak of a length that is asked for
_SLICE_SECONDS = _WARM_SECONDS = 60.0

Drill = Callable[[Path, Path, Sequence[str], int, bool], Outcome]
"""(folder to work in, an index, questions, seed, full) → outcome."""

DRILLS: Mapping[str, Drill] = {
    "swaps": lambda folder, _, asked, __, full: swaps(folder, CORPUS, asked, *((50, 60.0) if full else (3, 3.0))),
    "restarts": lambda folder, index, asked, seed, full: restarts(folder, index, asked, 100 if full else 2, seed),
    "deaths": lambda folder, index, asked, seed, full: deaths(folder, index, asked, 20 if full else 1, seed),
    "overload": lambda folder, index, asked, seed, full: overload(folder, index, asked, 60.0 if full else 3.0, seed),
    "soak": lambda folder, index, asked, seed, full: soak(
        folder, index, asked, Length(_WARM_SECONDS, 12, 10.0) if full else Length(3.0, 3, 1.0), seed
    ),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(DRILLS)))
@click.option("--full", is_flag=True, help=f"All cases, about eight minutes, and write {REPORT}/.")
@click.option(
    "--soak-seconds",
    type=click.FloatRange(min=1),
    help="Only a soak, of this length: 3600 for an hour; what it came to so far is written every minute.",
)
@click.option("--rate", type=click.FloatRange(min=0.1), help="Its questions a second; without it, half of all it can.")
@click.option("--report", type=click.Path(path_type=Path), default=None, help="Folder to write to.")
@click.option("--seed", type=int, default=None, help="Chance as in an earlier run, which printed its seed.")
def main(
    names: tuple[str, ...],
    full: bool,
    soak_seconds: float | None,
    rate: float | None,
    report: Path | None,
    seed: int | None,
) -> None:
    """Swap indexes, restart, kill workers, ask too much, ask for long. Exit status 1 when something was lost."""
    if rate and not soak_seconds:
        raise click.UsageError("--rate is that of a soak whose length is given with --soak-seconds.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end with this
    chosen = randbits(32) if seed is None else seed
    folder = report or (REPORT if full or soak_seconds else None)
    click.echo(f"seed {chosen}", err=True)

    def tell(name: str, outcome: Outcome) -> None:
        click.echo(outcome_line(outcome), nl=False)
        if folder:
            write_outcome(folder, name, chosen, outcome)

    drills: Mapping[str, Drill] = {name: DRILLS[name] for name in names or DRILLS}
    if soak_seconds:
        slices = max(2, round(soak_seconds / _SLICE_SECONDS))
        length = Length(_WARM_SECONDS, slices, soak_seconds / slices)
        told = partial(tell, _LONG)
        drills = {_LONG: lambda folder, index, asked, seed, _: soak(folder, index, asked, length, seed, rate, told)}
    asked = [text for need in load_needs(QUESTIONS) if need.answerable for text in need.questions.values()]
    kept = True
    with tempfile.TemporaryDirectory(prefix="drill-") as scratch:
        index = Path(scratch) / "index"
        build_index(CORPUS, index, load_embedder(SHIPPED_EMBEDDER), keep=1)
        for name, drill in drills.items():
            (Path(scratch) / name).mkdir()
            outcome = drill(Path(scratch) / name, index, asked, chosen, full)
            tell(name, outcome)
            for failure in outcome.failures:
                click.echo(f"{name}: {failure}", err=True)
            if outcome.blind:
                click.echo(f"{name}: the negative control lost nothing: the drill is blind.", err=True)
            kept &= outcome.kept and not outcome.blind
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
