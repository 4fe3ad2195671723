"""One server for all tests that only ask; `start` for those that need one of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from running import Server, running


@pytest.fixture(scope="session")
def server(shipped_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), shipped_index) as server:
        yield server
        assert server.process.poll() is None, f"the server ended by itself:\n{server.log()}"


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """start(index, *options, **settings) → Server."""
    with ExitStack() as stack:
        yield lambda *where, **how: stack.enter_context(running(tmp_path, *where, **how))
