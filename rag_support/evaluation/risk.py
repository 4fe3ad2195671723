"""Risk and coverage: what share is answered, and what share of that is wrong, as confidence falls."""

from collections.abc import Sequence


def risk_coverage(rows: Sequence[tuple[float, bool, bool]]) -> list[tuple[float, float]]:
    """(coverage, risk) as answers of falling confidence are let through, from rows of (confidence, answered, right).

    Coverage is the share of all questions that is answered, risk the share of wrong ones among those. Rows that were
    refused stay refused, so the curve ends at the service's own coverage. Answers of equal confidence come in together.
    Source: El-Yaniv and Wiener, JMLR 11, 2010.
    """
    answered = sorted(((confidence, right) for confidence, was_answered, right in rows if was_answered), reverse=True)
    curve = []
    wrong = 0
    for number, (confidence, right) in enumerate(answered, start=1):
        wrong += not right
        if number == len(answered) or answered[number][0] != confidence:
            curve.append((number / len(rows), wrong / number))
    return curve


def area_under(curve: Sequence[tuple[float, float]]) -> float:
    """Mean risk over the coverage that was reached; 0 for an empty curve."""
    area = previous = 0.0
    for coverage, risk in curve:
        area += risk * (coverage - previous)
        previous = coverage
    return area / previous if previous else 0.0
