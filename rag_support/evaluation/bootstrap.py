"""Intervals by resampling needs, and the gap between languages from the same resamples.

The unit drawn is the need with its questions in all languages, so that what makes a need hard for everybody does not
pass for a difference between languages, nor between two runs.
Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile intervals); paired over queries
as in Sakai, SIGIR 2006, doi:10.1145/1148170.1148261.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
SEED = 20_261_125
LEVEL = 0.95

Table = Mapping[str, Mapping[str, float | None]]  # need → language → figure, None where it does not apply


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over `n` rows with its interval of 95 %."""

    value: float
    low: float
    high: float
    n: int


def means(table: Table, languages: Sequence[str]) -> dict[str, Interval]:
    """Language → the mean over its rows; languages without a row are left out."""
    rows = _matrix(table, languages)
    resampled = _resampled_means(rows)
    counted = (~np.isnan(rows)).sum(axis=0)
    return {
        language: _interval(float(_mean(rows[:, [column]])[0]), resampled[:, column], int(counted[column]))
        for column, language in enumerate(languages)
        if counted[column]
    }


def parity_gap(table: Table, languages: Sequence[str]) -> Interval | None:
    """The highest mean less the lowest, `n` being the needs; None with fewer than two languages.

    The interval is that of the difference between these two languages. Taking the extremes of every resample anew would
    push it above the gap that was seen, for noise alone makes languages differ.
    """
    rows = _matrix(table, languages)
    rows = rows[:, (~np.isnan(rows)).any(axis=0)]
    if rows.shape[1] < 2:
        return None
    observed = _mean(rows)
    # the last of the lowest: where all are equal these must still be two languages
    high, low = int(observed.argmax()), len(observed) - 1 - int(observed[::-1].argmin())
    resampled = _resampled_means(rows)
    return _interval(float(observed[high] - observed[low]), resampled[:, high] - resampled[:, low], len(rows))


def paired_difference(before: Table, after: Table, languages: Sequence[str]) -> Interval | None:
    """Mean of after − before over the rows that both have, all given languages together; None without such a row."""
    differences: dict[str, dict[str, float | None]] = {}
    for need in before.keys() & after.keys():
        row: dict[str, float | None] = {}
        for language in languages:
            old, new = before[need].get(language), after[need].get(language)
            row[language] = None if old is None or new is None else new - old
        differences[need] = row
    ordered = {need: differences[need] for need in sorted(differences)}
    rows = _matrix(ordered, languages)
    if not len(rows) or np.isnan(rows).all():
        return None
    totals, counts = np.nansum(rows, axis=1), (~np.isnan(rows)).sum(axis=1)
    draws = _draws(len(rows))
    resampled = totals[draws].sum(axis=1) / np.maximum(counts[draws].sum(axis=1), 1)
    return _interval(float(totals.sum() / counts.sum()), resampled, int(counts.sum()))


def _matrix(table: Table, languages: Sequence[str]) -> NDArray[np.float64]:
    """(needs, languages), NaN where a figure does not apply; needs without any are dropped."""
    rows = np.array(
        [
            [np.nan if (value := row.get(language)) is None else value for language in languages]
            for row in table.values()
        ],
        dtype=np.float64,
    ).reshape(-1, len(languages))
    return rows[~np.isnan(rows).all(axis=1)]


def _draws(needs: int) -> NDArray[np.intp]:
    return np.random.default_rng(SEED).integers(0, needs, size=(RESAMPLES, needs))


def _resampled_means(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(RESAMPLES, languages); NaN where a resample drew no row of a language."""
    draws = _draws(len(rows))
    filled, counted = np.nan_to_num(rows), (~np.isnan(rows)).astype(np.float64)
    # how often each need was drawn, times its figures: the sums of all resamples in one product
    times = np.zeros((RESAMPLES, len(rows)))
    np.add.at(times, (np.arange(RESAMPLES)[:, None], draws), 1)
    with np.errstate(invalid="ignore"):
        resampled: NDArray[np.float64] = (times @ filled) / (times @ counted)
    return resampled


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.nanmean(rows, axis=0)
    return mean


def _interval(value: float, resampled: NDArray[np.float64], n: int) -> Interval:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(resampled, [tail, 100 - tail])
    return Interval(round(value, 6), round(float(low), 6), round(float(high), 6), n)
