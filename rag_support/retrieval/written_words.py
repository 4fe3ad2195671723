"""How the words of the indexed texts are written, by their reading: what a question in romaji is written out with.

A question needs the most frequent writing of each reading alone (`most_written`). The words of every chunk are kept
for the next build, which then counts without reading the chunks that have not changed.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rag_support.retrieval.readings import Word
from rag_support.retrieval.span_values import SpanValues, SpanValuesBuilder

_WORDS = "words.json"


class WrittenWords:
    """The words of each chunk, one "span" a chunk, as places in a list of distinct words."""

    def __init__(self, words: list[Word], of_chunks: SpanValues) -> None:
        self.words, self.of_chunks = words, of_chunks

    def save(self, folder: Path) -> None:
        self.of_chunks.save(folder)
        (folder / _WORDS).write_text(json.dumps(self.words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "WrittenWords":
        stored = json.loads((folder / _WORDS).read_text(encoding="utf-8"))
        return cls([(key, written) for key, written in stored], SpanValues.load(folder))

    def most_written(self) -> dict[str, str]:
        """Key of a reading → the word most often written for it, as in "hempin" → 返品; of equals the first."""
        times = np.bincount(self.of_chunks.values, minlength=len(self.words)).tolist()
        best: dict[str, int] = {}
        for place, (key, _) in enumerate(self.words):
            if key not in best or times[place] > times[best[key]]:
                best[key] = place
        return {key: self.words[place][1] for key, place in sorted(best.items())}


class WrittenWordsBuilder:
    """Takes chunk after chunk, new or taken over from `live`."""

    def __init__(self, live: WrittenWords | None = None) -> None:
        self._places: dict[Word, int] = {word: place for place, word in enumerate(live.words)} if live else {}
        self._values = SpanValuesBuilder()
        self._live = live.of_chunks if live else SpanValuesBuilder().built()

    def add(self, words: Iterable[Word]) -> None:
        self._values.add([[self._places.setdefault(word, len(self._places)) for word in words]])

    def take_over(self, row: int) -> None:
        """The next chunk is that in this row of the live index."""
        self._values.take_over(self._live, row)

    def built(self) -> WrittenWords:
        """What was collected, the words in the order of their first sight; nothing can be added after this."""
        collected = self._values.built()
        used, first = np.unique(collected.values, return_index=True)
        in_order = used[np.argsort(first)]
        words = list(self._places)
        new_places = np.zeros(len(words), dtype=np.int32)
        new_places[in_order] = np.arange(len(in_order), dtype=np.int32)
        values = new_places[collected.values] if len(words) else collected.values
        return WrittenWords(
            [words[place] for place in in_order.tolist()],
            SpanValues(values, collected.span_starts, collected.chunk_starts),
        )
