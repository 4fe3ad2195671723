"""uvicorn set up for this service: uvloop and httptools, one process, slow and endless heads cut, a clean stop."""

import asyncio
import logging
import signal
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from rag_support.config import Settings
from rag_support.service.app import create_app
from rag_support.service.exposure import who_may_use
from rag_support.service.guards import SECURITY_HEADERS
from rag_support.service.problems import problem

logger = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 8 * 1024  # how much of a head may come in before its size is looked at again
_DRAIN_SECONDS = 10


class _ImpatientProtocol(HttpToolsProtocol):
    """Bounds a request's head in time and size, which uvicorn does not, and refuses it as the other routes would."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

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

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
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

    def _refuse(self, status: int, detail: str) -> None:
        response = problem(status, detail, headers={"Connection": "close"})
        headers = (*self.server_state.default_headers, *response.raw_headers, *SECURITY_HEADERS)
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], lines, bytes(response.body)))
        self.transport.close()


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first.

    Raises EmbedderError, BackendError, KeysError, and AccessError where the service would be open to other machines.
    """
    exposure = who_may_use(settings)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    logger.info(exposure)
    uvicorn.Server(config).run()
