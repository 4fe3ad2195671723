"""Harm done while questions are asked: the load lasts as long as the harm."""

from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.load import Reply, asked_until, asking, closed_loop, open_loop, run

_STEADY = 50.0  # questions a second: any machine can answer them

Load = Callable[[Callable[[], bool]], Coroutine[Any, Any, list[Reply]]]
"""A load that ends when it is told that the harm has been done."""


def under_load(harm: Callable[[], None], load: Load) -> list[Reply]:
    """Raises what the harm raises."""
    with ThreadPoolExecutor(1) as pool:
        harming = pool.submit(harm)
        replies = run(load(harming.done))
        harming.result()
    return replies


def kept_asking(
    port: int, questions: Sequence[str], connections: int, rest_s: float = 0.0, bodies: bool = False
) -> Load:
    """Each connection asks as soon as it was answered."""
    return lambda done: closed_loop(port, asked_until(done, asking(questions)), connections, rest_s, bodies)


def steadily_asked(port: int, questions: Sequence[str], bodies: bool = False) -> Load:
    """As many questions a second whether they are answered or not, for servers that may be away."""
    return lambda done: open_loop(port, asked_until(done, asking(questions)), _STEADY, seed=0, bodies=bodies)
