"""The live index of a running server: opened at the start, and anew beside the old one when CURRENT names another.

A request takes the pipeline once and keeps it, so that all of its answer is of one generation; the last request that
holds an old pipeline frees it. A snapshot that does not open is reported once; the one before it stays live. At the
start, when there is none before it, a damaged snapshot is made up for by the newest older one that opens; a snapshot
that is whole, but of another model or version, is not: that is for its owner to mend.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rag_support import snapshot
from rag_support.answering.generative import configured_writer
from rag_support.config import Settings
from rag_support.errors import DamagedSnapshot, SnapshotError
from rag_support.pipeline import Pipeline
from rag_support.types import Answer, Embedder, Writer

SECONDS_BETWEEN_LOOKS = 0.5

logger = logging.getLogger(__name__)

_Stamp = tuple[int, int]


class LiveIndex:
    def __init__(self, settings: Settings, embedder: Embedder, writer: Writer | None = None) -> None:
        """Raises BackendError when answers are to be written by a model that does not load."""
        self._index = settings.index
        self._fallback_language = settings.fallback_language
        self._embedder = embedder
        self._writer = writer or configured_writer(settings, embedder)
        self._listeners: list[Callable[[Answer], None]] = []
        self._pipeline: Pipeline | None = None
        self._stamp: _Stamp | None = None
        self._failure: SnapshotError | None = None
        self._looking = threading.Lock()
        self._asked_to_look = asyncio.Event()

    def pipeline(self) -> Pipeline:
        """The pipeline of the newest snapshot that opened. Raises SnapshotError while there has been none."""
        if self._pipeline is None:
            raise self._failure or SnapshotError("no index")
        return self._pipeline

    def look(self, again: bool = False) -> None:
        """Open what CURRENT names, unless that has been tried; `again`, also what did not open then.

        Takes as long as opening does, so that a server calls it in a thread; requests see the old index until it ends.
        """
        with self._looking:
            stamp = self._stamp_of_current()
            if stamp != self._stamp or (self._failure and again) or not (self._pipeline or self._failure):
                self._stamp = stamp
                self._open()

    def tell(self, listener: Callable[[Answer], None]) -> None:
        """Have `listener` told of every answer from every index that is opened from now on."""
        self._listeners.append(listener)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()

    def ask_to_look(self) -> None:
        """Let `watch` look at once. To be called in the thread of its loop."""
        self._asked_to_look.set()

    async def watch(self) -> None:
        """Look twice a second, and when asked to, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked_to_look.wait(), SECONDS_BETWEEN_LOOKS)
            asked = self._asked_to_look.is_set()
            self._asked_to_look.clear()
            try:
                await asyncio.to_thread(self.look, asked)
            except Exception:  # whatever it is, the index that is live stays, and the next look may go well
                logger.exception("the index could not be looked at")

    def _stamp_of_current(self) -> _Stamp | None:
        try:
            found = (self._index / snapshot.CURRENT).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _open(self) -> None:
        try:
            self._pipeline = self._ready(self._index / snapshot.current_id(self._index))
        except SnapshotError as error:
            self._failure = error
            if self._pipeline is None and isinstance(error, DamagedSnapshot):
                self._pipeline = self._older()
            kept = f" Index {self._pipeline.index_id} is served in its place." if self._pipeline else ""
            logger.error("%s%s", error, kept)
            return
        self._failure = None
        logger.info("serving index %s", self._pipeline.index_id)

    def _older(self) -> Pipeline | None:
        """The newest snapshot before the live one that opens."""
        try:
            live = snapshot.current_id(self._index)
        except SnapshotError:
            live = ""
        for snapshot_id in snapshot.ids_before(self._index, live):
            try:
                return self._ready(self._index / snapshot_id)
            except SnapshotError as error:
                logger.error("%s", error)
        return None

    def _ready(self, folder: Path) -> Pipeline:
        """A snapshot, opened and warm, whose answers the listeners hear of. Raises SnapshotError."""
        pipeline = Pipeline.of_snapshot(folder, self._embedder, self._fallback_language, self._writer)
        pipeline.warm_up()
        for listener in self._listeners:
            pipeline.tell(listener)
        return pipeline
