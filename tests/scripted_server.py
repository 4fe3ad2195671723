"""A real HTTP server on a free port that says what a test wants it to say."""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast


@dataclass(frozen=True)
class Reply:
    body: object  # sent as JSON, or as it is when it is bytes, or piece by piece when it is an iterator of bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


HANG_UP = Reply(b"", status=0)


class Cut(Exception):
    """Raised by a body's iterator: the connection breaks in the middle."""


Script = Callable[[str, str, object], Reply]
"""method, path, JSON body or None → Reply"""


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """The server's URL while it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_GET  # noqa: N815 (the base class's names)

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = script(self.command, self.path, json.loads(sent) if sent else None)
            if reply is HANG_UP:
                self.close_connection = True
                return
            if isinstance(reply.body, Iterator):
                self._tell(reply)
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-should-retry", "false")  # no client need wait and try again
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _tell(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")  # which ends the loop of requests, too
            self.end_headers()
            pieces = cast(Iterator[bytes], reply.body)
            with suppress(Cut, ConnectionError):  # by the script, or because nobody listens any more
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")
            cast(Generator[bytes, None, None], pieces).close()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
