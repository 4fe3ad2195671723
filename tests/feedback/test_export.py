import json
from pathlib import Path

import pytest
from cases import case

from rag_support.errors import EvaluationError, FeedbackError
from rag_support.evaluation.dataset import GoldSpan, load_needs
from rag_support.feedback.export import export_rows

GOLD = GoldSpan(document="guide/gift.md", quote="ギフト券の有効期限は発行から10年です。")
CASES = [
    case("天気は?", refusal="out_of_scope"),
    case("weather?", "en", refusal="nothing_found", minutes_ago=1),
    case("ギフト券の期限", thumb="down", minutes_ago=2, comment="違う"),
    case("ギフト券はいつまで?", thumb="down", minutes_ago=3, expected_answer="10年です。"),
    case("天気は？", refusal="out_of_scope", minutes_ago=4),  # the first one again
]


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write(file: Path, lines: list[dict]) -> None:
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "rows.jsonl"


def test_corrections_come_first_then_other_thumbs_down_then_refusals_each_question_once(file):
    assert export_rows(file, CASES, lambda _: GOLD) == 4
    assert [list(row["questions"].items()) for row in rows(file)[1:]] == [
        [("ja", "ギフト券はいつまで?")],
        [("ja", "ギフト券の期限")],
        [("ja", "天気は?")],
        [("en", "weather?")],
    ]


def test_row_tells_what_is_known_and_what_is_a_guess(file):
    export_rows(file, CASES, lambda _: GOLD)
    corrected, disliked, refused, _ = rows(file)[1:]
    assert corrected["fill_in"] == disliked["fill_in"] == ["kind", "gold", "required"]
    assert corrected["gold"] == [GOLD.model_dump()]
    assert corrected["required"] == [{"value": ["10年です。"]}]
    assert corrected["told"] == {"asked": "2026-05-17", "thumb": "down", "expected_answer": "10年です。"}
    assert (disliked["required"], disliked["told"]["comment"]) == ([], "違う")
    assert (refused["kind"], refused["fill_in"], refused["told"]["refusal"]) == ("far_domain", ["kind"], "out_of_scope")


def test_place_is_looked_for_by_the_expected_answer_or_else_by_the_question(file):
    looked_for = []
    export_rows(file, CASES, looked_for.append)
    assert looked_for == ["10年です。", "ギフト券の期限"]


def test_unfinished_file_is_refused_at_its_first_unfinished_row(file):
    export_rows(file, CASES, lambda _: GOLD)
    with pytest.raises(EvaluationError, match=rf"{file}:2: fill_in: Extra inputs are not permitted"):
        load_needs(file)
    header, first, *rest = rows(file)
    del first["fill_in"], first["told"]
    write(file, [header, first, *rest])
    with pytest.raises(EvaluationError, match=rf"{file}:3: fill_in: "):
        load_needs(file)


def test_an_editor_who_fills_in_what_is_named_gets_a_set_that_loads(file):
    export_rows(file, CASES, lambda _: None)
    header, *exported = rows(file)
    filled_in = {"kind": "value", "gold": [GOLD.model_dump()], "required": [{"value": ["10年"]}]}
    for row in exported:
        del row["told"]
        guesses = row.pop("fill_in")
        if "gold" in guesses:
            row |= {name: filled_in[name] for name in guesses}
    write(file, [header, *exported])
    needs = load_needs(file)
    assert [need.kind for need in needs] == ["value", "value", "far_domain", "near_domain"]
    assert [need.id for need in needs] == [row["id"] for row in exported]


def test_guesses_that_are_left_as_they_are_load_too(file):
    export_rows(file, CASES, lambda _: GOLD)
    header, *exported = rows(file)
    write(file, [header, *({key: row[key] for key in row if key not in ("told", "fill_in")} for row in exported)])
    assert len(load_needs(file)) == 4


def test_file_that_is_there_is_not_replaced(file):
    export_rows(file, CASES, lambda _: None)
    with pytest.raises(FeedbackError, match="it is there already"):
        export_rows(file, CASES[:1], lambda _: None)
    assert len(rows(file)) == 5
