"""The gate over the corruption suite: what it caught, what it let through, how long it took.

True statements and changed meanings are counted on the test half alone, for the weights and thresholds were fitted on
the other. Values are checked exactly and nothing was fitted for them, so all their cases count.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from rag_support.answering.grounding import FaultKind, GroundingGate
from rag_support.evaluation.corruptions import Case, Group
from rag_support.evaluation.tables import markdown_table

LANGUAGES = ("ja", "en", "zh", "zh-Hant")
_GROUPS: Mapping[Group, str] = {
    "true": "true statements, wrongly stopped",
    "value": "values changed, caught",
    "meaning": "meaning changed, caught",
}


@dataclass(frozen=True, slots=True)
class Count:
    """Of the cases of a kind in a language, how many were stopped, and by which check first."""

    group: Group
    kind: str
    language: str
    split: str
    cases: int
    stopped: int
    faults: Mapping[FaultKind, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The gate over one collection of cases; `fitted` where its dev half is what the parameters were fitted on."""

    name: str
    fitted: bool
    counts: tuple[Count, ...]
    ms: float  # median time of a statement whose support had to be weighed


def check(name: str, cases: Iterable[Case], gate: GroundingGate, fitted: bool = True) -> Outcome:
    """Every case through the gate once."""
    stopped: dict[tuple[Group, str, str, str], list[FaultKind | None]] = defaultdict(list)
    times = []
    for case in cases:
        started = perf_counter()
        faults = gate.faults(case.statement, case.citations, case.language, case.sources)
        if not faults or faults[0].kind == "unsupported":
            times.append(1000 * (perf_counter() - started))
        stopped[case.group, case.kind, case.language, case.split].append(faults[0].kind if faults else None)
    counts = tuple(
        Count(*key, len(kinds), sum(kind is not None for kind in kinds), dict(Counter(filter(None, kinds))))
        for key, kinds in stopped.items()
    )
    return Outcome(name, fitted, counts, round(median(times), 3) if times else 0.0)


def write_outcomes(folder: Path, outcomes: Sequence[Outcome]) -> tuple[Path, Path]:
    """measured.md to read and measured.json with every count, the dev half too."""
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "measured.md", folder / "measured.json"
    sections = [f"## {outcome.name}\n\n{outcome_table(outcome)}" for outcome in outcomes]
    page.write_text("\n".join(sections), encoding="utf-8")
    counts = {outcome.name: [asdict(count) for count in outcome.counts] for outcome in outcomes}
    data.write_text(json.dumps(counts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return page, data


def outcome_table(outcome: Outcome) -> str:
    """A row a kind, a column a language: per cent stopped of how many, with an interval of 95 % for the fitted ones."""
    languages = [language for language in LANGUAGES if any(count.language == language for count in outcome.counts)]
    rows = []
    for group, title in _GROUPS.items():
        all_splits = group == "value" or not outcome.fitted
        shown = [count for count in outcome.counts if count.group == group and (all_splits or count.split == "test")]
        kinds = list(dict.fromkeys(count.kind for count in shown))
        for kind, among in ((f"**{title}**", kinds), *((kind, [kind]) for kind in kinds)):
            cells = [_cell([c for c in shown if c.kind in among and c.language == tag]) for tag in languages]
            rows.append([kind, *cells])
    return markdown_table(["per cent (of cases)", *languages], rows)


def _cell(counts: Sequence[Count]) -> str:
    cases, stopped = sum(count.cases for count in counts), sum(count.stopped for count in counts)
    if not cases:
        return ""
    share = f"{100 * stopped / cases:.1f}"
    if counts[0].group == "value":
        return f"{share} ({cases})"
    low, high = wilson(stopped, cases)
    return f"{share} [{100 * low:.0f}, {100 * high:.0f}] ({cases})"


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share at 95 %. Source: Wilson, JASA 22, 1927."""
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def let_through(outcome: Outcome) -> int:
    """How many statements with a changed value passed: none may."""
    return sum(count.cases - count.stopped for count in outcome.counts if count.group == "value")
