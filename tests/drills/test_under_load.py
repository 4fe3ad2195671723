"""Harm beside a load: the load ends with it, and what it raises is raised."""

import asyncio
from collections.abc import Callable

import pytest

from bench.load import Reply
from drills.under_load import under_load


async def waiting(done: Callable[[], bool]) -> list[Reply]:
    while not done():
        await asyncio.sleep(0)
    return [Reply(0.0, 1.0, 200, b"")]


def test_load_lasts_until_the_harm_is_done():
    assert under_load(lambda: None, waiting) == [Reply(0.0, 1.0, 200, b"")]


def test_harm_that_fails_ends_the_drill():
    def fail() -> None:
        raise TimeoutError("waited in vain")

    with pytest.raises(TimeoutError, match="in vain"):
        under_load(fail, waiting)
