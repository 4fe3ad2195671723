"""create_app(settings): the HTTP API and the page put together; the routes stand in routes/."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from rag_support import __version__
from rag_support.config import Settings
from rag_support.embedding import configured_embedder
from rag_support.errors import SnapshotError
from rag_support.service.guards import GuardMiddleware
from rag_support.service.live import LiveIndex
from rag_support.service.problems import install_handlers
from rag_support.service.routes import asking, health, page, sources


def create_app(settings: Settings) -> FastAPI:
    """The service. A missing or damaged index does not keep it from starting: it answers 503 until there is one.

    Raises EmbedderError when the model does not load.
    """
    live = LiveIndex(settings, configured_embedder(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(SnapshotError):  # logged where it was found
            live.pipeline()
        yield

    app = FastAPI(
        title="rag-support",
        version=__version__,
        summary="Customer-support answers in Japanese, English and Chinese, cited from a Japanese guide",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat whatever Host the request named
    )
    install_handlers(app)
    for routes in (asking, sources, health):
        app.include_router(routes.router(live))
    page.mount(app)
    app.add_middleware(GuardMiddleware, max_concurrency=settings.max_concurrency)
    return app
