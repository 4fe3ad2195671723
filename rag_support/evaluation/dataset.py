"""Question sets: JSON Lines under eval/, read once, checked line by line, turned into nouns.

The first line of every file is a header that names its format and split; a file without it is refused, so that a set of
one kind is never read as another. The formats are described in eval/README.md.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag_support.errors import EvaluationError
from rag_support.values import values

NeedKind = Literal[
    "value", "how_to", "table", "yes_no", "list", "explain", "contradiction", "near_domain", "far_domain", "hostile"
]
UNANSWERABLE: frozenset[NeedKind] = frozenset(("near_domain", "far_domain", "hostile"))
Split = Literal["dev", "test"]
Language = Literal["ja", "en", "zh"]
Text = Annotated[str, Field(pattern=r"\S")]
Texts = Annotated[list[Text], Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Header(_Row):
    """The first line of a file."""

    format: Literal["rag-support/needs", "rag-support/language", "rag-support/crosslingual", "rag-support/reworded"]
    version: Literal[1] = 1
    split: Split
    note: str = ""
    licence: str = ""


class GoldSpan(_Row):
    """A place that answers: an exact part of a document."""

    document: Text
    quote: Text


class Fact(_Row):
    """What a right answer must show: a value, which no language owns, or one of the key phrases of its language.

    One alternative is enough. A value alternative with several values, such as 6:00〜24:00, needs all of them.
    """

    value: Texts | None = None
    ja: Texts | None = None
    en: Texts | None = None
    zh: Texts | None = None

    @model_validator(mode="after")
    def _values_are_values(self) -> "Fact":
        for alternative in self.value or ():
            if not values(alternative):
                raise ValueError(f"{alternative!r} holds no value, such as a number, a time or a domain: give phrases")
        return self

    def phrases(self, language: str) -> Sequence[str]:
        found: Sequence[str] | None = getattr(self, language)
        return found or ()


class Need(_Row):
    """One thing wanted, asked by a customer of each language."""

    id: Text
    kind: NeedKind
    questions: dict[Language, Text]
    gold: list[GoldSpan] = []
    related: list[GoldSpan] = []  # what a good agent would put beside the answer: its caveat, its introduction
    required: list[Fact] = []
    no_language: list[Language] = []  # questions that are in no language: emoji, markup, a single letter

    @model_validator(mode="after")
    def _sides_agree(self) -> "Need":
        if not self.answerable and (self.gold or self.related or self.required):
            raise ValueError(f"kind {self.kind!r} has no answer, so neither gold, related nor required")
        if self.answerable and not self.gold:
            raise ValueError(f'kind {self.kind!r} has an answer: say in "gold" where it stands')
        if not self.questions:
            raise ValueError("there is no question")
        for language in self.questions:
            for number, fact in enumerate(self.required, start=1):
                if not fact.value and not fact.phrases(language):
                    raise ValueError(f'fact {number} cannot be shown in {language!r}: give "value", or phrases in it')
        return self

    @property
    def answerable(self) -> bool:
        return self.kind not in UNANSWERABLE


class LanguageQuery(_Row):
    """A short query with its one defensible language; "ambiguous" where only a prior can decide, "und" for none."""

    text: Text
    language: Text
    variant: Literal["zh-Hans", "zh-Hant"] | None = None
    kind: Text = Field(alias="class")


class CrosslingualNeed(_Row):
    """A need that one Japanese passage answers. The passage is named by `passage_id`, its text does not ship."""

    passage: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    questions: dict[Language, Text]


class Reworded(_Row):
    """A span of the corpus in other words: statements that say what it says, and others that say something else."""

    document: Text
    quote: Text
    kept: dict[Language, Text]
    changed: dict[Language, Text]


_R = TypeVar("_R", bound=_Row)


def split_of(file: Path) -> Split:
    """Whether a set is for tuning or for reporting, as its header says. Raises EvaluationError."""
    return _header(file, _lines(file), "rag-support/needs").split


def load_needs(file: Path) -> list[Need]:
    """Raises EvaluationError naming the file, the line and the mend."""
    return _load(file, Need, "rag-support/needs", "id")


def load_language_queries(file: Path) -> list[LanguageQuery]:
    return _load(file, LanguageQuery, "rag-support/language", "text")


def load_crosslingual(file: Path) -> list[CrosslingualNeed]:
    return _load(file, CrosslingualNeed, "rag-support/crosslingual", "passage")


def load_reworded(file: Path) -> list[Reworded]:
    return _load(file, Reworded, "rag-support/reworded", "quote")


def check_gold(needs: Sequence[Need], documents: Mapping[str, str], file: Path) -> None:
    """Raises EvaluationError when a gold quote does not stand in its document's text: the corpus was edited since."""
    for need in needs:
        for gold in (*need.gold, *need.related):
            if gold.document not in documents:
                raise EvaluationError(
                    f"{file}: need {need.id} names the document {gold.document}, which the corpus does not hold. "
                    "Correct the name, or evaluate with the corpus that the set was written for."
                )
            if gold.quote not in documents[gold.document]:
                raise EvaluationError(
                    f"{file}: need {need.id}: the quote {gold.quote[:60]!r} does not stand in {gold.document}. "
                    "Copy it anew from the document, character for character."
                )


def text_key(text: str) -> str:
    """The form in which two texts count as the same: NFKC, case folded, without white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _load(file: Path, kind: type[_R], wanted: str, key: str) -> list[_R]:
    """The rows below the header; no two may have the same `key`."""
    lines = _lines(file)
    _header(file, lines, wanted)
    rows = []
    seen: dict[str, int] = {}
    for number, line in lines:
        try:
            rows.append(kind.model_validate_json(line))
        except ValidationError as error:
            raise EvaluationError(f"{file}:{number}: {_first(error)}. See eval/README.md for the format.") from error
        name = getattr(rows[-1], key)
        if name in seen:
            raise EvaluationError(
                f"{file}:{number}: the {key} {name[:60]!r} stands in line {seen[name]} too. Give each row its own."
            )
        seen[name] = number
    if not rows:
        raise EvaluationError(f"{file}: there is no row below the header. Add questions, one JSON object a line.")
    return rows


def _header(file: Path, lines: Iterator[tuple[int, str]], wanted: str) -> Header:
    number, first = next(lines, (1, ""))
    try:
        header = Header.model_validate_json(first)
    except ValidationError as error:
        raise EvaluationError(
            f'{file}:{number}: the first line must be a header such as {{"format": "{wanted}", "version": 1, '
            f'"split": "dev"}}: {_first(error)}.'
        ) from error
    if header.format != wanted:
        raise EvaluationError(f"{file}: this is a {header.format} file, but a {wanted} file is needed here.")
    return header


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{file}: the question set cannot be read ({error}). Give a UTF-8 JSONL file.") from error
    # not splitlines: U+2028 and its like may stand in a JSON string
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])
