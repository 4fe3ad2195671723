"""Files are read in a process of their own, bounded in time and memory: a file may have been made to hurt.

The process (reading_child.py) is started once and reused. One that takes too long is killed, one that died is replaced;
either costs only the file it was reading. It hands back JSON and never a pickle, since to load a pickle is to run it:
whatever a file makes of that process, here it is text to be checked.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Event, Timer
from typing import IO, cast

from pydantic import TypeAdapter

from rag_support.errors import CorpusError, DocumentError
from rag_support.ingest.document_json import from_json
from rag_support.ingest.reading_answers import Kind, ReadingAnswer, read_answer
from rag_support.types import Document

_START_SECONDS = 60.0
_KEPT_VARIABLES = frozenset({"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP"})
_PROBLEM_AND_MEND = TypeAdapter(tuple[str, str])
_SMALLER = "Split it into smaller files, or export it again from its source."
_ANEW = "Save it again from the program it was made with, or take it out of the corpus folder."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Time is by the clock; memory is that of the whole process, about 100 MiB at rest."""

    seconds: float = 60.0
    memory_bytes: int = 1024 * 1024 * 1024


STANDARD_LIMITS = Limits()
"""An ordinary file takes milliseconds and a few MiB; the largest text that is read, made to hurt, comes near them."""


class ReadingProcess:
    """Reads one file after another; a context manager, as the process must end with its user."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "ReadingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, path: Path, doc_id: str) -> Document:
        """One file as a Document. Raises DocumentError when it cannot be read within the limits, and CorpusError when
        no process can be started.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        request = json.dumps({"path": str(path), "doc_id": doc_id}) + "\n"
        answer = self._ask(request.encode("ascii"), self._limits.seconds)
        if isinstance(answer, _NoAnswer):
            status = self._end()
            if answer is _NoAnswer.IN_TIME:
                raise DocumentError(doc_id, f"It was not read within {self._limits.seconds:g} seconds.", _SMALLER)
            raise DocumentError(doc_id, f"It ended the process that reads files ({_told(status)}).", _ANEW)
        if answer.kind is Kind.OUT_OF_MEMORY:
            self._end()
            mebibytes = self._limits.memory_bytes // 2**20
            raise DocumentError(doc_id, f"To read it takes more than {mebibytes:,} MiB of memory.", _SMALLER)
        try:
            if answer.kind is Kind.DOCUMENT:
                return from_json(answer.body, doc_id)
            problem, mend = _PROBLEM_AND_MEND.validate_json(answer.body)
        except ValueError:
            self._end()
            raise DocumentError(doc_id, "What was read of it makes no document.", _ANEW) from None
        raise DocumentError(doc_id, problem, mend)

    def _start(self) -> None:
        self._end()
        # It gets what it needs to import this package as we did, and no key that our environment may hold.
        kept = {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES}
        searched = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        limits = [str(self._limits.seconds), str(self._limits.memory_bytes)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "rag_support.ingest.reading_child", *limits],
            env=kept | searched,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )
        if self._ask(b"", _START_SECONDS) != ReadingAnswer(Kind.READY):
            status = self._end()
            raise CorpusError(
                f"The process that reads files did not start ({_told(status)}). "
                "Free some memory, or install rag-support anew, then build again."
            )

    def _ask(self, request: bytes, seconds: float) -> "ReadingAnswer | _NoAnswer":
        process = cast("subprocess.Popen[bytes]", self._process)
        requests, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        timed_out = Event()

        def give_up() -> None:
            timed_out.set()
            process.kill()  # which ends the pipe that is being read below

        timer = Timer(seconds, give_up)
        timer.start()
        try:
            requests.write(request)
            requests.flush()
            answer = read_answer(answers)
        except (OSError, ValueError):
            answer = None
        finally:
            timer.cancel()
            timer.join()
        if timed_out.is_set():
            return _NoAnswer.IN_TIME
        return _NoAnswer.AT_ALL if answer is None else answer

    def _end(self) -> int:
        """The exit status of the process, which is gone after this; 0 where there was none."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()  # no matter to one that has ended: it keeps the status it ended with
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        return process.wait()


class _NoAnswer(Enum):
    IN_TIME = "killed, as it took too long"
    AT_ALL = "it died, or what it wrote is no answer"


def _told(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
