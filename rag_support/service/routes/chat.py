"""The OpenAI-compatible addresses: what speaks to such a server asks this service with another base URL alone."""

from typing import Any

from fastapi import APIRouter, Header, Response

from rag_support.pipeline import DEFAULT_TOP_K
from rag_support.service.admission import Admission, last_of
from rag_support.service.chat import FAULT_FRAME, chunk_frames, completion
from rag_support.service.chat_schemas import ChatCompletion, ChatRequest, ErrorResponse, ModelsResponse
from rag_support.service.event_stream import EventStream
from rag_support.service.live import LiveIndex
from rag_support.service.routing import api_router, event_stream, json_response, problems


def _told(*statuses: int | str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI tells of the errors here, which openai_errors.py makes of problems."""
    return {
        status: {"description": problem["description"], "model": ErrorResponse}
        for status, problem in problems(*statuses).items()
    }


def router(live: LiveIndex, admission: Admission) -> APIRouter:
    routes = api_router(errors=_told("default"))

    @routes.post(
        "/v1/chat/completions",
        response_model=ChatCompletion,
        responses={**event_stream("the completion, or the chunks that tell it"), **_told(400, 408, 413, 415, 503)},
    )
    async def completions(body: ChatRequest, accept_language: str | None = Header(None)) -> Response:
        """Answer the user's last message from the sources, as an OpenAI-compatible server would.

        The user's earlier messages are the conversation; all others are not read, since the sources decide. The
        content is the answer with a footnote for each citation, `rag_support` the whole answer as POST /v1/answers
        gives it; of a stream it stands in the last chunk with a choice.
        """
        *earlier, question = body.questions
        events = live.pipeline().events(question, "auto", DEFAULT_TOP_K, accept_language, earlier)
        if body.stream:
            include_usage = body.stream_options is not None and body.stream_options.include_usage
            async with admission.turn():
                return await EventStream.begun(chunk_frames(events, include_usage), FAULT_FRAME)
        return json_response(completion(await last_of(events, admission)))

    @routes.get("/v1/models")
    async def models() -> ModelsResponse:
        """The one model there is."""
        return ModelsResponse()

    return routes
