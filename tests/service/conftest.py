"""One server for all tests that only ask; `start` for those that need one of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, Tool
from running import COMMAND, Server, environment, running
from streams import serving
from writers import QuotingWriter

from rag_support.config import Settings
from rag_support.service.app import create_app


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


@pytest.fixture
def asked_of(shipped_index) -> Iterator[Callable[..., httpx.Client]]:
    """asked_of(writer, **settings) → a client of a service in this process, whose answers that writer writes."""
    with ExitStack() as stack:

        def start(writer: QuotingWriter | None = None, **settings: object) -> httpx.Client:
            app = create_app(Settings(_env_file=None, **{"index": shipped_index} | settings), writer)
            url = stack.enter_context(serving(app))
            return stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))

        yield start


class Tools:
    """An MCP client of `rag-support mcp`, a process of its own, for tests that are not asynchronous."""

    def __init__(self, index: Path, folder: Path) -> None:
        self._server = StdioServerParameters(
            command=str(COMMAND), args=["mcp"], cwd=folder, env=environment(index=index)
        )

    def __enter__(self) -> "Tools":
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            self.client = stack.enter_context(self._portal.wrap_async_context_manager(Client(self._server)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def listed(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self._portal.call(self.client.list_tools).tools}

    def call(self, name: str, **arguments: object) -> CallToolResult:
        return self._portal.call(self.client.call_tool, name, arguments)


@pytest.fixture(scope="session")
def tools(shipped_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    with Tools(shipped_index, tmp_path_factory.mktemp("mcp")) as tools:
        yield tools
