"""The corruption suite: true statements, which the gate must let through, and corrupted ones, which it must not.

Every case is a statement with its citations and the numbered sources of an answer, made from an indexed corpus by
rules, the same on every run. True ones are the spans' own readings, and readings lightly reworded. Corrupted ones hold
a value that the source does not, or say something else than what they cite. Statements worded by hand come from a file.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from rag_support.answering.sources import Source, evidence_of
from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import Language, load_reworded
from rag_support.evaluation.meaning_changes import affirmed, denied, opposed, other_entities, synonyms
from rag_support.evaluation.rewordings import prefixed, values_otherwise
from rag_support.evaluation.value_changes import invented_values, surfaces, value_changes
from rag_support.ingest.chunking import chunk_document
from rag_support.ingest.glossary import read_glossary
from rag_support.ingest.readers import read_corpus
from rag_support.ingest.traditional import TraditionalWriter
from rag_support.ingest.translation_memory import TranslationMemory
from rag_support.types import Chunk, Span

Group = Literal["true", "value", "meaning"]
UNTOUCHED, IN_OTHER_WORDS = "untouched", "in other words, by hand"
BY_HAND = Path("eval/grounding/reworded.jsonl")
OF_A_KIND = 120  # cases of one kind in one language; untouched statements are all taken
_SHORTEST = 10  # characters of a statement that is corrupted; "Order number" says nothing that could be denied
_SAME_SENTENCE = 0.5  # overlap of character trigrams from which another statement may say the same
_COLUMNS = {"ja": "ja", "en": "en", "zh": "zh-Hans", "zh-Hant": "zh-Hant"}


@dataclass(frozen=True, slots=True)
class Case:
    group: Group
    kind: str
    language: str  # ja, en, zh or zh-Hant
    document: str
    statement: str
    citations: tuple[int, ...]
    sources: Mapping[int, Source]

    @property
    def split(self) -> Literal["dev", "test"]:
        """By document, so that no sentence of the one is in the other."""
        return "test" if hashlib.sha256(self.document.encode()).digest()[0] % 2 else "dev"


@dataclass(frozen=True, slots=True)
class _True:
    """A statement that is so: a span's reading in one language, among the numbered sources of an answer."""

    language: str
    document: str
    text: str
    number: int
    sources: Mapping[int, Source]
    following: str | None  # the reading of the next statement of the section, which has the next number

    @property
    def source(self) -> Source:
        return self.sources[self.number]

    @property
    def everything(self) -> str:
        return " ".join((self.source.text, *self.source.readings.values(), *self.source.context.values()))

    def case(self, group: Group, kind: str, statement: str, citations: tuple[int, ...] | None = None) -> Case:
        cited = (self.number,) if citations is None else citations
        return Case(group, kind, self.language, self.document, statement, cited, self.sources)

    def rng(self, purpose: str) -> random.Random:
        return seeded(f"{purpose}|{self.language}|{self.document}|{self.text}")


def seeded(name: str) -> random.Random:
    """The same draws for the same name, on every machine."""
    return random.Random(name)  # noqa: S311 (nothing secret)


def suite_of(corpus: Path, by_hand: Path | None = None) -> list[Case]:
    """All cases of a corpus folder, and those worded by hand over it. Raises CorpusError, TranslationMemoryError."""
    chunks = chunks_of(corpus)
    return cases_of(chunks, read_glossary(corpus)) + (cases_by_hand(by_hand, chunks) if by_hand else [])


def chunks_of(corpus: Path) -> list[Chunk]:
    """The chunks of a corpus folder as an index holds them."""
    memory, traditional = TranslationMemory.load(corpus), TraditionalWriter(read_glossary(corpus))
    return [
        traditional.with_traditional(chunk)
        for document in read_corpus(corpus).documents
        for chunk in chunk_document(document, memory.translate)
    ]


def cases_of(chunks: Sequence[Chunk], glossary: Sequence[Mapping[str, Sequence[str]]]) -> list[Case]:
    """All cases of a corpus, in the languages in which its spans read."""
    true = [statement for position in range(len(chunks)) for statement in _true_statements(chunks, position)]
    found = [statement.case("true", UNTOUCHED, statement.text) for statement in true]
    telling = [statement for statement in true if len(statement.text) >= _SHORTEST]
    by_kind: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for language in dict.fromkeys(statement.language for statement in telling):
        spoken = [statement for statement in telling if statement.language == language]
        expressions = [row[_COLUMNS[language]] for row in glossary]
        for case in (*_reworded(spoken, expressions), *_of_values(spoken), *_of_meaning(spoken, expressions)):
            by_kind[case.kind, language].append(case)
    for (kind, language), made in by_kind.items():
        seeded(f"{kind}|{language}").shuffle(made)
        found += made[:OF_A_KIND]
    return found


def without_translations(cases: Iterable[Case]) -> list[Case]:
    """The cases as they are where nobody reviewed a translation: statements in other languages over Japanese alone."""

    def bare(source: Source) -> Source:
        own = source.language
        context = {own: source.context[own]} if own in source.context else {}
        return replace(source, readings={own: source.readings[own]}, context=context)

    return [
        replace(case, sources={number: bare(source) for number, source in case.sources.items()})
        for case in cases
        if case.language != next(iter(case.sources.values())).language
    ]


def cases_by_hand(file: Path, chunks: Sequence[Chunk]) -> list[Case]:
    """Statements in other words, kept in meaning and changed, over the spans that the file quotes.

    Raises EvaluationError for a file that cannot be read, or a quote that the corpus does not hold.
    """
    places: dict[tuple[str, str], tuple[int, Span]] = {}
    for position, chunk in enumerate(chunks):
        for span in chunk.spans:
            places.setdefault((chunk.doc_id, chunk.source_of(span)), (position, span))
    found = []
    for row in load_reworded(file):
        if (row.document, row.quote) not in places:
            raise EvaluationError(
                f"{file}: no statement of {row.document} reads {row.quote[:60]!r}. Copy it anew from the document."
            )
        sources, number = _evidence(chunks, *places[row.document, row.quote])
        groups: tuple[tuple[Group, Mapping[Language, str]], ...] = (("true", row.kept), ("meaning", row.changed))
        for group, statements in groups:
            for language, statement in statements.items():
                found.append(Case(group, IN_OTHER_WORDS, language, row.document, statement, (number,), sources))
    return found


# ---- true statements -----------------------------------------------------------------------------------------------


def _true_statements(chunks: Sequence[Chunk], position: int) -> Iterator[_True]:
    chunk = chunks[position]
    stated = [span for span in chunk.spans if span.kind not in ("heading", "question")]
    for span, following in zip_longest(stated, stated[1:]):
        sources, number = _evidence(chunks, position, span)
        for language, text in span.texts.items():
            after = following.texts.get(language) if following and following.kind == "sentence" == span.kind else None
            yield _True(language, chunk.doc_id, text, number, sources, after)


def _evidence(chunks: Sequence[Chunk], position: int, span: Span) -> tuple[dict[int, Source], int]:
    """Six or fewer numbered sources as an answer has them, the span among them: neighbours, and of other sections."""
    chunk = chunks[position]
    stated = [other for other in chunk.spans if other.kind not in ("heading", "question")]
    at = stated.index(span)
    near = [evidence_of(chunk, other) for other in stated[at : at + 3]]
    far = []
    for step in (1, 5, 17):
        other = chunks[(position + step) % len(chunks)]
        if other is not chunk and (said := [span for span in other.spans if span.kind not in ("heading", "question")]):
            far.append(evidence_of(other, said[at % len(said)]))
    before = seeded(f"{chunk.doc_id}|{span.start}").randrange(len(far) + 1)
    ordered = [*far[:before], *near, *far[before:]]
    return dict(enumerate(ordered, start=1)), before + 1


def _reworded(true: Sequence[_True], expressions: Sequence[Sequence[str]]) -> Iterator[Case]:
    for statement in true:
        rng = statement.rng("reworded")
        yield statement.case("true", "a phrase before it", prefixed(statement.text, statement.language, rng))
        if changed := values_otherwise(statement.text, statement.language, rng):
            yield statement.case("true", "values written otherwise", changed)
        if statement.following:
            joined = statement.text + (" " if statement.language == "en" else "") + statement.following
            yield statement.case("true", "two sentences in one", joined, (statement.number, statement.number + 1))
        if changed := next(synonyms(statement.text, expressions), None):
            yield statement.case("true", "a synonym", changed)


# ---- corrupted statements ------------------------------------------------------------------------------------------


def _of_values(true: Sequence[_True]) -> Iterator[Case]:
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for statement in true:
        for kind, match in surfaces(statement.text):
            values[kind][match[0]] = None
    by_kind = {kind: list(found) for kind, found in values.items()}
    for statement in true:
        rng = statement.rng("value")
        text, language = statement.text, statement.language
        for kind, changed in value_changes(text, language, statement.source.text, by_kind, rng):
            yield statement.case("value", kind, changed)
        for kind, changed in invented_values(text, language, rng):
            yield statement.case("value", kind, changed)


def _of_meaning(true: Sequence[_True], expressions: Sequence[Sequence[str]]) -> Iterator[Case]:
    for place, statement in enumerate(true):
        text, language = statement.text, statement.language
        rng = statement.rng("meaning")
        base = language.partition("-")[0]
        for kind, change in (("denied", denied), ("affirmed", affirmed), ("opposite", opposed)):
            if (changed := change(text, base, rng)) and changed != text:
                yield statement.case("meaning", kind, changed)
        if made := list(other_entities(text, statement.everything, expressions, rng)):
            yield statement.case("meaning", "another thing", rng.choice(made))
        strangers = [
            number
            for number, source in statement.sources.items()
            if number != statement.number and not _alike(text, source.readings[source.language_for(language)])
        ]
        if strangers:
            yield statement.case("meaning", "another citation", text, (rng.choice(strangers),))
        other = true[(place + rng.randrange(40, 400)) % len(true)]
        if other.document != statement.document and not _alike(other.text, text):
            yield statement.case("meaning", "a sentence of another section", other.text)
            added = text + (" " if language == "en" else "") + other.text
            yield statement.case("meaning", "a sentence added", added)
        if foreign := [reading for tag, reading in statement.source.readings.items() if tag != language]:
            yield statement.case("meaning", "another language", rng.choice(foreign))
        yield statement.case("meaning", "no citation", text, ())
        yield statement.case("meaning", "unknown citation", text, (len(statement.sources) + rng.randint(1, 9),))


def _alike(one: str, other: str) -> bool:
    """Whether two sentences in one language may say the same: guide and FAQ often do."""
    a, b = ({text[i : i + 3] for i in range(len(text) - 2)} for text in (one, other))
    return len(a & b) >= _SAME_SENTENCE * min(len(a), len(b))
