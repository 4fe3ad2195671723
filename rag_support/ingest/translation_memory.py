"""The reviewed translation memory: gettext PO catalogues under <corpus>/translations, one a language.

A msgid is a Japanese segment exactly as it stands in the corpus. Only entries that are translated and not fuzzy are
ever served. Babel reads, merges and writes the catalogues; `update` brings new and changed segments in without losing
a translation: a changed source keeps its old translation as a fuzzy proposal, a removed one is kept as obsolete.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from rag_support.errors import TranslationMemoryError
from rag_support.types import LANGUAGES, Document

_PO_LINE = re.compile(rb'\s*(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?"(?:[^"\\]|\\.)*+"|)\s*')
SOURCE_LANGUAGE = "ja"
TARGET_LANGUAGES = tuple(language for language in LANGUAGES if language != SOURCE_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment stands: a document and a line, from 1."""

    doc_id: str
    line: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a corpus one catalogue serves. Counts are distinct segments."""

    language: str
    segments: int
    reviewed: int
    fuzzy: tuple[str, ...]
    missing: tuple[str, ...]
    obsolete: int

    @property
    def complete(self) -> bool:
        return self.reviewed == self.segments and not self.fuzzy


class TranslationMemory:
    """Segment → reviewed translation, per language."""

    def __init__(self, translations: Mapping[str, Mapping[str, str]]) -> None:
        self._translations = translations

    @classmethod
    def load(cls, corpus: Path) -> "TranslationMemory":
        """The catalogues of a corpus; a corpus without any has an empty memory.

        Raises TranslationMemoryError when a catalogue cannot be read.
        """
        memory: dict[str, dict[str, str]] = {}
        for language in TARGET_LANGUAGES:
            catalog = read_catalog(corpus, language)
            memory[language] = {
                str(message.id): str(message.string)
                for message in catalog
                if message.id and message.string and not message.fuzzy
            }
        return cls(memory)

    def translate(self, segment: str, language: str) -> str | None:
        return self._translations.get(language, {}).get(segment)


def catalog_path(corpus: Path, language: str) -> Path:
    return corpus / "translations" / f"{language}.po"


def read_catalog(corpus: Path, language: str) -> Catalog:
    path = catalog_path(corpus, language)
    if not path.is_file():
        return Catalog(locale=language)
    try:
        content = path.read_bytes()
        for number, line in enumerate(content.split(b"\n"), start=1):
            if not _PO_LINE.fullmatch(line):  # Babel would take half of such an entry, and say nothing
                raise ValueError(f"line {number} is neither a comment nor a closed string")
        return read_po(BytesIO(content), locale=language, abort_invalid=True)
    except (OSError, PoFileError, ValueError, LookupError) as error:
        raise TranslationMemoryError(
            f"{path}: the catalogue cannot be read ({error}). Open it in a PO editor, or restore it from git."
        ) from error


def segments_of(documents: Iterable[Document]) -> dict[str, list[Place]]:
    """Every distinct segment of the Japanese documents, in order of first sight, with all its places.

    White space inside a segment is one space each, as when a span is read.
    """
    places: dict[str, dict[Place, None]] = {}  # in order, each once
    for document in documents:
        if document.language != SOURCE_LANGUAGE:
            continue
        line_ends = [at for at, character in enumerate(document.text) if character == "\n"]
        for block in document.blocks:
            for segment in (*block.header, *block.segments):
                text = " ".join(document.text[segment.start : segment.end].split())
                if not text:  # an empty cell of a table's header
                    continue
                place = Place(document.doc_id, bisect_left(line_ends, segment.start) + 1)
                places.setdefault(text, {})[place] = None
    return {text: list(found) for text, found in places.items()}


def coverage(corpus: Path, language: str, segments: Mapping[str, list[Place]]) -> Coverage:
    catalog = read_catalog(corpus, language)
    entries = {str(message.id): message for message in catalog if message.id}
    served = {text for text, message in entries.items() if message.string and not message.fuzzy}
    return Coverage(
        language=language,
        segments=len(segments),
        reviewed=sum(text in served for text in segments),
        fuzzy=tuple(text for text in segments if text in entries and entries[text].fuzzy),
        missing=tuple(text for text in segments if text not in entries or not entries[text].string),
        obsolete=len(catalog.obsolete) + sum(text not in segments for text in entries),
    )


def update_catalog(corpus: Path, language: str, segments: Mapping[str, list[Place]]) -> None:
    """Bring the segments into the language's catalogue and write it, whole or not at all."""
    catalog = read_catalog(corpus, language)
    template = Catalog()
    for text, where in segments.items():
        template.add(text, locations=[(place.doc_id, place.line) for place in where])
        if text in catalog.obsolete and text not in catalog:  # Babel does not bring back what was removed
            catalog[text] = catalog.obsolete.pop(text)
    catalog.update(template, no_fuzzy_matching=False, update_header_comment=False)
    for message in (*catalog, *catalog.obsolete.values()):
        message.flags.discard("python-format")  # a percentage is no format string
    _write(catalog, catalog_path(corpus, language))


def _write(catalog: Catalog, path: Path) -> None:
    content = BytesIO()
    write_po(content, catalog, width=0, ignore_obsolete=True, include_previous=True)
    content.write(_obsolete_entries(catalog))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content.getvalue())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _obsolete_entries(catalog: Catalog) -> bytes:
    """The "#~" entries with their flags, which Babel leaves out: a fuzzy one must not come back as reviewed."""
    removed = Catalog()
    for message in catalog.obsolete.values():
        removed[message.id] = message
    content = BytesIO()
    write_po(content, removed, width=0, omit_header=True, no_location=True)
    lines = content.getvalue().splitlines(keepends=True)
    return b"".join(line if line.startswith((b"#", b"\n")) else b"#~ " + line for line in lines)
