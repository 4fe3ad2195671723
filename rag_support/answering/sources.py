"""What a citation number stands for, as a statement is held against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rag_support.types import Chunk, Span, TableHeader


@dataclass(frozen=True, slots=True)
class Source:
    text: str  # the exact span of the source; of a table row that is given as evidence, also the header row
    readings: Mapping[str, str]  # language → how it reads (Span.texts); the document's own language first
    # language → the headings above it: they may name what it speaks of, but the values in them are not the span's
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The document's own language."""
        return next(iter(self.readings))

    def language_for(self, language: str) -> str:
        """The language in which a statement is compared with it: its own where it reads in it, else the document's."""
        wanted = (language, language.partition("-")[0])
        return next((tag for tag in wanted if tag in self.readings), self.language)


def source_of(chunk: Chunk, span: Span) -> Source:
    """One span of a chunk, and nothing else."""
    above = chunk.spans[0]
    context = dict(above.texts) if above is not span and above.kind in ("heading", "question") else {}
    context[chunk.language] = " ".join((chunk.title, *chunk.heading, context.get(chunk.language, "")))
    return Source(text=chunk.source_of(span), readings=span.texts, context=context)


def evidence_of(chunk: Chunk, span: Span) -> Source:
    """One span of a chunk with the header row above it: who says a value of the header cites that too."""
    source, header = source_of(chunk, span), chunk.header_of(span)
    return replace(source, text=f"{source.text}\n{header.text}") if header else source


def source_of_header(header: TableHeader) -> Source:
    return Source(text=header.text, readings=header.texts)
