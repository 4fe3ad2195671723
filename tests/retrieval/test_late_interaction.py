from collections.abc import Sequence

import numpy as np
import pytest
from stored_spans import stored

from rag_support.retrieval import late_interaction
from rag_support.retrieval.late_interaction import TokenIndex
from rag_support.types import FloatMatrix

WORDS = ["phone", "mail", "number", "refund", "card", "night", "clerk"]


class Words:
    """A token embedder of a few words."""

    table = np.random.default_rng(0).standard_normal((len(WORDS), 8)).astype(np.float32)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[WORDS.index(word) for word in text.split()] for text in texts]

    def token_vectors(self, token_ids: Sequence[int]) -> FloatMatrix:
        return self.table[list(token_ids)]


def slow_share(question: str, text: str) -> float:
    """Word by word."""
    asked, held = ([Words.table[WORDS.index(word)] for word in words.split()] for words in (question, text))
    weights = [float(one @ one) for one in asked]
    best = [
        max((float(one @ other) / float(np.linalg.norm(one) * np.linalg.norm(other)) for other in held), default=0.0)
        for one in asked
    ]
    return sum(weight * max(share, 0.0) for weight, share in zip(weights, best, strict=True)) / sum(weights)


CHUNKS = [["phone number", "", "mail"], ["refund card"], [""], ["night clerk", "phone"]]


@pytest.mark.parametrize("block", [2, 256])
def test_shares_are_those_of_comparing_word_by_word(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_interaction, "_BLOCK", block)
    index = TokenIndex(stored(Words().token_ids(spans) for spans in CHUNKS))
    rows = [3, 0, 2, 1]
    found = index.coverage("mail number clerk", rows, Words())
    for row, soft in zip(rows, found, strict=True):
        assert soft.spans == pytest.approx([slow_share("mail number clerk", span) for span in CHUNKS[row]], abs=1e-5)
        assert soft.chunk == pytest.approx(slow_share("mail number clerk", " ".join(CHUNKS[row])), abs=1e-5)


def test_a_question_without_tokens_and_no_chunks_are_covered_by_nothing() -> None:
    index = TokenIndex(stored(Words().token_ids(spans) for spans in CHUNKS))
    assert index.coverage("phone", [], Words()) == []
    [soft] = index.coverage("", [0], Words())
    assert (soft.chunk, soft.spans.tolist()) == (0.0, [0, 0, 0])
