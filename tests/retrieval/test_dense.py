from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.dense import DenseIndex
from rag_support.types import FloatMatrix


def unit_rows(n: int, d: int = 24, seed: int = 0) -> FloatMatrix:
    vectors = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def saved(vectors: FloatMatrix, file: Path, flat_rows: int) -> DenseIndex:
    DenseIndex.build(vectors, flat_rows).save(file)
    return DenseIndex.load(file)


FLAT, GRAPH = 10_000, 10
both_ways = pytest.mark.parametrize("flat_rows", [FLAT, GRAPH], ids=["flat", "graph"])


@both_ways
def test_rows_come_by_their_cosine_best_first(tmp_path: Path, flat_rows: int) -> None:
    vectors, query = unit_rows(300), unit_rows(1, seed=1)[0]
    found = saved(vectors, tmp_path / "dense", flat_rows).search(query, 10)
    cosines = vectors @ query
    slow = np.argsort(-cosines)[:10]
    assert [row for row, _ in found] == slow.tolist()
    assert [cosine for _, cosine in found] == pytest.approx(cosines[slow].tolist(), abs=1e-5)


def test_the_graph_finds_what_the_flat_index_finds(tmp_path: Path) -> None:
    vectors = unit_rows(2_000)
    flat, graph = (saved(vectors, tmp_path / f"{rows}", rows) for rows in (FLAT, GRAPH))
    for query in unit_rows(20, seed=2):
        assert [row for row, _ in graph.search(query, 10)] == [row for row, _ in flat.search(query, 10)]


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
    assert sorted(row for row, _ in found) == list(range(30))
    assert found[0] == (3, pytest.approx(1, abs=1e-5))


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 5))
def test_a_flat_search_equals_sorting(n: int, k: int, seed: int) -> None:
    vectors, query = unit_rows(n, seed=seed), unit_rows(1, seed=seed + 100)[0]
    found = DenseIndex.build(vectors).search(query, k)
    assert [row for row, _ in found] == np.argsort(-(vectors @ query))[:k].tolist()


def test_a_graph_that_cannot_reach_every_row_gives_a_short_result(tmp_path: Path) -> None:
    vectors = np.repeat(unit_rows(1), 2_000, axis=0)  # equal rows link to each other and to nothing else
    found = saved(vectors, tmp_path / "dense", GRAPH).search(vectors[0], 2_000)
    rows = [row for row, _ in found]
    assert 0 < len(rows) < 2_000
    assert len(set(rows)) == len(rows)
    assert min(rows) >= 0


def test_all_cosines_are_those_of_a_search(tmp_path: Path) -> None:
    vectors = unit_rows(300)
    query = unit_rows(1, seed=9)[0]
    index = saved(vectors, tmp_path / "flat", flat_rows=300)
    cosines = index.all_cosines(query)
    assert cosines is not None
    assert cosines == pytest.approx(vectors @ query, abs=1e-6)
    assert dict(index.search(query, 300)) == dict(enumerate(cosines.tolist()))


def test_graph_does_not_look_at_every_row(tmp_path: Path) -> None:
    assert saved(unit_rows(300), tmp_path / "graph", flat_rows=299).all_cosines(unit_rows(1)[0]) is None
