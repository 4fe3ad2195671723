"""The citations of an answer as plain text, a paragraph each, for readers that show nothing but text."""

from collections.abc import Iterable

from rag_support.types import Citation


def footnotes(citations: Iterable[Citation]) -> str:
    """Of each "[number] document › heading", and below it the quote in the source's own words."""
    return "\n\n".join(
        f"[{citation.number}] {citation.doc_id} › {' › '.join(citation.heading[1:] or citation.heading)}"
        f"\n    {citation.quote}"
        for citation in citations
    )
