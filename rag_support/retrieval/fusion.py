"""Several rankings → one."""

from collections.abc import Sequence


def reciprocal_rank_fusion(rankings: Sequence[tuple[Sequence[int], float]], k: int = 60) -> list[tuple[int, float]]:
    """Fuse rankings of rows, each best first and with its weight, into one list of (row, score), best first.

    score(r) = sum over rankings of weight / (k + rank(r)), ranks from 1; equal scores keep the order of first sight.
    Source: Cormack, Clarke and Büttcher, SIGIR 2009, doi:10.1145/1571941.1572114, whose k is 60 and weights are 1.
    """
    scores: dict[int, float] = {}
    for ranking, weight in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = scores.get(row, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda item: item[1], reverse=True)
