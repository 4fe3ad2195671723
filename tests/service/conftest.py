"""One server for all tests that only ask; `start` and `served` for those that need one of their own; who asks them."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request
from running import Server, running
from streams import Served, serving
from tools import Tools

from rag_support.config import Settings
from rag_support.service.app import create_app
from rag_support.types import Writer


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
def served(shipped_index: Path) -> Iterator[Callable[..., Served]]:
    """served(writer, **settings) → a service in this process, whose answers that writer writes."""
    with ExitStack() as stack:

        def serve(writer: Writer | None = None, **settings: object) -> Served:
            app = create_app(Settings(_env_file=None, **{"index": shipped_index} | settings), writer)
            return stack.enter_context(serving(app))

        yield serve


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """open_page(path, language of the browser) → Page. A page that complains, asks for anything that is not the
    server's, or opens a dialog fails its test; `expected` is what the console may say.
    """
    contexts, faults = [], []

    def open_page(path: str = "/", locale: str = "en", expected: str = "nothing", at: Server | Served = server) -> Page:
        context = browser.new_context(locale=locale)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()

        def note_request(request: Request) -> None:
            if not request.url.startswith((f"{at.url}/", "data:")):
                faults.append(f"loads {request.url}")

        def note_console(message) -> None:
            if message.type in ("error", "warning") and not re.search(expected, message.text):
                faults.append(f"console: {message.text} {message.location}")

        page.on("request", note_request)
        page.on("console", note_console)
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(f"{at.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def tools(shipped_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    with Tools(shipped_index, tmp_path_factory.mktemp("mcp")) as tools:
        yield tools
