from dataclasses import astuple
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag_support.retrieval.lexical_building import LexicalBuilder, LexicalEntry, LexicalParts
from rag_support.retrieval.postings import Postings
from rag_support.retrieval.tokens import passage_terms

WORDS = st.sampled_from(["返品", "電話番号", "送料は500円", "phone", "return", "24:00", "", "。"])
LINES = st.lists(WORDS, max_size=4).map(" ".join)
ENTRIES = st.builds(
    lambda passages, spans: LexicalEntry(passages, spans, [["~henpin"] if "返品" in span else [] for span in spans]),
    st.lists(st.lists(LINES, min_size=1, max_size=3).map("\n".join), min_size=1, max_size=2),
    st.lists(LINES, min_size=1, max_size=3),
)


def built(entries: list[LexicalEntry | int], live: LexicalParts | None = None) -> LexicalParts:
    """A number is the row of the live index that is taken over."""
    builder = LexicalBuilder(live)
    for entry in entries:
        if isinstance(entry, int):
            builder.take_over(entry)
        else:
            builder.add(entry)
    return builder.built()


@given(st.data())
def test_what_is_taken_over_is_what_would_be_made_anew(data: st.DataObject) -> None:
    before = data.draw(st.lists(ENTRIES, min_size=1, max_size=5))
    after = data.draw(st.lists(st.one_of(ENTRIES, st.integers(0, len(before) - 1)), min_size=1, max_size=6))
    taken_over = built(after, built(list(before)))
    anew = built([before[entry] if isinstance(entry, int) else entry for entry in after])
    assert list(taken_over.vocabulary.items()) == list(anew.vocabulary.items())
    assert all(map(np.array_equal, arrays(taken_over), arrays(anew)))


def arrays(parts: LexicalParts) -> list[NDArray[Any]]:
    return [parts.rows, *astuple(parts.postings), *astuple(parts.span_terms)]


@given(st.lists(st.text(), max_size=5))
def test_no_term_reaches_over_the_end_of_a_line(lines: list[str]) -> None:
    lines = [line.replace("\n", "") for line in lines]
    assert passage_terms("\n".join(lines)) == [term for line in lines for term in passage_terms(line)]


def test_scores_are_those_of_bm25() -> None:
    texts = ["return return order", "order phone", "phone phone phone number", "？"]
    parts = built([LexicalEntry([text], [text], [[]]) for text in texts])
    terms = [passage_terms(text) or [""] for text in texts]
    mean = sum(map(len, terms)) / len(terms)
    for term, number in parts.vocabulary.items():
        containing = sum(term in other for other in terms)
        idf = log(1 + (len(terms) - containing + 0.5) / (containing + 0.5))
        expected = [
            idf * of_passage.count(term) / (of_passage.count(term) + 1.5 * (0.25 + 0.75 * len(of_passage) / mean))
            for of_passage in terms
        ]
        held = slice(parts.postings.starts[number], parts.postings.starts[number + 1])
        found = dict(zip(parts.postings.passages[held].tolist(), parts.postings.scores[held].tolist(), strict=True))
        assert found == pytest.approx({passage: score for passage, score in enumerate(expected) if score}, rel=1e-5)


def test_many_postings_are_scored_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = built(
        [LexicalEntry([text], [text], [[]]) for text in ("電話番号は非公開です。", "返品は可能です。", "電話")]
    )
    bags = parts.postings.bags(3)
    monkeypatch.setattr("rag_support.retrieval.postings._SCORED_TOGETHER", 2)
    again = Postings.build(bags, len(parts.vocabulary))
    assert np.array_equal(again.scores, parts.postings.scores)


def test_a_term_that_stands_more_often_than_can_be_counted_is_counted_as_far_as_can_be() -> None:
    parts = built([LexicalEntry(["a1 " * 70_000], ["a1"], [[]])])
    assert parts.postings.counts.max() == 2**16 - 1
