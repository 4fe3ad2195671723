"""kill −9 at random moments: of a rebuild, around the swap, in the first build.

After each kill the index is opened as a server opens it and must be of one generation, the old one or the new one;
every other snapshot in sight must be sound; and the next build must succeed, whatever its predecessor left behind.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from random import Random
from statistics import median
from typing import Any
from unittest.mock import patch

from drills import in_place, processes
from drills.results import Control, Plan, Row, Tally
from drills.stage import NOTHING, Stage
from rag_support.ingest import build
from rag_support.publishing import publish

_LONGER = 1.15  # delays go this far beyond the usual duration, so that the last step is met too
_CONTROLS = 100  # cases of the negative control, at most
_SAVING_SECONDS = 0.1  # the control's kill comes within so long


def run(plan: Plan) -> Iterable[Row]:
    yield _rebuilds(plan, plan.cases(500, 3))
    yield _swaps(plan, plan.cases(200, 3))
    yield _first_builds(plan, plan.cases(100, 2))


def _rebuilds(plan: Plan, cases: int) -> Row:
    started, random = time.monotonic(), plan.random("rebuilds")
    stage = Stage(plan.folder / "rebuilds")
    stage.build(1)
    usual = _usual_seconds(lambda: processes.start(lambda: stage.build(2)))

    def kill(generation: int) -> int:
        return processes.kill_after(
            processes.start(lambda: stage.build(generation)), random.uniform(0, _LONGER * usual)
        )

    tally, note = _kill_rebuilds(stage, cases, kill)
    control = _in_place(plan, random, cases)
    return tally.row("kill −9 at a random moment of a rebuild", control, time.monotonic() - started, note)


def _swaps(plan: Plan, cases: int) -> Row:
    """The child tells when it begins to publish; the kill comes soon after."""
    started, random = time.monotonic(), plan.random("swaps")
    stage = Stage(plan.folder / "swaps")
    stage.build(1)

    def about_to_publish(generation: int) -> int:
        """A child that is about to publish."""
        reading, writing = os.pipe()

        def told(*arguments: Any) -> object:
            os.write(writing, b".")
            return publish(*arguments)

        with patch.object(build, "publish", told):
            child = processes.start(lambda: stage.build(generation))
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        return child

    usual = _usual_seconds(lambda: about_to_publish(2))

    def kill(generation: int) -> int:
        return processes.kill_after(about_to_publish(generation), random.uniform(0, _LONGER * usual))

    tally, note = _kill_rebuilds(stage, cases, kill)
    control = _in_place(plan, random, cases)
    return tally.row("kill −9 around the swap", control, time.monotonic() - started, note)


def _first_builds(plan: Plan, cases: int) -> Row:
    started, random = time.monotonic(), plan.random("first builds")
    stage = Stage(plan.folder / "first")
    stage.build(1)
    usual = _usual_seconds(lambda: processes.start(lambda: stage.build(1)))
    tally, whole = Tally(), 0
    for case in range(cases):
        shutil.rmtree(stage.index, ignore_errors=True)
        status = processes.kill_after(processes.start(lambda: stage.build(1)), random.uniform(0, _LONGER * usual))
        whole += stage.judge_killed(tally, f"case {case}", status, NOTHING, 1) == 1
    control = _in_place(plan, random, cases, fresh=True)
    return tally.row("kill −9 in the first build", control, time.monotonic() - started, _after_the_swap(whole))


def _kill_rebuilds(stage: Stage, cases: int, kill: Callable[[int], int]) -> tuple[Tally, str]:
    """From generation 2 on; `kill` builds a generation and returns the status of the killed process."""
    tally, live, switched = Tally(), 2, 0
    for case in range(cases):
        new = live + 1
        left = stage.judge_killed(tally, f"case {case}", kill(new), live, new)
        switched += left == new
        live = left or live
    stage.check_next_build(tally, live + 1)
    return tally, _after_the_swap(switched)


def _after_the_swap(times: int) -> str:
    return f"after the swap: {times}"


def _usual_seconds(start: Callable[[], int]) -> float:
    """The median of three times that a started child takes to its end."""
    seconds = []
    for _ in range(3):
        child = start()
        started = time.monotonic()
        processes.ended(child)
        seconds.append(time.monotonic() - started)
    return median(seconds)


def _in_place(plan: Plan, random: Random, cases: int, fresh: bool = False) -> Control:
    """One generation is saved over the other, or fresh folders are saved into, again and again until the kill comes."""
    stage = Stage(plan.folder / f"in-place-{random.getrandbits(32)}")
    one, other = in_place.two_generations(stage)
    target = stage.folder / "saved"

    def save() -> None:
        for number, files in enumerate(cycle((other, one))):
            in_place.save(files, target / str(number) if fresh else target)

    lost, cases = 0, min(max(cases, 10), _CONTROLS)
    for _ in range(cases):
        shutil.rmtree(target, ignore_errors=True)
        in_place.save(one, target / "0" if fresh else target)
        processes.kill_after(processes.start(save), random.uniform(0, _SAVING_SECONDS))
        last = max(target.iterdir(), key=lambda folder: int(folder.name)) if fresh else target
        lost += not in_place.opens_whole(last, stage.embedder, (1, 2))
    return Control("killed in in-place saves of the same files", cases, lost)
