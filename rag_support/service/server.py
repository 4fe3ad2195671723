"""uvicorn set up for this service: uvloop and httptools, one process, slow headers cut, a clean stop."""

from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rag_support.config import Settings
from rag_support.service.app import create_app

HEADER_SECONDS = 10.0
_DRAIN_SECONDS = 10


class _ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request head has not arrived in time; uvicorn itself waits for ever."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEADER_SECONDS, transport.close)

    def on_message_begin(self) -> None:
        self._head_timer.cancel()
        self._head_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_timer.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer.cancel()
        super().connection_lost(exc)


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
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
    uvicorn.Server(config).run()
