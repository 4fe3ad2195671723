"""A child whose file calls below a folder are counted, and any of which can fail or be its last.

The kernel itself asks this process about each call before it is done (seccomp user notification, Linux 5.5), so those
of C libraries are seen as well as Python's: what FAISS, NumPy and SQLite make of a failing disk is part of the drill.
No privileges and no other program are needed.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from drills import processes
from drills.processes import Ended

KILL = -signal.SIGKILL
"""A verdict: the process is killed before the call is done."""

_AT_FDCWD = -100
_MACHINES = {  # AUDIT_ARCH of the machine, and its numbers of the calls
    "x86_64": (
        0xC000003E,
        {
            1: "write", 18: "pwrite64", 20: "writev", 296: "pwritev", 74: "fsync", 75: "fdatasync", 77: "ftruncate",
            2: "open", 257: "openat", 82: "rename", 264: "renameat", 316: "renameat2", 83: "mkdir", 258: "mkdirat",
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            64: "write", 68: "pwrite64", 66: "writev", 70: "pwritev", 82: "fsync", 83: "fdatasync", 46: "ftruncate",
            56: "openat", 38: "renameat", 276: "renameat2", 34: "mkdirat",
        },
    ),
}  # fmt: skip
_BY_DESCRIPTOR = {"write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate"}
_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _ANSWER = 0xC0502100, 0xC0182101  # ioctls
_NOTIFICATION = struct.Struct("QIIiIQ6Q")  # id, pid, flags, call number, architecture, instruction, arguments
_RESPONSE = struct.Struct("Qqii")  # id, value, error, flags
_CONTINUE = 1
_PATH_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Call:
    name: str  # as "write"
    path: Path


Verdict = Callable[[int, Call], int]
"""(number of the call from 1, call) → 0 to let it be done, an errno for it to fail with, or KILL."""


@dataclass(frozen=True, slots=True)
class Watched:
    ended: Ended
    calls: tuple[Call, ...]  # below the folder, in order


def supported() -> bool:
    return platform.system() == "Linux" and platform.machine() in _MACHINES


def watch(work: Callable[[], object], below: Path, verdict: Verdict = lambda *_: 0) -> Watched:
    """Do the work in a child and decide on each of its calls on files below a folder."""
    ours, theirs = socket.socketpair()
    with ours, theirs, TemporaryFile() as said:

        def watched_work() -> None:
            socket.send_fds(theirs, [b"."], [_listener()])
            work()

        child = processes.start(watched_work, said)
        theirs.close()
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        calls = _decide(descriptors[0], below, verdict) if descriptors else []
        status = processes.ended(child)
        said.seek(0)
        return Watched(Ended(status, said.read().decode(errors="replace")), tuple(calls))


def _listener() -> int:
    """In the child: from here on the kernel asks whoever holds this descriptor. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    machine = platform.machine()
    _, numbers = _MACHINES[machine]
    steps = [struct.pack("HBBI", _LOAD, 0, 0, 0)]  # the call's number
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        steps.append(struct.pack("HBBI", _JUMP_IF_EQUAL, left, 0, number))
    steps += [struct.pack("HBBI", _RETURN, 0, 0, _ALLOW), struct.pack("HBBI", _RETURN, 0, 0, _ASK)]
    program = ctypes.create_string_buffer(b"".join(steps))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    listener: int = libc.syscall(_SECCOMP_CALL[machine], _SECCOMP_SET_MODE_FILTER, _NEW_LISTENER, filter_)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "this kernel or container does not offer seccomp notifications")
    return listener


def _decide(listener: int, below: Path, verdict: Verdict) -> list[Call]:
    """Answer the kernel until the child is gone."""
    calls: list[Call] = []
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    try:
        while True:
            if poll.poll()[0][1] & select.POLLHUP:
                return calls
            asked = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(listener, _RECEIVE, asked)
                identity, process, _, number, _, _, *arguments = _NOTIFICATION.unpack(asked)
                call = _call(process, number, arguments)
                decided = 0
                if call.path.is_relative_to(below):
                    calls.append(call)
                    decided = verdict(len(calls), call)
                if decided == KILL:
                    os.kill(process, signal.SIGKILL)
                else:
                    answer = (identity, 0, -decided, 0) if decided else (identity, 0, 0, _CONTINUE)
                    fcntl.ioctl(listener, _ANSWER, bytearray(_RESPONSE.pack(*answer)))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EINTR, errno.ESRCH):  # the child is gone meanwhile
                    raise
    finally:
        os.close(listener)


def _call(process: int, number: int, arguments: list[int]) -> Call:
    name = _MACHINES[platform.machine()][1][number]
    proc = Path(f"/proc/{process}")
    if name in _BY_DESCRIPTOR:
        return Call(name, Path(os.readlink(proc / "fd" / str(arguments[0]))))
    folder = proc / "cwd"
    if name.endswith(("at", "at2")):
        descriptor = ctypes.c_int(arguments.pop(0)).value
        folder = folder if descriptor == _AT_FDCWD else proc / "fd" / str(descriptor)
    with (proc / "mem").open("rb", buffering=0) as memory:
        memory.seek(arguments[0])
        path = os.fsdecode(memory.read(_PATH_BYTES).partition(b"\0")[0])
    return Call(name, Path(path) if path.startswith("/") else Path(os.readlink(folder)) / path)
