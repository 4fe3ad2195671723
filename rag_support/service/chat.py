"""An answer as a chat completion: the text with its footnotes, and beside it the whole answer as data."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import time
from typing import Literal

from fastapi.sse import format_sse_event

from rag_support.answering.footnotes import footnotes
from rag_support.service.chat_schemas import (
    AssistantMessage,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    Usage,
)
from rag_support.service.openai_errors import STREAM_FAULT
from rag_support.service.schemas import AnswerResponse
from rag_support.types import Answer, Event, Found, Stated

_Delta = dict[Literal["role", "content"], str]


def completion(answer: Answer) -> ChatCompletion:
    return ChatCompletion(
        id=answer.answer_id,
        created=int(time()),
        choices=[Choice(message=AssistantMessage(content=answer.draft.text + _foot(answer)))],
        rag_support=AnswerResponse.of(answer),
    )


async def chunk_frames(events: AsyncGenerator[Event, None], include_usage: bool) -> AsyncGenerator[bytes, None]:
    """The role, each statement as it passes the checks, the footnotes, and the end with the whole answer as data."""
    created = int(time())
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Found):
                answer_id = event.answer_id
                yield _frame(answer_id, created, {"role": "assistant", "content": ""})
            elif isinstance(event, Stated):
                yield _frame(answer_id, created, {"content": event.text})
            else:
                if foot := _foot(event):
                    yield _frame(answer_id, created, {"content": foot})
                yield _frame(answer_id, created, {}, AnswerResponse.of(event))
    if include_usage:
        yield _data(ChatCompletionChunk(id=answer_id, created=created, choices=[], usage=Usage()))
    yield format_sse_event(data_str="[DONE]")


FAULT_FRAME = format_sse_event(data_str=STREAM_FAULT.model_dump_json())


def _foot(answer: Answer) -> str:
    return f"\n\n{footnotes(answer.draft.citations)}" if answer.draft.citations else ""


def _frame(answer_id: str, created: int, delta: _Delta, answer: AnswerResponse | None = None) -> bytes:
    choice = ChunkChoice(delta=delta, finish_reason="stop" if answer else None)
    return _data(ChatCompletionChunk(id=answer_id, created=created, choices=[choice], rag_support=answer))


def _data(chunk: ChatCompletionChunk) -> bytes:
    return format_sse_event(data_str=chunk.model_dump_json())
