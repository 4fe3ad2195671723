"""Starting and stopping: without an index, with a damaged one, on a signal; and what is left unloaded."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import COMMAND, CORPUS, environment, is_problem, rag_support, wait_until
from small_parts import copy_snapshot, write_corpus

from rag_support import snapshot

QUESTION = {"question": "How do I return an item?"}
NEWER = "20990101T000000000000-aaaaaaaa"


@pytest.fixture
def corpus(tmp_path):
    """A small one, built in no time."""
    return write_corpus(tmp_path / "corpus")


def test_server_without_an_index_waits_for_one(start, corpus, tmp_path):
    index = tmp_path / "index"
    server = start(index, ready="/healthz")
    with server.client() as client:
        for response in (client.post("/v1/answers", json=QUESTION), client.get("/v1/index"), client.get("/readyz")):
            assert "`make index`" in is_problem(response, 503)["detail"]
            assert int(response.headers["retry-after"]) >= 1
        assert client.get("/").status_code == 200
        assert str(index) in server.log()

        assert rag_support(tmp_path, "index", corpus=corpus, index=index).returncode == 0
        wait_until(lambda: client.get("/readyz").status_code == 200, "the index to be found")
        answer = client.post("/v1/answers", json=QUESTION).raise_for_status().json()
        assert answer["index"] == snapshot.current_id(index)


def test_damaged_index_is_refused_with_its_file_named_until_it_is_whole(start, shipped_index, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    folder = index / snapshot.current_id(index)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 5

    def flip_a_bit(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0x80  # in the manifest, which is text, it leaves no UTF-8
        file.write_bytes(content)

    def ask_to_look_again() -> None:
        server.process.send_signal(signal.SIGHUP)

    flip_a_bit(files[0])
    server = start(index, ready="/healthz")
    with server.client() as client:
        for damaged, next_one in zip(files, [*files[1:], None], strict=True):
            wait_until(lambda file=damaged: f"{file}: " in server.log(), f"{damaged} to be named")
            assert "`make index`" in is_problem(client.post("/v1/answers", json=QUESTION), 503)["detail"]
            flip_a_bit(damaged)
            if next_one:
                flip_a_bit(next_one)
                ask_to_look_again()
        files[-1].rename(tmp_path / "away")
        ask_to_look_again()
        wait_until(lambda: f"{files[-1]}: a file of the index is missing" in server.log(), "it to be missed")
        is_problem(client.get("/readyz"), 503)
        (tmp_path / "away").rename(files[-1])
        ask_to_look_again()
        wait_until(lambda: client.get("/readyz").status_code == 200, "the whole index to be served")
        assert client.post("/v1/answers", json=QUESTION).json()["citations"]


def test_new_index_is_taken_up_without_an_answer_lost(start, shipped_index, corpus, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    server = start(index)
    build = subprocess.Popen([str(COMMAND), "index"], cwd=tmp_path, env=environment(corpus=corpus, index=index))
    with build, server.client() as client:

        def live() -> str:
            return client.post("/v1/answers", json=QUESTION).raise_for_status().json()["index"]

        before = snapshot.current_id(shipped_index)
        assert live() == before
        wait_until(lambda: live() != before, "the new index")
        assert live() == snapshot.current_id(index)


def test_new_index_that_is_damaged_leaves_the_old_one_live(start, shipped_index, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    old = snapshot.current_id(index)
    server = start(index)
    (copy_snapshot(index, old, NEWER) / snapshot.PASSAGES).write_bytes(b"")
    (index / snapshot.CURRENT).write_text(NEWER, encoding="ascii")
    wait_until(lambda: f"{NEWER}/{snapshot.PASSAGES}: " in server.log(), "the damage to be noticed")
    with server.client() as client:
        for _ in range(3):
            assert client.post("/v1/answers", json=QUESTION).raise_for_status().json()["index"] == old
    assert server.log().count(f"{NEWER}/{snapshot.PASSAGES}: ") == 1


def test_start_with_a_damaged_index_serves_the_one_before(start, shipped_index, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    old = snapshot.current_id(index)
    (copy_snapshot(index, old, NEWER) / snapshot.PASSAGES).write_bytes(b"")
    (index / snapshot.CURRENT).write_text(NEWER, encoding="ascii")
    server = start(index)
    with server.client() as client:
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/index").json()["index"] == old
        assert client.post("/v1/answers", json=QUESTION).raise_for_status().json()["index"] == old
    (line,) = [line for line in server.log().splitlines() if f"{NEWER}/{snapshot.PASSAGES}: " in line]
    assert f"Index {old} is served in its place." in line


def test_rollback_is_taken_up_while_it_runs(start, shipped_index, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(shipped_index, index)
    old = snapshot.current_id(index)
    copy_snapshot(index, old, NEWER)
    (index / snapshot.CURRENT).write_text(NEWER, encoding="ascii")
    server = start(index)
    with server.client() as client:
        assert client.get("/v1/index").json()["index"] == NEWER
        assert rag_support(tmp_path, "index", "rollback", index=index).returncode == 0
        wait_until(lambda: client.get("/v1/index").json()["index"] == old, "the rollback to be taken up")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_when_the_request_under_way_is_answered(start, shipped_index, number):
    server = start(shipped_index)
    body = json.dumps(QUESTION).encode()
    with server.connect() as connection, server.client() as client:
        connection.sendall(
            b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")  # the request is being handled
        client.get("/healthz")  # and another connection is kept open
        server.process.send_signal(number)
        wait_until(lambda: "Shutting down" in server.log(), "the signal to be noticed")
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(60) == 0
    assert "Traceback" not in server.log()


def test_port_in_use_is_told(server, shipped_index, tmp_path):
    ended = rag_support(tmp_path, "serve", corpus=CORPUS, index=shipped_index, port=server.port)
    assert ended.returncode not in (0, None)
    assert f"cannot listen on 127.0.0.1:{server.port}: Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_can_build_a_missing_index_first(tmp_path, corpus, start):
    server = start(tmp_path / "index", "--build-if-missing", corpus=corpus)
    assert "reading notes.txt" in server.log()


def test_serve_builds_anew_where_the_index_is_of_another_version(tmp_path, corpus, start):
    old = tmp_path / "index" / "20200101T000000000000-00000000"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text('{"format_version": 1}', encoding="utf-8")
    (tmp_path / "index" / "CURRENT").write_text(old.name + "\n", encoding="ascii")
    server = start(tmp_path / "index", "--build-if-missing", corpus=corpus)
    assert "reading notes.txt" in server.log()
    assert (tmp_path / "index" / "CURRENT").read_text(encoding="ascii").strip() != old.name


class TestSlimProcess:
    """Serving with the shipped model loads no deep-learning library."""

    HEAVY = (
        "torch",
        "transformers",
        "sentence_transformers",
        "tensorflow",
        "onnxruntime",
        "sklearn",
        "pandas",
        "scipy",
    )

    def test_serving_imports_none(self, shipped_index, tmp_path):
        script = """
import asyncio, sys
import httpx
from rag_support.config import Settings
from rag_support.service.app import create_app

async def ask():
    app = create_app(Settings())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for question in ("返品方法は？", "How do I return it?", "如何退貨？", "Wie geht die Rückgabe?"):
                (await client.post("/v1/answers", json={"question": question})).raise_for_status()

asyncio.run(ask())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
        ended = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=environment(corpus=CORPUS, index=shipped_index),
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(ended.stdout.split())
        assert "rag_support" in loaded
        assert loaded.isdisjoint(self.HEAVY)

    @pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
    def test_server_has_none_mapped(self, server, client):
        client.post("/v1/answers", json=QUESTION).raise_for_status()
        mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert "faiss" in mapped
        assert "libtorch" not in mapped
