import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from small_parts import (
    DOCUMENTS,
    TRANSLATIONS,
    CountingEmbedder,
    entry,
    write_catalog,
    write_corpus,
    write_static_model,
)

from rag_support import snapshot
from rag_support.embedding import StaticEmbedder, load_embedder
from rag_support.errors import CorpusError, SnapshotError, TranslationMemoryError
from rag_support.ingest.build import build_index
from rag_support.retrieval.retriever import Retriever
from rag_support.types import Chunk, FloatMatrix


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", translations=TRANSLATIONS)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def counting(small_embedder: StaticEmbedder) -> CountingEmbedder:
    return CountingEmbedder(small_embedder)


def live(index: Path) -> Path:
    return index / snapshot.current_id(index)


def chunks(index: Path, embedder: StaticEmbedder) -> list[Chunk]:
    passages = Retriever(live(index), embedder).passages
    return [passages.chunk(row) for row in range(len(passages))]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_counts_what_stands_in_the_snapshot(
    corpus: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    built = build_index(corpus, index, small_embedder, keep=3)
    stored = chunks(index, small_embedder)
    spans = [span for chunk in stored for span in chunk.spans]
    assert snapshot.read_manifest(live(index)).counts == built.counts
    assert (built.counts.documents, built.counts.chunks, built.counts.spans) == (3, len(stored), len(spans))
    assert built.counts.passages == {"ja": len(stored), "en": 2}
    in_english = sum("en" in span.texts for span in spans)
    assert in_english == len(TRANSLATIONS["en"])
    assert built.counts.vectors == (len(stored) + len(spans)) + (2 + in_english)
    assert {source.doc_id: source.chunks for source in built.sources} == {
        doc_id: sum(chunk.doc_id == doc_id for chunk in stored) for doc_id in DOCUMENTS
    }
    assert (built.embedder, built.dimensions) == (small_embedder.model_id, small_embedder.dimensions)


def test_stored_chunks_are_slices_of_the_corpus_files(
    corpus: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    build_index(corpus, index, small_embedder, keep=3)
    for chunk in chunks(index, small_embedder):
        assert DOCUMENTS[chunk.doc_id][chunk.start : chunk.end] == chunk.text
        for span in chunk.spans:
            assert chunk.start <= span.start < span.end <= chunk.end


def test_only_reviewed_translations_reach_the_index(
    tmp_path: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    corpus = write_corpus(tmp_path / "corpus", {"a.md": "# 電話\n\n24時間です。\n\n休みません。\n"})
    write_catalog(
        corpus, "en", entry("電話", "Phone") + entry("24時間です。", "All day.", "fuzzy") + entry("休みません。", "")
    )
    build_index(corpus, index, small_embedder, keep=3)
    (chunk,) = chunks(index, small_embedder)
    assert [dict(span.texts) for span in chunk.spans] == [
        {"ja": "電話", "en": "Phone"},
        {"ja": "24時間です。"},
        {"ja": "休みません。"},
    ]


def test_unchanged_text_is_not_embedded_again(corpus: Path, index: Path, counting: CountingEmbedder) -> None:
    first = build_index(corpus, index, counting, keep=3)
    assert len(counting.passages) == len(set(counting.passages)) <= first.counts.vectors
    counting.passages.clear()
    assert build_index(corpus, index, counting, keep=3).counts == first.counts
    assert counting.passages == []


def test_only_new_text_is_embedded_and_equal_text_once(corpus: Path, index: Path, counting: CountingEmbedder) -> None:
    build_index(corpus, index, counting, keep=3)
    counting.passages.clear()
    write_corpus(corpus, {"new.md": "# 領収書\n\n発行できます。\n", "again.md": "# 領収書\n\n発行できます。\n"})
    build_index(corpus, index, counting, keep=3)
    assert sorted(counting.passages) == sorted(["領収書", "発行できます。", "領収書\n発行できます。"])


def test_vectors_taken_over_are_those_of_a_fresh_build(
    corpus: Path, index: Path, tmp_path: Path, small_embedder: StaticEmbedder
) -> None:
    build_index(corpus, index, small_embedder, keep=3)
    write_corpus(corpus, {"guide/returns.md": "# 返品\n\n商品の返品は、到着から14日以内に受け付けます。\n"})
    build_index(corpus, index, small_embedder, keep=3)
    build_index(corpus, tmp_path / "fresh", small_embedder, keep=3)
    again, fresh = files(live(index)), files(live(tmp_path / "fresh"))
    assert again[snapshot.DENSE] == fresh[snapshot.DENSE]
    assert again[snapshot.DENSE_KEYS] == fresh[snapshot.DENSE_KEYS]


def test_another_model_embeds_everything_again(
    corpus: Path, index: Path, counting: CountingEmbedder, tmp_path: Path
) -> None:
    build_index(corpus, index, counting, keep=3)
    other = load_embedder(str(write_static_model(tmp_path / "other", seed=1)))
    assert isinstance(other, StaticEmbedder)
    counting_other = CountingEmbedder(other)
    build_index(corpus, index, counting_other, keep=3)
    assert counting_other.passages == counting.passages
    assert snapshot.read_manifest(live(index)).embedder == counting_other.model_id


def test_a_damaged_live_index_is_not_taken_over(corpus: Path, index: Path, counting: CountingEmbedder) -> None:
    build_index(corpus, index, counting, keep=3)
    everything = list(counting.passages)
    counting.passages.clear()
    dense = live(index) / snapshot.DENSE
    content = bytearray(dense.read_bytes())
    content[-1] ^= 1
    dense.write_bytes(content)
    build_index(corpus, index, counting, keep=3)
    assert counting.passages == everything


class FailingEmbedder(CountingEmbedder):
    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        raise MemoryError("the machine is full")


def test_a_build_that_fails_leaves_the_live_index_and_nothing_else(
    corpus: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    build_index(corpus, index, small_embedder, keep=3)
    before = files(index)
    write_corpus(corpus, {"new.md": "# 領収書\n\n発行できます。\n"})
    with pytest.raises(MemoryError):
        build_index(corpus, index, FailingEmbedder(small_embedder), keep=3)
    assert files(index) == before
    assert {path.name for path in index.iterdir() if path.is_dir()} == {snapshot.current_id(index)}
    assert build_index(corpus, index, small_embedder, keep=3).counts.documents == 4


def test_a_first_build_that_fails_leaves_no_index(corpus: Path, index: Path, small_embedder: StaticEmbedder) -> None:
    with pytest.raises(MemoryError):
        build_index(corpus, index, FailingEmbedder(small_embedder), keep=3)
    assert [path.name for path in index.iterdir() if path.is_dir()] == []
    with pytest.raises(SnapshotError, match="make index"):
        snapshot.current_id(index)


def test_a_second_builder_is_refused_and_harms_nothing(
    corpus: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    class Meddling(CountingEmbedder):
        """While it embeds, somebody else wants to build."""

        def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
            with pytest.raises(SnapshotError, match="another build") as caught:
                build_index(corpus, index, small_embedder, keep=3)
            assert str(index) in str(caught.value)
            return super().embed_passages(texts)

    built = build_index(corpus, index, Meddling(small_embedder), keep=3)
    assert snapshot.current_id(index) == built.snapshot_id
    snapshot.check_files(live(index), snapshot.read_manifest(live(index)))


def test_broken_files_are_named_while_the_others_are_indexed(
    corpus: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    (corpus / "empty.md").write_bytes(b"")
    (corpus / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (corpus / "paper.pdf").write_bytes(b"%PDF-1.7 and no more")
    (corpus / "letter.docx").write_bytes(b"no archive")
    (corpus / "table.xlsx").write_bytes(b"PK")
    built = build_index(corpus, index, small_embedder, keep=3)
    left_out = {left.doc_id: left for left in snapshot.read_manifest(live(index)).left_out}
    assert set(left_out) == {"empty.md", "picture.md", "paper.pdf", "letter.docx", "table.xlsx"}
    assert all(left.problem.endswith(".") and left.mend.endswith(".") for left in left_out.values())
    assert {source.doc_id for source in built.sources} == set(DOCUMENTS)


@pytest.mark.parametrize("documents", [{}, {"empty.md": ""}, {"rules.md": "---\n***\n"}, {"README.md": "# 説明\n"}])
def test_a_corpus_without_text_is_refused_and_publishes_nothing(
    tmp_path: Path, index: Path, small_embedder: StaticEmbedder, documents: dict[str, str]
) -> None:
    (tmp_path / "corpus").mkdir()
    corpus = write_corpus(tmp_path / "corpus", documents)
    with pytest.raises(CorpusError) as caught:
        build_index(corpus, index, small_embedder, keep=3)
    assert str(corpus) in str(caught.value)
    assert snapshot.snapshot_ids(index) == []


def test_a_missing_corpus_folder_is_refused_with_the_setting(
    tmp_path: Path, index: Path, small_embedder: StaticEmbedder
) -> None:
    with pytest.raises(CorpusError, match="RAG_SUPPORT_CORPUS"):
        build_index(tmp_path / "nowhere", index, small_embedder, keep=3)


@pytest.mark.parametrize("name", ["translations/en.po", "glossary.tsv"])
def test_a_broken_catalogue_or_glossary_stops_the_build(
    corpus: Path, index: Path, small_embedder: StaticEmbedder, name: str
) -> None:
    (corpus / name).write_bytes(b"\xff\xfe broken")
    with pytest.raises(TranslationMemoryError) as caught:
        build_index(corpus, index, small_embedder, keep=3)
    assert str(corpus / name) in str(caught.value)
    assert snapshot.snapshot_ids(index) == []


def test_pruning_keeps_the_newest(corpus: Path, index: Path, small_embedder: StaticEmbedder) -> None:
    built = [build_index(corpus, index, small_embedder, keep=3).snapshot_id for _ in range(5)]
    assert sorted(snapshot.snapshot_ids(index)) == built[-3:]
    built.append(build_index(corpus, index, small_embedder, keep=1).snapshot_id)
    assert snapshot.snapshot_ids(index) == [snapshot.current_id(index)] == built[-1:]


def test_progress_is_told_up_to_the_end(corpus: Path, index: Path, small_embedder: StaticEmbedder) -> None:
    told: list[tuple[str, int, int]] = []
    build_index(corpus, index, small_embedder, keep=3, progress=lambda *step: told.append(step))
    stages = [stage for stage, _, _ in told]
    assert [f"reading {doc_id}" for doc_id in sorted(DOCUMENTS)] == [stage for stage in stages if "reading" in stage]
    assert all(done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2] > 0


def test_nothing_in_a_snapshot_is_pickled(corpus: Path, index: Path, small_embedder: StaticEmbedder) -> None:
    build_index(corpus, index, small_embedder, keep=3)
    folder = live(index)
    names = set(files(folder))
    assert {Path(name).suffix for name in names} == {".json", ".sqlite", ".faiss", ".npy"}
    for name in (name for name in names if name.endswith(".npy")):
        assert np.load(folder / name, allow_pickle=False).dtype.kind in "iuf"
    with sqlite3.connect(folder / snapshot.PASSAGES) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
