"""How a snapshot becomes the live one: built under a lock, published, rolled back to; what is left over is swept.

A snapshot is built in a hidden folder, synced to disk, renamed to its id, opened there once as a server would, and only
then named by CURRENT, which is replaced by rename: a reader sees the old index or the new one, whenever a builder dies.
A step that fails is taken back. What a killed builder left is hidden, or newer than what CURRENT names, and goes with
the next build that is published; so does a snapshot that was rolled back from. Only the lock file stays.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rag_support import snapshot
from rag_support.errors import EmbedderMismatch, SnapshotError

logger = logging.getLogger(__name__)

_LOCK = ".lock"
_BUILDING = ".building-"
_REMOVING = ".removing-"  # a snapshot is hidden before its files go, so that no reader meets half of it
_NEXT, _BACK = f"{snapshot.CURRENT}.tmp", f"{snapshot.CURRENT}.back"  # CURRENT as it will be, and as it was


@dataclass(frozen=True, slots=True)
class Standing:
    """One snapshot of an index as `rag-support index list` shows it."""

    snapshot_id: str
    created: str  # ISO 8601, UTC; "" when the manifest does not tell
    documents: int
    live: bool
    problem: str  # "" when every file is as it was written


@dataclass(frozen=True, slots=True)
class Rollback:
    before: str  # what CURRENT held, "" for nothing
    now: str


@contextmanager
def building(index: Path) -> Iterator[Path]:
    """A fresh folder to build in, under a lock against a second builder; removed at the end unless it was published.

    Raises SnapshotError when another builder holds the lock, or when the file system refuses a write.
    """
    with _locked(index):
        folder = index / f"{_BUILDING}{os.getpid()}"
        try:
            folder.mkdir()
            yield folder
        finally:
            _delete(folder)


def publish(index: Path, folder: Path, manifest: snapshot.Manifest, keep: int, check: Callable[[Path], object]) -> Path:
    """Make the built folder the live snapshot and drop all but the newest `keep` snapshots. Returns its path.

    `check` is called with that path before CURRENT names it, and raises what keeps it from being published.
    """
    (folder / snapshot.MANIFEST).write_bytes(manifest.sealed().to_json())
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    target = index / manifest.snapshot_id
    before = _pointed(index)
    folder.rename(target)
    try:
        check(target)
        _point(index, manifest.snapshot_id)
    except BaseException:
        with suppress(OSError):
            if _pointed(index) == before:
                _drop(target)
        raise
    _prune(index, target.name, before, keep)
    return target


def roll_back(index: Path, embedder: str, snapshot_id: str | None = None) -> Rollback:
    """Make the newest sound snapshot before the live one live again, or the one with this id.

    `embedder` is the model_id of the settings' embedder: a snapshot that it cannot search is passed over. Raises
    SnapshotError when there is none to go back to, when the one asked for does not fit, or when a builder is at work.
    """
    with _locked(index):
        before = _pointed(index)
        target = snapshot_id or _previous(index, before, embedder)
        if target not in (there := snapshot.snapshot_ids(index)):
            raise SnapshotError(f"{index}: there is no snapshot {target!r}. There are: {', '.join(there) or 'none'}.")
        _verify(index / target, embedder)
        if target != before:
            _point(index, target)
        return Rollback(before, target)


def standings(index: Path) -> list[Standing]:
    """Every snapshot, newest first, each with what is wrong with it."""
    try:
        live = snapshot.current_id(index)
    except SnapshotError:
        live = ""
    return [_standing(index / snapshot_id, snapshot_id == live) for snapshot_id in snapshot.snapshot_ids(index)]


def _standing(folder: Path, live: bool) -> Standing:
    created, documents = "", 0
    try:
        manifest = snapshot.read_manifest(folder)
        created, documents = manifest.created, manifest.counts.documents
        snapshot.check_files(folder, manifest)
    except SnapshotError as error:
        return Standing(folder.name, created, documents, live, str(error))
    return Standing(folder.name, created, documents, live, "")


def _previous(index: Path, live: str, embedder: str) -> str:
    for snapshot_id in snapshot.ids_before(index, live):
        try:
            _verify(index / snapshot_id, embedder)
        except SnapshotError as error:
            logger.warning("passed over: %s", error)
        else:
            return snapshot_id
    raise SnapshotError(
        f"{index}: there is no sound snapshot before the live one to go back to. Run `make index` to build one; "
        "RAG_SUPPORT_KEEP_SNAPSHOTS says how many are kept."
    )


def _verify(folder: Path, embedder: str) -> None:
    manifest = snapshot.read_manifest(folder)
    if manifest.embedder != embedder:
        raise EmbedderMismatch(folder / snapshot.MANIFEST, manifest.embedder, embedder)
    snapshot.check_files(folder, manifest)


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """The index for one builder alone, with what killed ones left swept away."""
    try:
        if not index.is_dir():
            index.mkdir(parents=True, exist_ok=True)
            _sync(index.parent)
        with (index / _LOCK).open("w") as lock:
            _hold(lock, index)
            for leftover in (*index.glob(f"{_BUILDING}*"), *index.glob(f"{_REMOVING}*")):
                _delete(leftover)
            for name in (_NEXT, _BACK):
                (index / name).unlink(missing_ok=True)
            yield
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


def _pointed(index: Path) -> str:
    """What CURRENT holds, right or wrong; "" when there is none."""
    try:
        return (index / snapshot.CURRENT).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _point(index: Path, snapshot_id: str) -> None:
    """Name the live snapshot, whose folder may be new; CURRENT is as before when that fails."""
    current, following, back = (index / name for name in (snapshot.CURRENT, _NEXT, _BACK))
    before = current.read_bytes() if current.exists() else b""
    try:
        back.write_bytes(before)  # now, for a disk that has filled up takes no write, but still a rename
        _sync(index)
        following.write_text(snapshot_id + "\n", encoding="ascii")
        _sync(following)
        following.replace(current)
        _sync(index)
    except BaseException:
        with suppress(OSError):
            if not before:
                current.unlink(missing_ok=True)
            elif current.read_bytes() != before:
                back.replace(current)  # not synced: the disk has just refused that, and still holds the old name
        raise
    finally:
        for name in (following, back):
            with suppress(OSError):
                name.unlink(missing_ok=True)


def _prune(index: Path, live: str, before: str, keep: int) -> None:
    """Drop what was never live or was rolled back from, newer than the one live before, and all but the newest."""
    try:
        old = [snapshot_id for snapshot_id in snapshot.snapshot_ids(index) if snapshot_id != live]
        later = [snapshot_id for snapshot_id in old if before in old and snapshot_id > before]
        earlier = [snapshot_id for snapshot_id in old if snapshot_id not in later]
        for snapshot_id in (*later, *earlier[keep - 1 :]):
            _drop(index / snapshot_id)
    except OSError as error:
        logger.warning("%s: old snapshots cannot be removed (%s); the next build tries again.", index, error)


def _drop(folder: Path) -> None:
    hidden = folder.with_name(_REMOVING + folder.name)
    folder.rename(hidden)
    _delete(hidden)


def _delete(folder: Path) -> None:
    """Twice if need be: what fails once often does not fail again. What stays is swept by the next builder."""
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
