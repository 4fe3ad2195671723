"""corpus/phrasings.jsonl: how customers ask for what a statement of the sources says, in ja, en and zh.

A line names a statement by its document and its exact text, and lists questions that it answers. They are indexed with
the statement and never shown: a customer's own words then find it, whatever words the document chose. Where a document
was edited and no longer holds a statement, its line has no effect until its text is brought up to date.
Source of the idea: document expansion by questions, Nogueira et al., arXiv:1904.08375.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag_support.errors import TranslationMemoryError
from rag_support.types import LANGUAGES, Chunk

PHRASINGS_FILE = "phrasings.jsonl"

_Question = Annotated[str, Field(pattern=r"\S", max_length=500)]
_Questions = Annotated[list[_Question], Field(max_length=200)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    document: Annotated[str, Field(min_length=1)]
    statement: Annotated[str, Field(min_length=1)]
    ja: _Questions = []
    en: _Questions = []
    zh: _Questions = []


class Phrasings:
    """(document, statement) → language → questions."""

    def __init__(self, lines: Iterable[_Line] = ()) -> None:
        self._lines = {(line.document, line.statement): line for line in lines}

    @classmethod
    def load(cls, corpus: Path) -> "Phrasings":
        """Those of a corpus, none where the file is missing. Raises TranslationMemoryError naming the line."""
        path = corpus / PHRASINGS_FILE
        if not path.is_file():
            return cls()
        lines: list[_Line] = []
        seen: dict[tuple[str, str], int] = {}
        for number, text in lines_of(path):
            try:
                line = _Line.model_validate_json(text)
            except ValidationError as error:
                found = error.errors(include_url=False)[0]
                place = ".".join(str(part) for part in found["loc"])
                raise TranslationMemoryError(
                    f"{path}:{number}: {f'{place}: ' if place else ''}{found['msg']}. A line is a JSON object with "
                    '"document", "statement" and lists of questions under "ja", "en", "zh".'
                ) from error
            first = seen.setdefault((line.document, line.statement), number)
            if first != number:
                raise TranslationMemoryError(f"{path}:{number}: the statement of line {first} again. Join the two.")
            lines.append(line)
        return cls(lines)

    def of_spans(self, chunk: Chunk) -> list[Mapping[str, list[str]]]:
        """Language → questions for each span of the chunk, empty for most."""
        found: list[Mapping[str, list[str]]] = []
        for span in chunk.spans:
            line = self._lines.get((chunk.doc_id, chunk.source_of(span)))
            questions = {language: getattr(line, language) for language in LANGUAGES} if line else {}
            found.append({language: asked for language, asked in questions.items() if asked})
        return found

    def without_statement(self, chunks: Iterable[Chunk]) -> list[tuple[str, str]]:
        """(document, statement) of the lines that belong to no span of these chunks."""
        held = {(chunk.doc_id, chunk.source_of(span)) for chunk in chunks for span in chunk.spans}
        return [key for key in self._lines if key not in held]


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSON Lines file that hold something, with their numbers from 1.

    Raises TranslationMemoryError when it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TranslationMemoryError(
            f"{path}: it cannot be read ({error.strerror}). Change its permissions."
        ) from error
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if line.strip():
            yield number, line
