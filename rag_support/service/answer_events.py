"""An answer as server-sent events: retrieval; what a sentence is the first to cite, then the sentence; …; done."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from rag_support.service.problems import FAULT, problem
from rag_support.service.schemas import AnswerResponse, CitationResponse, RetrievalEvent, SentenceEvent
from rag_support.types import Event, Found, Stated


def _frame(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json())


async def frames(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Found):
                yield _frame("retrieval", RetrievalEvent.of(event))
            elif isinstance(event, Stated):
                for citation in event.citations:
                    yield _frame("citation", CitationResponse.of(citation))
                yield _frame("sentence", SentenceEvent(text=event.text))
            else:
                yield _frame("done", AnswerResponse.of(event))


FAULT_EVENT = format_sse_event(event="error", data_str=bytes(problem(500, FAULT).body).decode())
