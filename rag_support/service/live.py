"""The live index of a running server: opened at the start, and anew beside the old one when CURRENT names another.

A request takes the pipeline once and keeps it, so that all of its answer is of one generation; the last request that
holds an old pipeline frees it. A snapshot that does not open is reported once; the one before it stays live.
"""

import asyncio
import logging
import threading
from contextlib import suppress

from rag_support import snapshot
from rag_support.config import Settings
from rag_support.errors import SnapshotError
from rag_support.pipeline import Pipeline
from rag_support.types import Embedder

SECONDS_BETWEEN_LOOKS = 0.5

logger = logging.getLogger(__name__)

_Stamp = tuple[int, int]


class LiveIndex:
    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self._index = settings.index
        self._fallback_language = settings.fallback_language
        self._embedder = embedder
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
            pipeline = Pipeline.open(self._index, self._embedder, self._fallback_language)
        except SnapshotError as error:
            self._failure = error
            kept = f"; index {self._pipeline.index_id} stays live" if self._pipeline else ""
            logger.error("%s%s", error, kept)
            return
        pipeline.warm_up()
        self._pipeline, self._failure = pipeline, None
        logger.info("serving index %s", pipeline.index_id)
