"""At the OpenAI-compatible addresses a problem is told as OpenAI's clients read it: {"error": {"message", "type", …}}.

The routes and the guards around them know only problems; here, around them all, each becomes the other form.
"""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_support.service.chat_schemas import ErrorDetail, ErrorResponse
from rag_support.service.problems import FAULT, PROBLEM_TYPE
from rag_support.service.schemas import ProblemResponse

PATHS = ("/v1/chat/completions", "/v1/models")

_STATUS = {422: 400}  # what is not usable is a BadRequestError there
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_REPLACED = (b"content-type", b"content-length")


def openai_error(problem: ProblemResponse) -> ErrorResponse:
    """One problem in the other form."""
    other = "server_error" if problem.status >= 500 else "invalid_request_error"
    detail = ErrorDetail(
        message=problem.detail,
        type=_TYPES.get(problem.status, other),
        param=problem.errors[0]["field"] if problem.errors else None,
        code=_CODES.get(problem.status),
    )
    return ErrorResponse(error=detail)


STREAM_FAULT = openai_error(ProblemResponse(title="Internal Server Error", status=500, detail=FAULT))


class OpenAIErrors:
    """Pure ASGI middleware; every other response passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
            return
        start: Message | None = None  # of a problem, whose body is still on its way
        body = b""

        async def translating(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _tells_a_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await _translated(start, body)(scope, receive, send)

        await self._app(scope, receive, translating)


def _tells_a_problem(start: Message) -> bool:
    return dict(start["headers"]).get(b"content-type") == PROBLEM_TYPE.encode()


def _translated(start: Message, body: bytes) -> Response:
    error = openai_error(ProblemResponse.model_validate_json(body))
    told: int = start["status"]
    response = Response(error.model_dump_json(), _STATUS.get(told, told), media_type="application/json")
    response.raw_headers += [header for header in start["headers"] if header[0] not in _REPLACED]
    return response
