"""The server is stopped and started again and again with requests on their way: all are answered.

The listening socket is handed over, so connections wait for the next server. Half of the time the new one is started
before the old one is told to stop, as a careful operator does, half of the time after it has ended, as `systemctl
restart` does. Most requests come in one piece; some take a while to be sent, and so are under way when the stop comes.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from bench.load import Reply, percentile_ms
from bench.servers import running
from drills.outcome import Outcome, first_few
from drills.results import Control
from drills.servers import listening, port_of, start
from drills.under_load import kept_asking, steadily_asked, under_load
from drills.usual import usual

_SLOW_SECONDS = 0.2


def restarts(
    folder: Path, index: Path, questions: Sequence[str], count: int, seed: int, connections: int = 8
) -> Outcome:
    chance = random.Random(seed)
    statuses: list[int] = []

    with listening() as listener:
        server = start(listener, index, folder / "server-0.log")

        def restart() -> None:
            nonlocal server
            for number in range(1, count + 1):
                log_file = folder / f"server-{number}.log"
                if chance.random() < 0.5:
                    old, server = server, start(listener, index, log_file)
                    statuses.append(old.stop())
                else:
                    statuses.append(server.stop())
                    server = start(listener, index, log_file)

        async def load(done: Callable[[], bool]) -> list[Reply]:
            quick = kept_asking(port_of(listener), questions, connections)(done)
            slow = kept_asking(port_of(listener), questions, connections // 2, _SLOW_SECONDS)(done)
            return [reply for replies in await asyncio.gather(quick, slow) for reply in replies]

        began = perf_counter()
        replies = under_load(restart, load)
        took = perf_counter() - began
        statuses.append(server.stop())
    failures = [f"status {reply.status} after {reply.at:.2f} s" for reply in replies if reply.status != 200]
    failures += [f"a server ended with status {status}" for status in statuses if status]
    figures = {
        "seconds": round(took, 1),
        "answers": len(replies),
        "p50 ms": round(percentile_ms(replies, 0.5), 1),
        "longest wait ms": round(percentile_ms(replies, 1.0), 1),
    }
    return Outcome("restarts under load", len(statuses) - 1, first_few(failures), _control(index, questions), figures)


def _control(index: Path, questions: Sequence[str]) -> Control:
    """Stopped and started once, on a socket of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(running(usual(index)))

        def restart() -> None:
            stack.close()
            stack.enter_context(running(usual(index), server.port))

        replies = under_load(restart, steadily_asked(server.port, questions))
    lost = sum(reply.status != 200 for reply in replies)
    return Control("questions, as uvicorn alone was stopped and started once", len(replies), lost)
