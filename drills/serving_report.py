"""docs/drills/serving/: the outcome of each drill of the running service as JSON, and one page with all of them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drills.outcome import Outcome
from drills.results import Control

_HEAD = """\
# Drills of the running service

Made by `make drill`. The negative control harms the usual way of serving the same answers, FastAPI and uvicorn alone,
and must be seen to lose. What each drill does: [drills/README.md](../../../drills/README.md).
"""
_TABLE = "| drill | cases | lost | negative control: lost | figures |\n| --- | ---: | --- | --- | --- |\n"


def write_outcome(folder: Path, name: str, seed: int, outcome: Outcome) -> None:
    """Replace what an earlier run of this drill wrote; that of the others stays."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"seed": seed} | asdict(outcome), ensure_ascii=False, indent=1) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    stored = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    seeds = "".join(f"- {found['drill']}: {found['seed']}\n" for found in stored)
    page = f"{_HEAD}\n{_TABLE}{''.join(outcome_line(_outcome(found)) for found in stored)}\nSeeds:\n\n{seeds}"
    (folder / "README.md").write_text(page, encoding="utf-8")


def outcome_line(outcome: Outcome) -> str:
    """Of a table in Markdown, with its line end."""
    kept = "nothing" if outcome.kept else "; ".join(outcome.failures)
    control = f"{outcome.control.lost:,} of {outcome.control.cases:,} {outcome.control.what}"
    figures = ", ".join(f"{name} {value:g}" for name, value in outcome.figures.items())
    return f"| {outcome.drill} | {outcome.cases:,} | {kept} | {control} | {figures} |\n"


def _outcome(stored: dict[str, Any]) -> Outcome:
    fields = {name: value for name, value in stored.items() if name != "seed"}
    return Outcome(**(fields | {"control": Control(**stored["control"])}))
