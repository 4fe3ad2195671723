"""Which requests are let in, so that those let in are answered soon.

Answering is a few milliseconds of work inside the event loop. Left to the loop, requests that come faster than they are
answered would wait unseen, in ready tasks and in sockets, longer and longer. So they take turns, first come, first
served, and between two turns the loop reads what has arrived: the line's length is known, and a request too many is
refused within a turn.

A burst may fill the line, since it ends, and so may clients that each wait for their answer, since they ask once a turn
between them. When more than one asks per turn, turn after turn, the line is kept at two: one that is being answered and
one that waits for it. A standing line answers nobody sooner; it only makes all of them wait. Whether that is so is told
by a cumulative sum of what is asked beyond one per turn, the quickest way to see a rate that has changed; counted in
turns, it needs not know how long they take.
Sources: Page, Continuous Inspection Schemes, Biometrika 41, 1954 (the sum); Nichols and Jacobson, Controlling Queue
Delay, ACM Queue 10(5), 2012 (good and bad lines).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from time import monotonic

from rag_support.types import Answer, Event

_SHORT_LINE = 2
_BEARABLE = 1.1  # asked per turn: clients that wait for their answers ask 1
_AT_ONCE = 4  # of what is asked in one turn, counted: what came while the machine was held up is no rate
# Reached by three times what can be answered in some 19 turns, when 38 wait; at whatever pace they ask, never by 41
# requests, nor by 31 clients that wait for their answers.
_TOO_MUCH = 30.0
_MOST = 1.5 * _TOO_MUCH  # so that the end of it is seen as soon
_PAUSE_SECONDS = 0.5  # without a question, after which what was before says nothing


class Admission:
    """For one event loop; not to be used from other threads."""

    def __init__(self, max_concurrency: int, clock: Callable[[], float] = monotonic) -> None:
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._running = 0
        self._in_line = 0
        self._turn = asyncio.Lock()  # whose waiters are served in order
        self._asked = 0  # in this turn: those that joined the line or were refused
        self._excess = 0.0  # the cumulative sum of what was asked beyond what is bearable
        self._left_at = clock()  # the last one to leave the line

    def admits(self) -> bool:
        """Whether one more request is let in now."""
        overloaded = self._excess >= _TOO_MUCH
        if self._running < self._max_concurrency and not (overloaded and self._in_line >= _SHORT_LINE):
            return True
        self._asked += 1
        return False

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
        if self._in_line:
            self._asked += 1
        elif self._clock() - self._left_at > _PAUSE_SECONDS:
            self._excess = 0.0
        self._in_line += 1
        try:
            async with self._turn:
                await asyncio.sleep(0)  # let those that came with it join the line: the loop would run them unseen
                try:
                    yield
                finally:
                    self._count_turn()
        finally:
            self._in_line -= 1
            self._left_at = self._clock()

    def _count_turn(self) -> None:
        more = min(self._asked, _AT_ONCE) - _BEARABLE
        self._excess = min(max(0.0, self._excess + more), _MOST)
        self._asked = 0


async def last_of(events: AsyncGenerator[Event], admission: Admission) -> Answer:
    """The answer that its events end in. The work for the processor is all in the first one, which takes its turn."""
    async with aclosing(events):
        async with admission.turn():
            await anext(events)
        [answer] = [event async for event in events if isinstance(event, Answer)]
        return answer
