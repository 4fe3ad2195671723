"""Questions: answers, passages found, the language of a text."""

from contextlib import suppress

from fastapi import APIRouter, Header, Response

from rag_support import language as languages
from rag_support.errors import SnapshotError
from rag_support.language_priors import Priors
from rag_support.question import clean_question
from rag_support.service.admission import Admission, last_of
from rag_support.service.answer_events import FAULT_EVENT, frames
from rag_support.service.event_stream import EventStream
from rag_support.service.live import LiveIndex
from rag_support.service.routes.sources import FIRST_PASSAGE
from rag_support.service.routing import api_router, event_stream, json_response, problems
from rag_support.service.schemas import (
    AnswerRequest,
    AnswerResponse,
    DetectionResponse,
    HitResponse,
    LanguageRequest,
    SearchRequest,
    SearchResponse,
)


def router(live: LiveIndex, admission: Admission) -> APIRouter:
    routes = api_router()

    @routes.post(
        "/v1/answers",
        response_model=AnswerResponse,
        responses={
            200: event_stream("the answer, or the events that tell it")[200] | FIRST_PASSAGE[200],
            **problems(408, 413, 415, 422, 503),
        },
    )
    async def answers(body: AnswerRequest, accept_language: str | None = Header(None)) -> Response:
        """Answer a question in the asker's language, every statement with its citation, or refuse with a reason.

        With `"stream": true` the answer is told as server-sent events while it comes about: one `retrieval` (what was
        understood, and the passages found), then each statement that passed the checks as a `sentence`, before it a
        `citation` for each citation that it is the first to use, and at the end `done`, the same object that is
        answered without `stream`. The texts of the sentences, joined, are its `answer`. What goes wrong before the
        first event is an ordinary problem with its status; after it, an `error` event with a problem ends the stream.
        A client that closes the connection stops the generation.
        """
        earlier = [turn.question for turn in body.conversation]
        asked = (body.question, body.language, body.top_k, accept_language, earlier)
        events = live.pipeline().events(*asked)
        if body.stream:
            async with admission.turn():
                return await EventStream.begun(frames(events), FAULT_EVENT)
        return json_response(AnswerResponse.of(await last_of(events, admission)))

    @routes.post(
        "/v1/search", response_model=SearchResponse, responses=problems(408, 413, 415, 422, 503) | FIRST_PASSAGE
    )
    async def search(body: SearchRequest) -> Response:
        """The passages that a question finds, best first."""
        async with admission.turn():
            pipeline = live.pipeline()
            passages = [HitResponse.of(hit) for hit in pipeline.search(body.question, body.top_k)]
            return json_response(SearchResponse(passages=passages, index=pipeline.index_id))

    @routes.post("/v1/language", responses=problems(408, 413, 415, 422, 503))
    async def language(body: LanguageRequest, accept_language: str | None = Header(None)) -> DetectionResponse:
        """The language of a text, how sure that is, and why."""
        text = clean_question(body.text)
        with suppress(SnapshotError):  # the texts of an index help, and are not needed
            return DetectionResponse.of(live.pipeline().detect(text, accept_language))
        return DetectionResponse.of(languages.detect(text, Priors(accept_language)))

    return routes
