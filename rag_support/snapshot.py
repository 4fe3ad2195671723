"""One built index on disk: the names of its files, its manifest, atomic publishing, checked opening.

    index/CURRENT              the id of the live snapshot, replaced by rename
    index/<id>/manifest.json   what was built from what, with the SHA-256 of every other file
    index/<id>/…               never changed after publishing

A snapshot is built in a hidden folder, synced to disk, renamed to its id, and only then named by CURRENT: a reader sees
the old index or the new one. Files are checked against the manifest before any parser reads them.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from rag_support.answering.answerability import AnswerabilityParameters
from rag_support.errors import DamagedSnapshot, NoSnapshot, OutdatedSnapshot, SnapshotError

FORMAT_VERSION = 4
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
PASSAGES = "passages.sqlite"
DENSE = "dense.faiss"
DENSE_ROWS = "dense-rows.npy"
DENSE_KEYS = "dense-keys.npy"
LEXICAL = "lexical"
TOKENS = "tokens"
GLOSSARY = "glossary.json"
HAN_USAGE = "han-usage"
READINGS = "readings.json"
_BUILDING = ".building-"
_LOCK = ".lock"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    doc_id: str
    sha256: str
    chunks: int


class SourceLeftOut(_Frozen):
    doc_id: str
    problem: str
    mend: str


class Counts(_Frozen):
    documents: int
    chunks: int
    passages: dict[str, int]  # per language
    phrasings: dict[str, int]  # customers' questions per language
    spans: int
    vectors: int


class StoredFile(_Frozen):
    sha256: str
    size: int  # bytes


class _AnyManifest(BaseModel):
    """What manifests of all versions have."""

    format_version: int


class Manifest(_Frozen):
    format_version: int
    snapshot_id: str
    created: str  # ISO 8601, UTC
    embedder: str  # Embedder.model_id
    dimensions: int
    counts: Counts
    sources: tuple[Source, ...]
    left_out: tuple[SourceLeftOut, ...]
    planted: tuple[str, ...]  # what in the sources seems to be meant for machines, for the editors to read
    answerability: AnswerabilityParameters  # when to refuse, as it was when the index was built
    files: dict[str, StoredFile]
    seal: str = ""  # SHA-256 of this manifest's JSON with an empty seal; set when it is published

    def sealed(self) -> "Manifest":
        unsealed = self.model_copy(update={"seal": ""})
        return self.model_copy(update={"seal": hashlib.sha256(unsealed.to_json()).hexdigest()})

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1).encode()


@contextmanager
def building(index: Path) -> Iterator[Path]:
    """A fresh folder to build in, under a lock against a second builder; removed at the end unless it was published.

    Raises SnapshotError when another builder holds the lock, or when the file system refuses a write.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        with (index / _LOCK).open("w") as lock:
            _hold(lock, index)
            for leftover in index.glob(f"{_BUILDING}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            folder = index / f"{_BUILDING}{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise SnapshotError(
            f"{error.filename or index}: the index cannot be written ({error.strerror or error}). Check the folder, "
            "its permissions and the free disk space; the index that was live still is."
        ) from error


def _hold(lock: IO[str], index: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SnapshotError(
            f"{index}: another build is writing this index. Wait until it has finished, then run it again."
        ) from error


def file_list(folder: Path) -> dict[str, StoredFile]:
    """Every file below a snapshot folder but the manifest, by its relative name, with checksum and size."""
    return {
        path.relative_to(folder).as_posix(): StoredFile(sha256=_sha256(path), size=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def publish(index: Path, folder: Path, manifest: Manifest, keep: int) -> Path:
    """Make the built folder the live snapshot and drop all but the newest `keep` snapshots. Returns its path."""
    (folder / MANIFEST).write_bytes(manifest.sealed().to_json())
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    target = index / manifest.snapshot_id
    folder.rename(target)
    _sync(index)
    temporary = index / f"{CURRENT}.tmp"
    temporary.write_text(manifest.snapshot_id + "\n", encoding="ascii")
    _sync(temporary)
    temporary.replace(index / CURRENT)
    _sync(index)
    for old in sorted(snapshot_ids(index), reverse=True)[keep:]:
        if old != manifest.snapshot_id:
            shutil.rmtree(index / old, ignore_errors=True)
    return target


def snapshot_ids(index: Path) -> list[str]:
    return [path.parent.name for path in index.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]


def current_id(index: Path) -> str:
    """The id that CURRENT names. Raises NoSnapshot when there is none, DamagedSnapshot when it names nothing."""
    pointer = index / CURRENT
    try:
        snapshot_id = pointer.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise NoSnapshot(index) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedSnapshot(pointer, f"the pointer to the live index cannot be read ({error}).") from error
    # os.path, for a Path raises when the name is too long
    if not snapshot_id or "/" in snapshot_id or snapshot_id.startswith(".") or not os.path.isdir(index / snapshot_id):
        raise DamagedSnapshot(pointer, f"it names the snapshot {snapshot_id[:80]!r}, which is not there.")
    return snapshot_id


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        found = _AnyManifest.model_validate_json(content).format_version
        if found != FORMAT_VERSION:
            raise OutdatedSnapshot(path, f"it has format {found}; this version reads {FORMAT_VERSION}.")
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValidationError) as error:
        raise DamagedSnapshot(path, "the manifest is missing or not readable.") from error
    if content != manifest.sealed().to_json():
        raise DamagedSnapshot(path, "the manifest is not as it was written.")
    return manifest


def check_files(folder: Path, manifest: Manifest, required: Iterable[str] = ()) -> None:
    """Compare every file with the manifest. Raises DamagedSnapshot naming the first that differs or is not listed."""
    for name in required:
        if name not in manifest.files:
            raise DamagedSnapshot(folder / MANIFEST, f"it does not list {name}, which this version needs.")
    for name, stored in manifest.files.items():
        path = folder / name
        try:
            if path.stat().st_size != stored.size:
                raise DamagedSnapshot(path, "the file's size is not what the manifest says.")
            if _sha256(path) != stored.sha256:
                raise DamagedSnapshot(path, "the file's checksum is not what the manifest says.")
        except OSError as error:
            raise DamagedSnapshot(path, "a file of the index is missing or cannot be read.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
