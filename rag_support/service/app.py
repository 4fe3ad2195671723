"""create_app(settings): the routes of the HTTP API and the page. Each route parses, calls one function, presents."""

import importlib.resources
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import pydantic_core
from fastapi import APIRouter, FastAPI, Header, Request, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from rag_support import __version__
from rag_support import language as languages
from rag_support.config import Settings
from rag_support.embedding import configured_embedder
from rag_support.errors import SnapshotError
from rag_support.language_priors import Priors
from rag_support.question import clean_question
from rag_support.service.guards import GuardMiddleware
from rag_support.service.live import LiveIndex
from rag_support.service.problems import PROBLEM_TYPE, install_handlers
from rag_support.service.schemas import (
    AnswerRequest,
    AnswerResponse,
    DetectionResponse,
    HitResponse,
    IndexResponse,
    LanguageRequest,
    PassageResponse,
    ProblemResponse,
    SearchRequest,
    SearchResponse,
    StatusResponse,
)

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"


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
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


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
    )
    install_handlers(app)
    router = APIRouter(route_class=_StrictRoute, responses=_problems("default"))

    @router.post("/v1/answers", response_model=AnswerResponse, responses=_problems(408, 413, 415, 422, 503))
    async def answers(body: AnswerRequest, accept_language: str | None = Header(None)) -> Response:
        """Answer a question in the asker's language, every statement with its citation, or refuse with a reason."""
        pipeline = live.pipeline()
        earlier = [turn.question for turn in body.conversation]
        answer = pipeline.answer(body.question, body.language, body.top_k, accept_language, earlier)
        return _json(AnswerResponse.of(answer))

    @router.post("/v1/search", response_model=SearchResponse, responses=_problems(408, 413, 415, 422, 503))
    async def search(body: SearchRequest) -> Response:
        """The passages that a question finds, best first."""
        pipeline = live.pipeline()
        hits = pipeline.search(body.question, body.top_k)
        return _json(SearchResponse(passages=[HitResponse.of(hit) for hit in hits], index=pipeline.index_id))

    @router.post("/v1/language", responses=_problems(408, 413, 415, 422, 503))
    async def language(body: LanguageRequest, accept_language: str | None = Header(None)) -> DetectionResponse:
        """The language of a text, how sure that is, and why."""
        text = clean_question(body.text)
        with suppress(SnapshotError):  # the texts of an index help, and are not needed
            return DetectionResponse.of(live.pipeline().detect(text, accept_language))
        return DetectionResponse.of(languages.detect(text, Priors(accept_language)))

    @router.get("/v1/passages/{passage_id}", responses=_problems(404, 503))
    async def passage(passage_id: str) -> PassageResponse:
        """One passage with its place in the source and its reviewed translations."""
        chunk = live.pipeline().retriever.passages.by_id(passage_id)
        if chunk is None:
            raise HTTPException(404, "The live index holds no passage with this id; ids change when their text does.")
        return PassageResponse.of(chunk)

    @router.get("/v1/index", responses=_problems(503))
    async def index() -> IndexResponse:
        """What the live index was built from."""
        return IndexResponse.of(live.pipeline().retriever.manifest)

    @router.get("/healthz")
    async def healthz() -> StatusResponse:
        """The process is alive."""
        return StatusResponse(status="ok")

    @router.get("/readyz", responses=_problems(503))
    async def readyz() -> StatusResponse:
        """The process can answer questions."""
        live.pipeline()
        return StatusResponse(status="ok")

    app.include_router(router)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "docs.html", headers={"Cache-Control": "no-cache"})

    swagger_ui = importlib.resources.files("fastapi_offline") / "static"  # so that /docs loads nothing from outside
    app.mount("/static/swagger", _Assets(directory=str(swagger_ui)), name="swagger")
    app.mount("/static", _Assets(directory=PAGE), name="static")
    app.add_middleware(GuardMiddleware, max_concurrency=settings.max_concurrency)
    return app


_PROBLEMS = {
    404: "no such passage",
    408: "the body came too slowly",
    413: "the body is too large",
    415: "the body is not declared as JSON",
    422: "not usable",
    503: "busy, or no index yet",
    "default": "any other error",
}


def _problems(*statuses: int | str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI tells of them; a model would be written down as application/json."""
    content = {PROBLEM_TYPE: {"schema": ProblemResponse.model_json_schema()}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


def _json(response: BaseModel) -> Response:
    """A validated model as it is: FastAPI would validate it and turn it into dictionaries once more."""
    return Response(response.model_dump_json(), media_type="application/json")


class _Assets(StaticFiles):
    """The page's files; names carry no version, so a browser asks whether they changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
