"""What a drill came to: rows for a table, and whether they are what was promised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True, slots=True)
class Plan:
    """How a drill is to be run."""

    full: bool
    seed: int
    folder: Path  # to work in; gone afterwards

    def cases(self, full: int, small: int) -> int:
        return full if self.full else small

    def random(self, drill: str) -> Random:
        """Chance that is the same for the same seed, whichever other drills run."""
        return Random(f"{self.seed} {drill}")


@dataclass(frozen=True, slots=True)
class Control:
    """The same harm done to the usual way of doing it, which must be seen to lose: else the drill sees nothing."""

    what: str
    cases: int
    lost: int


@dataclass(frozen=True, slots=True)
class Row:
    drill: str
    cases: int
    broken: int  # cases after which it did not work, or told nothing or the wrong thing
    mixed: int  # cases after which it held parts of two generations
    control: Control
    seconds: float
    note: str = ""
    failures: tuple[str, ...] = ()  # the first few, told so that they can be looked at

    @property
    def kept(self) -> bool:
        return not self.broken and not self.mixed


class Tally:
    """Counts cases as they go by."""

    _TOLD = 5

    def __init__(self) -> None:
        self.cases = self.broken = self.mixed = 0
        self.failures: list[str] = []

    def sound(self) -> None:
        self.cases += 1

    def failed(self, what: str, mixed: bool = False) -> None:
        self.cases += 1
        self.mixed += mixed
        self.broken += not mixed
        if len(self.failures) < self._TOLD:
            self.failures.append(what)

    def row(self, drill: str, control: Control, seconds: float, note: str = "") -> Row:
        return Row(drill, self.cases, self.broken, self.mixed, control, round(seconds, 1), note, tuple(self.failures))


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    head = ("drill", "cases", "broken", "mixed", "negative control: lost", "seconds")
    lines = [_line(head), _line(("---", "---:", "---:", "---:", "---", "---:"))]
    for row in rows:
        control = f"{row.control.lost} of {row.control.cases}: {row.control.what}"
        name = f"{row.drill} ({row.note})" if row.note else row.drill
        lines.append(_line((name, f"{row.cases:,}", str(row.broken), str(row.mixed), control, f"{row.seconds:.0f}")))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
