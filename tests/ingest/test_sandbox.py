"""The process that reads files: what it hands back, how it is replaced, what it cannot do."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from processes import children_of
from running import wait_until

from rag_support.errors import CorpusError, DocumentError
from rag_support.ingest.document_json import from_json, to_json
from rag_support.ingest.readers import read_corpus, read_document
from rag_support.ingest.reading_answers import Kind, ReadingAnswer, read_answer
from rag_support.ingest.sandbox import STANDARD_LIMITS, ReadingProcess
from rag_support.types import Block, Document, Segment

CORPUS = Path(__file__).parents[2] / "corpus"
DOCUMENT = Document(
    doc_id="a.md",
    title="返品",
    language="ja",
    text="返品\n\n30日です。",
    blocks=(
        Block("heading", 0, 2, (Segment(0, 2),), ("返品",), level=1),
        Block("row", 4, 10, (Segment(4, 7), Segment(7, 10)), ("返品",), number=3, group=2, header=(Segment(0, 2),)),
        Block("code", 4, 10, (Segment(4, 10),), ()),
    ),
    source_sha256="0" * 64,
)


class TestDocumentAsJson:
    def test_it_comes_back_as_it_was(self):
        assert from_json(to_json(DOCUMENT), DOCUMENT.doc_id) == DOCUMENT

    def test_the_reader_says_what_it_is_called(self):
        assert from_json(to_json(DOCUMENT), "b.md") == replace(DOCUMENT, doc_id="b.md")

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            (("text",), "短い"),
            (("text",), 5),
            (("more",), ""),
            (("sections", 0, 1, 0, 0), "script"),
            (("sections", 0, 1, 0, 1), -1),
            (("sections", 0, 1, 0, 2), 11),
            (("sections", 0, 1, 0, 1), 3),  # past the end
            (("sections", 0, 1, 0, 1), "0"),
            (("sections", 0, 1, 1, 3), [4, 99]),
            (("sections", 0, 1, 1, 7), [9, 4]),
            (("sections", 0, 0), "返品"),
        ],
    )
    def test_what_makes_no_document_is_refused(self, place, value):
        written = json.loads(to_json(DOCUMENT))
        part = written
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = value
        with pytest.raises(ValueError, match=r"."):
            from_json(json.dumps(written).encode(), "a.md")


def test_documents_are_those_that_are_read_directly():
    reading = read_corpus(CORPUS)
    assert len(reading.documents) == 24
    assert list(reading.documents) == [
        read_document(CORPUS / document.doc_id, document.doc_id) for document in reading.documents
    ]


def corpus_of(folder: Path, count: int) -> Path:
    for number in range(count):
        (folder / f"{number}.md").write_text(f"{number}日です。", encoding="utf-8")
    return folder


def test_one_process_reads_all_files_and_ends_with_them(tmp_path):
    corpus_of(tmp_path, 4)
    seen = []
    read_corpus(tmp_path, on_file=lambda _: seen.append(children_of(os.getpid())))
    assert [] not in seen[1:]
    assert seen[1] == seen[2] == seen[3]
    assert children_of(os.getpid()) == seen[0]


def test_a_process_that_died_is_replaced(tmp_path):
    others = children_of(os.getpid())

    def kill_reader(_: str) -> None:
        for child in set(children_of(os.getpid())) - set(others):
            os.kill(child, signal.SIGKILL)
            wait_until(lambda child=child: child not in children_of(os.getpid()), "its end")

    reading = read_corpus(corpus_of(tmp_path, 3), on_file=kill_reader)
    assert len(reading.documents) == 3


def test_a_process_that_cannot_start_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CorpusError, match=r"did not start \(exit status 1\)"):
        read_corpus(corpus_of(tmp_path, 1))


def test_it_inherits_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("RAG_SUPPORT_API_KEY", "geheim")
    others = children_of(os.getpid())
    with ReadingProcess(STANDARD_LIMITS) as process:
        process.read(corpus_of(tmp_path, 1) / "0.md", "0.md")
        (reader,) = set(children_of(os.getpid())) - set(others)
        assert b"geheim" not in Path(f"/proc/{reader}/environ").read_bytes()


def test_a_missing_file_is_a_document_error(tmp_path):
    with ReadingProcess(STANDARD_LIMITS) as process, pytest.raises(DocumentError, match="cannot be opened"):
        process.read(tmp_path / "none.md", "none.md")


# What a document might bring the process to do: the reader of documents is replaced by it.
DEEDS = {
    "connect": "socket.create_connection(('127.0.0.1', {port}))",
    "look up a name": "socket.getaddrinfo('a.example', 80)",
    "start a program": "subprocess.run(['true'])",
    "start a shell": "os.system('true')",
    "fork": "os.fork()",
    "become another program": "os.execv('/bin/true', ['true'])",
    "write a file": "os.write(os.open('written', os.O_CREAT | os.O_WRONLY), b'x')",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_it_cannot(tmp_path, deed):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = f"""
import os, socket, subprocess
from rag_support.ingest import reading_child
def read_document(path, doc_id):
    {DEEDS[deed].format(port=listening.getsockname()[1])}
    raise SystemExit("done")
reading_child.read_document = read_document
reading_child.main(30, 2**30)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            assert read_answer(process.stdout) == ReadingAnswer(Kind.READY)
            process.stdin.write(b'{"path": "a.md", "doc_id": "a.md"}\n')
            process.stdin.flush()
            answer = read_answer(process.stdout)
            process.kill()
        assert answer is not None, "it was done"
        assert answer.kind is Kind.LEFT_OUT
        assert b"PermissionError" in answer.body or b"OSError" in answer.body
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_reader_whose_parent_was_killed_ends_by_itself():
    """In the middle of a file that takes for ever."""
    program = """
import sys, time
from rag_support.ingest import reading_child
def read_document(path, doc_id):
    time.sleep(3600)
reading_child.read_document = read_document
reading_child.main(0.1, 2**30)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        process.stdin.write(b'{"path": "a.md", "doc_id": "a.md"}\n')
        process.stdin.flush()
        assert process.wait(60) == -signal.SIGALRM


def test_it_reads_where_the_system_has_no_such_limits():
    """As on Windows."""
    program = """
import signal, sys
sys.modules["resource"] = None
del signal.setitimer
from rag_support.ingest import reading_child
reading_child.main(30, 2**30)
"""
    request = json.dumps({"path": str(CORPUS / "faq" / "chat.md"), "doc_id": "faq/chat.md"}) + "\n"
    process = subprocess.run(
        [sys.executable, "-c", program], input=request.encode(), capture_output=True, check=True, timeout=60
    )
    answers = io.BytesIO(process.stdout)
    assert read_answer(answers) == ReadingAnswer(Kind.READY)
    answer = read_answer(answers)
    assert answer is not None
    assert from_json(answer.body, "faq/chat.md") == read_document(CORPUS / "faq" / "chat.md", "faq/chat.md")
