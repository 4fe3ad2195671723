"""Server-sent events as a response: begins with its first event, stays alive through silence, ends with its client.

What goes wrong before the first event is an ordinary error of the request; after it, the last event tells of it. The
frames are made by a task of their own, so that a client that leaves stops the one that makes them at once.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 15.0  # proxies give a silent connection up after 30 to 60
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
        keeping_alive = asyncio.create_task(_keep_alive(send))
        telling = asyncio.create_task(self._tell(send, keeping_alive))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving, keeping_alive):
                task.cancel()
            await asyncio.gather(telling, leaving, keeping_alive, return_exceptions=True)
        if not telling.cancelled():
            telling.result()

    async def _tell(self, send: Send, keeping_alive: asyncio.Task[None]) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._rest):
            await _send_frame(send, self._first)
            try:
                async for frame in self._rest:
                    await _send_frame(send, frame)
            except Exception:
                logger.exception("unexpected error in the middle of a stream")
                await _send_frame(send, self._fault)
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
