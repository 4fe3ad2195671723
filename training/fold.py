"""Which form of the finished table to ship: as trained, weighted, or less a direction; development texts decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.curve import Measure
from training.export import weighted, without_common_directions

LEAST_GAIN = 0.002  # mean over the development figures; less than this is noise, and the plain table is kept


@dataclass(frozen=True, slots=True)
class Fold:
    name: str
    table: np.ndarray
    tried: dict[str, dict[str, float]]  # development figures of every form


def choose_fold(table: np.ndarray, frequencies: np.ndarray, measure: Measure) -> Fold:
    """The form with the best mean development figure, the plain table unless another gains `LEAST_GAIN`."""
    forms = {"nothing": table}
    forms |= {f"frequency weights {a:g}": weighted(table, frequencies, a) for a in (1e-4, 1e-3, 1e-2)}
    forms |= {f"without {n} directions": without_common_directions(table, frequencies, n) for n in (1, 2, 4)}
    tried = {name: measure(form) for name, form in forms.items()}
    means = {name: float(np.mean(list(figures.values()))) for name, figures in tried.items()}
    best = max(means, key=means.__getitem__)
    name = best if means[best] - means["nothing"] >= LEAST_GAIN else "nothing"
    return Fold(name, forms[name], tried)
