"""Limits on what a request may cost, as pure ASGI middleware: body size, time to send it, requests at once.

Slow headers are cut by the server's protocol class (server.py); everything from the first body byte on is cut here.
"""

import asyncio
import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_support.service.admission import Admission
from rag_support.service.problems import FAULT, problem
from rag_support.service.record import current_record

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
_CLOSE = {"Connection": "close"}
_UNLIMITED = ("/healthz", "/readyz", "/metrics")  # a busy service is still alive, and tells that it is busy

logger = logging.getLogger(__name__)

SECURITY_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class GuardMiddleware:
    """Bounds every request, answers for every fault, and marks every response with the security headers."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_security_headers(send)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            await problem(413, _TOO_LARGE, headers=_CLOSE)(scope, receive, send)
            return
        if scope["path"] not in _UNLIMITED and not self._admission.admits():
            current_record().rejected = "busy"
            busy = problem(503, "The service is busy. Try again in a second.", headers={"Retry-After": "1"})
            await busy(scope, receive, send)
            return
        with self._admission.request():
            await self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0
        complete = False
        deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        started = False

        async def bounded_receive() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                detail = f"The request body did not arrive within {BODY_SECONDS:g} seconds."
                raise HTTPException(408, detail, headers=_CLOSE) from error
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if received > MAX_BODY_BYTES:
                    raise HTTPException(413, _TOO_LARGE, headers=_CLOSE)
            return message

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, bounded_receive, noting_send)
        except Exception:
            if started:
                raise
            logger.exception("unexpected error")
            await problem(500, FAULT)(scope, receive, send)


_TOO_LARGE = f"The request body is larger than {MAX_BODY_BYTES // 1024} kB. Send less."


def _with_security_headers(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *SECURITY_HEADERS]}
        await send(message)

    return marked
