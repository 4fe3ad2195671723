"""Figures of repeated measurements: the median says what to expect, the best what noise took away."""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any


def repeated(values: Sequence[float], *, more_is_better: bool = False) -> dict[str, Any]:
    best = max(values) if more_is_better else min(values)
    return {"median": _short(median(values)), "best": _short(best), "all": [_short(value) for value in values]}


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def _short(value: float) -> float:
    """Four digits that count: more would be noise."""
    return float(f"{value:.4g}")
