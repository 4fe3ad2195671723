"""Snapshots that are whole by their checksums and yet do not fit: each is refused with the file and the mend."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from small_parts import TRANSLATIONS, CountingEmbedder, reseal, write_corpus, write_static_model

from rag_support import snapshot
from rag_support.embedding import StaticEmbedder, load_embedder
from rag_support.errors import DamagedSnapshot, EmbedderMismatch, SnapshotMismatch
from rag_support.ingest.build import build_index
from rag_support.retrieval.dense import DenseIndex
from rag_support.retrieval.retriever import Retriever


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, small_embedder: StaticEmbedder) -> Path:
    """A sound snapshot; only to be copied."""
    folder = tmp_path_factory.mktemp("fit")
    corpus = write_corpus(folder / "corpus", translations=TRANSLATIONS)
    return folder / "index" / build_index(corpus, folder / "index", small_embedder, keep=1).snapshot_id


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / built.name))


def refusal(folder: Path, embedder: StaticEmbedder | CountingEmbedder) -> SnapshotMismatch:
    with pytest.raises(SnapshotMismatch, match="make index") as caught:
        Retriever(folder, embedder)
    assert str(caught.value.file) in str(caught.value)
    return caught.value


def test_what_was_built_fits(folder: Path, small_embedder: StaticEmbedder) -> None:
    reseal(folder)
    Retriever(folder, small_embedder)


@pytest.mark.parametrize(
    ("count", "file"),
    [
        ("chunks", snapshot.PASSAGES),
        ("vectors", snapshot.DENSE),
        ("spans", snapshot.LEXICAL),
        ("passages", snapshot.DENSE_ROWS),
    ],
)
def test_counts_other_than_the_manifests(folder: Path, small_embedder: StaticEmbedder, count: str, file: str) -> None:
    counts = snapshot.read_manifest(folder).counts
    value = getattr(counts, count)
    more = value | {"ja": value["ja"] + 1} if count == "passages" else value + 1
    reseal(folder, counts=counts.model_copy(update={count: more}))
    assert refusal(folder, small_embedder).file == folder / file


@pytest.mark.parametrize("name", [snapshot.DENSE_ROWS, snapshot.DENSE_KEYS])
def test_fewer_rows_than_vectors(folder: Path, small_embedder: StaticEmbedder, name: str) -> None:
    np.save(folder / name, np.load(folder / name)[:-1])
    reseal(folder)
    assert refusal(folder, small_embedder).file == folder / name


def test_a_model_of_other_dimensions(folder: Path, small_embedder: StaticEmbedder) -> None:
    shorter = CountingEmbedder(small_embedder)
    shorter.model_id, shorter.dimensions = small_embedder.model_id, small_embedder.dimensions // 2
    error = refusal(folder, shorter)
    assert error.file == folder / snapshot.MANIFEST
    assert f"{small_embedder.dimensions} dimensions" in str(error)


def test_vectors_of_other_dimensions(folder: Path, small_embedder: StaticEmbedder) -> None:
    stored = DenseIndex.load(folder / snapshot.DENSE)
    halves = np.ascontiguousarray(stored.vectors(0, stored.rows)[:, : stored.dimensions // 2])
    DenseIndex.build(halves).save(folder / snapshot.DENSE)
    reseal(folder)
    assert refusal(folder, small_embedder).file == folder / snapshot.DENSE


@pytest.mark.parametrize(
    "change", ["ALTER TABLE chunks ADD COLUMN author TEXT", "DROP TABLE chunks", "CREATE TABLE more (a TEXT)"]
)
def test_another_schema(folder: Path, small_embedder: StaticEmbedder, change: str) -> None:
    connection = sqlite3.connect(folder / snapshot.PASSAGES)
    connection.execute(change)
    connection.close()
    reseal(folder)
    assert refusal(folder, small_embedder).file == folder / snapshot.PASSAGES


@pytest.mark.parametrize("changed", ["tokenizer.json", "model.safetensors"])
def test_the_same_model_with_another_tokenizer_or_other_weights(
    static_model: Path, tmp_path: Path, changed: str
) -> None:
    model = Path(shutil.copytree(static_model, tmp_path / "model"))
    corpus, index = write_corpus(tmp_path / "corpus"), tmp_path / "index"
    built = build_index(corpus, index, load_embedder(str(model)), keep=1)
    other = write_static_model(tmp_path / "other", seed=1)
    if changed == "tokenizer.json":
        text = (model / changed).read_text(encoding="utf-8")
        (model / changed).write_text(text.replace('"NFKC"', '"NFC"'), encoding="utf-8")
    else:
        shutil.copy(other / changed, model / changed)
    error = refusal(index / built.snapshot_id, load_embedder(str(model)))
    assert isinstance(error, EmbedderMismatch)
    assert "weights, tokenizer or prompts have changed" in str(error)
    assert "RAG_SUPPORT_EMBEDDER" in str(error)


@pytest.mark.parametrize(
    "name", [snapshot.DENSE, snapshot.DENSE_ROWS, snapshot.GLOSSARY, f"{snapshot.LEXICAL}/rows.npy", snapshot.PASSAGES]
)
def test_a_file_that_was_sealed_and_does_not_open_is_refused(
    folder: Path, small_embedder: StaticEmbedder, name: str
) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) * 2 // 3] if len(content) > 2 else b"[")
    reseal(folder)
    with pytest.raises(DamagedSnapshot, match="does not open"):
        Retriever(folder, small_embedder)
