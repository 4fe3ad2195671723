"""What a model server may send, well-behaved or not, and a backend in this process that says what a test wants."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from scripted_server import Reply

from rag_support.answering.backends import Message

Says = str | Exception | Callable[[Sequence[Message]], str]


def event(text: str | None, finish: str | None = None) -> bytes:
    """One server-sent chunk of a chat completion."""
    delta = {} if text is None else {"content": text}
    chunk = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def completion(*pieces: str, finish: str = "stop") -> Reply:
    """A whole, well-behaved stream."""
    return stream([event(""), *map(event, pieces), event(None, finish), DONE])


def stream(events: Iterable[bytes]) -> Reply:
    return Reply((piece for piece in events), content_type="text/event-stream")


class ScriptedBackend:
    """Says one thing a call, three characters at a time, and remembers what it was asked."""

    name = "scripted:tiny"

    def __init__(self, *says: Says) -> None:
        self.says = list(says)
        self.asked: list[Sequence[Message]] = []
        self.closed = 0  # streams that ended, by themselves or because nobody listened any more

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def stream(self, messages: Sequence[Message], max_tokens: int, within_s: float) -> AsyncGenerator[str]:
        self.asked.append(messages)
        try:
            said = self.says.pop(0)
            if isinstance(said, Exception):
                raise said
            text = said if isinstance(said, str) else said(messages)
            text, broke_off, _ = text.partition(BREAK)
            for start in range(0, len(text), 3):
                yield text[start : start + 3]
            if broke_off:
                raise self.says.pop(0)  # type: ignore[misc]
        finally:
            self.closed += 1

    async def close(self) -> None:
        pass


BREAK = "\x00"
"""In a scripted text: here the next thing to say is raised."""


def evidence_of(messages: Sequence[Message]) -> dict[int, str]:
    """The numbered lines that a prompt shows."""
    lines = re.findall(r"^\[(\d+)\] (.*)$", messages[1]["content"], re.MULTILINE)
    return {int(number): text for number, text in lines}


def number_of(messages: Sequence[Message], part: str) -> int:
    """The first line of the evidence that holds a text."""
    return next(number for number, text in evidence_of(messages).items() if part in text)
