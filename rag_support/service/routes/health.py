"""What a supervisor asks: alive, able to answer."""

from fastapi import APIRouter

from rag_support.service.live import LiveIndex
from rag_support.service.routing import api_router, problems
from rag_support.service.schemas import StatusResponse


def router(live: LiveIndex) -> APIRouter:
    routes = api_router()

    @routes.get("/healthz")
    async def healthz() -> StatusResponse:
        """The process is alive."""
        return StatusResponse(status="ok")

    @routes.get("/readyz", responses=problems(503))
    async def readyz() -> StatusResponse:
        """The process can answer questions."""
        live.pipeline()
        return StatusResponse(status="ok")

    return routes
