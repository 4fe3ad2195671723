"""Statements that passed the gate → the answer as it is told: what is let go when, and under which numbers.

What was told cannot be taken back. So nothing is told before what has passed answers the question, as far as can be
seen: a value of the kind that was asked for, or steps, where the quoted answer holds them. Until then the answer can
still become the quoted one. The steps of one list are told together, when it is over: a procedure with a hole in it is
worse than none, so a list that lost a step is given up.
"""

from collections.abc import Iterator, Mapping, Sequence

from rag_support.answering.asked import AskedKind, answered_kinds, asked_kinds, held_kinds
from rag_support.answering.caveats import missing_caveats, renumbered
from rag_support.answering.extractive import cite, cite_header, headers_of_values
from rag_support.answering.phrases import SERVED_LANGUAGES, UNTRANSLATED
from rag_support.answering.section import Statement
from rag_support.answering.written import Written
from rag_support.types import Citation, Draft, Stated


class Composition:
    def __init__(
        self, question: str, language: str, evidence: Mapping[int, Statement], quoted: Mapping[int, Statement]
    ) -> None:
        """`quoted`: the statements of the quoted answer, in order, by their citations' numbers."""
        self._language = language
        self._evidence = evidence
        self._quoted = quoted
        self._needed = _needed(question, list(quoted.values()))
        self._passed: list[Written] = []  # not told yet
        self._steps: list[Written] = []  # of the list that is being written
        self._hole = False  # in that list
        self._kept: list[Written] = []  # told, or to be told
        self._answers = False
        self._citations: dict[tuple[str, int], Citation] = {}  # by chunk and start
        self._told: list[Stated] = []
        self._last: Written | None = None
        self.given_up = 0  # statements that passed, and fell with their list

    @property
    def answers(self) -> bool:
        """Whether what is kept so far answers the question."""
        return self._answers

    def add(self, written: Written) -> Iterator[Stated]:
        """A statement that passed. What can be told now."""
        if written.is_step:
            self._steps.append(written)
            return
        self._close_list()
        if all(written.text != one.text for one in self._kept):  # small models go round in circles
            self._keep([written])
        yield from self._tell()

    def lose(self, written: Written) -> None:
        """A statement that failed for good."""
        if written.is_step:
            self._hole = True
        else:
            self._close_list()

    def end(self, whole: bool) -> Iterator[Stated]:
        """The model has finished, or (not whole) broke off, and then its last list may lack steps."""
        self._hole |= not whole
        self._close_list()
        yield from self._tell()

    def _close_list(self) -> None:
        if self._hole:
            self.given_up += len(self._steps)
        else:
            self._keep(self._steps)
        self._steps, self._hole = [], False

    def _keep(self, written: Sequence[Written]) -> None:
        self._passed += written
        self._kept += written
        if written and not self._answers:
            held = {kind for one in self._kept for kind in held_kinds(one.text)}
            if any(self._evidence[number].span.kind == "step" for one in self._kept for number in one.citations):
                held.add("procedure")
            self._answers = not self._needed or bool(self._needed & held)

    def _tell(self) -> Iterator[Stated]:
        while self._answers and self._passed:
            written = self._passed.pop(0)
            yield self._stated(written, [self._evidence[number] for number in written.citations])

    def close(self, quoted: Draft) -> Iterator[Stated]:
        """What the quoted answer adds that must not be missing: caveats, other sides, its closing words."""
        told = [(one.text, [self._evidence[number] for number in one.citations]) for one in self._kept]
        for statement in missing_caveats(self._quoted, quoted, told):
            text = statement.text(self._language)
            if text is None:
                text = f"{UNTRANSLATED[self._language]} 「{statement.reading}」"
            line = self._last.line + bool(self._last.mark) if self._last else 0  # behind a list, a line of its own
            yield self._stated(Written(text, (), line, ""), [statement])
        closing = f"\n{SERVED_LANGUAGES[self._language]}"
        if quoted.text.endswith(closing):
            yield self._as_told(closing, ())

    def draft(self, quoted: Draft) -> Draft:
        """Everything told, as a draft; the caller says who wrote it."""
        numbers = {
            number: self._citations[_place(statement)].number
            for number, statement in self._quoted.items()
            if _place(statement) in self._citations
        }
        return Draft(
            text="".join(stated.text for stated in self._told),
            confidence=quoted.confidence,
            citations=tuple(self._citations.values()),
            conflicts=renumbered(quoted.conflicts, numbers),
        )

    def _stated(self, written: Written, cited: Sequence[Statement]) -> Stated:
        told = len(self._citations)
        numbers: list[int] = []
        for statement in cited:
            citation = cite(statement, len(self._citations) + 1, self._language)
            numbers.append(self._citations.setdefault(_place(statement), citation).number)
        for header, row in headers_of_values(written.text, cited):
            citation = cite_header(header, row, len(self._citations) + 1, self._language)
            numbers.append(self._citations.setdefault((header.chunk_id, header.start), citation).number)
        markers = "".join(f"[{number}]" for number in numbers)
        if self._last is None or self._last.line != written.line:
            before = f"{'' if self._last is None else chr(10)}{written.mark}"
        else:
            before = " "
        self._last = written
        return self._as_told(f"{before}{written.text} {markers}", tuple(self._citations.values())[told:])

    def _as_told(self, text: str, citations: tuple[Citation, ...]) -> Stated:
        stated = Stated(text, citations)
        self._told.append(stated)
        return stated


def _place(statement: Statement) -> tuple[str, int]:
    return statement.chunk.chunk_id, statement.span.start


def _needed(question: str, quoted: Sequence[Statement]) -> set[AskedKind]:
    """The kinds of answer that were asked for and that the quoted answer holds: one of them has to be there."""
    held: set[AskedKind] = {kind for statement in quoted for kind in answered_kinds(statement.source)}
    if any(statement.span.kind == "step" for statement in quoted):
        held.add("procedure")
    return held & asked_kinds(question)
