"""uvicorn set up for this service: uvloop and httptools, slow and idle clients cut off, a stop that loses no request.

When told to stop, the server accepts nothing more and answers what it has begun to read, each answer the last of its
connection. A connection at rest is kept a moment longer, for the request that may be on its way.
"""

import asyncio
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from rag_support.config import Settings
from rag_support.service.app import create_app
from rag_support.service.exposure import who_may_use
from rag_support.service.guards import SECURITY_HEADERS
from rag_support.service.listening import announce
from rag_support.service.live import LiveIndex
from rag_support.service.problems import problem

logger = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024
SEND_SECONDS = 30.0  # for a client to take some of an answer that waits for it
MAX_CONNECTIONS = 512  # open at once, half of the descriptors that a process has by default
_PIECE_BYTES = 8 * 1024  # how much of a head may come in before its size is looked at again
_DRAIN_SECONDS = 25  # less than the 30 after which orchestrators kill; more than a body may take
_REST_SECONDS = 0.5  # that a connection without a request is kept while the server stops


_order = itertools.count()


class _State(ServerState):
    stopping = False


class _ImpatientProtocol(HttpToolsProtocol):
    """Bounds what uvicorn does not: a request's head in time and size, the wait for a client that takes no answer, the
    number of connections. What is refused is refused as the other routes would.
    """

    server_state: _State
    _idle_since = 0  # in the order of all connections
    _head_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._idle_since = next(_order)
        self._expect_head()
        if self.server_state.stopping:  # accepted just before
            self.shutdown()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._idle_since = next(_order)
        super().on_response_complete()

    def pause_writing(self) -> None:
        # The request holds its place among those that run at once until its answer is taken.
        self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._forget_send()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._forget_send()
        if self._answering is not None:
            # uvicorn tells only the request that it read last, which is another one when requests are pipelined.
            self._answering.disconnected = True
            self._answering.message_event.set()
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

    def _forget_send(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _make_room(self) -> None:
        """End the connection that has waited longest for a request; where none does, this one."""
        waiting = [
            other
            for other in self.connections
            if isinstance(other, _ImpatientProtocol)
            and other is not self
            and (other.cycle is None or other.cycle.response_complete)
            and not other.transport.is_closing()
        ]
        if waiting:
            min(waiting, key=lambda other: other._idle_since).transport.close()
        else:
            self._refuse(503, "The service has too many connections. Try again in a second.", {"Retry-After": "1"})

    def _refuse(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        response = problem(status, detail, headers={"Connection": "close"} | (headers or {}))
        all_headers = (*self.server_state.default_headers, *response.raw_headers, *SECURITY_HEADERS)
        lines = b"".join(b"%b: %b\r\n" % header for header in all_headers)
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

    SIGHUP makes it look for a new index at once. Raises EmbedderError and BackendError.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is an index to look for
    app = create_app(settings)
    if parent is None:
        logger.info(who_may_use(settings))
    config = uvicorn.Config(
        app,
        http=_ImpatientProtocol,
        ws="none",
        log_level=settings.log_level,
        log_config=None,  # its lines go where all others go
        access_log=False,  # ObservingMiddleware writes it
        proxy_headers=bool(settings.trusted_proxies),  # else anyone may say to be anyone
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
    )
    _Server(config, app.state.live, parent).run(list(sockets))
