"""Every request gets an id, a line in the log and its place in the metrics and traces: the outermost middleware.

The line tells the route, not the path, and of a question nothing but its language and what became of it, unless
`log_questions` is set.
"""

import logging
import re
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_support.logs import FIELDS, REQUEST_ID
from rag_support.service.addresses import address_of
from rag_support.service.metrics import Metrics
from rag_support.service.record import RequestRecord, open_record

if TYPE_CHECKING:  # an extra, loaded only where it is asked for
    from rag_support.service.tracing import Tracing

logger = logging.getLogger("rag_support.access")

REQUEST_ID_HEADER = b"x-request-id"
_SANE_ID = re.compile(rb"[\w.:-]{1,100}", re.ASCII)
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds


class ObservingMiddleware:
    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: "Tracing | None", log_questions: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing
        self._log_questions = log_questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = open_record()
        request_id = _request_id(scope)
        REQUEST_ID.set(request_id.decode())  # never reset: what the server still logs of this request has it too
        status = 500  # where the request fails before a response begins

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (REQUEST_ID_HEADER, request_id)]}
            await send(message)

        self._metrics.started()
        started = perf_counter()
        try:
            await self._app(scope, receive, noting_send)
        finally:
            seconds = perf_counter() - started
            address = address_of(scope["path"])
            route = address.template if address else None
            self._metrics.finished(record, route, scope["method"], status, seconds)
            level = logging.DEBUG if route in _PROBES else logging.INFO
            if logger.isEnabledFor(level):
                fields = self._fields(record, route, scope["method"], status, seconds)
                logger.log(level, "request", extra={FIELDS: fields})
            if self._tracing:
                self._tracing.record(record, route, scope, status, seconds)

    def _fields(
        self, record: RequestRecord, route: str | None, method: str, status: int, seconds: float
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "key": record.key,
        }
        if answer := record.answer:
            fields |= {
                "language": answer.language,
                "refusal": answer.draft.refusal.kind if answer.draft.refusal else None,
                "generator": answer.draft.generator,
                "index": answer.index_id,
            }
            if self._log_questions:
                fields["question"] = answer.question
        return fields


def _request_id(scope: Scope) -> bytes:
    """The caller's own where it is a plain word, so that a request can be followed through all services."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _SANE_ID.fullmatch(value):
            return bytes(value)
    return uuid4().hex.encode()
