"""A PostgreSQL server of our own in a temporary folder, reached through a socket in it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from running import DEADLINE_SECONDS, wait_until

_SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=50", "shared_buffers=16MB")


def programs() -> Path | None:
    """The folder of the newest PostgreSQL installed; Debian does not put it on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


class Postgresql:
    """Started by `start`, ended by `stop`, and started again with what it holds."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="rag-support-pg-"))
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C", "data")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        self._process = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", "data", "-k", str(self._folder), *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )
        wait_until(self._answers, "PostgreSQL to start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # connections are cut
            self._process.wait(DEADLINE_SECONDS)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def empty_database(self) -> str:
        """The URL of a database without tables. It is always the same one: making one takes longer than a test."""
        with self._connect() as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return f"postgresql+psycopg://tests@/postgres?host={self._folder}"

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self._folder), user="tests", dbname="postgres", autocommit=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "PostgreSQL ended at once"
        with suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._programs / program), *arguments], check=True, capture_output=True, **self._as)
