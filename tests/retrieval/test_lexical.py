from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_support.retrieval.lexical import LexicalIndex, LexicalQuery
from rag_support.retrieval.lexical_building import LexicalBuilder, LexicalEntry
from rag_support.retrieval.readings import Reader
from rag_support.retrieval.tokens import passage_terms

PASSAGES = [
    ("電話番号は0120-111-222です。", "The phone number is 0120-111-222."),
    ("返品は30日以内です。", "Return items within 30 days."),
    ("電話の受付時間は9:00〜17:00です。", "Phone hours are 9:00–17:00."),
    ("領収書を発行します。",),
]


def index_of(*passages: tuple[str, ...]) -> LexicalIndex:
    return built([entry(list(texts), [" ".join(texts)]) for texts in passages])


def built(entries: list[LexicalEntry]) -> LexicalIndex:
    builder = LexicalBuilder()
    for of_chunk in entries:
        builder.add(of_chunk)
    return LexicalIndex.of(builder.built())


def entry(passages: list[str], spans: list[str]) -> LexicalEntry:
    return LexicalEntry(passages, spans, [Reader().read(span).terms for span in spans])


def ranked(index: LexicalIndex, question: str, k: int = 10) -> list[tuple[int, float]]:
    return list(index.search(index.query(question, ""), k).asked)


def rows(index: LexicalIndex, question: str, k: int = 10) -> list[int]:
    return [row for row, _ in ranked(index, question, k)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    """Built, saved, loaded."""
    folder = tmp_path_factory.mktemp("lexical") / "index"
    index_of(*PASSAGES).save(folder)
    return LexicalIndex.load(folder)


@pytest.mark.parametrize(
    ("question", "best"),
    [("電話番号", 0), ("0120-111-222", 0), ("phone number", 0), ("returning an item", 1), ("受付時間は？", 2),
     ("領収書", 3), ("9:00", 2), ("受付時間", 2), ("電話 時間", 2)],
)  # fmt: skip
def test_a_question_finds_the_chunk_that_shares_its_terms(index: LexicalIndex, question: str, best: int) -> None:
    assert rows(index, question)[0] == best


@pytest.mark.parametrize(
    "question", ["환불해 주세요", "возврат", "คืนสินค้า", "weather tomorrow", "量子力学", "？！", "", "the is of"]
)
def test_a_question_that_shares_no_term_gets_no_ranking(index: LexicalIndex, question: str) -> None:
    assert ranked(index, question, 10) == []


def test_passages_in_one_language_abstain_from_questions_in_another_script() -> None:
    japanese = index_of(("電話番号は非公開です。",), ("返品は可能です。",))
    assert ranked(japanese, "phone number", 10) == []
    assert rows(japanese, "電話番号") == [0]


def covered(index: LexicalIndex, query: LexicalQuery, row: int) -> tuple[float, float]:
    found = index.coverage.of_chunks(query.weighted, [row])
    return float(found.own[0]), float(found.widened[0])


def test_chunks_without_a_shared_term_are_not_ranked(index: LexicalIndex) -> None:
    assert set(rows(index, "phone")) == {0, 2}
    assert all(score > 0 for _, score in ranked(index, "phone", 10))


def test_what_the_glossary_adds_makes_a_ranking_of_its_own(index: LexicalIndex) -> None:
    found = index.search(index.query("money back", "return"), 10)
    assert found.asked == []
    assert [row for row, _ in found.widened] == [1]
    both = index.search(index.query("phone", "return"), 10)
    assert {row for row, _ in both.asked} == {0, 2}
    assert list(both.widened) == ranked(index, "phone return")


def test_of_equal_chunks_the_first_ones_are_kept() -> None:
    same = index_of(*[("phone",)] * 7, ("mail",))
    assert rows(same, "phone", 3) == [0, 1, 2]


def test_the_best_come_first_and_no_more_than_asked_for(index: LexicalIndex) -> None:
    found = ranked(index, "電話の受付時間", 10)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert ranked(index, "電話の受付時間", 1) == found[:1]
    assert len({row for row, _ in found}) == len(found)


def test_loading_gives_what_was_built(index: LexicalIndex) -> None:
    unsaved = index_of(*PASSAGES)
    for question in ("電話番号", "phone hours", "30日", "領収書を発行"):
        assert ranked(unsaved, question, 10) == ranked(index, question, 10)
        for row in range(len(PASSAGES)):
            one, other = (covered(of, of.query(question, ""), row) for of in (unsaved, index))
            assert one == pytest.approx(other, abs=1e-4)


def test_scores_are_bm25_with_the_constants_of_lucene() -> None:
    texts = ["return return order", "order phone", "phone phone phone number"]
    index = index_of(*[(text,) for text in texts])
    terms = [passage_terms(text) for text in texts]
    mean = sum(map(len, terms)) / len(terms)

    def bm25(of_passage: list[str], term: str) -> float:
        frequency, containing = of_passage.count(term), sum(term in other for other in terms)
        idf = log(1 + (len(terms) - containing + 0.5) / (containing + 0.5))
        return idf * frequency / (frequency + 1.5 * (1 - 0.75 + 0.75 * len(of_passage) / mean))

    expected = {row: bm25(of_passage, "phone") for row, of_passage in enumerate(terms) if "phone" in of_passage}
    found = dict(ranked(index, "phone", 10))
    assert set(found) == set(expected)
    assert found[1] / found[2] == pytest.approx(expected[1] / expected[2], rel=1e-5)


def test_coverage_is_the_share_of_the_questions_weight_that_a_chunk_holds() -> None:
    index = built(
        [
            entry(["phone number\nreturn order"], ["phone number", "return order"]),
            entry(["shipping"], ["shipping"]),
        ]
    )
    query = index.query("phone return", "")
    assert covered(index, query, 0) == pytest.approx((1, 0))
    assert covered(index, query, 1) == (0, 0)
    assert covered(index, index.query("phone zebra", ""), 0)[0] == pytest.approx(0.5, abs=0.1)


def test_terms_that_only_the_glossary_adds_are_told_apart() -> None:
    index = index_of(("refund policy",), ("phone",))
    own, widened = covered(index, index.query("money back policy", "refund policy"), 0)
    assert 0 < own < 1
    assert widened > 0
    assert covered(index, index.query("policy", "policy"), 0) == (pytest.approx(1), 0)


def test_a_name_in_latin_letters_finds_how_the_passage_writes_it() -> None:
    index = index_of(("品川駅の窓口は9時に開きます。",), ("横浜駅の窓口は10時に開きます。",))
    assert rows(index, "When does Yokohama open?") == [1]
    assert covered(index, index.query("Yokohama", ""), 1) == (pytest.approx(1), 0)
    assert index.query("Yokohama", "").weighted.known == pytest.approx(1)


def test_a_word_that_the_passages_write_in_latin_letters_is_not_replaced_by_its_sound() -> None:
    index = index_of(("Sakura cards are accepted.",), ("桜の見頃は四月です。",))
    assert rows(index, "Sakura") == [0]


def test_a_passage_without_a_term_is_indexed_and_never_found() -> None:
    index = index_of(("！！！",), ("電話",))
    assert rows(index, "電話") == [1]
    assert rows(index, "！！！") == []
    assert covered(index, index.query("電話", ""), 0) == (0, 0)


@given(
    st.lists(st.text("電話返品ab 1.です", max_size=12), min_size=1, max_size=6),
    st.text("電話返品ab 1.です", max_size=12),
)
def test_shares_lie_between_nothing_and_all(texts: list[str], question: str) -> None:
    index = index_of(*[(text,) for text in texts])
    query = index.query(question, "")
    for row in range(len(texts)):
        spans = index.coverage.of_spans(query.weighted, [row], np.array([False]))
        shares = np.array([*covered(index, query, row), *spans.own, *spans.united])
        assert np.all((shares >= 0) & (shares <= 1 + 1e-5))
