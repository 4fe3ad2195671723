"""Damage of every kind to every file of a snapshot, and the pointer to the live one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_parts import TRANSLATIONS, reseal, write_corpus, write_static_model

from rag_support import snapshot
from rag_support.embedding import StaticEmbedder, load_embedder
from rag_support.errors import DamagedSnapshot, EmbedderMismatch, NoSnapshot, OutdatedSnapshot
from rag_support.ingest.build import build_index
from rag_support.pipeline import Pipeline


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, small_embedder: StaticEmbedder) -> Path:
    """A sound index; only to be copied."""
    folder = tmp_path_factory.mktemp("sound")
    corpus = write_corpus(
        folder / "corpus", translations=TRANSLATIONS, glossary="ja\ten\tzh-Hans\tzh-Hant\n電話\tphone\t\t\n"
    )
    build_index(corpus, folder / "index", small_embedder, keep=3)
    return folder / "index"


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "index"))


def snapshot_files(index: Path) -> list[Path]:
    return sorted(path for path in (index / snapshot.current_id(index)).rglob("*") if path.is_file())


def flip_first(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def flip_middle(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0x10]) + content[middle + 1 :]


def flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 0x80])


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def empty(content: bytes) -> bytes:
    return b""


def append(content: bytes) -> bytes:
    return content + b"\n"


def test_a_sound_index_opens(index: Path, small_embedder: StaticEmbedder) -> None:
    assert Pipeline.open(index, small_embedder, "en").index_id == snapshot.current_id(index)


@pytest.mark.parametrize("damage", [flip_first, flip_middle, flip_last, truncate, empty, append])
def test_a_damaged_file_is_named(index: Path, small_embedder: StaticEmbedder, damage: Callable[[bytes], bytes]) -> None:
    for path in snapshot_files(index):
        sound = path.read_bytes()
        path.write_bytes(damage(sound))
        with pytest.raises(DamagedSnapshot, match="make index") as caught:
            Pipeline.open(index, small_embedder, "en")
        assert caught.value.file == path
        assert str(path) in str(caught.value)
        path.write_bytes(sound)
    Pipeline.open(index, small_embedder, "en")


def test_a_missing_file_is_named(index: Path, small_embedder: StaticEmbedder, tmp_path: Path) -> None:
    for path in snapshot_files(index):
        path.rename(tmp_path / "aside")
        with pytest.raises(DamagedSnapshot) as caught:
            Pipeline.open(index, small_embedder, "en")
        assert caught.value.file == path
        (tmp_path / "aside").rename(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example mends what it broke
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found(index: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(snapshot_files(index)))
    sound = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(sound) - 1))
    flipped = bytearray(sound)
    flipped[bit // 8] ^= 1 << bit % 8
    path.write_bytes(flipped)
    folder = index / snapshot.current_id(index)
    with pytest.raises(DamagedSnapshot) as caught:
        snapshot.check_files(folder, snapshot.read_manifest(folder))
    assert caught.value.file == path
    path.write_bytes(sound)


def test_a_manifest_of_another_format_says_so(index: Path) -> None:
    folder = index / snapshot.current_id(index)
    reseal(folder, format_version=snapshot.FORMAT_VERSION + 1)
    with pytest.raises(OutdatedSnapshot, match=f"format {snapshot.FORMAT_VERSION + 1}"):
        snapshot.read_manifest(folder)


def test_a_format_that_only_a_flipped_bit_makes_another_is_damage(index: Path) -> None:
    manifest = index / snapshot.current_id(index) / snapshot.MANIFEST
    wanted, found = f'"format_version": {snapshot.FORMAT_VERSION}', f'"format_version": {snapshot.FORMAT_VERSION ^ 1}'
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(wanted, found), encoding="utf-8")
    with pytest.raises(DamagedSnapshot) as caught:
        snapshot.read_manifest(manifest.parent)
    assert caught.value.file == manifest


def test_a_snapshot_under_the_name_of_another_is_refused(index: Path) -> None:
    folder = index / snapshot.current_id(index)
    other = Path(shutil.copytree(folder, index / "20990101T000000000000-aaaaaaaa"))
    with pytest.raises(DamagedSnapshot, match=f"of another snapshot, {folder.name}") as caught:
        snapshot.read_manifest(other)
    assert caught.value.file == other / snapshot.MANIFEST


def test_a_manifest_with_the_fields_of_another_version_says_so_too(index: Path) -> None:
    folder = index / snapshot.current_id(index)
    (folder / snapshot.MANIFEST).write_text('{"format_version": 1, "names": "of another time"}', encoding="utf-8")
    with pytest.raises(OutdatedSnapshot, match="format 1"):
        snapshot.read_manifest(folder)


def test_another_model_is_refused_with_the_mend(index: Path, tmp_path: Path, small_embedder: StaticEmbedder) -> None:
    other = load_embedder(str(write_static_model(tmp_path / "other", seed=1)))
    with pytest.raises(EmbedderMismatch) as caught:
        Pipeline.open(index, other, "en")
    message = str(caught.value)
    assert small_embedder.model_id in message
    assert other.model_id in message
    assert "make index" in message
    assert "RAG_SUPPORT_EMBEDDER" in message


def test_without_an_index_the_mend_is_told(tmp_path: Path, small_embedder: StaticEmbedder) -> None:
    for index in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoSnapshot, match="make index") as caught:
            Pipeline.open(index, small_embedder, "en")
        assert str(index) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"20990101T000000-gone\n", b"..\n", b"../index\n", b".lock\n", b"a" * 5000, b"\xff\xfe", b"a\0b"],
)
def test_a_pointer_to_nothing_is_named(index: Path, content: bytes) -> None:
    (index / snapshot.CURRENT).write_bytes(content)
    with pytest.raises(DamagedSnapshot) as caught:
        snapshot.current_id(index)
    assert caught.value.file == index / snapshot.CURRENT
    assert len(str(caught.value)) < 1000


def test_the_pointer_may_name_an_older_snapshot(tmp_path: Path, small_embedder: StaticEmbedder) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    index = tmp_path / "index"
    older = build_index(corpus, index, small_embedder, keep=3).snapshot_id
    newer = build_index(corpus, index, small_embedder, keep=3).snapshot_id
    assert snapshot.current_id(index) == newer
    (index / snapshot.CURRENT).write_text(older, encoding="ascii")
    assert Pipeline.open(index, small_embedder, "en").index_id == older


def test_a_manifest_that_lacks_a_file_this_version_needs_is_refused(
    index: Path, small_embedder: StaticEmbedder
) -> None:
    folder = index / snapshot.current_id(index)
    manifest = snapshot.read_manifest(folder)
    files = {name: stored for name, stored in manifest.files.items() if name != snapshot.GLOSSARY}
    (folder / snapshot.MANIFEST).write_bytes(manifest.model_copy(update={"files": files}).sealed().to_json())
    with pytest.raises(DamagedSnapshot, match=snapshot.GLOSSARY):
        Pipeline.open(index, small_embedder, "en")
