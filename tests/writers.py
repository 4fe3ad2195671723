"""Writers without a language model, whose generation a test can hold, break and look into."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from rag_support.answering.statements import as_stated
from rag_support.types import Draft, Hit, Stated


class _NothingHeld:
    async def close(self) -> None:
        pass


@dataclass
class QuotingWriter(_NothingHeld):
    """Writes what was quoted, statement by statement, as a language model that can only repeat would.

    `then`, awaited after the first statement, is what happens to the generation in its middle.
    """

    then: Callable[[], Awaitable[object]] | None = None
    closed: threading.Event = field(default_factory=threading.Event)

    async def write(
        self, question: str, language: str, hits: Sequence[Hit], quoted: Draft
    ) -> AsyncGenerator[Stated | Draft]:
        try:
            first, *rest = as_stated(quoted)
            yield first
            if self.then:
                await self.then()
            for stated in rest:
                yield stated
            yield replace(quoted, generator="repeating")
        finally:
            await asyncio.sleep(0)  # as one that closes its connection
            self.closed.set()


@dataclass
class EndlessWriter(_NothingHeld):
    """Never comes to an end, and never waits either."""

    closed: threading.Event = field(default_factory=threading.Event)

    async def write(
        self, question: str, language: str, hits: Sequence[Hit], quoted: Draft
    ) -> AsyncGenerator[Stated | Draft]:
        try:
            while True:
                yield Stated("…" * 10_000, ())
        finally:
            self.closed.set()


async def never_going_on() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise RuntimeError("the inside")
