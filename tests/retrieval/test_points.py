from pathlib import Path

import numpy as np
import pytest

from rag_support.retrieval.points import PointIndex
from rag_support.types import FloatMatrix


class AxisEmbedder:
    """A text of two numbers is the vector that they are."""

    model_id = "axes"
    dimensions = 2

    def embed_queries(self, texts: list[str]) -> FloatMatrix:
        return np.array([[float(part) for part in text.split("|")] for text in texts], dtype=np.float32)

    embed_passages = embed_queries


UP, RIGHT, LEFT = "0|1", "1|0", "-1|0"


def closeness(*points: tuple[list[str], list[str]]) -> list[float]:
    index = PointIndex.build(points, AxisEmbedder())
    return list(index.closeness(np.array([0.6, 0.8], dtype=np.float32)))


def test_closeness_is_the_mean_of_the_two_questions_that_come_nearest() -> None:
    assert closeness(([LEFT, UP, RIGHT], [])) == pytest.approx([(0.8 + 0.6) / 2])


def test_one_question_is_enough_where_there_is_no_other() -> None:
    assert closeness(([UP], []), ([RIGHT], [])) == pytest.approx([0.8, 0.6])


def test_a_point_without_questions_is_close_to_nothing() -> None:
    assert closeness(([], []), ([UP], [])) == pytest.approx([0.0, 0.8])
    assert closeness(([], [])) == [0.0]
    assert closeness() == []


def test_a_point_is_not_asked_about_where_questions_beside_it_come_nearer() -> None:
    assert closeness(([RIGHT], [UP]), ([UP], [RIGHT])) == pytest.approx([0.0, 0.8])


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    built = PointIndex.build([([UP, RIGHT], [LEFT]), ([], [])], AxisEmbedder())
    built.save(tmp_path / "points")
    loaded = PointIndex.load(tmp_path / "points")
    vector = np.array([0.6, 0.8], dtype=np.float32)
    assert loaded.closeness(vector) == built.closeness(vector)
    assert loaded.dimensions == 2
