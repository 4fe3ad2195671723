"""create_app(settings): the HTTP API and the page put together; the routes stand in routes/."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from rag_support import __version__
from rag_support.config import Settings
from rag_support.embedding import configured_embedder
from rag_support.feedback.desk import FeedbackDesk
from rag_support.service.access import AccessMiddleware, describe_keys
from rag_support.service.admission import Admission
from rag_support.service.cors import allow_other_origins
from rag_support.service.guards import GuardMiddleware
from rag_support.service.keys import LiveKeys
from rag_support.service.live import LiveIndex
from rag_support.service.metrics import Metrics
from rag_support.service.observing import ObservingMiddleware
from rag_support.service.openai_errors import OpenAIErrors
from rag_support.service.problems import install_handlers
from rag_support.service.record import note_answer
from rag_support.service.routes import asking, chat, feedback, health, page, sources
from rag_support.service.routes import metrics as numbers
from rag_support.types import Writer

if TYPE_CHECKING:  # loaded only where they are asked for
    from rag_support.service.rate_limits import RateLimit
    from rag_support.service.tracing import Tracing


def create_app(settings: Settings, writer: Writer | None = None) -> FastAPI:
    """The service. A missing or damaged index does not keep it from starting: it answers 503 until there is one.

    Raises EmbedderError or BackendError when a model does not load, and MissingExtra where traces are wanted without
    their library.
    """
    live = LiveIndex(settings, configured_embedder(settings), writer)
    admission = Admission(settings.max_concurrency)
    metrics = Metrics(lambda: live.pipeline().retriever.manifest)
    tracing = _tracing(settings)
    desk = FeedbackDesk(
        settings.feedback_url,
        retention_days=settings.retention_days,
        question_log=settings.question_log,
        fallback_language=settings.fallback_language,
    )
    for listener in (note_answer, desk.note):
        live.tell(listener)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        live.look()
        watch = asyncio.create_task(live.watch())
        desk.open()
        try:
            yield
        finally:
            watch.cancel()
            await desk.close()
            await live.close()
            if tracing:
                tracing.close()

    app = FastAPI(
        title="rag-support",
        version=__version__,
        summary="Customer-support answers in Japanese, English and Chinese, cited from a Japanese guide",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat whatever Host the request named
    )
    app.state.live = live
    install_handlers(app)
    for asking_routes in (asking, chat):
        app.include_router(asking_routes.router(live, admission))
    for routes in (sources, health):
        app.include_router(routes.router(live))
    app.include_router(feedback.router(desk))
    app.include_router(numbers.router(metrics))
    page.mount(app)
    keys = LiveKeys(settings.keys_file) if settings.keys_file else None
    if keys:
        describe_keys(app)
    # the last one added is the first to see a request
    app.add_middleware(AccessMiddleware, keys=keys, rate=_rate_limit(settings))
    app.add_middleware(GuardMiddleware, admission=admission)
    if settings.cors_origins:
        allow_other_origins(app, settings.cors_origins)
    app.add_middleware(OpenAIErrors)  # around all others, whose refusals it tells
    app.add_middleware(ObservingMiddleware, metrics=metrics, tracing=tracing, log_questions=settings.log_questions)
    return app


def _rate_limit(settings: Settings) -> "RateLimit | None":
    if settings.rate_limit is None:
        return None
    from rag_support.service.rate_limits import RateLimit

    return RateLimit(settings.rate_limit)


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.otel_endpoint is None:
        return None
    from rag_support.service.tracing import Tracing

    return Tracing(settings.otel_endpoint)
