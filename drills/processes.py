"""Work done in a child of this process, which has all libraries loaded: a fork takes milliseconds, a start seconds."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from rag_support.errors import RagSupportError

REFUSED = 1  # exit status for an error raised on purpose, as that of `rag-support`
_FAULT = 70  # for any other


@dataclass(frozen=True, slots=True)
class Ended:
    status: int  # minus the signal that killed it
    said: str  # on stderr


def start(work: Callable[[], object], said: IO[bytes] | None = None) -> int:
    """The child's process id. What it says on stderr goes to `said`."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = _FAULT
    try:
        if said:
            os.dup2(said.fileno(), 2)
        work()
        status = 0
    except RagSupportError as error:
        os.write(2, f"Error: {error}\n".encode())
        status = REFUSED
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """The child's exit status, or minus the signal that killed it, once it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(work: Callable[[], object]) -> Ended:
    with TemporaryFile() as said:
        status = ended(start(work, said))
        said.seek(0)
        return Ended(status, said.read().decode(errors="replace"))


def kill_after(child: int, seconds: float) -> int:
    """SIGKILL to a child that may have ended before; as ended()."""
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return ended(child)
