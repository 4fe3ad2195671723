"""Measuring a backend: every completion is counted once, and failures are told."""

import asyncio

from scripted_llm import BREAK, ScriptedBackend

from rag_support.errors import BackendBusy, BackendCutShort
from rag_support.evaluation.backend_speed import Completed, Speed, measure


def test_counts_completions_pieces_and_failures():
    busy = "as many as may be"
    backend = ScriptedBackend(
        "abcdef", "abc", BackendBusy(busy), f"abcdefghi{BREAK}", BackendCutShort("64 tokens"), "abcdef"
    )
    speed = asyncio.run(measure(backend, streams=1, completions=5, max_tokens=64))
    assert [one.pieces for one in speed.completed] == [2, 1, 3, 2]
    assert speed.failures == [busy]
    assert all(one.first_ms <= one.whole_ms <= 1000 * speed.wall_s for one in speed.completed)


def test_keeps_as_many_under_way_as_asked():
    backend = ScriptedBackend(*["abc"] * 10)
    speed = asyncio.run(measure(backend, streams=4, completions=10, max_tokens=64))
    assert len(speed.completed) == len(backend.asked) == 10


def test_is_told_in_a_few_lines():
    told = str(Speed([Completed(10, 20, 5), Completed(30, 40, 5)], ["down", "down"], wall_s=2.0))
    assert told.splitlines() == [
        "2 completions in 2.0 s, 2 failed",
        "1.0 completions/s, 5 pieces/s",
        "first piece: p50 30 ms, p95 30 ms",
        "whole completion: p50 40 ms, p95 40 ms",
        "down",
    ]
    assert str(Speed([], ["down"], wall_s=1.0)) == "0 completions in 1.0 s, 1 failed\ndown"
