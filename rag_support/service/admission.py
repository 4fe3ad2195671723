"""Which requests are let in, so that those let in are answered soon.

Answering is a few milliseconds of work inside the event loop. Left to the loop, requests that come faster than they are
answered would wait unseen, in ready tasks and in sockets, longer and longer. So they take turns, first come, first
served, and between two turns the loop reads what has arrived: the line's length is known, and a request too many is
refused within a turn.

A burst, or what came while the machine was held up, may fill the line. Where it has been full and as much is refused as
at full load, the line is kept at two: one that is being answered and one that waits for it. A standing line answers
nobody sooner; it only makes all of them wait.
Sources of the idea: Nichols and Jacobson, Controlling Queue Delay, ACM Queue 10(5), 2012; Maurer, Fail at Scale, ACM
Queue 13(8), 2015.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from time import monotonic

from rag_support.types import Answer, Event

_SHORT_LINE = 2
_WINDOW_SECONDS = 0.25
# A line of two that takes as long for everyone refuses 1 - 1 / (exp(-load) + load) of random arrivals: 10 % at half
# load, 27 % at full load, 67 % at three times that.
_REFUSED_AT_FULL_LOAD = 0.25


class Admission:
    """For one event loop; not to be used from other threads."""

    def __init__(self, max_concurrency: int, clock: Callable[[], float] = monotonic) -> None:
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._running = 0
        self._in_line = 0
        self._turn = asyncio.Lock()  # whose waiters are served in order
        self._overloaded = False
        self._since: float | None = None  # when the line was full, or kept short: what was asked and refused is counted
        self._asked = self._refused = 0

    def admits(self) -> bool:
        """Whether one more request is let in now."""
        full = self._running >= self._max_concurrency
        self._look_back(full)
        refused = full or (self._overloaded and self._in_line >= _SHORT_LINE)
        self._asked += 1
        self._refused += refused
        return not refused

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around everything that a request that was let in does."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around work for the processor; nothing that waits for a network belongs inside."""
        self._in_line += 1
        try:
            async with self._turn:
                await asyncio.sleep(0)  # let those that came with it join the line: the loop would run them unseen
                yield
        finally:
            self._in_line -= 1

    def _look_back(self, full: bool) -> None:
        now = self._clock()
        if self._since is None:
            if not full:
                return
        else:
            seconds = now - self._since
            if seconds < _WINDOW_SECONDS:
                return
            paused = seconds > 2 * _WINDOW_SECONDS  # this is asked with each request, so there was none
            self._overloaded = not paused and self._refused > _REFUSED_AT_FULL_LOAD * self._asked
        self._since = now if full or self._overloaded else None
        self._asked = self._refused = 0


async def last_of(events: AsyncGenerator[Event], admission: Admission) -> Answer:
    """The answer that its events end in. The work for the processor is all in the first one, which takes its turn."""
    async with aclosing(events):
        async with admission.turn():
            await anext(events)
        [answer] = [event async for event in events if isinstance(event, Answer)]
        return answer
