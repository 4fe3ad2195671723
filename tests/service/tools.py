"""`rag-support mcp` as its clients use it."""

from contextlib import ExitStack
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, Tool
from running import COMMAND, environment


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
