"""How long a completion may keep a customer waiting, and how many are made at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import monotonic

from rag_support.errors import BackendBusy, BackendTooSlow


async def paced(pieces: AsyncGenerator[str], gap_s: float, deadline: float, who: str) -> AsyncGenerator[str]:
    """The same pieces; raises BackendTooSlow when one takes longer than `gap_s`, or the deadline is over (monotonic).

    The clock runs only while a piece is waited for: what the caller does between two is not the model's time.
    """
    async with aclosing(pieces):
        while True:
            left_s = min(gap_s, deadline - monotonic())
            try:
                async with asyncio.timeout(left_s):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise BackendTooSlow(
                    f"{who} took too long. Use a smaller model or a faster machine, or raise RAG_SUPPORT_LLM_TIMEOUT_S."
                ) from error
            yield piece


class Slots:
    """Room for some calls at once, and for some that wait."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._room = waiting

    async def take(self, within_s: float) -> None:
        """Raises BackendBusy when there is no room to wait, or none came free in time."""
        if self._free.locked() and self._room == 0:
            raise BackendBusy(_BUSY)
        self._room -= 1
        try:
            async with asyncio.timeout(within_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise BackendBusy(_BUSY) from error
        finally:
            self._room += 1

    def give_back(self) -> None:
        self._free.release()


_BUSY = (
    "As many answers as may be are being written. Raise RAG_SUPPORT_LLM_CONCURRENCY if the model server can take more."
)
