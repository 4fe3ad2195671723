"""Hits → the statements that make a short answer.

Every statement of the first hits is scored (see section.py). The best one speaks, with those that come close behind it;
where it holds no value that was asked for by name, one that does comes before it, and things that are compared come as
the rows of the table that has them. That the sources do not state what was asked comes first and brings no list. A list
is given as what it is: steps whole and in order, short items under the sentence that introduces them, of a table the
rows asked for, and where one sentence of a list was asked for, that one. Notes that bear on a chosen value stay with
it, since a number without its caveat can harm; where the question asks about a disagreement, the sides that they do not
tell of come with them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag_support.answering.asked import AskedKind, answered_kinds, held_kinds, says_unstated
from rag_support.answering.disagreement import disagree, gives_a_value, same_list
from rag_support.answering.disputed import disputed_values
from rag_support.answering.register import Entry, Register
from rag_support.answering.section import Question, Section, Statement, introduces, is_sentence
from rag_support.types import Hit, Span

_HITS = 5  # sections looked into
_SENTENCES = 3  # of an answer, lists and notes not counted
_BUDGET_CHARS = {"ja": 220, "zh": 220, "zh-Hant": 220}
_BUDGET_CHARS_ELSE = 450
_NEAR = 0.84  # of the best score: a further statement has to come this close
_NEAR_ELSEWHERE = 0.9  # and one of another section than the best this close
_SAME = 0.6  # overlap of character n-grams from which two statements say the same
_ASKED_BY_NAME: frozenset[AskedKind] = frozenset({"telephone", "domain", "percentage"})  # nothing else answers
_RELATED = 2  # statements shown beside a refusal
_OTHER_SIDES = 2  # of a value, added to the answer

_Candidate = tuple[float, Section, int]  # a statement's score, its section, and its place there


def select_statements(
    question: Question, hits: Sequence[Hit], language: str, register: Register, disputed: Sequence[Entry]
) -> list[Statement]:
    """The statements of an answer in reading order; empty when no hit holds any.

    `disputed` are the entries of the register that the question asks about.
    """
    asked = question.kinds
    sections = [Section(hit, question) for hit in hits[:_HITS]]
    candidates = _candidates(sections)
    if not candidates:
        return []
    best = candidates[0][0]
    _, first, leading = _lead(question, candidates, hits) or candidates[0]
    unstated = bool(asked) and says_unstated(first.source(leading))
    answer = _Answer(language, lists=not unstated)
    answer.add(first, leading)
    for score, section, position in candidates:
        if score < _NEAR * best:
            break
        if section is not first and score < _NEAR_ELSEWHERE * best:
            continue
        answer.add(section, position)
    chosen = [statement for section in answer.sections for statement in answer.of(section)]
    if unstated:
        chosen.sort(key=lambda statement: statement.place != (first.chunk.chunk_id, leading))
    shown = [statement.place for statement in chosen]
    matches = {(section.chunk.chunk_id, p): score for section in sections for p, score in section.scores.items()}
    listed = [Statement(chunk, p, False) for chunk, p in register.missing_sides(disputed, shown, matches)]
    return chosen + listed + _other_sides(chosen + listed, sections)


def _candidates(sections: Sequence[Section]) -> list[_Candidate]:
    """The statements of sections, best first."""
    found = ((score, section, position) for section in sections for position, score in section.scores.items())
    return sorted(found, key=lambda candidate: -candidate[0])


def _lead(question: Question, candidates: Sequence[_Candidate], hits: Sequence[Hit]) -> _Candidate | None:
    """What the answer begins with, where that is not what matches best.

    A value asked for by name, from further down where the first hits hold none; things that are compared, side by side.
    """
    _, first, leading = candidates[0]
    if named := question.kinds & _ASKED_BY_NAME - answered_kinds(first.source(leading)):
        further = _candidates([Section(hit, question) for hit in hits[_HITS:]])
        held = (one for one in (*candidates, *further) if not named.isdisjoint(held_kinds(one[1].source(one[2]))))
        return next(held, None)
    if question.compares:
        return next(_compared(question, hits), None)
    return None


def _compared(question: Question, hits: Sequence[Hit]) -> Iterator[_Candidate]:
    """The best row of each table of which the question names several."""
    for section in (Section(hit, question) for hit in hits):
        for rows in section.tables():
            if compared := section.compared_of(rows):
                best = max(compared, key=lambda p: section.scores[p])
                yield section.scores[best], section, best


def related_statements(question: Question, hits: Sequence[Hit]) -> list[Statement]:
    """What the sources do say near a question that they do not answer: one or two statements, best first."""
    sections = [Section(hit, question) for hit in hits[:_HITS]]
    candidates = [
        (score, section.statement(position, True))
        for score, section, position in _candidates(sections)
        # a step says nothing without those before it
        if not introduces(section.source(position)) and section.chunk.spans[position].kind != "step"
    ]
    found: list[Statement] = []
    for score, statement in candidates:
        if len(found) == _RELATED or score < _NEAR * candidates[0][0]:
            break
        if not any(_same(statement.reading, other.reading) for other in found):
            found.append(statement)
    return found


def _other_sides(chosen: Sequence[Statement], sections: Sequence[Section]) -> list[Statement]:
    """Statements, not chosen, that give another value for what a chosen one says."""
    shown = {statement.place for statement in chosen}
    valued = [statement for statement in chosen if gives_a_value(statement.source)]
    found = []
    for section in sections if valued else []:
        for position in section.statements:
            other = section.statement(position, False)
            if other.place not in shown and gives_a_value(other.source) and any(differ(one, other) for one in valued):
                found.append(other)
    return found[:_OTHER_SIDES]


def differ(one: Statement, other: Statement) -> bool:
    """Whether two statements of the sources give different values for the same thing."""
    return not same_list(one, other) and disagree(one.source, other.source)


class _Answer:
    """What has been chosen so far, within the bounds of a short answer.

    Sections stand in the order of their best statements. Only the first of them gives a list; after the list it gives
    one more sentence, and the other sections none.
    """

    def __init__(self, language: str, lists: bool = True) -> None:
        self._language = language
        self._lists = lists
        self._chars = _BUDGET_CHARS.get(language, _BUDGET_CHARS_ELSE)
        self._sentences = 0
        self._listing: Section | None = None
        self.sections: list[Section] = []  # in order of their best statements
        self._chosen: dict[int, dict[int, bool]] = {}
        self._kept: list[Span] = []

    def add(self, section: Section, position: int) -> None:
        if section not in self.sections:
            self.sections.append(section)
        chosen = self._chosen.setdefault(id(section), {})
        span = section.chunk.spans[position]
        if position in chosen or self._said(span):
            return
        members = section.group_of(position)
        if section.steps_beside_the_point(members):
            members = []
        sentence = span.group < 0 or (span.kind == "item" and is_sentence(section.source(position)))
        lead = section is self.sections[0]
        answers_alone = sentence and span.group >= 0 and (self._sentences > 0 or section.stands_out(position, members))
        if not members or not lead or answers_alone:
            stands_alone = sentence and not introduces(section.source(position))
            if stands_alone and (self._listing is None or self._listing is section) and self._take(span):
                chosen[position] = False
            return
        if span.group < 0 and members[0] in chosen and section.chunk.spans[members[0]].kind != "step":
            # the sentence that opens a section, of which the list was chosen before it; steps need no more than theirs
            if not introduces(section.source(position)) and self._take(span):
                chosen[position] = False
            return
        asked_for = section.asked_for(position, members)
        if asked_for and self._listing is None and self._lists:
            for p in (position, *asked_for):
                if not introduces(section.source(p)) and self._take(section.chunk.spans[p]):
                    chosen[p] = False
            return
        if self._listing is not None or not self._lists or not self._take(span):
            return
        self._listing = section
        if span.group < 0:
            chosen[position] = False
        lead_in = section.lead_in(members)
        if lead_in is not None and section.chunk.spans[members[0]].kind != "row":
            chosen.setdefault(lead_in, False)
        for p in section.shown_of(members):
            chosen[p] = True
            self._kept.append(section.chunk.spans[p])
        self._sentences = max(self._sentences, _SENTENCES - 1)

    def of(self, section: Section) -> Iterator[Statement]:
        """The chosen statements of a section in order, and the notes that bear on their values."""
        chosen = self._chosen.get(id(section), {})
        statements = [section.statement(p, listed) for p, listed in sorted(chosen.items())]
        yield from statements
        if section is self.sections[0] and any(disputed_values(statement.source) for statement in statements):
            for p in section.notes():
                if p not in chosen and not self._said(section.chunk.spans[p]):
                    yield section.statement(p, False)

    def _take(self, span: Span) -> bool:
        """Room for one more sentence? The first always has it."""
        chars = len(self._text(span))
        if self._sentences and (self._sentences >= _SENTENCES or chars > self._chars):
            return False
        self._sentences += 1
        self._chars -= chars
        self._kept.append(span)
        return True

    def _text(self, span: Span) -> str:
        return span.texts.get(self._language) or _source(span)

    def _said(self, span: Span) -> bool:
        return any(
            _same(self._text(span), self._text(kept)) or _same(_source(span), _source(kept)) for kept in self._kept
        )


def _source(span: Span) -> str:
    """How it reads in the language of its document."""
    return next(iter(span.texts.values()))


def _same(one: str, other: str) -> bool:
    a, b = _pieces(one), _pieces(other)
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= _SAME


@lru_cache(maxsize=256)  # a text has a hundred pieces, and they take 6 kB
def _pieces(text: str) -> frozenset[str]:
    """Bigrams of wide characters; trigrams of letters, for any two English sentences share most bigrams."""
    text = text.lower()
    size = 3 if 2 * sum(map(str.isascii, text)) > len(text) else 2
    return frozenset(text[i : i + size] for i in range(len(text) - size + 1))
