"""The load: requests over kept connections, on each the next when the last was answered.

Runs in a process of its own (`python -m bench.load`), so that what it costs is not taken from the server's thread; it
writes to raw sockets and parses with httptools, which is several times cheaper than an HTTP client library.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from time import perf_counter

import httptools
import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What came back; times in milliseconds, one for each request, in the order of their ends."""

    seconds: float
    times_ms: list[float]
    failed: int  # of the replies, those with a status that is not 200


class _Reply:
    """The parser's events that matter."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.complete = False

    def on_message_complete(self) -> None:
        self.complete = True


def request(question: str) -> bytes:
    body = json.dumps({"question": question}, ensure_ascii=False).encode()
    head = (
        "POST /v1/answers HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> int:
    """One request; the status of its reply. Raises ConnectionError when there is none."""
    writer.write(content)
    reply = _Reply()
    while not reply.complete:
        part = await reader.read(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        reply.parser.feed_data(part)
    return int(reply.parser.get_status_code())


async def load(port: int, questions: Sequence[str], connections: int, requests: int) -> Load:
    todo = islice(cycle([request(question) for question in questions]), requests)
    times_ms: list[float] = []
    failed = 0

    async def keep_asking(requests: Iterator[bytes]) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for content in requests:
            started = perf_counter()
            failed += await send(reader, writer, content) != 200
            times_ms.append((perf_counter() - started) * 1000)
        writer.close()

    started = perf_counter()
    await asyncio.gather(*(keep_asking(todo) for _ in range(connections)))
    return Load(perf_counter() - started, times_ms, failed)


def main() -> None:
    """Reads {"port", "questions", "connections", "requests"} and writes a Load, both as JSON."""
    asked = json.load(sys.stdin)
    done = uvloop.run(load(asked["port"], asked["questions"], asked["connections"], asked["requests"]))
    json.dump(asdict(done), sys.stdout)


if __name__ == "__main__":
    main()
