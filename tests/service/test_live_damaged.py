"""Which snapshot a server serves when the one that CURRENT names cannot be."""

import logging
import shutil
from pathlib import Path

import pytest
from small_parts import copy_snapshot, reseal, write_corpus

from rag_support import snapshot
from rag_support.config import Settings
from rag_support.embedding import StaticEmbedder
from rag_support.errors import DamagedSnapshot, EmbedderMismatch, OutdatedSnapshot
from rag_support.ingest.build import build_index
from rag_support.pipeline import Pipeline
from rag_support.service.live import LiveIndex

IDS = ("20200101T000000000000-aaaaaaaa", "20200102T000000000000-bbbbbbbb", "20200103T000000000000-cccccccc")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, small_embedder: StaticEmbedder) -> Path:
    """An index of three snapshots, the newest live; only to be copied."""
    folder = tmp_path_factory.mktemp("live")
    index = folder / "index"
    first = build_index(write_corpus(folder / "corpus"), index, small_embedder, keep=1).snapshot_id
    for snapshot_id in IDS:
        copy_snapshot(index, first, snapshot_id)
    shutil.rmtree(index / first)
    (index / snapshot.CURRENT).write_text(IDS[2], encoding="ascii")
    return index


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "index"))


@pytest.fixture
def live(index: Path, small_embedder: StaticEmbedder) -> LiveIndex:
    return LiveIndex(Settings(index=index), small_embedder)


def looked(live: LiveIndex) -> Pipeline:
    live.look()
    return live.pipeline()


def damage(folder: Path) -> Path:
    """Returns the file."""
    (folder / snapshot.GLOSSARY).write_text("[ ]", encoding="ascii")
    return folder / snapshot.GLOSSARY


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_a_start_with_a_damaged_snapshot_serves_the_one_before(
    index: Path, live: LiveIndex, caplog: pytest.LogCaptureFixture
) -> None:
    file = damage(index / IDS[2])
    assert [looked(live).index_id for _ in range(3)] == [IDS[1]] * 3
    (line,) = errors(caplog)
    assert line.startswith(f"{file}: ")
    assert line.endswith(f" Index {IDS[1]} is served in its place.")


def test_a_start_with_two_damaged_ones_serves_the_one_before_them(
    index: Path, live: LiveIndex, caplog: pytest.LogCaptureFixture
) -> None:
    files = [damage(index / snapshot_id) for snapshot_id in IDS[1:]]
    assert looked(live).index_id == IDS[0]
    assert all(sum(f"{file}: " in line for line in errors(caplog)) == 1 for file in files)


def test_a_start_where_all_are_damaged_tells_of_the_live_one(index: Path, live: LiveIndex) -> None:
    files = [damage(index / snapshot_id) for snapshot_id in IDS]
    for _ in range(2):
        with pytest.raises(DamagedSnapshot) as caught:
            looked(live)
        assert caught.value.file == files[2]


def test_a_start_with_a_pointer_to_nothing_serves_the_newest(index: Path, live: LiveIndex) -> None:
    (index / snapshot.CURRENT).write_bytes(b"\xff")
    assert looked(live).index_id == IDS[2]


@pytest.mark.parametrize("file", [snapshot.GLOSSARY, snapshot.MANIFEST])
def test_a_newer_snapshot_that_was_never_published_is_not_served(index: Path, live: LiveIndex, file: str) -> None:
    (index / snapshot.CURRENT).write_text(IDS[1], encoding="ascii")
    (index / IDS[1] / file).unlink()
    assert looked(live).index_id == IDS[0]


@pytest.mark.parametrize(
    ("change", "error"),
    [({"embedder": "another"}, EmbedderMismatch), ({"format_version": 0}, OutdatedSnapshot)],
)
def test_a_start_with_a_whole_snapshot_that_does_not_fit_serves_none(
    index: Path, live: LiveIndex, change: dict[str, object], error: type[Exception]
) -> None:
    reseal(index / IDS[2], **change)
    with pytest.raises(error, match="make index"):
        looked(live)


def test_what_was_served_stays_while_new_ones_are_damaged_and_gives_way_to_a_sound_one(
    index: Path, live: LiveIndex, caplog: pytest.LogCaptureFixture
) -> None:
    assert looked(live).index_id == IDS[2]

    def publish(snapshot_id: str) -> None:
        (index / "new").write_text(snapshot_id, encoding="ascii")
        (index / "new").replace(index / snapshot.CURRENT)

    file = damage(copy_snapshot(index, IDS[2], "20200104T-d"))
    publish("20200104T-d")
    assert [looked(live).index_id for _ in range(3)] == [IDS[2]] * 3
    (line,) = errors(caplog)
    assert line.startswith(f"{file}: ")
    assert line.endswith(f" Index {IDS[2]} is served in its place.")
    publish(IDS[0])
    assert looked(live).index_id == IDS[0]
