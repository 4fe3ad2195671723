"""The live index of a running server: opened at the start, and again when CURRENT names another snapshot.

Looking costs one stat a request. A snapshot that does not open is reported once; the one before it stays live. At the
start, when there is none before it, a damaged snapshot is made up for by the newest older one that opens; a snapshot
that is whole, but of another model or version, is not: that is for its owner to mend.
"""

import logging
from collections.abc import Callable

from rag_support import snapshot
from rag_support.answering.generative import configured_writer
from rag_support.config import Settings
from rag_support.errors import DamagedSnapshot, SnapshotError
from rag_support.pipeline import Pipeline
from rag_support.types import Answer, Embedder, Writer

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

    def pipeline(self) -> Pipeline:
        """The pipeline of the newest snapshot that opens. Raises SnapshotError while there has been none."""
        stamp = self._look()
        if stamp != self._stamp or (self._pipeline is None and self._failure is None):
            self._stamp = stamp
            self._open()
        if self._pipeline is None:
            raise self._failure or SnapshotError("no index")
        return self._pipeline

    def tell(self, listener: Callable[[Answer], None]) -> None:
        """Have `listener` told of every answer from every index that is opened from now on."""
        self._listeners.append(listener)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()

    def _look(self) -> _Stamp | None:
        try:
            found = (self._index / snapshot.CURRENT).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _open(self) -> None:
        try:
            pipeline = Pipeline.open(self._index, self._embedder, self._fallback_language, self._writer)
        except SnapshotError as error:
            self._failure = error
            if self._pipeline is None and isinstance(error, DamagedSnapshot):
                self._pipeline = self._older()
            kept = f" Index {self._pipeline.index_id} is served in its place." if self._pipeline else ""
            logger.error("%s%s", error, kept)
            return
        pipeline.warm_up()
        for listener in self._listeners:
            pipeline.tell(listener)
        self._pipeline = pipeline
        self._failure = None
        logger.info("serving index %s", pipeline.index_id)

    def _older(self) -> Pipeline | None:
        """The newest snapshot before the live one that opens."""
        try:
            live = snapshot.current_id(self._index)
        except SnapshotError:
            live = ""
        for snapshot_id in snapshot.ids_before(self._index, live):
            try:
                pipeline = Pipeline.of_snapshot(self._index / snapshot_id, self._embedder, self._fallback_language)
            except SnapshotError as error:
                logger.error("%s", error)
            else:
                pipeline.warm_up()
                return pipeline
        return None
