import logging

import numpy as np
import pytest
from small_parts import CountingEmbedder

from rag_support.embedding import StaticEmbedder
from rag_support.ingest.entry import Entry
from rag_support.ingest.finished_work import FinishedVectors
from rag_support.ingest.vectors import TextVectors
from rag_support.retrieval.dense import DenseIndex
from rag_support.types import Chunk, Passage

TEXTS = ["返品", "電話", "返品", "送料は無料です。", "電話"]


@pytest.fixture
def counting(small_embedder: StaticEmbedder) -> CountingEmbedder:
    return CountingEmbedder(small_embedder)


def vectors_of(texts: list[str], embedder: CountingEmbedder, finished: FinishedVectors | None = None) -> TextVectors:
    vectors = TextVectors(finished)
    for row, text in enumerate(texts):
        chunk = Chunk("", "", "", "ja", (), 0, len(text), text, spans=())
        vectors.add(Entry(row, chunk, [Passage("", "ja", text)], asked=()))
    vectors.embed(embedder, lambda *_: None)
    return vectors


def test_every_text_has_its_row_and_is_embedded_once(counting: CountingEmbedder) -> None:
    vectors = vectors_of(TEXTS, counting)
    assert counting.passages == ["返品", "電話", "送料は無料です。"]
    assert vectors.shape == (len(TEXTS), counting.dimensions)
    assert np.array_equal(vectors[0 : len(TEXTS)], counting.embed_passages(TEXTS))


def test_a_slice_is_of_known_and_of_new_texts(counting: CountingEmbedder) -> None:
    known = vectors_of(["電話", "窓口"], counting)
    finished = FinishedVectors(known.keys, DenseIndex.build(known))
    counting.passages.clear()
    vectors = vectors_of(TEXTS, counting, finished)
    assert counting.passages == ["返品", "送料は無料です。"]
    for rows in (slice(0, 5), slice(1, 3), slice(0, 5, 2), slice(3, 3)):
        assert np.array_equal(vectors[rows], counting.embed_passages(TEXTS)[rows])


def test_log_tells_how_many_texts_were_taken_over(counting: CountingEmbedder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    first = vectors_of(TEXTS, counting)  # two of the texts twice
    vectors_of([*TEXTS, "窓口"], counting, FinishedVectors(first.keys, DenseIndex.build(first)))
    assert caplog.messages == [
        "embedded 3 texts, 0 taken from the live index",
        "embedded 1 texts, 3 taken from the live index",
    ]
