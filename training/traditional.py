"""Traditional Chinese out of Simplified rows, since few rows of the data are Traditional.

The DRCD files hold the same text in both scripts, row by row, which gives for each Simplified character its commonest
Traditional one. One character cannot tell 髮 from 發, so a few words come out wrong; as training text they stand beside
the true Traditional rows and are drawn seldom. Simplified characters that DRCD lacks stay as they are.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from pathlib import Path

from training.data import Source, read_rows

WEIGHT_SHARE = 0.15  # of the Simplified source's weight
FEWEST_SIGHTINGS = 2  # of a pair of characters in DRCD


def character_table(data: Path) -> dict[int, str]:
    """Simplified code point → commonest Traditional character, for `str.translate`."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for part in ("dev", "test"):
        simplified = read_rows(data / f"qa/drcd-{part}-simplified.zh.tsv.gz")
        traditional = read_rows(data / f"qa/drcd-{part}-hant.zh.tsv.gz")
        for left, right in zip(simplified, traditional, strict=True):
            for column in (0, 1):
                if len(left[column]) == len(right[column]):
                    for simple, full in zip(left[column], right[column], strict=True):
                        seen[simple][full] += 1
    table = {}
    for simple, counts in seen.items():
        full, count = counts.most_common(1)[0]
        if full != simple and count >= FEWEST_SIGHTINGS:
            table[ord(simple)] = full
    return table


def with_traditional(sources: list[Source], data: Path) -> list[Source]:
    """The sources, and after each that has Simplified Chinese a seldom drawn copy in Traditional; unchanged rows go."""
    table = character_table(data)
    found = list(sources)
    for source in sources:
        first, _, last = source.languages.partition("-")
        if "zh" not in (first, last) or source.folder in ("qa", "answers"):
            continue
        pairs = [
            (
                left.translate(table) if first == "zh" else left,
                right.translate(table) if "zh" in (last or first) else right,
            )
            for left, right in zip(source.left, source.right, strict=True)
        ]
        changed = [
            pair for pair, left, right in zip(pairs, source.left, source.right, strict=True) if pair != (left, right)
        ]
        found.append(
            dataclasses.replace(
                source,
                name=source.name + "-hant",
                languages=source.languages.replace("zh", "zhtw"),
                weight=source.weight * WEIGHT_SHARE,
                group=source.group.replace("zh", "zhtw"),
                left=[left for left, _ in changed],
                right=[right for _, right in changed],
            )
        )
    return found
