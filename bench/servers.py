"""Servers as processes: started on a free port, timed to their first answer, weighed, stopped."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

import click
import psutil

_START_SECONDS = 300.0
_STOP_SECONDS = 30.0
_FIRST_QUESTION = "電話"


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: psutil.Popen
    first_answer_s: float  # from the start of the process to the end of its first answer
    first_answer: bytes

    def memory_mb(self) -> dict[str, float]:
        """Of the process and its children: `rss` with pages that they share counted once, and `private`, which does
        not count those of mapped files either.
        """
        tree = [self.process, *self.process.children(recursive=True)]
        sizes = [process.memory_full_info() for process in tree]
        shared_once = sum(size.pss for size in sizes) if len(sizes) > 1 else sizes[0].rss
        return {"rss": round(shared_once / 1e6, 1), "private": round(sum(map(_anonymous, tree)) / 1e6, 1)}


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]
    variables: Mapping[str, str]


def ours(index: Path, workers: int) -> Program:
    """`rag-support serve` over an index."""
    program = [sys.executable, "-c", "from rag_support.cli import main; main()", "serve"]
    settings = {"INDEX": str(index), "LOG_LEVEL": "warning"} | ({"WORKERS": str(workers)} if workers > 1 else {})
    return Program("rag-support", program, {f"RAG_SUPPORT_{name}": value for name, value in settings.items()})


def floor(reply: Path, workers: int) -> Program:
    return uvicorn("bare FastAPI", "bench.floor:create_app", {"BENCH_REPLY": str(reply)}, workers)


def peer(name: str, texts: Path) -> Program:
    return uvicorn(name, f"bench.peers:{name}_app", {"BENCH_TEXTS": str(texts)}, 1)


def uvicorn(name: str, app: str, variables: Mapping[str, str], workers: int) -> Program:
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", app, "--loop", "uvloop", "--http", "httptools", "--ws", "none"),
        *("--no-access-log", "--log-level", "warning", "--no-server-header", "--workers", str(workers)),
    ]
    return Program(name, command, variables)


@contextmanager
def running(program: Program, port: int | None = None) -> Iterator[Server]:
    """The server from its first answer to its end, on a port that is free. Raises ClickException with its log when it
    does not answer.
    """
    port = port or _free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_SUPPORT_")}
    repository = Path(__file__).parents[1]
    paths = os.pathsep.join(filter(None, (str(repository), os.environ.get("PYTHONPATH"))))
    environment = clean | dict(program.variables) | {"PYTHONPATH": paths, "RAG_SUPPORT_PORT": str(port)}
    own = ["--port", str(port)] if "uvicorn" in program.command else []
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:  # so that nobody's .env is read
        started = perf_counter()
        process = psutil.Popen([*program.command, *own], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            reply = _first_answer(process, port)
            if reply is None:
                log.seek(0)
                raise click.ClickException(f"{program.name} did not answer:\n{log.read().decode(errors='replace')}")
            yield Server(program.name, port, process, perf_counter() - started, reply)
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _anonymous(process: psutil.Process) -> int:
    """Bytes of a process that no file stands behind."""
    return int(sum(mapping.anonymous for mapping in process.memory_maps()))


def _stop(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):  # it may have ended by itself
        children = process.children(recursive=True)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
        for child in children:
            if child.is_running():
                child.kill()


def _first_answer(process: psutil.Popen, port: int) -> bytes | None:
    deadline = monotonic() + _START_SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            return ask(port, _FIRST_QUESTION)
        except OSError:
            sleep(0.005)
    return None


def ask(port: int, question: str) -> bytes:
    """One question over a connection of its own; the body of the reply. Raises OSError for anything but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = json.dumps({"question": question})
        connection.request("POST", "/v1/answers", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        content = reply.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    if reply.status != 200:
        raise ConnectionError(f"{reply.status}: {content[:200]!r}")
    return content


def measured_load(port: int, questions: Sequence[str], connections: int, requests: int) -> Any:
    """What a process of its own saw that sent these requests: {"seconds", "times_ms", "failed"}."""
    asked = {"port": port, "questions": questions, "connections": connections, "requests": requests}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    if done.returncode:
        raise click.ClickException(f"the load on port {port} failed:\n{done.stderr}")
    return json.loads(done.stdout)
