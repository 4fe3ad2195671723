"""Several processes behind one socket: replaced, told to look, stopped together; a socket handed over."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from running import CORPUS, Server, rag_support, wait_until

from rag_support import snapshot
from rag_support.evaluation.dataset import load_needs

QUESTION = {"question": "How do I return an item?"}


def workers(server: Server) -> list[int]:
    """The ids of the workers at work, the newest last."""
    started = map(int, re.findall(r"worker (\d+) started", server.log()))
    return [pid for pid in started if is_running(pid)]


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def serving(server: Server) -> int:
    """How many workers have said that they serve."""
    return server.log().count("Application startup complete")


@pytest.fixture
def server(start, shipped_index) -> Server:
    server = start(shipped_index, workers=2)
    wait_until(lambda: serving(server) == 2, "two workers")
    return server


def test_killed_worker_is_replaced_and_sigterm_ends_all(server):
    first, second = workers(server)
    os.kill(first, signal.SIGKILL)
    with server.client() as client:  # on a new connection: what the killed one had accepted is lost with it
        assert client.post("/v1/answers", json=QUESTION).json()["citations"]
    wait_until(lambda: serving(server) == 3, "another worker")
    assert len(workers(server)) == 2
    assert second in workers(server)
    assert server.stop() == 0
    assert workers(server) == []
    assert "Traceback" not in server.log()


def test_workers_end_without_their_parent(server):
    assert len(workers(server)) == 2
    server.process.kill()
    wait_until(lambda: workers(server) == [], "the workers to notice")


def test_workers_that_cannot_start_end_the_service(shipped_index, tmp_path):
    ended = rag_support(tmp_path, "serve", corpus=CORPUS, index=shipped_index, port=0, workers=2, embedder="/nowhere")
    assert ended.returncode == 3
    assert "/nowhere: no such model folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sighup_reaches_every_worker(start, shipped_index, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    passages = index / snapshot.current_id(index) / snapshot.PASSAGES
    whole = passages.read_bytes()
    passages.write_bytes(b"")
    server = start(index, ready="/healthz", workers=2)
    wait_until(lambda: server.log().count(f"{passages}: ") == 2, "both workers to look")
    passages.write_bytes(whole)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.log().count("serving index") == 2, "both workers to look again")
    assert len(workers(server)) == 2


def test_answers_are_the_same_bytes_over_workers_and_restarts(start, server, shipped_index, monkeypatch):
    """Ids and timings aside; processes differ in how they order sets of strings."""
    needs = load_needs(Path(__file__).parents[2] / "eval" / "questions" / "dev.jsonl")
    questions = [text for need in needs[::30] for text in need.questions.values()]

    def answers(server: Server) -> list[bytes]:
        return [told(server, question) for question in questions]

    def told(server: Server, question: str) -> bytes:
        with server.client() as client:  # a connection for each: any worker may take it
            body = client.post("/v1/answers", json={"question": question}).raise_for_status().content
        return re.sub(rb'"id":"\w+"|"timings_ms":\{.*?\}', b"", body)

    first = answers(server)
    assert answers(server) == first
    server.stop()
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert answers(start(shipped_index)) == first
