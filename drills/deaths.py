"""A worker is killed again and again under load: the others go on, and another takes its place.

What the killed worker had begun is lost with it, at most a request a connection; whoever asks after that is answered.
"""

import os
import random
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from bench.servers import running
from drills.outcome import Outcome, first_few
from drills.results import Control
from drills.servers import Server, serving, wait_until
from drills.under_load import kept_asking, steadily_asked, under_load
from drills.usual import usual

_LOOKED_AT_SECONDS = 1.0


def deaths(
    folder: Path, index: Path, questions: Sequence[str], count: int, seed: int, workers: int = 2, connections: int = 8
) -> Outcome:
    chance = random.Random(seed)
    replaced_after: list[float] = []

    with serving(index, folder, workers=workers) as (server, port):
        wait_until(partial(_serve, server, workers), "all workers")

        def kill() -> None:
            alive = server.workers()
            for number in range(1, count + 1):
                killed = chance.choice(alive)
                began = perf_counter()
                os.kill(killed, signal.SIGKILL)
                wait_until(partial(_serve, server, workers + number), "another worker")
                replaced_after.append(perf_counter() - began)
                alive = [*(pid for pid in alive if pid != killed), server.workers()[-1]]

        replies = under_load(kill, kept_asking(port, questions, connections))
        status = server.stop()
    lost = [reply for reply in replies if reply.status != 200]
    failures = (
        [f"status {reply.status} after {reply.at:.2f} s" for reply in lost] if len(lost) > count * connections else []
    )
    failures += [f"the service ended with status {status}"] if status else []
    figures = {
        "answers": len(replies) - len(lost),
        "lost with their worker": len(lost),
        "longest without it s": round(max(replaced_after), 1),
    }
    control = _control(index, questions)
    return Outcome("workers killed under load", len(replaced_after), first_few(failures), control, figures)


def _serve(server: Server, starts: int) -> bool:
    return server.serving() == starts


def _control(index: Path, questions: Sequence[str]) -> Control:
    """A process that nobody looks after, killed once."""
    with running(usual(index)) as server:

        def kill() -> None:
            server.process.kill()
            sleep(_LOOKED_AT_SECONDS)

        replies = under_load(kill, steadily_asked(server.port, questions))
    lost = sum(reply.status != 200 for reply in replies)
    return Control("questions in the second after uvicorn alone was killed", len(replies), lost)
