"""A draft of quoted statements, held against its own sources before it leaves.

Every quote must be the slice of its document that it claims to be: if one is not, the index is wrong, and nothing of
the answer is given. Then every statement goes through the grounding gate, as a generated one does. A quoted statement
that fails would be a fault of the corpus, such as a translation with another number than its source; it is taken out.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag_support.answering.extractive import refuse
from rag_support.answering.grounding import GroundingGate, Source
from rag_support.answering.phrases import UNTRANSLATED
from rag_support.answering.sources import source_of, source_of_header
from rag_support.answering.statements import as_stated, statements_of
from rag_support.retrieval.passages import PassageStore
from rag_support.types import Citation, Conflict, Draft, GroundingReport, Stated

logger = logging.getLogger(__name__)

_NUMBER = re.compile(r"\[(\d{1,3})\]")


def with_true_quotes(draft: Draft, language: str, passages: PassageStore) -> Draft:
    """The draft, if every quote is the slice of its document that it claims to be; else a refusal."""
    if _sources(draft.citations, passages) is None:
        return refuse("unverified", language, draft.confidence)
    return draft


def self_checked(draft: Draft, language: str, passages: PassageStore, gate: GroundingGate) -> Draft:
    """The draft without the statements that fail, its citations numbered anew; a refusal where nothing is left.

    `language` is ja, en, zh or zh-Hant. What a refusal quotes as related is held against its source only.
    """
    sources = _sources(draft.citations, passages)
    if sources is None:
        return refuse("unverified", language, draft.confidence)
    if draft.refusal:
        return draft
    parts = as_stated(draft)
    kept = [part for part in parts if _stands(part, language, sources, gate)]
    report = GroundingReport(checked=len(parts), dropped=len(parts) - len(kept))
    if not kept:
        return replace(refuse("unverified", language, draft.confidence), grounding=report)
    if report.dropped:
        draft = _of_parts(draft, kept)
    return replace(draft, grounding=report)


def _sources(citations: Sequence[Citation], passages: PassageStore) -> dict[int, Source] | None:
    """What each number stands for; None where a quote is not its source's text."""
    found = {}
    for citation in citations:
        source = _source(citation, passages)
        if source is None or source.text != citation.quote:
            logger.error("a citation of chunk %s does not match its source; the answer is withheld", citation.chunk_id)
            return None
        found[citation.number] = source
    return found


def _source(citation: Citation, passages: PassageStore) -> Source | None:
    """The span or the header row at a citation's place, as it stands in its chunk; None where neither does."""
    chunk = passages.by_id(citation.chunk_id)
    if chunk is None:
        return None
    place = (citation.start, citation.end)
    for header in chunk.headers:
        if (header.start, header.end) == place and chunk.start <= header.start:
            return replace(
                source_of_header(header), text=chunk.text[header.start - chunk.start : header.end - chunk.start]
            )
    span = next((span for span in chunk.spans if (span.start, span.end) == place), None)
    return source_of(chunk, span) if span else None


def _stands(part: Stated, language: str, sources: Mapping[int, Source], gate: GroundingGate) -> bool:
    for statement in statements_of(part.text):
        if statement.text == UNTRANSLATED[language]:  # the frame of the quotes below it, which cites nothing
            continue
        if faults := gate.faults(statement.text, statement.citations, language, sources):
            logger.error("a quoted statement is left out: %s", faults[0].detail)
            return False
    return True


def _of_parts(draft: Draft, kept: Sequence[Stated]) -> Draft:
    """The draft with these of its statements alone."""
    text = "".join(part.text for part in kept).strip()
    numbers = {int(number): 0 for number in _NUMBER.findall(text)}
    numbers = {old: new for new, old in enumerate(numbers, start=1)}
    return replace(
        draft,
        text=_NUMBER.sub(lambda match: f"[{numbers[int(match[1])]}]", text),
        citations=tuple(
            replace(citation, number=numbers[citation.number])
            for citation in draft.citations
            if citation.number in numbers
        ),
        conflicts=tuple(filter(None, (_renumbered(conflict, numbers) for conflict in draft.conflicts))),
    )


def _renumbered(conflict: Conflict, numbers: Mapping[int, int]) -> Conflict | None:
    """None where fewer than two sides are left."""
    values = tuple(
        replace(side, citation=numbers[side.citation]) for side in conflict.values if side.citation in numbers
    )
    return replace(conflict, values=values) if len(values) > 1 else None
