"""The command as people run it: in a process of its own, the server on a free port, waited for and stopped."""

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

import httpx

CORPUS = Path(__file__).parents[1] / "corpus"
COMMAND = Path(sys.executable).with_name("rag-support")
DEADLINE_SECONDS = 60.0  # never waited for unless something is wrong


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_SUPPORT_")}
    return clean | {f"RAG_SUPPORT_{name.upper()}": str(value) for name, value in settings.items()}


def rag_support(folder: Path, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """`rag-support …` run to its end in a folder, with these settings and no others."""
    return subprocess.run(
        [str(COMMAND), *arguments],
        cwd=folder,  # so that nobody's .env is read
        env=environment(**settings),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
    )


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=DEADLINE_SECONDS, trust_env=False)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS)

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def running(
    folder: Path, index: Path, *options: str, ready: str = "/readyz", before: str = "", **settings: object
) -> Iterator[Server]:
    """`rag-support serve` with these options; `before` is code that the process runs first, to bring a limit within a
    test's reach.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = (
        [sys.executable, "-c", f"{before}\nfrom rag_support.cli import main\nmain()"] if before else [str(COMMAND)]
    )
    log_file = folder / "server.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*program, "serve", *options],
            cwd=folder,  # so that nobody's .env is read
            env=environment(**({"corpus": CORPUS, "index": index, "port": port} | settings)),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log_file)
    try:
        with server.client() as client:
            wait_until(lambda: process.poll() is not None or _answers(client, ready), f"the server's {ready}")
        assert process.poll() is None, server.log()
        yield server
    finally:
        process.kill()
        process.wait()


def _answers(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def is_problem(response: httpx.Response, status: int) -> dict[str, object]:
    """The body of an RFC 9457 problem that a person can act on and that tells nothing of the inside."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert re.fullmatch(r"\S.*[.]", body["detail"]), body
    assert set(body) <= {"type", "title", "status", "detail", "errors"}
    for inside in ("Traceback", 'File "', "rag_support/", "site-packages", "pydantic"):
        assert inside not in response.text
    return body
