"""The process that reads files for sandbox.py: a path in, a document out, one after another, with its hands tied.

Each line of its standard input is a JSON object with `path` and `doc_id`; reading_answers.py tells what it answers. It
can open no connection, start no program and write to no file, whatever a document asks for.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag_support.errors import DocumentError
from rag_support.ingest.document_json import to_json
from rag_support.ingest.readers import read_document
from rag_support.ingest.reading_answers import Kind, ReadingAnswer, write_answer

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile")


def main(seconds: float, memory_bytes: int) -> None:
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints must not get among the answers
        _bound(memory_bytes)
        sys.addaudithook(_refuse)
        write_answer(answers, ReadingAnswer(Kind.READY))
        for line in sys.stdin.buffer:
            _end_after(2 * seconds)  # nobody else ends this process when its parent was killed
            answer = _read(json.loads(line))
            write_answer(answers, answer)
            _end_after(0)
            if answer.kind is Kind.OUT_OF_MEMORY:
                return  # what memory is left is in pieces


def _read(request: dict[str, str]) -> ReadingAnswer:
    try:
        return ReadingAnswer(Kind.DOCUMENT, to_json(read_document(Path(request["path"]), request["doc_id"])))
    except DocumentError as error:
        return _left_out(error.problem, error.mend)
    except MemoryError:
        return ReadingAnswer(Kind.OUT_OF_MEMORY)
    except Exception as error:  # a fault of ours that one file brings out must not keep the others from being read
        mend = "Save it again from the program it was made with, and please report the fault with the file."
        return _left_out(f"Reading it failed ({type(error).__name__}).", mend)


def _left_out(problem: str, mend: str) -> ReadingAnswer:
    return ReadingAnswer(Kind.LEFT_OUT, json.dumps([problem, mend]).encode("ascii"))


def _bound(memory_bytes: int) -> None:
    """Limits that the system holds, where it does: Windows has none of these, macOS takes them and forgets them."""
    try:
        import resource
    except ImportError:
        return
    # RLIMIT_DATA counts what is used; RLIMIT_AS also what libraries only reserve, which is more on a larger machine.
    for limit, value in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event}: not while documents are read")


def _end_after(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
