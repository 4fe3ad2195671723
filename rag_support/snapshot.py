"""One built index on disk: the names of its files, its manifest, and the checks before anything is read from it.

    index/CURRENT              the id of the live snapshot, replaced by rename
    index/<id>/manifest.json   what was built from what, with the SHA-256 of every other file
    index/<id>/…               never changed after publishing

Files are checked against the manifest before any parser reads them. How a snapshot becomes the live one stands in
publishing.py. An id begins with the time of the build, so ids sort by age.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rag_support.answering.answerability import AnswerabilityParameters
from rag_support.errors import DamagedSnapshot, NoSnapshot, OutdatedSnapshot

FORMAT_VERSION = 6
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
PASSAGES = "passages.sqlite"
DENSE = "dense.faiss"
DENSE_ROWS = "dense-rows.npy"
DENSE_KEYS = "dense-keys.npy"
CHUNK_KEYS = "chunk-keys.npy"
LEXICAL = "lexical"
TOKENS = "tokens"
GLOSSARY = "glossary.json"
HAN_USAGE = "han-usage"
READINGS = "readings.json"
WRITTEN_WORDS = "written-words"
DISAGREEMENTS = "disagreements.json"
POINTS = "points"
_SEAL = re.compile(rb'"seal": "(\w*)"\s*}\s*$')
_NOT_AS_WRITTEN = "the manifest is not as it was written."


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    doc_id: str
    sha256: str
    chunks: int
    planted: tuple[str, ...]  # what in it seems to be meant for machines, for the editors to read


class MadeBy(_Frozen):
    """SHA-256 over what, besides the documents, decides what comes of them."""

    code: str  # this package and the libraries that read and analyse
    translations: str  # the catalogues and the glossary


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
    made_by: MadeBy
    embedder: str  # Embedder.model_id
    dimensions: int
    counts: Counts
    sources: tuple[Source, ...]
    left_out: tuple[SourceLeftOut, ...]
    answerability: AnswerabilityParameters  # when to refuse, as it was when the index was built
    files: dict[str, StoredFile]
    seal: str = ""  # SHA-256 of this manifest's JSON with an empty seal; set when it is published

    @property
    def planted(self) -> list[str]:
        return [found for source in self.sources for found in source.planted]

    def sealed(self) -> "Manifest":
        unsealed = self.model_copy(update={"seal": ""})
        return self.model_copy(update={"seal": hashlib.sha256(unsealed.to_json()).hexdigest()})

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1).encode()


def file_list(folder: Path) -> dict[str, StoredFile]:
    """Every file below a snapshot folder but the manifest, by its relative name, with checksum and size."""
    return {
        path.relative_to(folder).as_posix(): StoredFile(sha256=_sha256(path), size=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def snapshot_ids(index: Path) -> list[str]:
    """Newest first."""
    found = (path.parent.name for path in index.glob(f"*/{MANIFEST}"))
    return sorted((name for name in found if not name.startswith(".")), reverse=True)


def ids_before(index: Path, live: str) -> list[str]:
    """The snapshots to go back to, newest first: those before the live one, or all when there is no such folder."""
    there = snapshot_ids(index)
    known = any(path.name == live for path in index.glob("[!.]*"))  # it may have lost its manifest
    return [snapshot_id for snapshot_id in there if snapshot_id < live] if known else there


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
    """Raises DamagedSnapshot, or OutdatedSnapshot for a sound manifest of another version."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        found = _AnyManifest.model_validate_json(content).format_version
        if found != FORMAT_VERSION:
            if _seal_is_broken(content):
                raise DamagedSnapshot(path, _NOT_AS_WRITTEN)
            raise OutdatedSnapshot(path, f"it has format {found}; this version reads {FORMAT_VERSION}.")
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValidationError) as error:
        raise DamagedSnapshot(path, "the manifest is missing or not readable.") from error
    if content != manifest.sealed().to_json():
        raise DamagedSnapshot(path, _NOT_AS_WRITTEN)
    if manifest.snapshot_id != folder.name:
        raise DamagedSnapshot(path, f"it is the manifest of another snapshot, {manifest.snapshot_id}.")
    return manifest


def _seal_is_broken(content: bytes) -> bool:
    """For manifests of any version: one flipped bit can make the version another one."""
    seal = _SEAL.search(content)
    if seal is None:
        return False
    unsealed = content[: seal.start(1)] + content[seal.end(1) :]
    return hashlib.sha256(unsealed).hexdigest() != seal[1].decode()


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


@contextmanager
def parsing(folder: Path) -> Iterator[None]:
    """For what parsers raise over files that are as the manifest says: raises DamagedSnapshot in its place."""
    try:
        yield
    except (OSError, ValueError, LookupError, RuntimeError, sqlite3.Error) as error:  # faiss raises RuntimeError
        raise DamagedSnapshot(folder, f"a file of the index does not open ({error}).") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
