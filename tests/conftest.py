"""What all tests share: one index over the shipped corpus, a small model to build many, a browser, PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from postgresql import Postgresql, programs
from small_parts import write_corpus, write_static_model

from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import StaticEmbedder, load_embedder
from rag_support.ingest.build import build_index
from rag_support.pipeline import Pipeline
from rag_support.types import Embedder

os.environ["HF_HUB_OFFLINE"] = "1"  # no test waits for a network

settings.register_profile("busy machine", deadline=None)  # how long an example takes says nothing about the code
settings.load_profile("busy machine")

CORPUS = Path(__file__).parents[1] / "corpus"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def shipped_embedder() -> Embedder:
    return load_embedder(SHIPPED_EMBEDDER)


@pytest.fixture(scope="session")
def shipped_index(shipped_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index over the shipped corpus with the shipped model; only to be read."""
    index = tmp_path_factory.mktemp("shipped") / "index"
    build_index(CORPUS, index, shipped_embedder, keep=1)
    return index


@pytest.fixture(scope="session")
def pipeline(shipped_index: Path, shipped_embedder: Embedder) -> Pipeline:
    """The service's pipeline over the shipped corpus."""
    return Pipeline.open(shipped_index, shipped_embedder, "en")


@pytest.fixture
def pipeline_over(shipped_embedder: Embedder, tmp_path: Path) -> Callable[..., Pipeline]:
    """documents, translations and glossary → a pipeline over them, with the shipped model."""

    def build(
        documents: Mapping[str, str], translations: Mapping[str, Mapping[str, str]] | None = None, glossary: str = ""
    ) -> Pipeline:
        corpus = write_corpus(tmp_path / "corpus", documents, translations, glossary)
        build_index(corpus, tmp_path / "index", shipped_embedder, keep=1)
        return Pipeline.open(tmp_path / "index", shipped_embedder, "en")

    return build


@pytest.fixture(scope="session")
def static_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small static model."""
    return write_static_model(tmp_path_factory.mktemp("models") / "characters")


@pytest.fixture(scope="session")
def small_embedder(static_model: Path) -> StaticEmbedder:
    embedder = load_embedder(str(static_model))
    assert isinstance(embedder, StaticEmbedder)
    return embedder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    installed = programs()
    if installed is None:
        reason = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = Postgresql(installed)
    try:
        server.start()
        yield server
    finally:
        server.remove()
