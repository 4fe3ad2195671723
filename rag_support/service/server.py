"""uvicorn set up for this service: uvloop and httptools, slow and endless heads cut, a stop that loses no request.

When told to stop, the server accepts nothing more and answers what it has begun to read, each answer the last of its
connection. A connection at rest is kept a moment longer, for the request that may be on its way.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from rag_support.config import Settings
from rag_support.service.app import create_app
from rag_support.service.guards import SECURITY_HEADERS
from rag_support.service.listening import announce
from rag_support.service.live import LiveIndex
from rag_support.service.problems import problem

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 8 * 1024  # how much of a head may come in before its size is looked at again
_DRAIN_SECONDS = 25  # less than the 30 after which orchestrators kill; more than a body may take
_REST_SECONDS = 0.5  # that a connection without a request is kept while the server stops


class _State(ServerState):
    stopping = False


class _ImpatientProtocol(HttpToolsProtocol):
    """Bounds a request's head in time and size, which uvicorn does not, and refuses it as the other routes would."""

    server_state: _State
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()
        if self.server_state.stopping:  # accepted just before
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            piece = data[start : start + _PIECE_BYTES]
            super().data_received(piece)
            self._head_bytes = self._head_bytes + len(piece) if self._in_head else 0
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, f"The request's head is larger than {MAX_HEAD_BYTES // 1024} kB. Send less.")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._forget_head()
        super().on_headers_complete()
        if self.server_state.stopping:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        else:  # twice half of it: in between, what has arrived is read, however late the first timer comes
            self.loop.call_later(_REST_SECONDS / 2, self.loop.call_later, _REST_SECONDS / 2, self._end_at_rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (as the overridden method)
        self._refuse(400, "This is not a valid HTTP request.")

    def _end_at_rest(self) -> None:
        if not self._in_head and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, detail: str) -> None:
        response = problem(status, detail, headers={"Connection": "close"})
        headers = (*self.server_state.default_headers, *response.raw_headers, *SECURITY_HEADERS)
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], lines, bytes(response.body)))
        self.transport.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, live: LiveIndex, parent: int | None) -> None:
        super().__init__(config)
        self.server_state: _State = _State()
        self._live = live
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._parent is None:
            announce(sockets or [])
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._live.ask_to_look)
        # what a parent kept blocked until here (see workers.py) comes now
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())

    async def on_tick(self, counter: int) -> bool:
        orphaned = self._parent is not None and os.getppid() != self._parent
        return await super().on_tick(counter) or orphaned

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.server_state.stopping = True
        await super().shutdown(sockets)


def serve_on(settings: Settings, sockets: Sequence[socket.socket], parent: int | None = None) -> None:
    """Serve on listening sockets until SIGINT or SIGTERM, or until the process `parent` is no more.

    SIGHUP makes it look for a new index at once. Raises EmbedderError.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is an index to look for
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=_ImpatientProtocol,
        ws="none",
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
    )
    _Server(config, app.state.live, parent).run(list(sockets))
