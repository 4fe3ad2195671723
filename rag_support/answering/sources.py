"""What a citation number stands for, as a statement is held against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag_support.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class Source:
    text: str  # the exact span of the source, with its table's header where its reading needs it
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
    """One span of a chunk."""
    text = chunk.source_of(span)
    if span.kind == "row":  # its reading names the cells by the header
        text = f"{text}\n{span.texts[chunk.language]}"
    above = chunk.spans[0]
    context = dict(above.texts) if above is not span and above.kind in ("heading", "question") else {}
    context[chunk.language] = " ".join((chunk.title, *chunk.heading, context.get(chunk.language, "")))
    return Source(text=text, readings=span.texts, context=context)
