import numpy as np
import pytest

from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.nearness import ChunkVectors
from rag_support.types import FloatMatrix

CHUNKS, SPANS = 40, 20


def unit_rows(n: int, seed: int) -> FloatMatrix:
    vectors = np.random.default_rng(seed).standard_normal((n, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS = unit_rows(CHUNKS * (SPANS + 2), seed=0)
# of each chunk two passages, one before the spans and one behind them
ROWS = np.array([(chunk, span) for chunk in range(CHUNKS) for span in (-1, *range(SPANS), -1)], dtype=np.int32)
QUESTION = unit_rows(1, seed=1)[0]
COSINES = VECTORS @ QUESTION


def best(chunk: int, of_spans: bool) -> float:
    return max(0.0, float(COSINES[(ROWS[:, 0] == chunk) & ((ROWS[:, 1] >= 0) == of_spans)].max()))


@pytest.fixture(scope="module", params=[10_000, 10], ids=["flat", "coded"])
def vectors(request: pytest.FixtureRequest) -> ChunkVectors:
    return ChunkVectors(DenseIndex.build(VECTORS, request.param), ROWS, CHUNKS)


def test_chunks_come_by_their_best_vector(vectors: ChunkVectors) -> None:
    order = sorted(range(CHUNKS), key=lambda chunk: -max(best(chunk, True), best(chunk, False)))
    assert vectors.near(QUESTION).chunks(10) == order[:10]


def test_passages_are_told_by_their_best_cosine(vectors: ChunkVectors) -> None:
    rows = [7, 0, CHUNKS - 1]
    assert vectors.near(QUESTION).passages(rows) == pytest.approx([best(row, False) for row in rows], abs=1e-6)


def test_no_span_is_nearer_than_its_chunks_ceiling(vectors: ChunkVectors) -> None:
    near = vectors.near(QUESTION)
    ceilings = near.span_ceilings(range(CHUNKS))
    exact = np.array([near.of_chunk(row).best_span for row in range(CHUNKS)])
    assert exact == pytest.approx([best(row, True) for row in range(CHUNKS)], abs=1e-6)
    assert np.all(ceilings >= exact)
    nearest = int(exact.argmax())
    assert ceilings[nearest] == pytest.approx(exact[nearest], abs=1e-5)  # what was found is known, not bounded


def test_each_cosine_stands_beside_its_span(vectors: ChunkVectors) -> None:
    found = vectors.near(QUESTION).of_chunk(3)
    assert found.span_of.tolist() == list(range(SPANS))
    expected = np.maximum(COSINES[(ROWS[:, 0] == 3) & (ROWS[:, 1] >= 0)], 0)
    assert found.cosines == pytest.approx(expected, abs=1e-6)
