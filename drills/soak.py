"""Half of what the service can answer, for long: its memory does not grow, its descriptors stay, nothing fails.

Every question is a new one, the number at its end is: caches that remember questions for ever would be seen to grow.
"""

import os
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from drills.load import asking, closed_loop, open_loop, percentile_ms, post, run
from drills.outcome import Outcome
from drills.servers import serving

_CONNECTIONS = 16
_GROWTH = 0.02  # of the resident memory
_MEASURED_SECONDS = 5.0
_SAMPLES = 200
_EDGE = 0.1  # share of the samples at the start, and at the end, that are compared


def soak(
    folder: Path, index: Path, questions: Sequence[str], seconds: float, warm_seconds: float, seed: int
) -> Outcome:
    """Memory is compared between the time after `warm_seconds` and the end."""
    chance = random.Random(seed)

    def new_questions() -> Iterator[bytes]:
        while True:
            yield post("/v1/answers", {"question": f"{chance.choice(questions)} {chance.randrange(10**9)}"})

    with serving(index, folder) as (server, port):
        end = perf_counter() + _MEASURED_SECONDS
        capacity = len(run(closed_loop(port, asking(questions), _CONNECTIONS, lambda: perf_counter() > end)))
        rate = capacity / _MEASURED_SECONDS / 2
        warm = run(open_loop(port, new_questions(), rate, warm_seconds, seed))
        opened = _descriptors_at_rest(server.pid)
        samples: list[int] = []
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(seconds / _SAMPLES):
                samples.append(resident_kb(server.pid))

        sampling = threading.Thread(target=sample)
        sampling.start()
        replies = run(open_loop(port, new_questions(), rate, seconds, seed))
        ended.set()
        sampling.join()
        left_open = _descriptors_at_rest(server.pid)
    edge = max(1, int(len(samples) * _EDGE))
    first, last = median(samples[:edge]), median(samples[-edge:])
    growth = last / first - 1
    failed = [reply for reply in (*warm, *replies) if reply.status != 200]
    promises = {
        f"{len(failed)} requests were not answered": not failed,
        f"memory grew by {100 * growth:.1f} %": growth < _GROWTH,
        f"descriptors grew from {opened} to {left_open}": left_open <= opened,
    }
    figures = {
        "seconds": seconds,
        "answers/s": round(len(replies) / seconds),
        "p50 ms": round(percentile_ms(replies, 0.5), 1),
        "p99 ms": round(percentile_ms(replies, 0.99), 1),
        "resident MB": round(last / 1024, 1),
        "growth %": round(100 * growth, 2),
        "descriptors": left_open,
    }
    return Outcome("soak", len(replies), tuple(what for what, kept in promises.items() if not kept), figures)


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def _descriptors_at_rest(pid: int) -> int:
    """Those that are left when the connections of a load have ended: the fewest for a while."""
    fewest = []
    for _ in range(20):
        fewest.append(len(os.listdir(f"/proc/{pid}/fd")))
        sleep(0.05)
    return min(fewest)
