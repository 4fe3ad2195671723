"""What can be told from a database's URL without loading what talks to it."""

import os.path
from pathlib import Path

_SQLITE = "sqlite:///"


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for a server."""
    return Path(url.removeprefix(_SQLITE).partition("?")[0]) if url.startswith(_SQLITE) else None


def may_hold_rows(url: str) -> bool:
    """An SQLite file is made with the first row; a server is taken to have some."""
    file = sqlite_file(url)
    return file is None or os.path.exists(file)  # which, unlike Path's, never raises
