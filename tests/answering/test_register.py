"""Which points a question asks about, and which statements speak for the sides that an answer lacks."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag_support.answering.asked import asked_kinds
from rag_support.answering.register import Entry, Place, Register
from rag_support.retrieval.passages import PassageStore, write_passages
from rag_support.types import Chunk, Evidence, Hit, Span

TEXTS = ["電話は24時間です。", "電話は9:00からです。", "電話は24時間と9:00からの案内があります。", "手順は簡単です。"]
ALL_DAY, FROM_NINE, BOTH, STEPS = places = [("c", position) for position in range(len(TEXTS))]
QUESTIONS = ("電話は何時から", "電話の時間")


def entry(*sides: Sequence[Place], questions: tuple[str, ...] = QUESTIONS, kind: str | None = "hours") -> Entry:
    return Entry.model_validate({"topic": {"ja": "時間"}, "kind": kind, "questions": questions, "sides": sides})


HOURS = entry([ALL_DAY, BOTH], [FROM_NINE, BOTH])
OTHER = entry([STEPS], [STEPS], kind=None)


@pytest.fixture
def store(tmp_path: Path) -> PassageStore:
    write_passages(tmp_path / "passages.sqlite", [chunk()])
    return PassageStore(tmp_path / "passages.sqlite")


def chunk() -> Chunk:
    spans, start = [], 0
    for text in TEXTS:
        spans.append(Span("sentence", start, start + len(text), {"ja": text}))
        start += len(text)
    return Chunk("c", "a.md", "a", "ja", (), 0, start, "".join(TEXTS), tuple(spans))


def found(best: Place, in_texts: float, *points: float) -> list[Hit]:
    """Hits of which this statement matches best, for a question as close as this to the texts and to each point."""
    evidence = Evidence(0.5, in_texts, 0.5, 0.5, 0.0, 1.0, points)
    return [Hit(chunk(), 1, 0.5, tuple(0.9 if place == best else 0.1 for place in places), evidence)]


@pytest.mark.parametrize(
    ("best", "in_texts", "closeness", "asked"),
    [
        (STEPS, 0.6, 0.7, True), (STEPS, 0.6, 0.4, False), (STEPS, 0.9, 0.7, False),
        (ALL_DAY, 0.9, 0.47, True), (ALL_DAY, 0.9, 0.3, False), (ALL_DAY, 0.9, 0.0, False),
    ],
)  # fmt: skip
def test_a_point_is_asked_about_when_its_questions_come_near_or_a_side_answers(
    store: PassageStore, best: Place, in_texts: float, closeness: float, asked: bool
) -> None:
    register = Register([HOURS], store)
    assert register.asked_about(asked_kinds("電話のことで"), found(best, in_texts, closeness)) == [HOURS] * asked


def test_a_side_that_answers_a_question_for_its_kind_of_value_is_not_shown_alone(store: PassageStore) -> None:
    register = Register([HOURS], store)
    assert register.asked_about(asked_kinds("何時から？"), found(ALL_DAY, 0.9, 0.1)) == [HOURS]
    assert register.asked_about(asked_kinds("何時から？"), found(ALL_DAY, 0.9, 0.0)) == []  # beside the point


def test_of_two_points_that_come_near_the_farther_is_not_asked_about(store: PassageStore) -> None:
    register = Register([HOURS, OTHER], store)
    assert register.asked_about(asked_kinds("電話"), found(BOTH, 0.6, 0.9, 0.6)) == [HOURS]
    assert register.asked_about(asked_kinds("電話"), found(BOTH, 0.6, 0.9, 0.85)) == [HOURS, OTHER]


def test_a_point_of_which_nothing_was_found_is_not_asked_about(store: PassageStore) -> None:
    elsewhere = entry([("d", 0)], [("d", 1)])
    assert Register([elsewhere], store).asked_about(asked_kinds("電話は何時から"), found(STEPS, 0.6, 0.9)) == []


def test_a_point_without_questions_is_asked_about_when_a_side_answers(store: PassageStore) -> None:
    plain = entry([ALL_DAY], [FROM_NINE], questions=())
    register = Register([plain], store)
    assert register.asked_about(asked_kinds("電話"), found(ALL_DAY, 0.9, 0.0)) == [plain]
    assert register.asked_about(asked_kinds("電話"), found(STEPS, 0.9, 0.0)) == []
    assert register.asked_about(asked_kinds("電話はいくら？"), found(ALL_DAY, 0.9, 0.0)) == []  # it asks for money


def test_an_answer_that_tells_every_side_tells_of_the_point_that_is_near(store: PassageStore) -> None:
    register = Register([HOURS], store)
    near, far = found(STEPS, 0.9, 0.46), found(STEPS, 0.9, 0.44)
    assert register.told_by([ALL_DAY, STEPS, FROM_NINE], [], near) == [HOURS]
    assert register.told_by([ALL_DAY, FROM_NINE], [], far) == []
    assert register.told_by([ALL_DAY, FROM_NINE], [STEPS], far) == []
    assert register.told_by([ALL_DAY, FROM_NINE], [FROM_NINE], far) == [HOURS]  # it says itself that sources differ
    assert register.told_by([ALL_DAY], [ALL_DAY], near) == []
    assert register.told_by([BOTH], [BOTH], near) == []


def test_a_side_that_is_not_shown_is_spoken_for_by_what_matches_best(store: PassageStore) -> None:
    register = Register([HOURS], store)

    def added(*chosen: Place, best: Place = FROM_NINE) -> list[int]:
        return [position for _, position in register.missing_sides([HOURS], chosen, {best: 1.0})]

    assert added(ALL_DAY) == [FROM_NINE[1]]
    assert added(ALL_DAY, best=BOTH) == [BOTH[1]]
    assert added(ALL_DAY, FROM_NINE) == []
    assert added() == [ALL_DAY[1], FROM_NINE[1]]


def test_a_statement_of_all_sides_is_set_beside_one_of_a_single_side(store: PassageStore) -> None:
    register = Register([HOURS], store)
    ((_, position),) = register.missing_sides([HOURS], [BOTH], {FROM_NINE: 1.0})
    assert position == FROM_NINE[1]
