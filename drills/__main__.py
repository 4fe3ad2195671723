"""`python -m drills [NAME …] [--full]`: run drills, print their table, and with --full write it down for the README."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from secrets import randbits

import click

from drills import damage, disk, every_call, kills
from drills.report import write_report
from drills.results import Plan, Row, table

Drill = Callable[[Plan], Iterable[Row]]
DRILLS: Mapping[str, Drill] = {
    "kills": kills.run,
    "every-call": every_call.run,
    "disk": disk.run,
    "damage": damage.run,
}
REPORT = Path("docs/drills")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(DRILLS)))
@click.option("--full", is_flag=True, help="All cases, minutes; without it a few, seconds.")
@click.option("--seed", type=int, default=None, help="Chance as in an earlier run, which printed its seed.")
@click.option("--report", type=click.Path(path_type=Path), default=None, help=f"Folder to write to; full: {REPORT}.")
def main(names: tuple[str, ...], full: bool, seed: int | None, report: Path | None) -> None:
    """Harm the service in every way we know, and see that nothing is lost. Exit status 1 when something was."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the drills fork
    seed = randbits(32) if seed is None else seed
    report = report or (REPORT if full else None)
    click.echo(f"seed {seed}", err=True)
    kept = True
    for name in names or DRILLS:
        with tempfile.TemporaryDirectory(prefix="drill-") as folder:
            rows = []
            for row in DRILLS[name](Plan(full=full, seed=seed, folder=Path(folder))):
                click.echo(f"{row.drill}: {row.cases} cases in {row.seconds:.0f} s", err=True)
                rows.append(row)
        click.echo(table(rows))
        for row in rows:
            kept &= row.kept
            for failure in row.failures:
                click.echo(f"{row.drill}: {failure}", err=True)
        if not any(row.control.lost for row in rows):
            kept = False
            click.echo(f"{name}: the negative controls lost nothing: the drill is blind.", err=True)
        if report:
            write_report(report, name, seed, rows)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
