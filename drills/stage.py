"""What every snapshot drill starts from, and how it looks at what is left: a small index, rebuilt as harm is done."""

import signal
from dataclasses import dataclass, field
from pathlib import Path

from drills import processes
from drills.generations import small_embedder, told, write_corpus
from drills.processes import Ended
from drills.results import Tally
from rag_support import snapshot
from rag_support.errors import NoSnapshot, SnapshotError
from rag_support.ingest.build import build_index
from rag_support.pipeline import Pipeline
from rag_support.publishing import standings

KEEP = 3
LOCK = ".lock"
NOTHING = 0  # in the place of a generation: there is no index


class Broken(Exception):
    """What is left is not one whole generation."""


class Mixed(Broken):
    pass


@dataclass
class Stage:
    folder: Path
    index: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.index = self.folder / "index"
        self.embedder = small_embedder(self.folder / "model")

    def build(self, generation: int, more: int = 0) -> None:
        """With so many documents more. Raises what build_index raises."""
        build_index(write_corpus(self.folder / "corpus", generation, more), self.index, self.embedder, keep=KEEP)

    def live(self, *generations: int) -> int:
        """Which of these generations is live, or NOTHING. Raises Broken."""
        try:
            pipeline = Pipeline.open(self.index, self.embedder, "ja")
        except NoSnapshot:
            return NOTHING
        except SnapshotError as error:
            raise Broken(str(error)) from error
        return one_of(pipeline, generations)

    def check_all(self) -> None:
        """Every snapshot that can be seen is sound, live or not. Raises Broken."""
        for standing in standings(self.index):
            if standing.problem:
                raise Broken(standing.problem)

    def judge_killed(self, tally: Tally, case: str, status: int, old: int, new: int) -> int:
        """Counts what a killed build from one generation to the next left; that which is live, NOTHING if broken."""
        try:
            if status not in (0, -signal.SIGKILL):
                raise Broken(f"the build ended with status {status}")
            live = self.live(old, new)
            self.check_all()
            if (status == 0 and live != new) or (live == NOTHING != old):
                raise Broken(f"it ended with status {status}, and generation {live} is live")
        except Broken as error:
            tally.failed(f"{case}: {error}", mixed=isinstance(error, Mixed))
            return NOTHING
        tally.sound()
        return live

    def judge_refused(self, tally: Tally, case: str, ended: Ended, before: set[str], old: int, new: int) -> int:
        """Counts what an attempt left that met a failing disk: all as it was and a message, or all done.

        `before` is what was shown. Returns the generation that is live, NOTHING if broken.
        """
        try:
            live = self.live(old, new)
            self.check_all()
            if live != {0: new, processes.REFUSED: old}.get(ended.status):
                raise Broken(f"ended with {ended.status}, generation {live} is live: {ended.said}")
            if self.hidden() or (live == old and self.shown() != before):
                raise Broken(f"left behind: {sorted(self.shown() ^ before)}")
            if ended.status and str(self.index) not in ended.said:
                raise Broken(f"does not tell where: {ended.said!r}")
        except Broken as error:
            tally.failed(f"{case}: {error}", mixed=isinstance(error, Mixed))
            return NOTHING
        tally.sound()
        return live

    def check_next_build(self, tally: Tally, generation: int) -> None:
        """The build after all this must succeed and leave CURRENT and the snapshots that are kept, no more."""
        status = processes.run(lambda: self.build(generation)).status
        if status or self.live(generation) != generation or self.hidden():
            tally.failed(f"the build after the last one ended with {status} and left {sorted(self.shown())}")

    def hidden(self) -> set[str]:
        """What is neither CURRENT nor a snapshot."""
        return self.shown() - {snapshot.CURRENT, *snapshot.snapshot_ids(self.index)}

    def shown(self) -> set[str]:
        """What stands in the index folder, but the lock, which stays."""
        if not self.index.exists():
            return set()
        return {path.name for path in self.index.iterdir()} - {LOCK}

    def live_folder(self) -> Path:
        return self.index / snapshot.current_id(self.index)


def one_of(pipeline: Pipeline, generations: tuple[int, ...]) -> int:
    """The one generation that all parts of an opened index tell of. Raises Broken."""
    found = told(pipeline, generations)
    if len(found) > 1:
        raise Mixed(f"{pipeline.index_id} tells of generations {sorted(found)}")
    if not found:
        raise Broken(f"{pipeline.index_id} tells of none of generations {generations}")
    return found.pop()
