"""Server-sent events as a response: begins with its first event, stays alive through silence, ends with its client.

What goes wrong before the first event is an ordinary error of the request; after it, the last event tells of it. The
frames are made by a task of their own, so that a client that leaves stops the one that makes them at once.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 15.0  # proxies give a silent connection up after 30 to 60
SEND_SECONDS = 30.0  # for a client to take what is sent; one that does not read must not hold its place for ever
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter keeps nginx from holding events back


class EventStream(EventSourceResponse):
    """Frames, made by `fastapi.sse.format_sse_event`, as they come about; they are closed when the response ends."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes, None], fault: bytes) -> None:
        super().__init__(rest, headers=_HEADERS)
        self._first = first
        self._rest = rest
        self._fault = fault

    @classmethod
    async def begun(cls, frames: AsyncGenerator[bytes, None], fault: bytes) -> "EventStream":
        """The response, once there is a first frame; raises what comes in its place.

        `fault` is the frame that ends a stream which cannot go on.
        """
        return cls(await anext(frames), frames, fault)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as ASGI has it)
        async def timely_send(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        keeping_alive = asyncio.create_task(_keep_alive(timely_send))
        telling = asyncio.create_task(self._tell(timely_send, keeping_alive))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving, keeping_alive):
                task.cancel()
            outcome, *_ = await asyncio.gather(telling, leaving, keeping_alive, return_exceptions=True)
        if isinstance(outcome, TimeoutError):
            logger.warning("a client did not read its stream for %g seconds; it is given up", SEND_SECONDS)
        elif isinstance(outcome, Exception):
            raise outcome

    async def _tell(self, send: Send, keeping_alive: asyncio.Task[None]) -> None:
        """Raises TimeoutError where the client does not read."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._rest):
            frame: bytes | None = self._first
            while frame is not None:
                await _send_frame(send, frame)
                try:
                    frame = await anext(self._rest, None)
                except Exception:
                    logger.exception("unexpected error in the middle of a stream")
                    frame = self._fault  # the last one: a generator that has raised is at its end
        keeping_alive.cancel()  # nothing may be sent after the end
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_frame(send: Send, frame: bytes) -> None:
    await send({"type": "http.response.body", "body": frame, "more_body": True})


async def _keep_alive(send: Send) -> None:
    while True:
        await asyncio.sleep(KEEP_ALIVE_SECONDS)
        await _send_frame(send, KEEPALIVE_COMMENT)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
