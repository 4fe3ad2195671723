"""corpus/disagreements.jsonl: the points on which the sources contradict each other, listed by their editors.

A line has a topic in ja, en and zh, two or more sides, and where there are any: the kind of value that the point is
about, customers' questions that ask about it, questions beside the point, which touch its subject and ask for something
else, and statements that tell of the disagreement without taking a side. A side is a list of statements in their exact
words; a statement counts wherever it stands in the corpus. One that an edit took away has no effect until the line is
brought up to date.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag_support.answering.register import Entry, Place
from rag_support.errors import TranslationMemoryError
from rag_support.ingest.phrasings import lines_of
from rag_support.types import Chunk
from rag_support.values.topics import Topic

DISAGREEMENTS_FILE = "disagreements.jsonl"

_Text = Annotated[str, Field(pattern=r"\S", max_length=1000)]


class _Topic(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    ja: _Text
    en: _Text
    zh: _Text


class _Questions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    ja: list[_Text] = []
    en: list[_Text] = []
    zh: list[_Text] = []

    @property
    def in_any_language(self) -> tuple[str, ...]:
        return (*self.ja, *self.en, *self.zh)


class Disagreement(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: _Topic
    kind: Topic | None = None
    questions: _Questions = _Questions()
    beside: _Questions = _Questions()
    about: list[_Text] = []
    sides: Annotated[list[Annotated[list[_Text], Field(min_length=1)]], Field(min_length=2, max_length=10)]


def read_disagreements(corpus: Path) -> list[Disagreement]:
    """Those of a corpus, none where the file is missing. Raises TranslationMemoryError naming the line."""
    path = corpus / DISAGREEMENTS_FILE
    if not path.is_file():
        return []
    found = []
    for number, line in lines_of(path):
        try:
            found.append(Disagreement.model_validate_json(line))
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in wrong["loc"])
            raise TranslationMemoryError(
                f"{path}:{number}: {f'{place}: ' if place else ''}{wrong['msg']}. A line is a JSON object with "
                '"topic" in "ja", "en" and "zh", and "sides", two or more lists of statements; "kind", "questions", '
                '"beside" and "about" are optional.'
            ) from error
    return found


def entries_of(
    disagreements: Sequence[Disagreement], chunks: Sequence[Chunk], to_traditional: Callable[[str], str]
) -> tuple[list[Entry], list[str]]:
    """The entries with their statements' places in these chunks, and the statements that are nowhere.

    An entry of which fewer than two sides are left is no disagreement any more.
    """
    places: dict[str, list[Place]] = defaultdict(list)
    for chunk in chunks:
        for position, span in enumerate(chunk.spans):
            places[chunk.source_of(span)].append((chunk.chunk_id, position))
    entries, stale = [], []
    for disagreement in disagreements:
        texts = [text for side in (disagreement.about, *disagreement.sides) for text in side]
        stale += [text for text in dict.fromkeys(texts) if text not in places]
        sides = [tuple(place for text in side for place in places.get(text, ())) for side in disagreement.sides]
        sides = [side for side in sides if side]
        if len(sides) > 1:
            topic = disagreement.topic.model_dump()
            topic["zh-Hant"] = to_traditional(topic["zh"])
            about = tuple(place for text in disagreement.about for place in places.get(text, ()))
            entries.append(
                Entry(
                    topic=topic,
                    kind=disagreement.kind,
                    questions=disagreement.questions.in_any_language,
                    beside=disagreement.beside.in_any_language,
                    about=about,
                    sides=tuple(sides),
                )
            )
    return entries, stale
