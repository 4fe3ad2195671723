"""How fast a language model's backend writes when several customers ask at once: is it enough for this service?

Each completion is asked for with the prompt of an answer, without evidence. Figures of a model and a machine, not of
this project: no report and no gate reads them.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from rag_support.answering.backends import Backend
from rag_support.answering.prompting import to_answer
from rag_support.errors import BackendCutShort, BackendError

_QUESTION = "電話番号と受付時間を教えてください。"
_WITHIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Completed:
    """One completion; times in milliseconds."""

    first_ms: float  # until the first piece
    whole_ms: float
    pieces: int  # servers send about one a token


@dataclass(frozen=True, slots=True)
class Speed:
    completed: Sequence[Completed]
    failures: Sequence[str]  # what each failed call said
    wall_s: float

    def __str__(self) -> str:
        told = [f"{len(self.completed)} completions in {self.wall_s:.1f} s, {len(self.failures)} failed"]
        if self.completed:
            pieces = sum(one.pieces for one in self.completed)
            told.append(f"{len(self.completed) / self.wall_s:.1f} completions/s, {pieces / self.wall_s:.0f} pieces/s")
            for name, times in (
                ("first piece", [one.first_ms for one in self.completed]),
                ("whole completion", [one.whole_ms for one in self.completed]),
            ):
                told.append(f"{name}: p50 {_quantile(times, 0.5):.0f} ms, p95 {_quantile(times, 0.95):.0f} ms")
        return "\n".join([*told, *sorted(set(self.failures))])


async def measure(backend: Backend, streams: int, completions: int, max_tokens: int) -> Speed:
    """`completions` in all, `streams` at any time. An answer that is cut at `max_tokens` counts."""
    messages = to_answer(_QUESTION, {}, "ja")
    completed: list[Completed] = []
    failures: list[str] = []
    left = iter(range(completions))

    async def one() -> None:
        started = perf_counter()
        first: float | None = None
        pieces = 0
        try:
            async with aclosing(backend.stream(messages, max_tokens, _WITHIN_SECONDS)) as stream:
                async for piece in stream:
                    if piece:
                        first = first or perf_counter()
                        pieces += 1
        except BackendCutShort:
            pass
        except BackendError as error:
            failures.append(str(error))
            return
        ended = perf_counter()
        completed.append(Completed(1000 * ((first or ended) - started), 1000 * (ended - started), pieces))

    async def customer() -> None:
        for _ in left:
            await one()

    started = perf_counter()
    await asyncio.gather(*(customer() for _ in range(streams)))
    return Speed(completed, failures, perf_counter() - started)


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
