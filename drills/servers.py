"""`rag-support serve` in processes of their own, on sockets that the drill holds.

A socket is handed over as systemd's socket activation does: it outlives the server, and a port that is in use by
something else cannot be hit.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_DEADLINE_SECONDS = 120.0
_HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
    "os.execv(sys.executable, [sys.executable, '-m', 'rag_support.cli', 'serve'])"
)


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def workers(self) -> list[int]:
        """The ids of the workers that were started, the newest last."""
        return [int(pid) for pid in re.findall(r"worker (\d+) started", self.log())]

    def serving(self) -> int:
        """How many processes have said that they serve."""
        return self.log().count("Application startup complete")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE_SECONDS)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A listening socket on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        yield listener


def start(listener: socket.socket, index: Path, log_file: Path, **settings: object) -> Server:
    """Start it, and wait until it serves."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_SUPPORT_")}
    chosen = {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in {"index": index, **settings}.items()}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _HAND_OVER, str(listener.fileno())],
            cwd=log_file.parent,  # so that nobody's .env is read
            env=clean | chosen,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(listener.fileno(),),
        )
    server = Server(process, log_file)
    wait_until(lambda: process.poll() is not None or server.serving() > 0, "the server")
    if process.poll() is not None:
        raise RuntimeError(f"the server did not start:\n{server.log()}")
    return server


@contextmanager
def serving(index: Path, folder: Path, **settings: object) -> Iterator[tuple[Server, int]]:
    """A server with its port; ended at the end."""
    with listening() as listener:
        server = start(listener, index, folder / "server.log", **settings)
        try:
            yield server, port_of(listener)
        finally:
            server.process.kill()
            server.process.wait()


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.01)
