import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from cases import case

from rag_support.feedback.topics import SAME_TOPIC, topics
from rag_support.types import Embedder, FloatMatrix

QUESTIONS = Path(__file__).parents[2] / "eval" / "questions" / "dev.jsonl"


class OnACircle:
    """Questions that are angles in degrees: their cosine is that of the difference."""

    model_id = "circle"
    dimensions = 2

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        angles = np.radians([float(text) for text in texts])
        return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)

    embed_passages = embed_queries


WIDEST = np.degrees(np.arccos(SAME_TOPIC))  # angle between the least similar questions of a topic, about 72.5


def names(found: list) -> list[tuple[str, list[str]]]:
    return [(topic.name, sorted({case.question for case in topic.cases})) for topic in found]


def test_no_two_questions_of_a_topic_are_further_apart_than_the_threshold() -> None:
    chain = [case(str(angle)) for angle in (0, 50, 100, 150, 200, 250, 300)]  # each is near the next
    found = topics(chain, OnACircle())
    assert sum(len(topic.cases) for topic in found) == 7
    for topic in found:
        for one, other in combinations(topic.cases, 2):
            assert abs(float(one.question) - float(other.question)) < WIDEST


def test_a_topic_is_named_by_the_question_nearest_to_the_others_as_often_as_they_were_asked() -> None:
    assert names(topics([case("0"), case("30"), case("50")], OnACircle())) == [("30", ["0", "30", "50"])]
    often = [case("0", minutes_ago=number) for number in range(9)]
    assert names(topics([*often, case("30"), case("50")], OnACircle())) == [("0", ["0", "30", "50"])]


def test_largest_topic_comes_first_and_its_newest_case() -> None:
    asked = [case("180"), case("0", minutes_ago=5), case("0", minutes_ago=2), case("10", minutes_ago=3)]
    first, second = topics(asked, OnACircle())
    assert [found.question for found in first.cases] == ["0", "10", "0"]
    assert [found.question for found in second.cases] == ["180"]


def test_nothing_asked_and_one_question_are_no_trouble() -> None:
    assert topics([], OnACircle()) == []
    assert names(topics([case("7")], OnACircle())) == [("7", ["7"])]


def test_one_need_asked_in_three_languages_is_mostly_one_topic(shipped_embedder: Embedder) -> None:
    """Only 0.5 of a pair's two figures is asked for; the module's docstring has those of today."""
    need_of: dict[str, int] = {}
    for number, line in enumerate(QUESTIONS.read_text(encoding="utf-8").splitlines()[1:]):
        row = json.loads(line)
        if row["kind"] in ("near_domain", "far_domain"):
            need_of |= dict.fromkeys(row["questions"].values(), number)
    found = topics([case(question) for question in need_of], shipped_embedder)
    together = [
        need_of[one.question] == need_of[other.question]
        for topic in found
        for one, other in combinations(topic.cases, 2)
    ]
    pairs = sum(1 for one, other in combinations(need_of, 2) if need_of[one] == need_of[other])
    assert sum(together) / len(together) > 0.5
    assert sum(together) / pairs > 0.5
