import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.fusion import reciprocal_rank_fusion

RANKINGS = st.lists(st.tuples(st.lists(st.integers(0, 20), unique=True, max_size=12), st.floats(0.01, 1)), max_size=4)


def equal(*rankings: list[int]) -> list[tuple[list[int], float]]:
    return [(ranking, 1) for ranking in rankings]


def test_a_row_in_both_rankings_comes_first() -> None:
    assert reciprocal_rank_fusion(equal([1, 2], [2, 3])) == [
        (2, 1 / (60 + 2) + 1 / (60 + 1)),
        (1, 1 / (60 + 1)),
        (3, 1 / (60 + 2)),
    ]


def test_equal_scores_keep_the_order_of_first_sight() -> None:
    assert [row for row, _ in reciprocal_rank_fusion(equal([7, 3], [3, 7], [5]))] == [7, 3, 5]


def test_a_smaller_k_gives_the_first_places_more_weight() -> None:
    twice_second_and_third = equal([1, 2, 3], [4, 3, 2])
    assert reciprocal_rank_fusion(twice_second_and_third, k=60)[0] == (2, 1 / 62 + 1 / 63)
    assert reciprocal_rank_fusion(twice_second_and_third, k=0)[0] == (1, 1 / 1)


def test_a_lighter_ranking_does_not_outvote_a_heavier_one() -> None:
    assert [row for row, _ in reciprocal_rank_fusion([([1, 2], 1), ([3, 2], 0.1)])] == [2, 1, 3]
    assert [row for row, _ in reciprocal_rank_fusion([([1, 4, 5], 1), ([3], 0.1)])] == [1, 4, 5, 3]


def test_nothing_fused_is_nothing() -> None:
    assert reciprocal_rank_fusion([]) == reciprocal_rank_fusion(equal([], [])) == []


@given(RANKINGS, st.integers(0, 100))
def test_fusion_equals_the_sum_written_out(rankings: list[tuple[list[int], float]], k: int) -> None:
    fused = reciprocal_rank_fusion(rankings, k)
    rows = {row for ranking, _ in rankings for row in ranking}
    slow = {row: sum(w / (k + ranking.index(row) + 1) for ranking, w in rankings if row in ranking) for row in rows}
    assert dict(fused) == pytest.approx(slow)
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


@given(st.lists(st.integers(0, 20), unique=True))
def test_an_empty_ranking_and_a_repeated_one_change_no_order(ranking: list[int]) -> None:
    assert [row for row, _ in reciprocal_rank_fusion(equal(ranking, [], ranking))] == ranking
