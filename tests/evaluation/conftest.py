"""A project of its own for each module that runs evaluations: corpus, index and question sets in one folder."""

from pathlib import Path

import pytest
from small_sets import in_process, write_project

from rag_support.evaluation.targets import InProcess
from rag_support.types import Embedder


@pytest.fixture(scope="module")
def project(shipped_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"), shipped_embedder)


@pytest.fixture(scope="module")
def target(project: Path, shipped_embedder: Embedder) -> InProcess:
    return in_process(project, shipped_embedder)
