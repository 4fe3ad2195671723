"""Pieces that come too late, and calls that find no room."""

import asyncio
from time import monotonic

import pytest

from rag_support.answering.backends.patience import Slots, paced
from rag_support.errors import BackendBusy, BackendTooSlow

LONG_S = 60.0  # never waited for


async def told(*pieces, then=None):
    for piece in pieces:
        yield piece
    if then is not None:
        await then.wait()


def test_pieces_in_time_come_as_they_are():
    async def all_pieces():
        return [piece async for piece in paced(told("a", "b"), LONG_S, monotonic() + LONG_S, "it")]

    assert asyncio.run(all_pieces()) == ["a", "b"]


@pytest.mark.parametrize(("gap_s", "within_s"), [(0.01, LONG_S), (LONG_S, 0.01)])
def test_a_piece_that_does_not_come_is_too_slow(gap_s, within_s):
    async def first_then_nothing():
        pieces = paced(told("a", then=asyncio.Event()), gap_s, monotonic() + within_s, "it")
        assert await anext(pieces) == "a"
        with pytest.raises(BackendTooSlow, match=r"it took too long.*RAG_SUPPORT_LLM_TIMEOUT_S"):
            await anext(pieces)

    asyncio.run(first_then_nothing())


def test_what_the_caller_does_between_two_pieces_does_not_count():
    async def slow_caller():
        pieces = paced(told("a", "b"), 0.05, monotonic() + LONG_S, "it")
        first = await anext(pieces)
        await asyncio.sleep(0.1)
        return [first, await anext(pieces)]

    assert asyncio.run(slow_caller()) == ["a", "b"]


class TestSlots:
    def test_who_finds_no_room_to_wait_is_told_at_once(self):
        async def third():
            slots = Slots(running=1, waiting=1)
            await slots.take(LONG_S)
            second = asyncio.create_task(slots.take(LONG_S))
            await asyncio.sleep(0)
            with pytest.raises(BackendBusy, match="RAG_SUPPORT_LLM_CONCURRENCY"):
                await slots.take(LONG_S)
            slots.give_back()
            await second

        asyncio.run(third())

    def test_who_waits_for_too_long_is_told(self):
        async def second():
            slots = Slots(running=1, waiting=1)
            await slots.take(LONG_S)
            with pytest.raises(BackendBusy):
                await slots.take(0.01)
            slots.give_back()
            await slots.take(LONG_S)  # the place to wait in, and the slot, are free again

        asyncio.run(second())
