"""Texts → their vectors: each text is embedded once, and not at all where the live snapshot has its vector.

What is taken over is read from the live snapshot's file when it is needed, so that a rebuild holds in memory what is
new.
"""

import logging
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_support import snapshot
from rag_support.ingest.entry import KEY_BYTES, Entry, text_key
from rag_support.ingest.finished_work import FinishedVectors
from rag_support.retrieval.dense import DenseIndex
from rag_support.types import Embedder, FloatMatrix

logger = logging.getLogger(__name__)

_BATCH = 256  # texts embedded at once


class TextVectors:
    """Takes chunk after chunk; once embedded, a matrix of (texts, d) float32, put together slice by slice."""

    def __init__(self, finished: FinishedVectors | None) -> None:
        self._finished = finished
        self._place_of: dict[bytes, int] = {}  # key → row in the live snapshot, or -1 - row among the new ones
        if finished:
            self._place_of = {key.tobytes(): row for row, key in enumerate(finished.keys)}
        self._keys = bytearray()
        self._rows = array("i")  # chunk row and span of each text
        self._places = array("q")
        self._new_texts: list[str] = []
        self._new: FloatMatrix = np.empty((0, 0), dtype=np.float32)

    def add(self, entry: Entry) -> None:
        for span, text in entry.texts():
            key = text_key(text)
            place = self._place_of.get(key)
            if place is None:
                place = self._place_of[key] = -1 - len(self._new_texts)
                self._new_texts.append(text)
            self._rows.extend((entry.row, span))
            self._keys += key
            self._places.append(place)

    def embed(self, embedder: Embedder, progress: Callable[[int, int], None]) -> None:
        """`progress` hears how many of the new texts are done. Nothing can be added after this."""
        texts = self._new_texts
        self._new = np.empty((len(texts), embedder.dimensions), dtype=np.float32)
        progress(0, len(texts))
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            self._new[first : first + len(batch)] = embedder.embed_passages(batch)
            progress(first + len(batch), len(texts))
        taken_over = len({place for place in self._places if place >= 0})
        logger.info("embedded %d texts, %d taken from the live index", len(texts), taken_over)

    def save(self, folder: Path) -> None:
        """The index over them, and what each vector is of, into the folder of a snapshot. Raises OSError."""
        DenseIndex.build(self).save(folder / snapshot.DENSE)
        np.save(folder / snapshot.DENSE_KEYS, self.keys, allow_pickle=False)
        rows = np.frombuffer(self._rows, dtype=np.int32).reshape(-1, 2)
        np.save(folder / snapshot.DENSE_ROWS, rows, allow_pickle=False)

    @property
    def keys(self) -> NDArray[np.uint8]:
        """(texts, KEY_BYTES)."""
        return np.frombuffer(self._keys, dtype=np.uint8).reshape(-1, KEY_BYTES)

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self._places), self._new.shape[1]

    def __getitem__(self, rows: slice, /) -> FloatMatrix:
        places = np.frombuffer(self._places, dtype=np.int64)[rows]
        found = np.empty((len(places), self._new.shape[1]), dtype=np.float32)
        new = places < 0
        found[new] = self._new[-1 - places[new]]
        if self._finished:
            found[~new] = self._finished.stored.take(places[~new])
        return found
