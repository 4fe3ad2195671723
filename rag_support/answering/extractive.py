"""The answerer that needs no model: the best statements of the hits, in the asker's language, each cited.

A statement is a span of the source in the reviewed translation of the asker's language. Where none exists the Japanese
is quoted inside a sentence in that language. Nothing is generated, so nothing can be invented.
"""

from collections.abc import Sequence
from dataclasses import replace

from rag_support.answering.answerability import Answerability
from rag_support.answering.conflicts import find_conflicts
from rag_support.answering.phrases import REFUSALS, RELATED, UNTRANSLATED, base_language
from rag_support.answering.register import Register
from rag_support.answering.section import Statement
from rag_support.answering.selection import related_statements, select_statements
from rag_support.types import Citation, Draft, Hit, Refusal, RefusalKind


class ExtractiveAnswerer:
    """Question and hits to a cited draft, or a refusal."""

    def __init__(self, answerability: Answerability, register: Register) -> None:
        self._answerability = answerability
        self._register = register

    def answer(self, question: str, language: str, hits: Sequence[Hit]) -> Draft:
        """`language` is ja, en, zh or zh-Hant."""
        confidence = self._answerability.probability(question, hits, base_language(language))
        if kind := self._answerability.refusal(confidence, hits, base_language(language)):
            refusal = refuse(kind, language, confidence)
            return _with_related(refusal, question, hits, language) if kind == "nothing_found" else refusal
        disputed = self._register.asked_about(question, hits)
        statements = select_statements(question, hits, language, self._register, disputed)
        if not statements:
            return refuse("nothing_found", language, confidence)
        told = disputed or self._register.told_by([statement.place for statement in statements], hits)
        citations = [cite(statement, number, language) for number, statement in enumerate(statements, start=1)]
        return Draft(
            text=_compose(statements, citations, language),
            confidence=confidence,
            citations=tuple(citations),
            conflicts=find_conflicts(statements, language, self._register, told),
        )


def _with_related(refusal: Draft, question: str, hits: Sequence[Hit], language: str) -> Draft:
    """The refusal, with what the sources do say near the question, marked as no more than that."""
    statements = related_statements(question, hits)
    if not statements:
        return refusal
    citations = [cite(statement, number, language) for number, statement in enumerate(statements, start=1)]
    related = _compose(statements, citations, language)
    return replace(refusal, text=f"{refusal.text}\n{RELATED[language]}\n{related}", citations=tuple(citations))


def refuse(kind: RefusalKind, language: str, confidence: float) -> Draft:
    """The localised refusal of a kind; its message is also the answer's text."""
    message = REFUSALS[language][kind]
    return Draft(text=message, confidence=confidence, refusal=Refusal(kind=kind, message=message))


def cite(statement: Statement, number: int, language: str) -> Citation:
    """Where a statement stands, as the citation of this number in an answer in `language`."""
    chunk, span = statement.chunk, statement.span
    same = base_language(language) == chunk.language
    return Citation(
        number=number,
        chunk_id=chunk.chunk_id,
        doc_id=chunk.doc_id,
        heading=chunk.heading,
        quote=chunk.source_of(span),
        start=span.start,
        end=span.end,
        translation=None if same else span.texts.get(language),
        reviewed=same or language in span.texts,
    )


def _compose(statements: Sequence[Statement], citations: Sequence[Citation], language: str) -> str:
    """Sentences run on in one paragraph, list members stand on lines of their own, every statement ends in its [n]."""
    base = base_language(language)
    lines: list[str] = []
    untranslated = any(statement.text(language) is None for statement in statements)
    if untranslated:
        lines.append(UNTRANSLATED[language])
    after_list = False
    for statement, citation in zip(statements, citations, strict=True):
        span = statement.span
        text = statement.text(language)
        shown = f"{text if text is not None else f'「{statement.reading}」'} [{citation.number}]"
        if statement.listed:
            lines.append(f"{span.number}. {shown}" if span.kind == "step" else f"- {shown}")
        elif lines and not after_list and not (untranslated and len(lines) == 1 and base in ("ja", "zh")):
            lines[-1] += f" {shown}"
        else:
            lines.append(shown)
        after_list = statement.listed
    return "\n".join(lines)
