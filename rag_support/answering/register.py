"""The register of disagreements: points on which the sources contradict each other, as their editors listed them.

An entry has a topic and two or more sides, each with the statements that take it; a statement that tells of several
sides stands in each. A question that asks about the point is shown every side; one that merely touches its subject is
answered without them, whatever statements it is answered by. `rag-support index --conflicts` finds candidates; what is
listed was read by people, so nothing is shown as a contradiction that is none.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from rag_support.answering.asked import AskedKind, held_kinds
from rag_support.retrieval.passages import PassageStore
from rag_support.types import Chunk, Hit
from rag_support.values.topics import Topic

# Cosines, chosen on dev and on the seen half of tests/corpus/disagreement_questions.tsv.
_CLOSE = 0.5  # to the nearest questions about a point, from which the point is asked about …
_OF_BEST = 0.85  # … if that is this share of how close any text comes
_OF_NEAREST = 0.9  # and this share of how close any point comes
_CLOSE_WITH_SIDES = 0.45  # the same where what matches best is a statement of the entry, or all sides are told anyway
_HITS = 5  # sections in which that statement, or any of the entry, is looked for

Place = tuple[str, int]
"""A statement: its chunk's id, and its position among the chunk's spans."""


class Entry(BaseModel):
    """One point of disagreement. `kind` is what a question about it asks for, None where no value is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: Mapping[str, str]  # language → its name
    kind: Topic | None = None
    questions: tuple[str, ...] = ()  # that customers ask about it, in any language
    beside: tuple[str, ...] = ()  # that touch its subject and ask for something else
    about: tuple[Place, ...] = ()  # statements that tell of the disagreement and take no side
    sides: tuple[tuple[Place, ...], ...]

    def shown(self, places: Sequence[Place]) -> list[Place]:
        """Of each side that these statements take the first one, rather one that takes no other side."""
        taken = [[place for place in places if place in side] for side in self.sides]
        return [min(side, key=self.sides_of) for side in taken if side]

    def stands_in(self, chunk_ids: Collection[str]) -> bool:
        """Whether a side has a statement in one of these chunks."""
        return any(chunk_id in chunk_ids for side in self.sides for chunk_id, _ in side)

    def sides_of(self, place: Place) -> int:
        """How many sides a statement tells of."""
        return sum(place in side for side in self.sides)


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

    def lists(self, place: Place) -> bool:
        """Whether an entry has this statement."""
        return place in self._entries

    def asked_about(self, kinds: Collection[AskedKind], hits: Sequence[Hit]) -> list[Entry]:
        """The entries that a question for these kinds of value asks about, most often none.

        Those whose questions come nearest, if they are near enough; and those of which the statement that matches best
        tells, if their questions are not far, or it was a value of their kind that was asked for. An entry of which
        nothing was found is never asked about.
        """
        if not hits or not self._listed:
            return []
        points = hits[0].evidence.points
        needed = max(_CLOSE, _OF_BEST * max(hit.evidence.span for hit in hits), _OF_NEAREST * max(points))
        found = {hit.chunk.chunk_id for hit in hits[:_HITS]}
        best = self._entries.get(_best_statement(hits), [])
        return [
            entry
            for entry, closeness in zip(self._listed, points, strict=True)
            if (closeness >= needed and entry.stands_in(found))
            or (entry in best and (closeness >= _CLOSE_WITH_SIDES or _may_ask(kinds, entry, closeness)))
        ]

    def told_by(self, statements: Sequence[Place], marked: Collection[Place], hits: Sequence[Hit]) -> list[Entry]:
        """The entries all sides of which these statements tell, not all in one, if the question is near or one of
        them, which is then among `marked`, says itself that the sources differ.
        """
        near = zip(hits[0].evidence.points if hits else (), self._listed, strict=False)
        return [
            entry
            for closeness, entry in near
            if (closeness >= _CLOSE_WITH_SIDES or any(entry in self._entries.get(place, ()) for place in marked))
            and not any(set(side).isdisjoint(statements) for side in entry.sides)
            and len(set(entry.shown(statements))) > 1
        ]

    def missing_sides(
        self, entries: Sequence[Entry], chosen: Sequence[Place], matches: Mapping[Place, float]
    ) -> list[tuple[Chunk, int]]:
        """For each entry one statement of every side that is not among the chosen ones, each to be cited by itself.

        `matches` tells how well statements match the question. For a side speaks a statement that holds a value of the
        entry's kind, then the one that matches best, then the one listed first. Where a single statement tells of all
        sides, one that takes one of them alone is added: two sides are not set side by side in one sentence.
        """
        shown = list(chosen)
        found: list[tuple[Chunk, int]] = []

        def add(side: Sequence[Place], kind: Topic | None) -> None:
            place, chunk = self._speaker(side, kind, matches)
            shown.append(place)
            found.append((chunk, place[1]))

        for entry in entries:
            for side in entry.sides:
                if set(side).isdisjoint(shown):
                    add(side, entry.kind)
            alone = [place for side in entry.sides for place in side if entry.sides_of(place) == 1]
            if len(set(entry.shown(shown))) == 1 and alone:
                add(alone, entry.kind)
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


def _may_ask(kinds: Collection[AskedKind], entry: Entry, closeness: float) -> bool:
    """Whether a question for these kinds of value, answered by a statement of the entry, asks about the entry."""
    if entry.questions:
        return entry.kind in kinds and closeness > 0  # and not beside the point
    return not entry.kind or not kinds or entry.kind in kinds


def _best_statement(hits: Sequence[Hit]) -> Place:
    """The statement of the first hits that matches best; a heading states nothing."""
    scores = {
        (hit.chunk.chunk_id, position): score
        for hit in hits[:_HITS]
        for position, score in enumerate(hit.span_scores)
        if hit.chunk.spans[position].kind not in ("heading", "question")
    }
    return max(scores, key=lambda place: scores[place], default=("", 0))
