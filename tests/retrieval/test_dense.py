from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.dense import DenseIndex, Nearest
from rag_support.types import FloatMatrix


def unit_rows(n: int, d: int = 24, seed: int = 0) -> FloatMatrix:
    vectors = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def saved(vectors: FloatMatrix, file: Path, flat_rows: int) -> DenseIndex:
    DenseIndex.build(vectors, flat_rows).save(file)
    return DenseIndex.load(file)


def by_row(found: Nearest) -> dict[int, float]:
    return dict(zip(found.rows.tolist(), found.cosines.tolist(), strict=True))


FLAT, CODED = 10_000, 10
both_ways = pytest.mark.parametrize("flat_rows", [FLAT, CODED], ids=["flat", "coded"])


@both_ways
def test_rows_come_by_their_cosine_best_first(tmp_path: Path, flat_rows: int) -> None:
    vectors, query = unit_rows(300), unit_rows(1, seed=1)[0]
    found = saved(vectors, tmp_path / "dense", flat_rows).search(query, 10)
    cosines = vectors @ query
    slow = np.argsort(-cosines)[:10]
    assert found.rows.tolist() == slow.tolist()
    assert found.cosines == pytest.approx(cosines[slow], abs=1e-5)


def test_codes_find_nearly_all_that_looking_at_all_rows_finds(tmp_path: Path) -> None:
    """On random rows, which are the hardest: each is about as far from a query as the next."""
    vectors = unit_rows(4_000, d=64)
    flat, coded = (saved(vectors, tmp_path / f"{rows}", rows) for rows in (FLAT, CODED))
    hits = 0
    for query in unit_rows(50, d=64, seed=2):
        nearest, found = by_row(flat.search(query, 10)), by_row(coded.search(query, 10))
        hits += len(nearest.keys() & found.keys())
        for row in nearest.keys() & found.keys():
            assert found[row] == pytest.approx(nearest[row], abs=1e-6)  # looked at, not guessed from a code
    assert hits / (50 * 10) >= 0.98


def test_the_same_rows_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        DenseIndex.build(unit_rows(500), CODED).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("d", [5, 6, 16])
def test_rows_of_any_length_are_coded(tmp_path: Path, d: int) -> None:
    vectors = unit_rows(40, d)
    assert saved(vectors, tmp_path / "dense", CODED).search(vectors[7], 1).rows.tolist() == [7]


@both_ways
def test_stored_vectors_come_back_as_they_were(tmp_path: Path, flat_rows: int) -> None:
    vectors = unit_rows(50)
    index = saved(vectors, tmp_path / "dense", flat_rows)
    assert (index.rows, index.dimensions) == (50, 24)
    assert np.array_equal(index.vectors(0, 50), vectors)
    assert np.array_equal(index.vectors(7, 3), vectors[7:10])


@both_ways
def test_asking_for_more_rows_than_there_are_gives_each_once(tmp_path: Path, flat_rows: int) -> None:
    vectors = unit_rows(30)
    found = saved(vectors, tmp_path / "dense", flat_rows).search(vectors[3], 400)
    assert sorted(found.rows) == list(range(30))
    assert (found.rows[0], found.cosines[0]) == (3, pytest.approx(1, abs=1e-5))


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 5))
def test_a_flat_search_equals_sorting(n: int, k: int, seed: int) -> None:
    vectors, query = unit_rows(n, seed=seed), unit_rows(1, seed=seed + 100)[0]
    found = DenseIndex.build(vectors).search(query, k)
    assert found.rows.tolist() == np.argsort(-(vectors @ query))[:k].tolist()


def test_of_equal_rows_each_comes_once(tmp_path: Path) -> None:
    vectors = np.repeat(unit_rows(1), 2_000, axis=0)
    found = saved(vectors, tmp_path / "dense", CODED).search(vectors[0], 2_000)
    assert sorted(found.rows) == list(range(2_000))


@both_ways
def test_cosines_are_those_of_the_stored_rows(tmp_path: Path, flat_rows: int) -> None:
    vectors, query = unit_rows(50), unit_rows(1, seed=9)[0]
    index = saved(vectors, tmp_path / "dense", flat_rows)
    assert index.cosines(query, slice(7, 10)) == pytest.approx(vectors[7:10] @ query, abs=1e-6)
    assert index.cosines(query, np.array([9, 2])) == pytest.approx(vectors[[9, 2]] @ query, abs=1e-6)
