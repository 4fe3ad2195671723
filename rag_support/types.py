"""The nouns of the service and the seams between its parts.

Frozen dataclasses only; pydantic models live at the edges (HTTP, files, environment). Offsets are characters of
`Document.text`, start inclusive, end exclusive, so that every quotation can be checked by slicing.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float32]

LANGUAGES = ("ja", "en", "zh")
"""Answer languages, as BCP 47 primary tags; "zh" is written in Simplified characters unless asked in Traditional."""

BlockKind = Literal["heading", "paragraph", "item", "step", "row", "note", "code"]
SpanKind = Literal["heading", "question", "sentence", "item", "step", "row", "note", "code"]


@dataclass(frozen=True, slots=True)
class Segment:
    """The smallest slice that is translated: a heading, a sentence, a table cell."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """One structural unit of a document: a heading, a paragraph, a list item, a table row, a note.

    `heading` is the path of headings above the block, outermost first; a heading block's own text ends its path.
    Blocks of one list or table share `group`, blocks outside any list or table have group -1. Rows carry the header
    cells of their table as segments (empty for a table without a header); the header row itself is no block.
    """

    kind: BlockKind
    start: int
    end: int
    segments: tuple[Segment, ...]
    heading: tuple[str, ...] = ()
    level: int = 0  # of a heading, from 1; else 0
    number: int = 0  # of a step, from 1; else 0
    group: int = -1
    header: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One source file as text with its structure; blocks are in order and do not overlap."""

    doc_id: str  # path below the corpus folder, with "/"
    title: str
    language: str  # BCP 47
    text: str
    blocks: tuple[Block, ...]
    source_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The smallest quotable slice of a chunk: a sentence, an item, a step, a table row, a heading.

    `texts` maps a language to how the span reads in it: the source language always, the others only where a reviewed
    translation of every part exists. A row reads as "first cell (header: cell, …)".
    """

    kind: SpanKind
    start: int
    end: int
    texts: Mapping[str, str]
    number: int = 0
    group: int = -1


@dataclass(frozen=True, slots=True)
class TableHeader:
    """The header row of the table whose rows are the spans of `group`: text == document.text[start:end].

    It stands in the chunk of the table's first rows, which is another one for the rows of a long table.
    """

    group: int
    chunk_id: str  # of the chunk that holds it
    start: int
    end: int
    text: str
    texts: Mapping[str, str]  # language → how it reads, as in Span


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of one document: text == document.text[start:end]."""

    chunk_id: str
    doc_id: str
    title: str
    language: str
    heading: tuple[str, ...]
    start: int
    end: int
    text: str
    spans: tuple[Span, ...]
    headers: tuple[TableHeader, ...] = ()  # of the tables whose rows it holds

    def header_of(self, span: Span) -> TableHeader | None:
        """The header row above a table row; None where the table has none, and for what is no row."""
        if span.kind != "row":
            return None
        # the nearest: tables in one list are of one group
        above = [header for header in self.headers if header.group == span.group and header.start < span.start]
        return max(above, key=lambda header: header.start, default=None)

    def source_of(self, span: Span) -> str:
        """One of its spans in the source's own words."""
        return self.text[span.start - self.start : span.end - self.start]


@dataclass(frozen=True, slots=True)
class Passage:
    """One chunk's text in one language, under its headings: what is indexed and searched."""

    chunk_id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a chunk was found, each 0..1: what the score is made of, and what tells whether the question is answered."""

    passage: float  # cosine of the question with the whole passage, in its best language
    span: float  # with the best span, or a customer's question that it answers
    coverage: float  # share of the question's term weight that the chunk holds
    widened: float  # the same for the terms that the glossary adds
    soft: float  # share met by token vectors; 0 where the question's own language was searched
    known: float  # share of the question's term weight that occurs anywhere in the index; the same for all hits
    points: tuple[float, ...] = ()  # how close it comes to each listed disagreement, a cosine; also the same


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a query found. `score` is in 0..1, comparable within one index only."""

    chunk: Chunk
    rank: int  # from 1
    score: float
    span_scores: tuple[float, ...]  # one per span of the chunk, 0..1
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement of an answer stands: quote == document.text[start:end]."""

    number: int  # from 1, in order of first use
    chunk_id: str
    doc_id: str
    heading: tuple[str, ...]
    quote: str
    start: int
    end: int
    translation: str | None  # the quote in the asker's language; None where no reviewed translation exists
    reviewed: bool


@dataclass(frozen=True, slots=True)
class ConflictValue:
    text: str
    citation: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value on which the sources disagree, each side with the number of its citation."""

    topic: str
    values: tuple[ConflictValue, ...]


RefusalKind = Literal["nothing_found", "out_of_scope", "unverified", "language_unsure"]


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: RefusalKind
    message: str  # in the asker's language


@dataclass(frozen=True, slots=True)
class GroundingReport:
    """What the grounding gate did with the statements of an answer."""

    checked: int = 0  # statements that were looked at
    dropped: int = 0  # that failed, and could not be repaired
    repaired: int = 0  # that failed first, and passed when they were written again
    fallback: bool = False  # what was generated did not answer, so the answer is quoted


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer proposes: statements in the asker's language with their citations, or a refusal."""

    text: str
    confidence: float
    citations: tuple[Citation, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refusal: Refusal | None = None
    generator: str = "extractive"
    grounding: GroundingReport = GroundingReport()


@dataclass(frozen=True, slots=True)
class Detection:
    """What language a text is in, how sure that is, and why."""

    language: str  # BCP 47: "ja", "en", "zh", another language's tag such as "ko", or "und" when no letter speaks
    confidence: float  # 0..1; at most 0.6 when the text itself does not decide, at least 0.95 when it plainly does
    reason: str  # a short English phrase
    variant: str | None = None  # "zh-Hans" or "zh-Hant" when the characters decide, else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A draft that passed the checks, with everything a caller may want to see."""

    answer_id: str
    question: str
    language: str
    detection: Detection
    draft: Draft
    hits: tuple[Hit, ...]
    index_id: str
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The first event of an answer that is told as it comes about: what was understood, and the passages found."""

    answer_id: str
    language: str
    detection: Detection
    hits: tuple[Hit, ...]
    index_id: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement that passed the checks. The texts of an answer's statements, joined, are its text."""

    text: str  # with the white space and the list mark before it, and its citation markers
    citations: tuple[Citation, ...]  # those that it is the first to use


Event = Found | Stated | Answer
"""An answer is told as Found, Stated …, Answer."""


class Embedder(Protocol):
    """Texts to unit-length rows, (n, d) float32. E5-type models tell queries from passages (arXiv:2212.03533)."""

    @property
    def model_id(self) -> str:
        """Name and fingerprint of the weights: vectors of different ids must not be mixed."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix: ...

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix: ...


@runtime_checkable
class TokenEmbedder(Protocol):
    """What an embedder with one vector a token offers besides: late interaction needs the tokens themselves."""

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]: ...

    def token_vectors(self, token_ids: Sequence[int]) -> FloatMatrix:
        """(n, d) float32, not of unit length."""
        ...


class Answerer(Protocol):
    """A question and its hits to a draft; never raises for want of evidence, it refuses."""

    def answer(self, question: str, language: str, hits: Sequence[Hit], asked: str = "") -> Draft:
        """`asked`: the last part of a question that is made whole by earlier ones; else the whole is what is asked."""
        ...


class Writer(Protocol):
    """Writes an answer over the hits with a language model, statement by statement."""

    def write(self, question: str, language: str, hits: Sequence[Hit], quoted: Draft) -> AsyncGenerator[Stated | Draft]:
        """Statements that passed the grounding gate, then the draft they make up; never raises for want of a model.

        `quoted` is the extractive answer, which is what the writer falls back to. Closing the iterator stops the
        generation.
        """
        ...

    async def close(self) -> None:
        """Give up what the language model holds: connections, threads, memory."""
        ...
