"""The answerer that needs no model: the best statements of the hits, in the asker's language, each cited.

A statement is a span of the source in the reviewed translation of the asker's language. Where none exists the Japanese
is quoted inside a sentence in that language. Nothing is generated, so nothing can be invented.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag_support.answering.answerability import Answerability
from rag_support.answering.caveats import renumbered
from rag_support.answering.conflicts import find_conflicts, marks_another_side
from rag_support.answering.phrases import REFUSALS, RELATED, UNTRANSLATED, base_language
from rag_support.answering.register import Register
from rag_support.answering.section import Question, Statement
from rag_support.answering.selection import related_statements, select_statements
from rag_support.types import Citation, Draft, Hit, Refusal, RefusalKind, TableHeader
from rag_support.values import missing_values


class ExtractiveAnswerer:
    """Question and hits to a cited draft, or a refusal."""

    def __init__(self, answerability: Answerability, register: Register) -> None:
        self._answerability = answerability
        self._register = register

    def answer(self, question: str, language: str, hits: Sequence[Hit], asked: str = "") -> Draft:
        """`language` is ja, en, zh or zh-Hant; `asked` as in types.Answerer."""
        confidence = self._answerability.probability(question, hits, base_language(language))
        if kind := self._answerability.refusal(confidence, hits, base_language(language)):
            refusal = refuse(kind, language, confidence)
            return _with_related(refusal, question, hits, language) if kind == "nothing_found" else refusal
        asking = Question.of(question, asked)
        disputed = self._register.asked_about(asking.kinds, hits)
        statements = select_statements(asking, hits, language, self._register, disputed)
        if not statements:
            return refuse("nothing_found", language, confidence)
        places = [statement.place for statement in statements]
        marked = [statement.place for statement in statements if marks_another_side(statement.source)]
        told = disputed or self._register.told_by(places, marked, hits)
        cited = _cited(statements, language)
        conflicts = find_conflicts(statements, language, self._register, told)
        return Draft(
            text=_compose(statements, cited, language),
            confidence=confidence,
            citations=cited.citations,
            conflicts=renumbered(conflicts, {place: own[0] for place, own in enumerate(cited.numbers, start=1)}),
        )


def _with_related(refusal: Draft, question: str, hits: Sequence[Hit], language: str) -> Draft:
    """The refusal, with what the sources do say near the question, marked as no more than that."""
    statements = related_statements(Question.of(question), hits)
    if not statements:
        return refusal
    cited = _cited(statements, language)
    related = _compose(statements, cited, language)
    return replace(refusal, text=f"{refusal.text}\n{RELATED[language]}\n{related}", citations=cited.citations)


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


def cite_header(header: TableHeader, row: Statement, number: int, language: str) -> Citation:
    """Where the header above a row stands, as the citation of this number."""
    chunk = row.chunk
    same = base_language(language) == chunk.language
    return Citation(
        number=number,
        chunk_id=header.chunk_id,
        doc_id=chunk.doc_id,
        heading=chunk.heading,
        quote=header.text,
        start=header.start,
        end=header.end,
        translation=None if same else header.texts.get(language),
        reviewed=same or language in header.texts,
    )


def headers_of_values(text: str, cited: Sequence[Statement]) -> Iterator[tuple[TableHeader, Statement]]:
    """The headers, with a row below each, that hold a value of a text which the rows and sentences it cites do not."""
    sources = [statement.source for statement in cited]
    for statement in cited:
        header = statement.chunk.header_of(statement.span)
        missing = missing_values(text, sources) if header else []
        if header and missing and len(missing_values(text, [*sources, header.text])) < len(missing):
            sources.append(header.text)
            yield header, statement


@dataclass(frozen=True, slots=True)
class _Cited:
    """The citations of an answer, and the numbers of those that each of its statements ends in, its own first."""

    citations: tuple[Citation, ...]
    numbers: tuple[tuple[int, ...], ...]


def _cited(statements: Sequence[Statement], language: str) -> _Cited:
    """A statement that shows a value of its table's header cites the header too."""
    citations: list[Citation] = []
    numbers: list[tuple[int, ...]] = []
    of_headers: dict[tuple[str, int], int] = {}
    for statement in statements:
        citations.append(cite(statement, len(citations) + 1, language))
        own = [len(citations)]
        for header, row in headers_of_values(statement.text(language) or statement.reading, [statement]):
            place = (header.chunk_id, header.start)
            if place not in of_headers:
                of_headers[place] = len(citations) + 1
                citations.append(cite_header(header, row, of_headers[place], language))
            own.append(of_headers[place])
        numbers.append(tuple(own))
    return _Cited(tuple(citations), tuple(numbers))


def _compose(statements: Sequence[Statement], cited: _Cited, language: str) -> str:
    """Sentences run on in one paragraph, list members stand on lines of their own, every statement ends in its [n]…"""
    base = base_language(language)
    lines: list[str] = []
    untranslated = any(statement.text(language) is None for statement in statements)
    if untranslated:
        lines.append(UNTRANSLATED[language])
    after_list = False
    for statement, numbers in zip(statements, cited.numbers, strict=True):
        span = statement.span
        text = statement.text(language)
        markers = "".join(f"[{number}]" for number in numbers)
        shown = f"{text if text is not None else f'「{statement.reading}」'} {markers}"
        if statement.listed:
            lines.append(f"{span.number}. {shown}" if span.kind == "step" else f"- {shown}")
        elif lines and not after_list and not (untranslated and len(lines) == 1 and base in ("ja", "zh")):
            lines[-1] += f" {shown}"
        else:
            lines.append(shown)
        after_list = statement.listed
    return "\n".join(lines)
