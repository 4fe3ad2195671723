"""Half of what the service can answer, for long: its memory does not grow, its descriptors stay, nothing fails.

Every question is a new one, the number at its end is: caches that remember questions for ever would be seen to grow.
The load comes in slices; after each, what it came to so far is told, so that a soak that is stopped has told it.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from time import monotonic, sleep

from bench.load import Reply, asking, closed_loop, lasting, open_loop, percentile_ms, post, run
from bench.servers import running
from drills.outcome import Outcome
from drills.overload import answers_per_second
from drills.results import Control
from drills.servers import serving
from drills.usual import usual

_GROWTH = 0.02  # of the resident memory
_EDGE = 0.1  # share of the samples at the start, and at the end, that are compared
_AT_REST_SECONDS = 1.0  # in which the connections of a load have ended
_CONTROL_WARM, _CONTROL_ANSWERS = 50, 100


@dataclass(frozen=True, slots=True)
class Length:
    """How long to soak, in seconds."""

    warm: float  # before memory is looked at first
    slices: int
    slice: float
    measured: float = 5.0  # to find out what it can answer


def soak(
    folder: Path,
    index: Path,
    questions: Sequence[str],
    length: Length,
    seed: int,
    rate: float | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """`rate` is of questions a second, half of what the service can answer if it is None. `tell` hears what it came to
    after each slice but the last.
    """
    chance = random.Random(seed)

    def new_questions() -> Iterator[bytes]:
        while True:
            yield post("/v1/answers", {"question": f"{chance.choice(questions)} {chance.randrange(10**9)}"})

    control = _control(index, questions)
    with serving(index, folder) as (server, port):
        rate = rate or answers_per_second(port, asking(questions), length.measured) / 2
        warm = run(open_loop(port, lasting(length.warm, new_questions()), rate, seed))
        seen = _Seen(descriptors_at_rest(server.pid), [reply for reply in warm if reply.status != 200])
        for number in range(length.slices):
            replies = run(open_loop(port, lasting(length.slice, new_questions()), rate, seed + number))
            seen.note(replies, resident_kb(server.pid), descriptors_at_rest(server.pid, seen.opened))
            outcome = seen.outcome(control, length.slice * (number + 1))
            if number + 1 < length.slices:
                tell(outcome)
    return outcome


@dataclass(slots=True)
class _Seen:
    opened: int  # descriptors, before
    failed: list[Reply]
    replies: list[Reply] = field(default_factory=list)
    resident_kb: list[int] = field(default_factory=list)
    left_open: int = 0

    def note(self, replies: Sequence[Reply], resident_kb: int, left_open: int) -> None:
        self.replies += replies
        self.failed += [reply for reply in replies if reply.status != 200]
        self.resident_kb.append(resident_kb)
        self.left_open = max(self.left_open, left_open)

    def outcome(self, control: Control, seconds: float) -> Outcome:
        edge = max(1, int(len(self.resident_kb) * _EDGE))
        last = median(self.resident_kb[-edge:])
        growth = last / median(self.resident_kb[:edge]) - 1
        statuses = Counter(reply.status for reply in self.failed)
        promises = {
            f"{len(self.failed)} requests were not answered, by status: {dict(statuses)}": not self.failed,
            f"memory grew by {100 * growth:.1f} %": growth < _GROWTH,
            f"descriptors grew from {self.opened} to {self.left_open}": self.left_open <= self.opened,
        }
        figures = {
            "seconds": seconds,
            "answers/s": round(len(self.replies) / seconds),
            "p50 ms": round(percentile_ms(self.replies, 0.5), 1),
            "p99 ms": round(percentile_ms(self.replies, 0.99), 1),
            "resident MB": round(last / 1024, 1),
            "growth %": round(100 * growth, 2),
            "descriptors": self.left_open,
        }
        return Outcome(
            "soak", len(self.replies), [what for what, kept in promises.items() if not kept], control, figures
        )


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def descriptors_at_rest(pid: int, wanted: int = 0) -> int:
    """Those that are left when the connections of a load have ended: the fewest for a while, or as few as wanted."""
    until = monotonic() + _AT_REST_SECONDS
    fewest = _descriptors(pid)
    while fewest > wanted and monotonic() < until:
        sleep(0.05)
        fewest = min(fewest, _descriptors(pid))
    return fewest


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _control(index: Path, questions: Sequence[str]) -> Control:
    """A service that keeps something of every answer: its memory and its descriptors are seen to grow."""
    requests = asking(questions)
    with running(usual(index, leaks=True)) as server:
        run(closed_loop(server.port, islice(requests, _CONTROL_WARM), 1))
        memory, opened = resident_kb(server.process.pid), descriptors_at_rest(server.process.pid)
        run(closed_loop(server.port, islice(requests, _CONTROL_ANSWERS), 1))
        growth = resident_kb(server.process.pid) / memory - 1
        left_open = descriptors_at_rest(server.process.pid) - opened
    seen = left_open if growth >= _GROWTH else 0
    return Control(
        f"answers that a service kept something of, its memory growing by {100 * growth:.1f} %", _CONTROL_ANSWERS, seen
    )
