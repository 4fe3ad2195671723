"""What a drill of the running service came to: cases, what went wrong, the negative control, and figures to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drills.results import Control


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: str
    cases: int
    failures: Sequence[str]  # what went wrong, the first few; none, if what was promised was kept
    control: Control
    figures: Mapping[str, float | int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return not self.failures

    @property
    def blind(self) -> bool:
        """The control lost nothing: that this drill did not either says nothing."""
        return not self.control.lost


SLOW = "slow"  # how failures begin that a busy machine may be to blame for
_TOLD = 5


def first_few(failures: list[str]) -> tuple[str, ...]:
    more = len(failures) - _TOLD
    return (*failures[:_TOLD], *([f"and {more} more"] if more > 0 else []))
