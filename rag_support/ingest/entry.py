"""A chunk with all that it is found by, and the keys by which a later build knows that nothing of it has changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag_support.types import Chunk, Passage

KEY_BYTES = 16
WHOLE_CHUNK = -1  # in the place of a span's position: a text is that of the whole passage

Questions = Mapping[str, Sequence[str]]
"""Language → what customers ask that a span answers."""


@dataclass(frozen=True, slots=True)
class Entry:
    row: int
    chunk: Chunk
    passages: Sequence[Passage]
    asked: Sequence[Questions]  # for each span

    def texts(self) -> Iterator[tuple[int, str]]:
        """What is embedded: (span's position or WHOLE_CHUNK, its text or that of a question that it answers)."""
        for passage in self.passages:
            yield WHOLE_CHUNK, passage.text
            for position, span in enumerate(self.chunk.spans):
                if passage.language in span.texts:
                    yield position, span.texts[passage.language]
        for position, asked in enumerate(self.asked):
            for texts in asked.values():
                yield from ((position, text) for text in texts)

    def content_key(self) -> bytes:
        """Of all that decides by what the chunk is found, wherever it stands."""
        spans = [list(span.texts.items()) for span in self.chunk.spans]
        asked = [list(questions.items()) for questions in self.asked]
        return text_key(json.dumps([self.chunk.language, [passage.text for passage in self.passages], spans, asked]))


def text_key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
