"""The live index: opened beside the old one, swapped in one step, the old one freed by its last request."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from small_parts import DOCUMENTS, write_corpus

from rag_support import snapshot
from rag_support.config import Settings
from rag_support.errors import SnapshotError
from rag_support.ingest.build import build_index
from rag_support.service.live import LiveIndex
from rag_support.types import FloatMatrix


class Held:
    """A working embedder that, while it is held, keeps whoever asks a question waiting."""

    def __init__(self, embedder) -> None:
        self._embedder = embedder
        self.model_id, self.dimensions = embedder.model_id, embedder.dimensions
        self.reached, self.free = threading.Event(), threading.Event()
        self.free.set()

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        self.reached.set()
        assert self.free.wait(60)
        return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embedder.embed_passages(texts)


@pytest.fixture
def embedder(small_embedder) -> Held:
    return Held(small_embedder)


@pytest.fixture
def index(tmp_path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def build(embedder, index, tmp_path) -> Callable[[], str]:
    """Publishes another generation and gives its id."""
    corpus = write_corpus(tmp_path / "corpus", DOCUMENTS)
    return lambda: build_index(corpus, index, embedder, keep=3).snapshot_id


@pytest.fixture
def live(embedder, index) -> LiveIndex:
    return LiveIndex(Settings(index=index, _env_file=None), embedder)


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_index_that_appears_is_found_and_its_successor_too(live, build):
    live.look()
    with pytest.raises(SnapshotError, match="there is no index yet"):
        live.pipeline()
    for _ in range(2):
        built = build()
        live.look()
        assert live.pipeline().index_id == built


def test_old_index_answers_while_the_new_one_is_opened(live, build, embedder):
    old = build()
    live.look()
    embedder.reached.clear()
    new = build()
    embedder.free.clear()
    looking = threading.Thread(target=live.look)
    looking.start()
    assert embedder.reached.wait(60)  # the new index is open and asks itself its first question
    assert live.pipeline().index_id == old
    embedder.free.set()
    looking.join()
    assert live.pipeline().index_id == new


def test_request_that_has_begun_stays_with_its_index(live, build):
    old = build()
    live.look()
    pipeline = live.pipeline()
    build()
    live.look()
    assert pipeline.answer("電話番号は？").index_id == old
    assert pipeline.answer("電話番号は？").draft.citations


@pytest.mark.usefixtures("no_garbage_collection")
def test_replaced_index_is_freed_with_its_last_request(live, build):
    build()
    live.look()
    pipeline = live.pipeline()
    pipeline.answer("電話番号は？")
    old = weakref.ref(pipeline), weakref.ref(pipeline.retriever), weakref.ref(pipeline.retriever.passages)
    build()
    live.look()
    assert all(part() for part in old)
    del pipeline
    assert not any(part() for part in old)


def test_damaged_index_is_told_once_and_tried_again_when_asked(live, build, index, caplog):
    old = build()
    live.look()
    new = build()
    passages = index / new / snapshot.PASSAGES
    whole = passages.read_bytes()
    passages.write_bytes(whole[:-1])
    for _ in range(2):
        live.look()
    assert live.pipeline().index_id == old
    assert caplog.text.count(f"{passages}: ") == 1
    passages.write_bytes(whole)
    live.look()
    assert live.pipeline().index_id == old
    live.look(again=True)
    assert live.pipeline().index_id == new
