"""What a drill of the running service came to: cases, those that went wrong, and figures to read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: str
    cases: int
    failures: tuple[str, ...]  # what went wrong, the first few; none, if what was promised was kept
    figures: Mapping[str, float | int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return not self.failures


_TOLD = 5


def first_few(failures: list[str]) -> tuple[str, ...]:
    more = len(failures) - _TOLD
    return (*failures[:_TOLD], *([f"and {more} more"] if more > 0 else []))
