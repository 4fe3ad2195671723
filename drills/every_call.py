"""Each file call of a build or a rollback fails, or is the last one that its process lives to make: all, not by chance.

A call that fails must leave the old index live, the folder as it was, and an exit status and a message that tell; or it
must make no difference, as when it only kept the build from taking over what it can make anew. A call is any write,
fsync, open, rename, mkdir or truncation below the index folder, by whichever library.
"""

import errno
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drills import in_place, syscalls
from drills.results import Control, Plan, Row, Tally
from drills.stage import KEEP, LOCK, NOTHING, Stage
from drills.syscalls import KILL, Call, Verdict, Watched
from rag_support import snapshot
from rag_support.publishing import roll_back

_SMALL = 3  # calls tried in a small drill
_WRITES = ("write", "pwrite64", "writev", "pwritev", "ftruncate", "fsync", "fdatasync", "mkdir", "mkdirat")


@dataclass(frozen=True, slots=True)
class _Harm:
    what: str
    verdict: Callable[[int], Verdict]  # of the number of the call that it begins with
    to: Callable[[Call], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class _Deed:
    """What is done to an index, from which generation to which."""

    name: str
    stage: Stage
    sound: Path | None  # the index before
    old: int
    new: int
    work: Callable[[], object]

    def watch(self, verdict: Verdict = lambda *_: 0) -> Watched:
        shutil.rmtree(self.stage.index, ignore_errors=True)
        if self.sound:
            shutil.copytree(self.sound, self.stage.index)
        return syscalls.watch(self.work, self.stage.index, verdict)


def run(plan: Plan) -> Iterable[Row]:
    killed = _Harm("kill −9 at", lambda first: lambda number, _: KILL if number == first else 0)
    failed = _Harm("EIO from", lambda first: lambda number, _: errno.EIO if number == first else 0)
    full = _Harm(
        "ENOSPC from every write and sync since",
        lambda first: lambda number, call: errno.ENOSPC if number >= first and call.name in _WRITES else 0,
        to=lambda call: call.name in _WRITES,
    )
    stage = Stage(plan.folder / "stage")
    deeds = [_rebuild(stage), _rollback(stage), _first_build(stage)]
    undisturbed = [deed.watch().calls for deed in deeds]
    for harm in (killed, failed, full):
        control = _in_place(plan, stage, harm)
        for deed, calls in zip(deeds, undisturbed, strict=True):
            yield _row(deed, harm, _numbers(plan, calls, harm), control)
    yield _synced(stage, undisturbed[0])


def _rebuild(stage: Stage) -> _Deed:
    for _ in range(KEEP):  # so that one is dropped when the next is published
        stage.build(1)
    sound = stage.index.rename(stage.folder / "rebuild")
    return _Deed("a rebuild", stage, sound, 1, 2, lambda: stage.build(2))


def _rollback(stage: Stage) -> _Deed:
    for generation in (1, 2):
        stage.build(generation)
    sound = stage.index.rename(stage.folder / "rollback")
    return _Deed("a rollback", stage, sound, 2, 1, lambda: roll_back(stage.index, stage.embedder.model_id))


def _first_build(stage: Stage) -> _Deed:
    return _Deed("the first build", stage, None, NOTHING, 1, lambda: stage.build(1))


def _row(deed: _Deed, harm: _Harm, numbers: list[int], control: Control) -> Row:
    started = time.monotonic()
    tally, undone, stage = Tally(), 0, deed.stage
    before = {path.name for path in deed.sound.iterdir()} - {LOCK} if deed.sound else set()
    for number in numbers:
        watched = deed.watch(harm.verdict(number))
        call = watched.calls[min(number, len(watched.calls)) - 1]
        case = f"call {number}, {call.name} {call.path.relative_to(stage.index)}"
        if watched.ended.status < 0:
            live = stage.judge_killed(tally, case, watched.ended.status, deed.old, deed.new)
        else:
            live = stage.judge_refused(tally, case, watched.ended, before, deed.old, deed.new)
        undone += live == deed.old
    note = f"the old index live after {undone}"
    return tally.row(f"{harm.what} the n-th file call of {deed.name}", control, time.monotonic() - started, note)


def _numbers(plan: Plan, undisturbed: Sequence[Call], harm: _Harm) -> list[int]:
    """Of the calls to harm: all, or in a small drill some that are spread evenly."""
    numbers = [number for number, call in enumerate(undisturbed, start=1) if harm.to(call)]
    return numbers if plan.full else numbers[:: max(1, len(numbers) // _SMALL)]


def _in_place(plan: Plan, stage: Stage, harm: _Harm) -> Control:
    """The same done to an in-place save of the same files."""
    one, other = in_place.two_generations(stage)
    shutil.rmtree(stage.index)
    target = stage.folder / "saved"
    in_place.save(one, target)
    numbers = _numbers(plan, syscalls.watch(lambda: in_place.save(other, target), target).calls, harm)
    lost = 0
    for number in numbers:
        in_place.save(one, target)
        syscalls.watch(lambda: in_place.save(other, target), target, harm.verdict(number))
        lost += not in_place.opens_whole(target, stage.embedder, (1, 2))
    return Control("the same in an in-place save of the same files", len(numbers), lost)


def _synced(stage: Stage, calls: Sequence[Call]) -> Row:
    """Not a harm that a process can do: that power may fail is seen in the order of the calls."""
    started, tally = time.monotonic(), Tally()
    named = next(number for number, call in enumerate(calls) if call.name.startswith("rename"))
    building = calls[named].path
    before = calls[:named]
    parts = {call.path for call in before if call.path.is_relative_to(building) and not _is_temporary(call.path)}
    for path in sorted(parts):
        if _synced_last(before, path):
            tally.sound()
        else:
            tally.failed(f"{path.relative_to(building)} is not on the disk when it is published")
    pointer = f"{snapshot.CURRENT}.tmp"
    around = [f"{call.name} {call.path.name}" for call in calls[named + 1 :] if call.name in ("fsync", "rename")][:4]
    if around != ["fsync index", f"fsync {pointer}", f"rename {pointer}", "fsync index"]:
        tally.failed(f"the pointer is replaced by {around}")
    saved = stage.folder / "saved"
    one, _ = in_place.two_generations(stage)
    unsynced = syscalls.watch(lambda: in_place.save(one, saved), saved).calls
    lost = sum(not _synced_last(unsynced, saved / name) for name in one)
    control = Control("files that an in-place save leaves to the system", len(one), lost)
    return tally.row("files and folders synced before they are named", control, time.monotonic() - started)


def _is_temporary(path: Path) -> bool:
    return path.name.endswith("-journal")


def _synced_last(calls: Iterable[Call], path: Path) -> bool:
    """Whether the last call that changes a file or folder is followed by an fsync of it."""
    changes = [call.name for call in calls if call.path == path and call.name in _WRITES]
    return bool(changes) and changes[-1] == "fsync"
