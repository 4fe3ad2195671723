from collections.abc import Callable
from pathlib import Path

import pytest
from small_parts import write_corpus

from rag_support.errors import TranslationMemoryError
from rag_support.ingest.build import build_index
from rag_support.ingest.disagreements import DISAGREEMENTS_FILE, Disagreement, entries_of, read_disagreements
from rag_support.pipeline import Pipeline
from rag_support.types import Chunk, Embedder, Span

TOPIC = '"topic": {"ja": "休業日", "en": "closing day", "zh": "休息日"}'
CLOSED = (
    "# 休業日\n\n当館は月曜日にお休みをいただきます。\n\n# 館内の掲示\n\n掲示では、休館は火曜日と書かれています。\n"
)
SIDES = '"sides": [["当館は月曜日にお休みをいただきます。"], ["掲示では、休館は火曜日と書かれています。"]]'


def chunk(*texts: str) -> Chunk:
    joined = "".join(texts)
    spans, start = [], 0
    for text in texts:
        spans.append(Span("sentence", start, start + len(text), {"ja": text}))
        start += len(text)
    return Chunk("c1", "guide.md", "guide", "ja", (), 0, len(joined), joined, tuple(spans))


def disagreement(*sides: list[str], about: tuple[str, ...] = ()) -> Disagreement:
    topic = {"ja": "休業日", "en": "closing day", "zh": "休息日"}
    return Disagreement.model_validate({"topic": topic, "about": list(about), "sides": list(sides)})


def test_a_corpus_without_the_file_lists_none(tmp_path: Path) -> None:
    assert read_disagreements(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"{{{TOPIC}}}", "sides"), (f'{{{TOPIC}, "sides": [["一"]]}}', "sides"),
        (f'{{{TOPIC}, "sides": [["一"], []]}}', "sides.1"),
        ('{"topic": {"ja": "一"}, "sides": [["一"], ["二"]]}', "topic.en"),
        (f'{{{TOPIC}, "kind": "colour", "sides": [["一"], ["二"]]}}', "kind"), ("{", "JSON"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named_with_what_is_wrong(tmp_path: Path, line: str, wrong: str) -> None:
    good = f'{{{TOPIC}, "sides": [["一"], ["二"]]}}'
    (tmp_path / DISAGREEMENTS_FILE).write_text(f"{good}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(TranslationMemoryError) as error:
        read_disagreements(tmp_path)
    assert f"{DISAGREEMENTS_FILE}:3: " in str(error.value)
    assert wrong in str(error.value)


def test_a_statement_counts_wherever_it_stands() -> None:
    (entry,), stale = entries_of([disagreement(["甲。"], ["乙。"])], [chunk("甲。", "乙。", "甲。")], str.upper)
    assert entry.sides == ((("c1", 0), ("c1", 2)), (("c1", 1),))
    assert stale == []


def test_a_statement_that_is_gone_is_told_and_a_side_without_any_is_none() -> None:
    lost_a_side = disagreement(["甲。"], ["丙。"])
    lost_nothing_needed = disagreement(["甲。", "丁。"], ["乙。"], about=("戊。",))
    entries, stale = entries_of([lost_a_side, lost_nothing_needed], [chunk("甲。", "乙。")], str.upper)
    assert [entry.sides for entry in entries] == [((("c1", 0),), (("c1", 1),))]
    assert stale == ["丙。", "戊。", "丁。"]


def test_the_topic_has_a_traditional_reading() -> None:
    (entry,), _ = entries_of([disagreement(["甲。"], ["乙。"])], [chunk("甲。", "乙。")], lambda text: f"{text}!")
    assert entry.topic["zh-Hant"] == "休息日!"


@pytest.fixture
def listed(shipped_embedder: Embedder, tmp_path: Path) -> Callable[[str], Pipeline]:
    """A line of the file → a pipeline over two sections that no rule would take for a contradiction."""

    def build(line: str) -> Pipeline:
        corpus = write_corpus(tmp_path / "corpus", {"a.md": CLOSED}, None, "")
        (corpus / DISAGREEMENTS_FILE).write_text(line, encoding="utf-8")
        build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
        return Pipeline.open(tmp_path / "index", shipped_embedder, "en")

    return build


def test_an_answer_that_takes_one_side_shows_the_other(listed: Callable[[str], Pipeline]) -> None:
    draft = listed(f"{{{TOPIC}, {SIDES}}}").answer("お休みは何曜日ですか").draft
    (conflict,) = draft.conflicts
    assert conflict.topic == "休業日"
    assert {citation.quote for citation in draft.citations} >= {
        "当館は月曜日にお休みをいただきます。",
        "掲示では、休館は火曜日と書かれています。",
    }
    assert len({value.citation for value in conflict.values}) == 2


def test_the_topic_is_in_the_language_of_the_answer(listed: Callable[[str], Pipeline]) -> None:
    pipeline = listed(f"{{{TOPIC}, {SIDES}}}")
    assert pipeline.answer("お休みは何曜日ですか", "zh").draft.conflicts[0].topic == "休息日"
    assert pipeline.answer("お休みは何曜日ですか", "en").draft.conflicts[0].topic == "closing day"


def test_a_disagreement_on_another_kind_of_value_is_left_alone(listed: Callable[[str], Pipeline]) -> None:
    assert listed(f'{{{TOPIC}, "kind": "date", {SIDES}}}').answer("お休みは何曜日ですか").draft.conflicts
    assert not listed(f'{{{TOPIC}, "kind": "money", {SIDES}}}').answer("お休みは何曜日ですか").draft.conflicts


QUESTIONS = (
    '"questions": {"ja": ["お休みは何曜日ですか", "休業日を教えて"]}, '
    '"beside": {"ja": ["館内の掲示には何が書かれていますか", "館内の掲示を読みたい"]}'
)


def test_a_question_about_the_point_shows_every_side(listed: Callable[[str], Pipeline]) -> None:
    draft = listed(f"{{{TOPIC}, {QUESTIONS}, {SIDES}}}").answer("お休みは何曜日になりますか").draft
    assert [conflict.topic for conflict in draft.conflicts] == ["休業日"]
    assert len(draft.citations) == 2


def test_a_question_beside_the_point_is_answered_by_one_side_alone(listed: Callable[[str], Pipeline]) -> None:
    draft = listed(f"{{{TOPIC}, {QUESTIONS}, {SIDES}}}").answer("館内の掲示には何と書かれていますか").draft
    assert [citation.quote for citation in draft.citations] == ["掲示では、休館は火曜日と書かれています。"]
    assert draft.conflicts == ()
