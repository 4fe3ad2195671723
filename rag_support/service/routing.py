"""What all routes of the API share: JSON read strictly, bodies declared as JSON, problems told of in OpenAPI."""

from json import JSONDecodeError
from typing import Any

import pydantic_core
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from rag_support.service.problems import PROBLEM_TYPE
from rag_support.service.schemas import ProblemResponse


class _StrictRequest(Request):
    """JSON by pydantic's parser: NaN and lone surrogates, which the standard one lets through, are refused."""

    async def json(self) -> Any:
        if not hasattr(self, "_strict_json"):
            try:
                self._strict_json = pydantic_core.from_json(await self.body(), allow_inf_nan=False)
            except ValueError as error:
                raise JSONDecodeError("not valid JSON", "", 0) from error
        return self._strict_json


class _StrictRoute(APIRoute):
    def get_route_handler(self):  # type: ignore[no-untyped-def]  # as the overridden method
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and media_type != "application/json":
                raise HTTPException(415, "Send the body as JSON, with the header Content-Type: application/json.")
            if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
                headers = {"Accept-Encoding": "identity"}  # as RFC 9110 has it for a coding that is not taken
                raise HTTPException(415, "Send the body as it is, without a Content-Encoding.", headers)
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


_PROBLEMS = {
    400: "not usable",
    401: "no key, or one that is not known",
    403: "the key is not for this address",
    404: "no such passage",
    408: "the body came too slowly",
    413: "the body is too large",
    415: "the body is not declared as JSON, or compressed",
    422: "not usable",
    503: "busy, no index yet, or a database that is down",
    "default": "any other error",
}


def problems(*statuses: int | str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI tells of them; a model would be written down as application/json."""
    content = {PROBLEM_TYPE: {"schema": ProblemResponse.model_json_schema()}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


def event_stream(description: str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI tells that a route may answer with events; its 3.1 has no words for what is in them."""
    return {200: {"description": description, "content": {"text/event-stream": {}}}}


def api_router(errors: dict[int | str, dict[str, Any]] | None = None) -> APIRouter:
    """An empty router of the API; `errors` is how OpenAPI tells of its errors where they are not problems."""
    return APIRouter(route_class=_StrictRoute, responses=errors or problems("default"))


def json_response(response: BaseModel, status: int = 200) -> Response:
    """A validated model as it is: FastAPI would validate it and turn it into dictionaries once more."""
    return Response(response.model_dump_json(), status, media_type="application/json")
