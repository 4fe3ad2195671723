"""A disk that is full, of every size from too small to just enough, and a limit on the size of a file.

Here the kernel itself refuses, in the middle of a write if need be: a small tmpfs where mounting is allowed (root), and
RLIMIT_FSIZE everywhere. The corpus grows, so that the new index takes more room than the old one.
"""

import gc
import logging
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from drills import in_place, processes
from drills.results import Control, Plan, Row, Tally
from drills.stage import Stage

logger = logging.getLogger(__name__)

_MORE = 40  # documents
_PAGE = 4096  # bytes, what tmpfs counts in
_ROOMY = "64m"
_SOUND = "sound"
_STEP = 512  # bytes, between limits on a file
_SMALL = 2  # cases of a small drill


def run(plan: Plan) -> Iterable[Row]:
    stage = Stage(plan.folder / "stage")
    stage.build(1)
    stage.index.rename(stage.folder / _SOUND)
    one, other = in_place.two_generations(stage, _MORE)
    yield _limited_files(plan, stage, one, other)
    disk = plan.folder / "disk"
    disk.mkdir()
    if _mount(disk, f"size={_ROOMY}"):
        try:
            yield _full_disk(plan, stage, disk, one, other)
        finally:
            gc.collect()
            subprocess.run(["umount", disk], check=True)
    else:
        logger.warning("The full disk is left out: it takes the right to mount a tmpfs.")


def _limited_files(plan: Plan, stage: Stage, one: in_place.Files, other: in_place.Files) -> Row:
    started, tally = time.monotonic(), Tally()
    largest = max(map(len, other.values()))
    limits = _spread(plan, range(_STEP, largest + 2 * _STEP, _STEP))
    refused = 0
    for limit in limits:
        before = _start_over(stage)
        ended = processes.run(_limited(limit, lambda: stage.build(2, _MORE)))
        refused += stage.judge_refused(tally, f"{limit} bytes a file", ended, before, 1, 2) == 1
    saved, lost = stage.folder / "saved", 0
    for limit in limits:
        in_place.save(one, saved)
        processes.run(_limited(limit, lambda: in_place.save(other, saved)))
        lost += not in_place.opens_whole(saved, stage.embedder, (1, 2))
    control = Control("an in-place save of the same files under the same limit", len(limits), lost)
    note = f"{limits[0]}–{limits[-1]:,} bytes; {refused} refused"
    return tally.row("no file may grow beyond a limit", control, time.monotonic() - started, note)


def _limited(limit: int, work: Callable[[], object]) -> Callable[[], object]:
    def limited() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        work()

    return limited


def _full_disk(plan: Plan, stage: Stage, disk: Path, one: in_place.Files, other: in_place.Files) -> Row:
    started, tally = time.monotonic(), Tally()
    stage.index = disk / "index"
    _start_over(stage)
    used = _used(disk)
    stage.build(2, _MORE)
    sizes = _spread(plan, range(used, _used(disk) + 8 * _PAGE, _PAGE))
    refused = 0
    for size in sizes:
        before = _start_over(stage)
        with _limited_disk(disk, size):
            ended = processes.run(lambda: stage.build(2, _MORE))
        refused += stage.judge_refused(tally, f"a disk of {size} bytes", ended, before, 1, 2) == 1
    shutil.rmtree(stage.index)
    control = _full_disk_in_place(plan, stage, disk / "saved", one, other)
    note = f"{sizes[0] // 1024}–{sizes[-1] // 1024} kB; {refused} refused"
    return tally.row("a full disk", control, time.monotonic() - started, note)


def _full_disk_in_place(plan: Plan, stage: Stage, saved: Path, one: in_place.Files, other: in_place.Files) -> Control:
    disk, lost, used = saved.parent, 0, []
    for files in (other, one):
        shutil.rmtree(saved, ignore_errors=True)
        in_place.save(files, saved)
        used.append(_used(disk))
    sizes = _spread(plan, range(used[1], used[0], _PAGE))
    for size in sizes:
        shutil.rmtree(saved)
        in_place.save(one, saved)
        with _limited_disk(disk, size):
            processes.run(lambda: in_place.save(other, saved))
        lost += not in_place.opens_whole(saved, stage.embedder, (1, 2))
    return Control("an in-place save of the same files onto a full disk", len(sizes), lost)


def _start_over(stage: Stage) -> set[str]:
    """Generation 1 is live, and there is nothing else; what is shown."""
    shutil.rmtree(stage.index, ignore_errors=True)
    shutil.copytree(stage.folder / _SOUND, stage.index)
    return stage.shown()


@contextmanager
def _limited_disk(disk: Path, size: int) -> Iterator[None]:
    gc.collect()  # snapshots that this process looked at are mapped until then, and their room is not free
    if not _mount(disk, f"remount,size={size}"):
        raise OSError(f"{disk}: the disk cannot be made {size} bytes large")
    try:
        yield
    finally:
        _mount(disk, f"remount,size={_ROOMY}")


def _mount(disk: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _used(disk: Path) -> int:
    gc.collect()  # as above
    usage = shutil.disk_usage(disk)
    return usage.total - usage.free


def _spread(plan: Plan, sizes: Sequence[int]) -> Sequence[int]:
    return sizes if plan.full else sizes[:: max(1, len(sizes) // _SMALL)]
