"""Load on a running service: many kept connections on one event loop, cheap enough not to be measured itself.

Parsed with httptools, which is several times cheaper than an HTTP client library. As a process of its own (`python -m
bench.load`) it takes nothing from the one that measures.

Closed loop: each connection asks again as soon as it was answered. Open loop: questions come at random moments at a
given rate, whatever the service does, and the time of each counts from its moment, so that a service that stalls is not
spared the questions that it kept from being asked (coordinated omission).

Both end with the requests that they are given: `islice` for so many, `lasting` for so long, `asked_until` for anything.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, takewhile
from time import perf_counter
from typing import Any, TypeVar

import httptools
import uvloop

LOST = 0  # the status of a request that got no answer
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request."""

    at: float  # seconds from the start of the load to when it was to be sent
    ms: float  # from then to the last byte of the answer
    status: int  # of HTTP; LOST without an answer
    body: bytes  # empty unless bodies were to be kept
    retry_after: bool = False


def run(load: Coroutine[Any, Any, T]) -> T:
    """A load to its end, on the quickest loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(load)


def asking(questions: Iterable[str]) -> Iterator[bytes]:
    """Requests that ask these questions, over and over."""
    return cycle([post("/v1/answers", {"question": question}) for question in questions])


def asked_until(ended: Callable[[], bool], requests: Iterable[bytes]) -> Iterator[bytes]:
    return takewhile(lambda _: not ended(), requests)


def lasting(seconds: float, requests: Iterable[bytes]) -> Iterator[bytes]:
    """Requests for so long from now."""
    end = perf_counter() + seconds
    return asked_until(lambda: perf_counter() > end, requests)


def post(path: str, body: object) -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    )
    return f"{head}\r\n\r\n".encode() + content


class Connection(asyncio.Protocol):
    """A kept connection, one request at a time; opened when first needed, and anew when the service has ended it."""

    def __init__(self, port: int, bodies: bool = False) -> None:
        """With `bodies`, those of the replies are kept: of a long load, more than memory holds."""
        self._port = port
        self._bodies = bodies
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[int] | None = None
        self._body = bytearray()
        self._retry_after = False

    async def ask(self, request: bytes, since: float, begun: float, rest_s: float = 0.0) -> Reply:
        """`since`, of perf_counter, is when the request was to be sent; `begun`, when the load began. With a rest, the
        second half of the request comes so much later.
        """
        loop = asyncio.get_running_loop()
        status = LOST
        try:
            if self._transport is None or self._transport.is_closing():
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await loop.create_connection(lambda: self, "127.0.0.1", self._port)
            assert self._transport is not None  # connection_made has been called
            self._answered = loop.create_future()
            self._body, self._retry_after = bytearray(), False
            self._parser = httptools.HttpResponseParser(self)
            half = len(request) // 2 if rest_s else len(request)
            self._transport.write(request[:half])
            if rest_s:
                await asyncio.sleep(rest_s)
                if self._transport is not None:
                    self._transport.write(request[half:])
            async with asyncio.timeout(_ANSWER_SECONDS):
                status = await self._answered
        except OSError:  # TimeoutError among them
            self.close()
        return Reply(since - begun, 1000 * (perf_counter() - since), status, bytes(self._body), self._retry_after)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("ended before the answer"))

    # httptools' callbacks

    def on_header(self, name: bytes, _: bytes) -> None:
        self._retry_after |= name.lower() == b"retry-after"

    def on_body(self, body: bytes) -> None:
        if self._bodies:
            self._body += body

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive() and self._transport is not None:
            self._transport.close()  # the next request opens another
            self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._parser.get_status_code())


async def closed_loop(
    port: int, requests: Iterator[bytes], connections: int, rest_s: float = 0.0, bodies: bool = False
) -> list[Reply]:
    """Each connection asks, waits for its answer and asks again; its replies stand together."""
    begun = perf_counter()

    async def keep_asking() -> list[Reply]:
        connection = Connection(port, bodies)
        replies = [await connection.ask(request, perf_counter(), begun, rest_s) for request in requests]
        connection.close()
        return replies

    return [
        reply for replies in await asyncio.gather(*(keep_asking() for _ in range(connections))) for reply in replies
    ]


async def open_loop(port: int, requests: Iterator[bytes], rate: float, seed: int, bodies: bool = False) -> list[Reply]:
    """`rate` requests a second at random moments (a Poisson process), on as many connections as it takes."""
    chance = random.Random(seed)
    idle: list[Connection] = []
    replies: list[Reply] = []
    waiting: set[asyncio.Task[None]] = set()
    moment = begun = perf_counter()

    async def ask(request: bytes, moment: float) -> None:
        connection = idle.pop() if idle else Connection(port, bodies)
        replies.append(await connection.ask(request, moment, begun))
        idle.append(connection)

    for request in requests:
        moment += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, moment - perf_counter()))
        task = asyncio.create_task(ask(request, moment))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.gather(*waiting)
    for connection in idle:
        connection.close()
    return replies


def percentile_ms(replies: Sequence[Reply], share: float) -> float:
    """The time that this share of replies kept to; nan without any."""
    times = sorted(reply.ms for reply in replies)
    return times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")


def main() -> None:
    """Reads {"port", "questions", "connections", "requests"}: so many requests over so many connections. Writes
    {"seconds", "times_ms", "failed"}: a time for each, and how many had another status than 200.
    """
    asked = json.load(sys.stdin)
    requests = islice(asking(asked["questions"]), asked["requests"])
    started = perf_counter()
    replies = run(closed_loop(asked["port"], requests, asked["connections"]))
    seconds = perf_counter() - started
    failed = sum(reply.status != 200 for reply in replies)
    json.dump({"seconds": seconds, "times_ms": [reply.ms for reply in replies], "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main()
