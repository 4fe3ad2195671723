"""The server is stopped and started again and again with requests on their way: all are answered.

The listening socket is handed over, so connections wait for the next server. Half of the time the new one is started
before the old one is told to stop, as a careful operator does, half of the time after it has ended, as `systemctl
restart` does. Most requests come in one piece; some take a while to be sent, and so are under way when the stop comes.
"""

import asyncio
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from drills.load import Reply, asking, closed_loop, percentile_ms, run
from drills.outcome import Outcome, first_few
from drills.servers import listening, port_of, start

_SLOW_SECONDS = 0.2


def restarts(
    folder: Path, index: Path, questions: Sequence[str], count: int, seed: int, connections: int = 8
) -> Outcome:
    chance = random.Random(seed)
    ended = threading.Event()
    statuses: list[int] = []

    with listening() as listener:
        server = start(listener, index, folder / "server-0.log")

        def restart() -> None:
            nonlocal server
            try:
                for number in range(1, count + 1):
                    log_file = folder / f"server-{number}.log"
                    if chance.random() < 0.5:
                        old, server = server, start(listener, index, log_file)
                        statuses.append(old.stop())
                    else:
                        statuses.append(server.stop())
                        server = start(listener, index, log_file)
            finally:
                ended.set()

        async def load() -> list[Reply]:
            quick = closed_loop(port_of(listener), asking(questions), connections, ended.is_set)
            slow = closed_loop(port_of(listener), asking(questions), connections // 2, ended.is_set, _SLOW_SECONDS)
            return [reply for replies in await asyncio.gather(quick, slow) for reply in replies]

        restarting = threading.Thread(target=restart)
        began = perf_counter()
        restarting.start()
        replies = run(load())
        restarting.join()
        took = perf_counter() - began
        statuses.append(server.stop())
    failures = [f"status {reply.status} after {reply.at:.2f} s" for reply in replies if reply.status != 200]
    failures += [f"a server ended with status {status}" for status in statuses if status]
    return Outcome(
        "restarts under load",
        len(statuses) - 1,
        first_few(failures),
        {
            "seconds": round(took, 1),
            "answers": len(replies),
            "p50 ms": round(percentile_ms(replies, 0.5), 1),
            "longest wait ms": round(percentile_ms(replies, 1.0), 1),
        },
    )
