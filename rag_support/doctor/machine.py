"""The machine and the way in: disk, memory, port, API keys."""

import http.client
import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from rag_support.config import Settings
from rag_support.doctor.findings import Finding
from rag_support.service.exposure import who_may_use
from rag_support.service.keys import read_keys

_MB = 1024 * 1024
_SMALLEST_DISK_MB = 200  # for a build beside what there is
_MEMORY_MB = 400  # for one worker with the shipped model, and a build
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEMINFO = Path("/proc/meminfo")
_PATIENCE_SECONDS = 3.0


def disk(index: Path) -> Iterator[Finding]:
    """A build needs as much again as the live index takes."""
    place = next(folder for folder in (index.absolute(), *index.absolute().parents) if folder.exists())
    free_mb = shutil.disk_usage(place).free // _MB
    used_mb = sum(file.stat().st_size for file in index.rglob("*") if file.is_file()) // _MB
    if free_mb < max(_SMALLEST_DISK_MB, used_mb):
        mend = (
            "Free some, or set RAG_SUPPORT_KEEP_SNAPSHOTS lower; a build that finds none leaves the live index alone."
        )
        yield Finding("disk", "warn", f"{free_mb:,} MB free at {place}, the index takes {used_mb:,} MB", mend)
    else:
        yield Finding("disk", "ok", f"{free_mb:,} MB free at {place}, the index takes {used_mb:,} MB")
    if not os.access(place, os.W_OK):
        yield Finding("disk", "warn", f"{place} cannot be written", "Run as its owner to build the index.")


def memory() -> Iterator[Finding]:
    available_mb = _available_mb()
    if available_mb is None:
        yield Finding("memory", "ok", "this system does not tell how much is available")
    elif available_mb < _MEMORY_MB:
        mend = f"One worker with the shipped model and a build beside it want about {_MEMORY_MB} MB."
        yield Finding("memory", "warn", f"{available_mb:,} MB available", mend)
    else:
        yield Finding("memory", "ok", f"{available_mb:,} MB available")


def _available_mb() -> int | None:
    """Of the machine, or what a container may have where that is less."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
        available_mb = int(lines["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError):
        return None
    try:
        return min(available_mb, int(_CGROUP.read_text(encoding="ascii")) // _MB)
    except (OSError, ValueError):  # "max" where there is no bound
        return available_mb


def port(host: str, number: int) -> Iterator[Finding]:
    where = f"{host}:{number}"
    if number == 0:
        yield Finding("port", "ok", f"{where}: the system chooses one")
    elif _is_ours(host, number):
        yield Finding("port", "ok", f"{where}: rag-support is serving there")
    else:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
            socket.create_server(address[:2], family=family).close()
        except OSError as error:
            mend = "Stop what listens there, or set RAG_SUPPORT_HOST and RAG_SUPPORT_PORT to what is free."
            yield Finding("port", "fail", f"{where}: {error.strerror or error}", mend)
        else:
            yield Finding("port", "ok", f"{where} is free")


def _is_ours(host: str, number: int) -> bool:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (not bound to, but reached)
    connection = http.client.HTTPConnection(everywhere.get(host, host), number, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/openapi.json")
        return bool(json.loads(connection.getresponse().read())["info"]["title"] == "rag-support")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def access(settings: Settings) -> Iterator[Finding]:
    yield Finding("access", "ok", who_may_use(settings))
    file = settings.keys_file
    if file and not read_keys(file):
        yield Finding("access", "warn", f"{file}: no keys, so nobody may ask", "Run `rag-support keys add NAME`.")
    if file and (mode := stat.S_IMODE(file.stat().st_mode)) & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("access", "warn", f"{file}: others may read it (mode {mode:o})", f"Run `chmod 600 {file}`.")
