import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_spans import stored

from rag_support.retrieval.coverage import TermCoverage, WeightedTerms

# term ids of each span of each chunk; the last "span" is the whole chunk
CHUNKS = [
    [[0, 1], [2, 3], [0, 1, 2, 3]],
    [[4], [4]],
    [[1], [1, 2], [4], [1, 2, 4]],
]


def question(own: dict[int, float], widened: dict[int, float] | None = None, unknown: float = 0.0) -> WeightedTerms:
    """Terms with their weights; `unknown` is that of the ones which occur nowhere."""
    widened = widened or {}
    ids = sorted(own | widened)
    is_asked = np.zeros(6, dtype=bool)
    is_asked[ids] = True
    total = sum(own.values()) + unknown
    return WeightedTerms(
        is_asked=is_asked,
        ids=np.array(ids, dtype=np.intp),
        own=np.array([own.get(term, 0.0) for term in ids]),
        widened=np.array([widened.get(term, 0.0) for term in ids]),
        total=total,
        widened_total=sum(widened.values()),
        known=sum(own.values()) / total if total else 0.0,
    )


@pytest.fixture
def coverage() -> TermCoverage:
    return TermCoverage(stored(CHUNKS))


def test_a_chunk_covers_the_share_of_the_weight_that_its_terms_have(coverage: TermCoverage) -> None:
    found = coverage.of_chunks(question({0: 3.0, 4: 1.0}, {2: 2.0}, unknown=1.0), [2, 0, 1])
    assert found.own == pytest.approx([1 / 5, 3 / 5, 1 / 5])
    assert found.widened == pytest.approx([1, 1, 0])


def test_spans_of_several_chunks_are_told_one_after_the_other(coverage: TermCoverage) -> None:
    found = coverage.of_spans(question({1: 1.0, 2: 3.0}), [2, 0], np.zeros(5, dtype=bool))
    assert found.own == pytest.approx([1 / 4, 4 / 4, 0, 1 / 4, 3 / 4])
    assert found.united == pytest.approx(found.own)


def test_a_heading_counts_for_every_span_below_it_and_a_term_once(coverage: TermCoverage) -> None:
    headings = np.array([True, False, False])
    found = coverage.of_spans(question({1: 1.0, 2: 3.0, 4: 4.0}), [2], headings)
    assert found.own == pytest.approx([1 / 8, 4 / 8, 4 / 8])
    assert found.united == pytest.approx([1 / 8, 4 / 8, 5 / 8])


def test_the_heading_of_one_chunk_counts_for_no_other(coverage: TermCoverage) -> None:
    headings = np.array([True, False, True, False, False])  # chunk 0 has two spans, chunk 2 three
    found = coverage.of_spans(question({0: 1.0, 1: 1.0}), [0, 2], headings)
    assert found.united == pytest.approx([1, 1, 1 / 2, 1 / 2, 1 / 2])


def test_a_question_of_unknown_terms_is_covered_by_nothing(coverage: TermCoverage) -> None:
    for asked in (question({}), question({}, unknown=2.0)):
        assert coverage.of_chunks(asked, [0, 1]).own.tolist() == [0, 0]
        assert coverage.of_spans(asked, [1], np.array([True])).united.tolist() == [0]


@given(
    st.lists(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=4), min_size=1, max_size=4),
    st.dictionaries(st.integers(0, 5), st.floats(0.1, 9), max_size=6),
    st.data(),
)
def test_shares_are_those_of_counting_term_by_term(
    chunks: list[list[set[int]]], own: dict[int, float], data: st.DataObject
) -> None:
    asked = question(own)
    with_whole = [[sorted(span) for span in (*spans, set[int]().union(*spans))] for spans in chunks]
    coverage = TermCoverage(stored(with_whole))
    heads = [data.draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans))) for spans in chunks]
    rows = list(range(len(chunks)))
    found = coverage.of_spans(asked, rows, np.array([head for of_chunk in heads for head in of_chunk]))
    slow = []
    for spans, head in zip(chunks, heads, strict=True):
        above = set[int]().union(*(span for span, is_head in zip(spans, head, strict=True) if is_head))
        slow += [sum(own.get(term, 0.0) for term in span | above) for span in spans]
    assert found.united * asked.total == pytest.approx(slow)
    wholes = [sum(own.get(term, 0.0) for term in set[int]().union(*spans)) for spans in chunks]
    assert coverage.of_chunks(asked, rows).own * asked.total == pytest.approx(wholes)
