"""Hits → the statements that make a short answer.

Every statement of the first hits is scored: how well it matches, whether it holds the kind of value that was asked for,
and, for the first statement of a section, how well the section's heading or FAQ question matches, since a section
answers its heading from the top. The best one speaks, with those that come close behind it; that the sources do not
state what was asked comes first and brings no list. A list is given as what it
is: steps whole and in order, short items under the sentence that introduces them, of a table the rows asked for. Notes
that bear on a chosen value stay with it, since a number without its caveat can harm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag_support.answering.asked import AskedKind, answered_kinds, asked_kinds, says_unstated
from rag_support.answering.disagreement import disagree, gives_a_value, same_list
from rag_support.answering.disputed import disputed_values
from rag_support.answering.register import Place, Register
from rag_support.answering.yes_no import without_yes_no
from rag_support.types import Chunk, Hit, Span

_HITS = 5  # sections looked into
_SENTENCES = 3  # of an answer, lists and notes not counted
_BUDGET_CHARS = {"ja": 220, "zh": 220, "zh-Hant": 220}
_BUDGET_CHARS_ELSE = 450
_NEAR = 0.84  # of the best score: a further statement has to come this close
# What a statement's score adds up from besides its own match (pairwise logistic fit on the dev questions).
_CHUNK_SHARE = 2.2
_ASKED_BONUS = 0.3  # for a value of the kind that was asked for
_TOP_BONUS = 0.2  # times the match of the heading, for the first statement below it
_STEPS_BONUS = 0.2  # for steps, and the sentence before them, where a procedure was asked for
_LIST_SENTENCES = 6  # members shown of a list of sentences or a table; steps and short items are shown whole
_LIST_ITEMS = 12
_STANDS_OUT = 1.3  # times the mean of a table: rows above it are the ones asked for
_ALONE = 1.5  # times the mean of the other members of a list: this sentence of it is what was asked for
_SAME = 0.6  # overlap of character n-grams from which two statements say the same
_OWN_QUESTION = 0.5  # match of a heading or FAQ question from which it asks the same
_NOTES = 2
_RELATED = 2  # statements shown beside a refusal
_OTHER_SIDES = 2  # of a value, added to the answer
_MAKE_SURE = "確認してください"  # in the sources' own words, as their marks of disagreement are in conflicts.py


@dataclass(frozen=True, slots=True)
class Statement:
    """One span of an answer, with the chunk it stands in."""

    chunk: Chunk
    position: int  # of the span in the chunk
    listed: bool  # shown on a line of its own, as part of a list
    own_question: bool = True  # the section's own question is near the one that is asked

    @property
    def place(self) -> Place:
        return self.chunk.chunk_id, self.position

    @property
    def span(self) -> Span:
        return self.chunk.spans[self.position]

    def text(self, language: str) -> str | None:
        """How the statement reads in a language; None where it has no reviewed translation there."""
        text = text_in(self.span, self.chunk, language)
        return text if text is None or self.own_question else without_yes_no(text)

    @property
    def reading(self) -> str:
        """How it reads in the language of its document, a table row as a phrase."""
        return self.span.texts[self.chunk.language]

    @property
    def source(self) -> str:
        """The span's own words, in the language of its document."""
        return self.chunk.source_of(self.span)


def text_in(span: Span, chunk: Chunk, language: str) -> str | None:
    """A span's text in a language; Chinese sources read the same in both scripts."""
    if language.partition("-")[0] == chunk.language:
        return span.texts[chunk.language]
    return span.texts.get(language)


def select_statements(question: str, hits: Sequence[Hit], language: str, register: Register) -> list[Statement]:
    """The statements of an answer in reading order; empty when no hit holds any."""
    asked = asked_kinds(question)
    sections = [_Section(hit, asked) for hit in hits[:_HITS]]
    candidates = sorted(
        ((score, section, position) for section in sections for position, score in section.scores.items()),
        key=lambda candidate: -candidate[0],
    )
    if not candidates:
        return []
    best, first, leading = candidates[0]
    unstated = bool(asked) and says_unstated(first.source(leading))
    answer = _Answer(language, lists=not unstated)
    for score, section, position in candidates:
        if score < _NEAR * best:
            break
        answer.add(section, position)
    chosen = [statement for section in answer.sections for statement in answer.of(section)]
    if unstated:
        chosen.sort(key=lambda statement: statement.place != (first.chunk.chunk_id, leading))
    shown = [statement.place for statement in chosen]
    matches = {(section.chunk.chunk_id, p): score for section in sections for p, score in section.scores.items()}
    listed = [Statement(chunk, p, False) for chunk, p in register.missing_sides(shown, asked, matches)]
    return chosen + listed + _other_sides(chosen + listed, sections)


def related_statements(question: str, hits: Sequence[Hit]) -> list[Statement]:
    """What the sources do say near a question that they do not answer: one or two statements, best first."""
    sections = [_Section(hit, asked_kinds(question)) for hit in hits[:_HITS]]
    candidates = sorted(
        (
            (score, section.statement(position, True))
            for section in sections
            for position, score in section.scores.items()
            if not _introduces(section.source(position))
        ),
        key=lambda candidate: -candidate[0],
    )
    found: list[Statement] = []
    for score, statement in candidates:
        if len(found) == _RELATED or score < _NEAR * candidates[0][0]:
            break
        if not any(_same(statement.reading, other.reading) for other in found):
            found.append(statement)
    return found


def _other_sides(chosen: Sequence[Statement], sections: Sequence["_Section"]) -> list[Statement]:
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


class _Section:
    """A hit's chunk with the scores of its statements."""

    def __init__(self, hit: Hit, asked: frozenset[AskedKind]) -> None:
        self.chunk = hit.chunk
        self.asked = asked
        self.matches = dict(enumerate(hit.span_scores))
        self.statements = [position for position, span in enumerate(hit.chunk.spans) if states(span)]
        self.first = self.statements[0] if self.statements else -1
        self.heading = max(
            (hit.span_scores[p] for p, span in enumerate(hit.chunk.spans) if not states(span)), default=0.0
        )
        self.scores: dict[int, float] = {}
        for position in self.statements:
            score = hit.span_scores[position] + _CHUNK_SHARE * hit.score
            speaks_for = [position]
            if position == self.first:
                score += _TOP_BONUS * self.heading
                speaks_for += self.group_of(position)
            if any(asked & answered_kinds(self.source(p)) for p in speaks_for):
                score += _ASKED_BONUS
            members = self.group_of(position) if "procedure" in asked else []
            if members and self.chunk.spans[members[0]].kind == "step":
                score += _STEPS_BONUS
            self.scores[position] = score

    def statement(self, position: int, listed: bool) -> Statement:
        return Statement(self.chunk, position, listed, self.heading >= _OWN_QUESTION)

    def source(self, position: int) -> str:
        return self.chunk.source_of(self.chunk.spans[position])

    def group_of(self, position: int) -> list[int]:
        """The list or table that a statement belongs to; for the section's first statement, the one that follows."""
        group = self.chunk.spans[position].group
        if group < 0 and position == self.first:
            near = self.statements[1:4]
            group = next((self.chunk.spans[p].group for p in near if self.chunk.spans[p].group >= 0), -1)
        if group < 0 and position + 1 < len(self.chunk.spans) and _introduces(self.source(position)):
            group = self.chunk.spans[position + 1].group
        return [p for p in self.statements if self.chunk.spans[p].group == group] if group >= 0 else []

    def shown_of(self, members: list[int]) -> list[int]:
        """The members of a list that the answer shows."""
        kind = self.chunk.spans[members[0]].kind
        if kind == "step":
            return members
        scores = {
            p: self.matches[p] + (_ASKED_BONUS if self.asked & answered_kinds(self.source(p)) else 0) for p in members
        }
        if kind == "row":
            mean = sum(scores.values()) / len(members)
            leading = [p for p in members if scores[p] >= _STANDS_OUT * mean]
            members = leading or members
        limit = _LIST_ITEMS if all(not _is_sentence(self.source(p)) for p in members) else _LIST_SENTENCES
        return sorted(sorted(members, key=lambda p: -scores[p])[:limit])

    def stands_out(self, position: int, members: list[int]) -> bool:
        """Whether one member of a list was asked for, and not the list."""
        others = [self.matches[p] for p in members if p != position]
        return bool(others) and self.matches[position] >= _ALONE * sum(others) / len(others)

    def asked_for(self, before: int, members: list[int]) -> list[int]:
        """Sentences of a list that match so well that they answer without it, and better than what stands before it."""
        if self.chunk.spans[before].group >= 0:
            return []
        return [
            p
            for p in members
            if self.chunk.spans[p].kind == "item"
            and _is_sentence(self.source(p))
            and self.matches[p] >= self.matches[before]
            and self.stands_out(p, members)
        ]

    def lead_in(self, members: list[int]) -> int | None:
        """The sentence that introduces a list, without which its members may not be understood."""
        before = members[0] - 1
        return before if before in self.scores and self.chunk.spans[before].group < 0 else None

    def notes(self) -> list[int]:
        """The notes that match best, and the statement that says where to make sure of a value, whatever it matches."""
        alone = [p for p in self.statements if self.chunk.spans[p].group < 0]
        alone.sort(key=lambda p: -self.matches[p])
        notes = [p for p in alone if self.chunk.spans[p].kind == "note"]
        return sorted({*notes[:_NOTES], *self.making_sure()})

    def making_sure(self) -> list[int]:
        """The statement that says where to make sure of a value, where there is one."""
        alone = [p for p in self.statements if self.chunk.spans[p].group < 0 and says_to_make_sure(self.source(p))]
        return sorted(alone, key=lambda p: -self.matches[p])[:1]


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
        self._listing: _Section | None = None
        self.sections: list[_Section] = []  # in order of their best statements
        self._chosen: dict[int, dict[int, bool]] = {}
        self._kept: list[str] = []

    def add(self, section: _Section, position: int) -> None:
        if section not in self.sections:
            self.sections.append(section)
        chosen = self._chosen.setdefault(id(section), {})
        span = section.chunk.spans[position]
        if position in chosen or self._said(span):
            return
        members = section.group_of(position)
        sentence = span.group < 0 or (span.kind == "item" and _is_sentence(section.source(position)))
        lead = section is self.sections[0]
        answers_alone = sentence and span.group >= 0 and (self._sentences > 0 or section.stands_out(position, members))
        if not members or not lead or answers_alone:
            stands_alone = sentence and not _introduces(section.source(position))
            if stands_alone and (self._listing is None or self._listing is section) and self._take(span):
                chosen[position] = False
            return
        asked_for = section.asked_for(position, members)
        if asked_for and self._listing is None and self._lists:
            for p in (position, *asked_for):
                if not _introduces(section.source(p)) and self._take(section.chunk.spans[p]):
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
            self._keep(section.chunk.spans[p])
        self._sentences = max(self._sentences, _SENTENCES - 1)

    def of(self, section: _Section) -> Iterator[Statement]:
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
        self._keep(span)
        return True

    def _text(self, span: Span) -> str:
        return span.texts.get(self._language) or next(iter(span.texts.values()))

    def _keep(self, span: Span) -> None:
        self._kept.append(self._text(span))

    def _said(self, span: Span) -> bool:
        return any(_same(self._text(span), kept) for kept in self._kept)


def states(span: Span) -> bool:
    """Whether a span says something, and is no heading or question over what does."""
    return span.kind not in ("heading", "question")


def says_to_make_sure(source: str) -> bool:
    return _MAKE_SURE in source


def _introduces(text: str) -> bool:
    """Whether a sentence leads into what follows it: 「…は、次のとおりです。」, “… as follows:”."""
    signs = ("次の", "以下", "下記", "下の表", "following", "as follows", "below", "如下", "下列", "下表")
    return text.rstrip("。. ").endswith((":", "：")) or any(sign in text for sign in signs)


def _is_sentence(text: str) -> bool:
    return text.rstrip().endswith(("。", ".", "！", "!", "」", "）"))


def _same(one: str, other: str) -> bool:
    a, b = _pieces(one), _pieces(other)
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= _SAME


@lru_cache(maxsize=1024)  # a text has dozens of pieces
def _pieces(text: str) -> frozenset[str]:
    """Bigrams of wide characters; trigrams of letters, for any two English sentences share most bigrams."""
    text = text.lower()
    size = 3 if 2 * sum(map(str.isascii, text)) > len(text) else 2
    return frozenset(text[i : i + size] for i in range(len(text) - size + 1))
