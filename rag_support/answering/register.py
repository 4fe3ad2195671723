"""The register of disagreements: points on which the sources contradict each other, as their editors listed them.

An entry has a topic and two or more sides, each with the statements that take it; a statement that tells of several
sides stands in each. When an answer takes one side of an entry, it shows the others too. `rag-support index
--conflicts` finds candidates; what is listed was read by people, so nothing is shown as a contradiction that is none.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from rag_support.answering.asked import AskedKind, held_kinds
from rag_support.retrieval.passages import PassageStore
from rag_support.types import Chunk
from rag_support.values.topics import Topic

Place = tuple[str, int]
"""A statement: its chunk's id, and its position among the chunk's spans."""


class Entry(BaseModel):
    """One point of disagreement. `kind` is what a question about it asks for, None where no value is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: Mapping[str, str]  # language → its name
    kind: Topic | None = None
    about: tuple[Place, ...] = ()  # statements that tell of the disagreement and take no side
    sides: tuple[tuple[Place, ...], ...]

    def shown(self, places: Sequence[Place]) -> list[Place]:
        """Of each side that these statements take the first one, rather one that takes no other side."""
        taken = [[place for place in places if place in side] for side in self.sides]
        return [min(side, key=lambda place: sum(place in other for other in taken)) for side in taken if side]


_ENTRIES = TypeAdapter(tuple[Entry, ...])


class Register:
    def __init__(self, entries: Iterable[Entry], passages: PassageStore) -> None:
        self._passages = passages
        self._listed = tuple(entries)
        self._entries: dict[Place, list[Entry]] = {}
        for entry in self._listed:
            for place in dict.fromkeys(place for places in (entry.about, *entry.sides) for place in places):
                self._entries.setdefault(place, []).append(entry)

    @classmethod
    def load(cls, file: Path, passages: PassageStore) -> "Register":
        return cls(_ENTRIES.validate_json(file.read_bytes()), passages)

    @staticmethod
    def dump(entries: Sequence[Entry]) -> bytes:
        return _ENTRIES.dump_json(tuple(entries))

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._listed)

    def entries_of(self, places: Iterable[Place]) -> list[Entry]:
        """The entries of which these statements tell, each once, in the order of the statements."""
        return list({id(entry): entry for place in places for entry in self._entries.get(place, ())}.values())

    def missing_sides(
        self, chosen: Sequence[Place], asked: Collection[AskedKind], matches: Mapping[Place, float]
    ) -> list[tuple[Chunk, int]]:
        """For each entry that the statement that matches best is about, one of every side not yet shown.

        `matches` tells how well statements match the question. For a side speaks a statement that holds a value of the
        entry's kind, then the one that matches best, then the one listed first.
        """
        shown = set(chosen)
        found: list[tuple[Chunk, int]] = []
        best = max((matches.get(place, 0.0) for place in chosen), default=0.0)
        for entry in self.entries_of(place for place in chosen if matches.get(place, 0.0) == best):
            if entry.kind and asked and entry.kind not in asked:
                continue
            for side in entry.sides:
                if shown.isdisjoint(side):
                    place, chunk = self._speaker(side, entry.kind, matches)
                    shown.add(place)
                    found.append((chunk, place[1]))
        return found

    def _speaker(
        self, side: Sequence[Place], kind: Topic | None, matches: Mapping[Place, float]
    ) -> tuple[Place, Chunk]:
        chunks = {place: self._passages.by_id(place[0]) for place in side}
        here = {place: chunk for place, chunk in chunks.items() if chunk is not None}

        def rank(place: Place) -> tuple[bool, float]:
            chunk = here[place]
            return kind in held_kinds(chunk.source_of(chunk.spans[place[1]])), matches.get(place, 0.0)

        place = max(here, key=rank)
        return place, here[place]
