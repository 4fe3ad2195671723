"""`rag-support serve`: one process that serves, or several behind one socket with a parent that looks after them.

The parent imports nothing heavy and serves nothing: it starts the workers, replaces one that dies, passes SIGHUP on,
and at SIGTERM or SIGINT lets all of them finish what they have begun. It keeps its signals blocked and waits for them,
so that none comes at a bad moment, and the workers inherit that until they can handle them.
"""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess

from rag_support.config import Settings
from rag_support.errors import RagSupportError
from rag_support.service.exposure import who_may_use
from rag_support.service.listening import announce, listening_sockets
from rag_support.service.worker_metrics import forget_worker, shared_metrics

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_AWAITED = (*_STOPPING, signal.SIGHUP, signal.SIGCHLD)
_CANNOT_START = 3  # uvicorn's exit status for it: another worker would fail the same way
_SECONDS_BETWEEN_STARTS = 1.0  # of workers that die at once

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first.

    Raises ListenError, EmbedderError, BackendError, KeysError, and AccessError where the service would be open to other
    machines.
    """
    exposure = who_may_use(settings)
    sockets = listening_sockets(settings.host, settings.port)
    if settings.workers == 1:
        _serve_here(settings, sockets)
        return
    announce(sockets)
    logger.info(exposure)
    with shared_metrics():
        status = _supervise(lambda: _work(settings, sockets), settings.workers)
    sys.exit(status)


def _serve_here(settings: Settings, sockets: Sequence[socket.socket], parent: int | None = None) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: threads of a busy machine wait
    from rag_support.service.server import serve_on

    serve_on(settings, sockets, parent)


def _work(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    try:
        _serve_here(settings, sockets, parent=os.getppid())
    except RagSupportError as error:
        logger.error("%s", error)
        sys.exit(_CANNOT_START)


def _supervise(work: Callable[[], None], count: int) -> int:
    """Keep `count` processes at work until told to stop; the exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    workers = [_Worker(work) for _ in range(count)]
    status = 0
    while (received := signal.sigwait(_AWAITED)) not in _STOPPING:
        if received == signal.SIGHUP:
            for worker in workers:
                worker.send(signal.SIGHUP)
            continue
        dead = [worker for worker in workers if worker.exit_status is not None]
        if any(worker.exit_status == _CANNOT_START for worker in dead):
            status = _CANNOT_START
            break
        for worker in dead:
            worker.start_again()
    for worker in workers:
        worker.send(signal.SIGTERM)
    for worker in workers:
        worker.wait()
    return status


class _Worker:
    """One place among the workers, and the process that fills it."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._started, self._process = self._start()

    def _start(self) -> tuple[float, BaseProcess]:
        # forked: the parent is small and has one thread
        process = multiprocessing.get_context("fork").Process(target=self._work)
        process.start()
        logger.info("worker %d started", process.pid)
        return time.monotonic(), process

    def start_again(self) -> None:
        logger.error("worker %d ended with status %s; another takes its place", self._process.pid, self.exit_status)
        forget_worker(self._process.pid or 0)
        if time.monotonic() - self._started < _SECONDS_BETWEEN_STARTS:
            time.sleep(_SECONDS_BETWEEN_STARTS)
        self._started, self._process = self._start()

    @property
    def exit_status(self) -> int | None:
        return self._process.exitcode

    def send(self, number: signal.Signals) -> None:
        if self.exit_status is None:
            os.kill(self._process.pid or 0, number)

    def wait(self) -> None:
        self._process.join()
