"""What the service answers from: passages and the live index."""

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from rag_support.service.live import LiveIndex
from rag_support.service.routing import api_router, problems
from rag_support.service.schemas import IndexResponse, PassageResponse

_PASSAGE = "passage"
_FIRST_FOUND = "$response.body#/passages/0/passage_id"
FIRST_PASSAGE: dict[int | str, dict[str, Any]] = {
    200: {"links": {"passage": {"operationId": _PASSAGE, "parameters": {"passage_id": _FIRST_FOUND}}}}
}
"""How OpenAPI tells that what an answer or a search found can be asked for here."""


def router(live: LiveIndex) -> APIRouter:
    routes = api_router()

    @routes.get("/v1/passages/{passage_id}", operation_id=_PASSAGE, responses=problems(404, 503))
    async def passage(passage_id: str) -> PassageResponse:
        """One passage with its place in the source and its reviewed translations."""
        chunk = live.pipeline().retriever.passages.by_id(passage_id)
        if chunk is None:
            raise HTTPException(404, "The live index holds no passage with this id; ids change when their text does.")
        return PassageResponse.of(chunk)

    @routes.get("/v1/index", responses=problems(503))
    async def index() -> IndexResponse:
        """What the live index was built from."""
        return IndexResponse.of(live.pipeline().retriever.manifest)

    return routes
