"""A worker is killed again and again under load: the others go on, and another takes its place.

What the killed worker had begun is lost with it, at most a request a connection; whoever asks after that is answered.
"""

import os
import random
import signal
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

from drills.load import asking, closed_loop, run
from drills.outcome import Outcome, first_few
from drills.servers import Server, serving, wait_until


def deaths(
    folder: Path, index: Path, questions: Sequence[str], count: int, seed: int, workers: int = 2, connections: int = 8
) -> Outcome:
    chance = random.Random(seed)
    ended = threading.Event()
    replaced_after: list[float] = []

    with serving(index, folder, workers=workers) as (server, port):
        wait_until(partial(_serve, server, workers), "all workers")

        def kill() -> None:
            try:
                alive = server.workers()
                for number in range(1, count + 1):
                    killed = chance.choice(alive)
                    began = perf_counter()
                    os.kill(killed, signal.SIGKILL)
                    wait_until(partial(_serve, server, workers + number), "another worker")
                    replaced_after.append(perf_counter() - began)
                    alive = [*(pid for pid in alive if pid != killed), server.workers()[-1]]
            finally:
                ended.set()

        killing = threading.Thread(target=kill)
        killing.start()
        replies = run(closed_loop(port, asking(questions), connections, ended.is_set))
        killing.join()
        status = server.stop()
    lost = [reply for reply in replies if reply.status != 200]
    failures = (
        [f"status {reply.status} after {reply.at:.2f} s" for reply in lost] if len(lost) > count * connections else []
    )
    failures += [f"the service ended with status {status}"] if status else []
    return Outcome(
        "workers killed under load",
        len(replaced_after),
        first_few(failures),
        {
            "answers": len(replies) - len(lost),
            "lost with their worker": len(lost),
            "longest without it s": round(max(replaced_after, default=0.0), 1),
        },
    )


def _serve(server: Server, starts: int) -> bool:
    return server.serving() == starts
