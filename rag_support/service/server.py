"""uvicorn set up for this service: uvloop and httptools, one process, slow and idle clients cut off, a clean stop."""

import asyncio
import signal
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from rag_support.config import Settings
from rag_support.service.app import create_app
from rag_support.service.guards import SECURITY_HEADERS
from rag_support.service.problems import problem

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024
SEND_SECONDS = 30.0  # for a client to take some of an answer that waits for it
MAX_CONNECTIONS = 512  # open at once, half of the descriptors that a process has by default
_PIECE_BYTES = 8 * 1024  # how much of a head may come in before its size is looked at again
_DRAIN_SECONDS = 10


class _ImpatientProtocol(HttpToolsProtocol):
    """Bounds what uvicorn does not: a request's head in time and size, the wait for a client that takes no answer, the
    number of connections. What is refused is refused as the other routes would.
    """

    _idle_since = 0.0
    _head_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._expect_head()
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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
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


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first. Raises EmbedderError."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=_ImpatientProtocol,
        ws="none",
        log_level=settings.log_level,
        access_log=settings.log_level == "debug",
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    uvicorn.Server(config).run()
