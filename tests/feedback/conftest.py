"""Feedback is kept in a real SQLite file and by a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql import Postgresql

from rag_support.feedback.store import FeedbackStore


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'feedback.sqlite'}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.empty_database()


@pytest.fixture
def store(url: str) -> Iterator[FeedbackStore]:
    store = FeedbackStore(url)
    yield store
    store.close()
