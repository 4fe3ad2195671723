"""docs/drills/: the rows of each drill as JSON, and one page with all of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from drills.results import Control, Row, table

_HEAD = """\
# Drills

Made by `make drill`. Each row harms the service on purpose so many times; *broken* and *mixed* count the cases after
which it did not work, or held parts of two generations. The negative control does the same harm to the usual way of
doing the same thing, and must be seen to lose. What each drill does: [drills/README.md](../../drills/README.md).
"""


def write_report(folder: Path, name: str, seed: int, rows: Sequence[Row]) -> None:
    """Replace what an earlier run of this drill wrote; that of the others stays."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"drill": name, "seed": seed, "rows": [asdict(row) for row in rows]}
    text = json.dumps(stored, ensure_ascii=False, indent=1) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    parts = [_HEAD]
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        parts.append(f"## {found['drill']}\n\nSeed {found['seed']}.\n\n{table(map(_row, found['rows']))}")
    (folder / "README.md").write_text("\n".join(parts), encoding="utf-8")


def _row(stored: dict[str, object]) -> Row:
    control = stored["control"]
    return Row(**(stored | {"control": Control(**control)}))  # type: ignore[arg-type]
