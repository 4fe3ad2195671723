from cases import case

from rag_support.feedback.records import Count
from rag_support.feedback.report import as_text, build_report
from rag_support.types import Embedder

COUNTS = [
    Count("ja", None, None, 50),
    Count("ja", None, "up", 6),
    Count("ja", None, "down", 2),
    Count("ja", "nothing_found", None, 3),
    Count("en", "nothing_found", None, 1),
    Count("en", "out_of_scope", "down", 4),
    Count(None, None, "down", 1),
]
CASES = [
    case("ギフト券の有効期限", refusal="nothing_found", passage_ids=("gone", "p1"), expected_answer="10年です。"),
    case("gift card expiry date", "en", refusal="nothing_found", passage_ids=("p1",), thumb="down", comment="no help"),
    case("ギフト券の有効期限は?", minutes_ago=9, thumb="down", passage_ids=("p1",), expected_answer="10年です。"),
    case("天気は?", refusal="out_of_scope", minutes_ago=3),
]


def sections(passage_id: str) -> str | None:
    return {"p1": "guide/gift.md › ギフト券"}.get(passage_id)


def test_figures_of_a_language_add_up(shipped_embedder: Embedder) -> None:
    found = build_report(COUNTS, [], shipped_embedder, sections).languages
    assert list(found) == ["en", "ja", "unknown"]
    assert (found["ja"].answers, found["ja"].refused) == (50 + 6 + 2 + 3, {"nothing_found": 3})
    assert (found["ja"].up, found["ja"].down) == (6, 2)
    assert found["en"].refused == {"out_of_scope": 4, "nothing_found": 1}
    assert (found["unknown"].answers, found["unknown"].down) == (1, 1)


def test_topic_tells_where_the_sources_come_nearest_and_what_was_said(shipped_embedder: Embedder) -> None:
    gift, weather = build_report(COUNTS, CASES, shipped_embedder, sections).topics
    assert (gift.questions, gift.languages, gift.refused, gift.down) == (3, {"ja": 2, "en": 1}, {"nothing_found": 2}, 2)
    assert gift.section == "guide/gift.md › ギフト券"
    assert {gift.name, *(question for _, question in gift.examples)} == {found.question for found in CASES[:3]}
    assert (gift.expected, gift.comments) == (("10年です。",), ("no help",))
    assert (weather.name, weather.section, weather.examples) == ("天気は?", None, ())


def test_text_shows_the_table_and_the_largest_topics(shipped_embedder: Embedder) -> None:
    text = as_text(build_report(COUNTS, CASES, shipped_embedder, sections), most_topics=1)
    table, first, *rest = text.split("\n\n")
    rows = {line[:18].strip(): line[18:].split() for line in table.splitlines()}
    assert rows == {
        "": ["en", "ja", "unknown", "all"],
        "answers": ["5", "61", "1", "67"],
        "refused": ["5", "3", "0", "8"],
        "nothing_found": ["1", "3", "0", "4"],
        "out_of_scope": ["4", "0", "0", "4"],
        "thumbs up": ["0", "6", "0", "6"],
        "thumbs down": ["4", "2", "1", "7"],
        "up, of thumbs": ["0%", "75%", "0%", "46%"],
    }
    assert first == "Refused, or with a thumb down: 4 questions, 2 topics"
    assert "3 questions (ja 2, en 1); refused: nothing_found 2; thumbs down: 2" in rest[0]
    assert rest[1:] == ["… and 1 smaller topics: see --topics."]


def test_nothing_kept_is_said(shipped_embedder: Embedder) -> None:
    assert as_text(build_report([], [], shipped_embedder, sections), 20) == "No answers are kept yet."
