"""Questions: answers, passages found, the language of a text."""

from contextlib import suppress

from fastapi import APIRouter, Header, Response

from rag_support import language as languages
from rag_support.errors import SnapshotError
from rag_support.language_priors import Priors
from rag_support.question import clean_question
from rag_support.service.live import LiveIndex
from rag_support.service.routes.sources import FIRST_PASSAGE
from rag_support.service.routing import api_router, json_response, problems
from rag_support.service.schemas import (
    AnswerRequest,
    AnswerResponse,
    DetectionResponse,
    HitResponse,
    LanguageRequest,
    SearchRequest,
    SearchResponse,
)


def router(live: LiveIndex) -> APIRouter:
    routes = api_router()

    @routes.post(
        "/v1/answers", response_model=AnswerResponse, responses=problems(408, 413, 415, 422, 503) | FIRST_PASSAGE
    )
    async def answers(body: AnswerRequest, accept_language: str | None = Header(None)) -> Response:
        """Answer a question in the asker's language, every statement with its citation, or refuse with a reason."""
        pipeline = live.pipeline()
        earlier = [turn.question for turn in body.conversation]
        answer = pipeline.answer(body.question, body.language, body.top_k, accept_language, earlier)
        return json_response(AnswerResponse.of(answer))

    @routes.post(
        "/v1/search", response_model=SearchResponse, responses=problems(408, 413, 415, 422, 503) | FIRST_PASSAGE
    )
    async def search(body: SearchRequest) -> Response:
        """The passages that a question finds, best first."""
        pipeline = live.pipeline()
        hits = pipeline.search(body.question, body.top_k)
        return json_response(SearchResponse(passages=[HitResponse.of(hit) for hit in hits], index=pipeline.index_id))

    @routes.post("/v1/language", responses=problems(408, 413, 415, 422, 503))
    async def language(body: LanguageRequest, accept_language: str | None = Header(None)) -> DetectionResponse:
        """The language of a text, how sure that is, and why."""
        text = clean_question(body.text)
        with suppress(SnapshotError):  # the texts of an index help, and are not needed
            return DetectionResponse.of(live.pipeline().detect(text, accept_language))
        return DetectionResponse.of(languages.detect(text, Priors(accept_language)))

    return routes
