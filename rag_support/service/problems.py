"""Errors as RFC 9457 problem+json, one handler per error family; what the caller sent is never echoed."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rag_support.errors import FeedbackError, QuestionError, SnapshotError
from rag_support.service.schemas import ProblemResponse

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
FAULT = "The service failed to answer this request. The fault has been logged; please try again."


def problem(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = ProblemResponse(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return Response(body.model_dump_json(exclude_none=True), status, headers, PROBLEM_TYPE)


def install_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {
                "field": _field(found),
                "problem": _words(found),
            }
            for found in error.errors()
        ]
        detail = " ".join(f"{item['field']}: {item['problem']}" for item in errors)
        return problem(422, detail, errors=errors)

    @app.exception_handler(QuestionError)
    async def unusable_question(_: Request, error: QuestionError) -> Response:
        return problem(422, str(error), errors=[{"field": error.field, "problem": str(error)}])

    @app.exception_handler(FeedbackError)
    async def no_feedback_database(_: Request, error: FeedbackError) -> Response:
        logger.error("%s", error)
        detail = "Feedback cannot be stored at the moment. Please try again in a minute."
        return problem(503, detail, headers={"Retry-After": "60"})

    @app.exception_handler(SnapshotError)
    async def no_index(_: Request, error: SnapshotError) -> Response:
        logger.warning("%s", error)
        return problem(503, "There is no usable index. Run `make index`, then ask again.", headers={"Retry-After": "5"})

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        detail = (
            error.detail if error.detail != HTTPStatus(error.status_code).phrase else _DETAILS.get(error.status_code)
        )
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, detail or error.detail, headers=headers)


NOTHING_HERE = "There is nothing at this address. See /docs for what this service offers."
_DETAILS = {
    404: NOTHING_HERE,
    405: "This address does not take that method. See /docs.",
}


def _field(found: dict[str, Any]) -> str:
    if found["type"] == "json_invalid":
        return "body"  # what is given as its place is a position in the text
    return ".".join(str(part) for part in found["loc"] if part != "body") or "body"


def _words(found: dict[str, Any]) -> str:
    """The library's message, with those that customers meet put plainly; the input itself is left out."""
    kind = found.get("type")
    if kind == "string_too_long":
        return "it is too long; the limit is 2,000 characters."
    if kind == "string_too_short":
        return "it is empty; write what you want to know."
    if kind == "missing":
        return "it is required."
    if kind == "json_invalid":
        return "the body is not valid JSON in UTF-8."
    if kind == "model_attributes_type":
        return "it has to be a JSON object."
    if kind == "value_error":  # one of our own, without the library's "Value error, " before it
        return f"{found['ctx']['error']}"
    return f"{str(found.get('msg', 'it is not valid')).rstrip('.')}."
