"""Who may write an index, what becomes live, going back, and what is left over."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from small_parts import CountingEmbedder, copy_snapshot, reseal, write_corpus

from rag_support import snapshot
from rag_support.embedding import StaticEmbedder
from rag_support.errors import DamagedSnapshot, EmbedderMismatch, NoSnapshot, SnapshotError
from rag_support.ingest.build import build_index
from rag_support.publishing import Rollback, building, publish, roll_back, standings
from rag_support.types import FloatMatrix

IDS = ("20200101T000000000000-aaaaaaaa", "20200102T000000000000-bbbbbbbb", "20200103T000000000000-cccccccc")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, small_embedder: StaticEmbedder) -> Path:
    """An index of three snapshots, the newest live; only to be copied."""
    folder = tmp_path_factory.mktemp("three")
    index = folder / "index"
    first = build_index(write_corpus(folder / "corpus"), index, small_embedder, keep=3).snapshot_id
    for snapshot_id in IDS:
        copy_snapshot(index, first, snapshot_id)
    shutil.rmtree(index / first)
    name_live(index, IDS[2])
    return index


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "index"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


def name_live(index: Path, snapshot_id: str) -> None:
    (index / snapshot.CURRENT).write_text(snapshot_id + "\n", encoding="ascii")


def damage(folder: Path) -> None:
    (folder / snapshot.GLOSSARY).write_text("[ ]", encoding="ascii")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Failing(CountingEmbedder):
    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        raise MemoryError("the machine is full")


class TestBuilding:
    def test_what_a_killed_build_left_is_cleared_away(self, tmp_path: Path) -> None:
        leftover = tmp_path / ".building-1"
        leftover.mkdir()
        (leftover / snapshot.DENSE).write_bytes(b"half")
        with building(tmp_path) as folder:
            assert not leftover.exists()
            assert list(folder.iterdir()) == []
        assert not folder.exists()

    def test_a_half_built_folder_is_no_snapshot(self, tmp_path: Path) -> None:
        with building(tmp_path) as folder:
            (folder / snapshot.MANIFEST).write_bytes(b"{}")
            assert snapshot.snapshot_ids(tmp_path) == []
            with pytest.raises(NoSnapshot):
                snapshot.current_id(tmp_path)

    def test_the_lock_is_free_again_after_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), building(tmp_path):
            raise ZeroDivisionError
        with building(tmp_path), pytest.raises(SnapshotError, match="another build"), building(tmp_path):
            pass

    def test_an_index_path_that_is_a_file_is_named_with_the_mend(self, tmp_path: Path) -> None:
        (tmp_path / "index").write_text("not a folder")
        with (
            pytest.raises(SnapshotError, match=r"index.*cannot be written.*free disk space"),
            building(tmp_path / "index"),
        ):
            pass

    def test_what_killed_builders_hid_is_swept(self, index: Path) -> None:
        before = files(index)
        shutil.copytree(index / IDS[0], index / f".removing-{IDS[0]}")
        (index / f"{snapshot.CURRENT}.tmp").write_text(IDS[0])
        with building(index):
            pass
        assert files(index).keys() - {".lock"} == before.keys() - {".lock"}


class TestPublishing:
    def test_what_does_not_open_is_not_published_and_leaves_nothing(self, index: Path) -> None:
        before = files(index)

        def refuse(_: Path) -> None:
            raise SnapshotError("it does not open")

        manifest = snapshot.read_manifest(index / IDS[2]).model_copy(update={"snapshot_id": "20200104T-new"})
        with building(index) as folder:
            shutil.copytree(index / IDS[2], folder, dirs_exist_ok=True)
            with pytest.raises(SnapshotError, match="it does not open"):
                publish(index, folder, manifest, 3, refuse)
        assert files(index) == before
        assert sorted(path.name for path in index.iterdir() if path.is_dir()) == list(IDS)

    def test_a_snapshot_that_was_never_live_goes_with_the_next_build(
        self, index: Path, corpus: Path, small_embedder: StaticEmbedder
    ) -> None:
        name_live(index, IDS[1])  # its builder was killed before it could name the third
        new = build_index(corpus, index, small_embedder, keep=3).snapshot_id
        assert snapshot.snapshot_ids(index) == [new, IDS[1], IDS[0]]

    def test_a_pointer_to_nothing_lets_no_snapshot_go_that_is_kept(
        self, index: Path, corpus: Path, small_embedder: StaticEmbedder
    ) -> None:
        name_live(index, "0")
        new = build_index(corpus, index, small_embedder, keep=4).snapshot_id
        assert snapshot.snapshot_ids(index) == [new, IDS[2], IDS[1], IDS[0]]


class TestRollback:
    def test_goes_to_the_snapshot_before(self, index: Path, small_embedder: StaticEmbedder) -> None:
        assert roll_back(index, small_embedder.model_id) == Rollback(IDS[2], IDS[1])
        assert snapshot.current_id(index) == IDS[1]
        assert roll_back(index, small_embedder.model_id) == Rollback(IDS[1], IDS[0])
        assert not (index / f"{snapshot.CURRENT}.tmp").exists()

    def test_goes_to_the_one_named_and_forward_again(self, index: Path, small_embedder: StaticEmbedder) -> None:
        assert roll_back(index, small_embedder.model_id, IDS[0]) == Rollback(IDS[2], IDS[0])
        assert roll_back(index, small_embedder.model_id, IDS[2]) == Rollback(IDS[0], IDS[2])
        assert roll_back(index, small_embedder.model_id, IDS[2]) == Rollback(IDS[2], IDS[2])

    def test_passes_over_what_is_damaged_or_of_another_model(self, index: Path, small_embedder: StaticEmbedder) -> None:
        damage(index / IDS[1])
        assert roll_back(index, small_embedder.model_id).now == IDS[0]
        reseal(index / IDS[0], embedder="another")
        name_live(index, IDS[2])
        with pytest.raises(SnapshotError, match="no sound snapshot before the live one"):
            roll_back(index, small_embedder.model_id)
        assert snapshot.current_id(index) == IDS[2]

    def test_refuses_a_damaged_one_by_name(self, index: Path, small_embedder: StaticEmbedder) -> None:
        damage(index / IDS[0])
        with pytest.raises(DamagedSnapshot) as caught:
            roll_back(index, small_embedder.model_id, IDS[0])
        assert caught.value.file == index / IDS[0] / snapshot.GLOSSARY
        assert snapshot.current_id(index) == IDS[2]

    def test_refuses_one_of_another_model_by_name(self, index: Path, small_embedder: StaticEmbedder) -> None:
        reseal(index / IDS[0], embedder="another")
        with pytest.raises(EmbedderMismatch, match="RAG_SUPPORT_EMBEDDER"):
            roll_back(index, small_embedder.model_id, IDS[0])
        assert snapshot.current_id(index) == IDS[2]

    @pytest.mark.parametrize("wanted", ["gone", "..", ".", "/", "a\0b"])
    def test_names_those_there_are(self, index: Path, small_embedder: StaticEmbedder, wanted: str) -> None:
        with pytest.raises(SnapshotError, match=", ".join(reversed(IDS))):
            roll_back(index, small_embedder.model_id, wanted)

    def test_without_any_the_mend_is_told(self, tmp_path: Path, small_embedder: StaticEmbedder) -> None:
        with pytest.raises(SnapshotError, match="make index"):
            roll_back(tmp_path, small_embedder.model_id)

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"20990101T000000-gone\n"])
    def test_mends_a_pointer_to_nothing(self, index: Path, small_embedder: StaticEmbedder, content: bytes) -> None:
        (index / snapshot.CURRENT).write_bytes(content)
        assert roll_back(index, small_embedder.model_id).now == IDS[2]
        assert snapshot.current_id(index) == IDS[2]

    def test_waits_for_no_builder(self, index: Path, small_embedder: StaticEmbedder) -> None:
        with building(index), pytest.raises(SnapshotError, match="another build"):
            roll_back(index, small_embedder.model_id)
        assert snapshot.current_id(index) == IDS[2]

    def test_holds_until_a_build_is_published(self, index: Path, corpus: Path, small_embedder: StaticEmbedder) -> None:
        roll_back(index, small_embedder.model_id)
        with pytest.raises(MemoryError):
            build_index(corpus, index, Failing(small_embedder), keep=1)
        assert snapshot.current_id(index) == IDS[1]
        assert snapshot.snapshot_ids(index) == list(reversed(IDS))
        new = build_index(corpus, index, small_embedder, keep=2).snapshot_id
        assert snapshot.current_id(index) == new
        assert snapshot.snapshot_ids(index) == [new, IDS[1]]
        assert roll_back(index, small_embedder.model_id) == Rollback(new, IDS[1])


def test_standings_tell_which_is_live_and_which_is_sound(index: Path) -> None:
    damage(index / IDS[0])
    (index / IDS[1] / snapshot.MANIFEST).write_bytes(b"")
    found = standings(index)
    assert [(standing.snapshot_id, standing.live) for standing in found] == [
        (IDS[2], True),
        (IDS[1], False),
        (IDS[0], False),
    ]
    assert [standing.documents for standing in found] == [3, 0, 3]
    assert found[0].problem == ""
    assert str(index / IDS[1] / snapshot.MANIFEST) in found[1].problem
    assert str(index / IDS[0] / snapshot.GLOSSARY) in found[2].problem
