"""Damage to the files of the live snapshot: flipped bits, lost ends, files of another generation in their place.

A running server that is told of the damaged snapshot must keep what it serves; a server that starts must serve the
snapshot before; and each must name the damaged file in one line of its log.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from drills import in_place
from drills.results import Control, Plan, Row, Tally
from drills.stage import Broken, Mixed, Stage, one_of
from rag_support import snapshot
from rag_support.config import Settings
from rag_support.service import live

_CONTROLS = 300  # cases of the negative control, at most
_OLD, _NEW, _FOREIGN = 2, 3, 1  # generations, the newest live; files of the foreign one are put into it

Damage = Callable[[Random, Path], bytes]
"""(chance, file) → what the file holds after the damage, another content than before."""


def run(plan: Plan) -> Iterable[Row]:
    stage = Stage(plan.folder / "stage")
    for generation in (_FOREIGN, _OLD, _NEW):
        stage.build(generation)
    newest, _, foreign = (stage.index / snapshot_id for snapshot_id in snapshot.snapshot_ids(stage.index))

    def swapped(_: Random, file: Path) -> bytes:
        return (foreign / file.relative_to(newest)).read_bytes()

    differ = [file for file in _files(newest) if swapped(Random(0), file) != file.read_bytes()]
    yield _row(plan, stage, "one flipped bit", _flipped, _files(newest), plan.cases(1000, 8))
    yield _row(plan, stage, "a lost end", _truncated, _files(newest), plan.cases(200, 4))
    yield _row(plan, stage, "a file of another generation", swapped, differ, plan.cases(50, 3))


def _row(plan: Plan, stage: Stage, what: str, damage: Damage, files: list[Path], cases: int) -> Row:
    started, tally, random = time.monotonic(), Tally(), plan.random(what)
    running = live.LiveIndex(Settings(index=stage.index), stage.embedder)
    newest, before, _ = snapshot.snapshot_ids(stage.index)
    _publish(stage, before)
    running.look()
    unnoticed, controls = 0, min(cases, _CONTROLS)
    for case in range(cases):
        file = random.choice(files)
        with _damaged(file, damage(random, file)):
            _publish(stage, newest)
            starting = live.LiveIndex(Settings(index=stage.index), stage.embedder)
            for server, state in ((running, "running"), (starting, "starting")):
                _judge(tally, f"case {case}, {file.relative_to(stage.index)}, {state}", server, file)
            if case < controls:
                unnoticed += in_place.opens(stage.index / newest, stage.embedder)
    control = Control("opened without a word by the libraries alone", controls, unnoticed)
    note = f"{cases:,} × a running and a starting server"
    return tally.row(what, control, time.monotonic() - started, note)


def _judge(tally: Tally, case: str, server: live.LiveIndex, file: Path) -> None:
    try:
        with _log() as lines:
            server.look()
            pipeline = server.pipeline()
        served = one_of(pipeline, (_FOREIGN, _OLD, _NEW))
        if served != _OLD:
            raise Broken(f"generation {served} is served")
        naming = [line for line in lines if f"{file}: " in line]
        if len(naming) != 1 or len(lines) != 1:
            raise Broken(f"the log says {lines}")
    except Broken as error:
        tally.failed(f"{case}: {error}", mixed=isinstance(error, Mixed))
    else:
        tally.sound()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _log() -> Iterator[list[str]]:
    """What the server logs as a warning or worse, and nowhere else."""
    lines = _Lines()
    live.logger.addHandler(lines)
    live.logger.propagate = False
    try:
        yield lines.lines
    finally:
        live.logger.propagate = True
        live.logger.removeHandler(lines)


def _publish(stage: Stage, snapshot_id: str) -> None:
    """As a builder does: by rename, so that a running server sees another file."""
    following = stage.index / "following"
    following.write_text(snapshot_id, encoding="ascii")
    following.replace(stage.index / snapshot.CURRENT)


@contextmanager
def _damaged(file: Path, content: bytes) -> Iterator[None]:
    sound = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(sound)


def _flipped(random: Random, file: Path) -> bytes:
    content = bytearray(file.read_bytes())
    bit = random.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def _truncated(random: Random, file: Path) -> bytes:
    content = file.read_bytes()
    return content[: random.randrange(len(content))]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
