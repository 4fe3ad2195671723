"""Streams as a client reads them, and a service in this process to ask them of."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI
from running import DEADLINE_SECONDS, wait_until


def events_of(lines: Iterable[str]) -> Iterator[tuple[str, dict]]:
    """The lines of a stream → its events, each with its name and data."""
    name = ""
    for line in lines:
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


def stream_of(events: Iterable[tuple[str, object]]) -> str:
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


@dataclass(frozen=True)
class Served:
    url: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=DEADLINE_SECONDS, trust_env=False)


@contextmanager
def serving(app: FastAPI) -> Iterator[Served]:
    """The service, in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "the server")
        yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(DEADLINE_SECONDS)
