"""What Prometheus scrapes."""

from fastapi import APIRouter, Header, Response

from rag_support.service.metrics import Metrics
from rag_support.service.routing import api_router


def router(metrics: Metrics) -> APIRouter:
    routes = api_router()

    @routes.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
    async def numbers(accept: str = Header("")) -> Response:
        """Numbers for Prometheus: requests, stages, refusals, languages, the live index."""
        content, content_type = metrics.exposition(accept)
        return Response(content, headers={"Content-Type": content_type})

    return routes
