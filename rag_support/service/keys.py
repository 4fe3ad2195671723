"""API keys: a JSON file of their hashes, written by `rag-support keys`, read again by a running server when it changes.

A key is 32 bytes from the system's random source behind a prefix that secret scanners can look for. It is shown once;
the file holds its SHA-256. A slow hash is for passwords, which people choose and others guess: 256 random bits cannot
be guessed, and a slow hash would be paid on every request.

What cannot be read lets nobody in: a missing, damaged or foreign-writable file raises KeysError.
"""

import fcntl
import hashlib
import hmac
import logging
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag_support.errors import KeysError

logger = logging.getLogger(__name__)

PREFIX = "rag_sk_"
_RANDOM_BYTES = 32
_OWNER_ONLY = 0o600

Scope = Literal["ask", "admin"]
"""What a key is for: asking questions, or looking after the service. Neither includes the other."""


class Key(BaseModel):
    """A key as the file keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[\w.@-]{1,64}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: str  # ISO 8601, UTC


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()


def read_keys(path: Path) -> tuple[Key, ...]:
    """Raises KeysError when the file is missing, damaged, or can be written by others than its owner."""
    return _read(path)[0]


def add_key(path: Path, name: str, scopes: Sequence[Scope]) -> str:
    """A new key; its text is returned and stands nowhere else. Raises KeysError for a name that is taken."""
    text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        key = Key(name=name, scopes=tuple(dict.fromkeys(scopes)), sha256=_hash(text.encode()), created=created)
    except ValidationError as error:
        raise KeysError(
            f"{name[:64]!r} cannot name a key: use 1 to 64 letters, digits, dots, hyphens, underscores and @."
        ) from error
    with _changing(path):
        keys = read_keys(path) if path.exists() else ()
        if any(known.name == name for known in keys):
            raise KeysError(f"{path}: there is a key named {name!r}. Revoke it first, or choose another name.")
        _write(path, (*keys, key))
    return text


def revoke_key(path: Path, name: str) -> None:
    """Raises KeysError when no key has this name."""
    with _changing(path):
        keys = read_keys(path)
        kept = tuple(key for key in keys if key.name != name)
        if len(kept) == len(keys):
            names = ", ".join(key.name for key in keys) or "none"
            raise KeysError(f"{path}: there is no key named {name[:64]!r}. Keys: {names}.")
        _write(path, kept)


class LiveKeys:
    """The keys of a running server: one stat a request, read again when the file is another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: tuple[Key, ...] = ()
        self._stamp: _Stamp | None = None
        self._failure = ""

    def find(self, presented: bytes) -> Key | None:
        """The key with this text. Raises KeysError while the file cannot be read: then nobody is let in."""
        keys = self.all()
        found = None
        digest = _hash(presented)
        for key in keys:  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def all(self) -> tuple[Key, ...]:
        """Raises KeysError."""
        try:
            if self._stamp is None or self._stamp != self._look():
                self._keys, self._stamp = _read(self._path)
                self._failure = ""
                logger.info("%s: %d API keys", self._path, len(self._keys))
        except KeysError as error:
            self._keys, self._stamp = (), None
            if str(error) != self._failure:  # once, not at every request
                logger.error("%s Until then nobody is let in.", error)
                self._failure = str(error)
            raise
        return self._keys

    def _look(self) -> "_Stamp":
        try:
            return _stamp(self._path.stat())
        except OSError as error:
            raise _unreadable(self._path, error) from error


_Stamp = tuple[int, int, int, int]


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _read(path: Path) -> tuple[tuple[Key, ...], _Stamp]:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())  # of what is read, not of what may have taken its place
            content = file.read()
    except OSError as error:
        raise _unreadable(path, error) from error
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeysError(f"{path}: others may write this file of API keys. Run `chmod 600 {path}`.")
    try:
        return _Keys.model_validate_json(content).keys, _stamp(found)
    except ValidationError as error:
        raise KeysError(
            f"{path}: this is not a whole file of API keys. Restore it, or remove it and make keys anew with "
            "`rag-support keys add`."
        ) from error


def _unreadable(path: Path, error: OSError) -> KeysError:
    if isinstance(error, FileNotFoundError):
        return KeysError(f"{path}: there is no such file of API keys. Make a key with `rag-support keys add NAME`.")
    return KeysError(
        f"{path}: the file of API keys cannot be read ({error.strerror or error}). Check its owner and mode."
    )


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """One change at a time: what two commands add at once is both kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KeysError(
            f"{error.filename or path}: the file of API keys cannot be written ({error.strerror or error}). Check the "
            "folder, its owner and the free disk space; the keys are as they were."
        ) from error


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_Keys(keys=keys).model_dump_json(indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
