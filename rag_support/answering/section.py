"""A hit's section as the place of an answer's statements: how well each would answer, and which belong together.

A statement's score is how well it matches, whether it holds the kind of value that was asked for, and, for the first
statement of a section, how well the section's heading or FAQ question matches, since a section answers its heading from
the top.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from rag_support.answering.asked import AskedKind, answered_kinds, asked_kinds, compares
from rag_support.answering.register import Place
from rag_support.answering.rows import named_rows
from rag_support.answering.yes_no import without_yes_no
from rag_support.retrieval.tokens import query_terms
from rag_support.types import Chunk, Hit, Span
from rag_support.values import Value, values

# What a statement's score adds up from besides its own match (pairwise logistic fit on the dev questions).
_CHUNK_SHARE = 2.2
_ASKED_BONUS = 0.3  # for a value of the kind that was asked for
_LIST_ASKED_BONUS = 0.15  # for the first statement of a section, where only the list below it holds one
_TOP_BONUS = 0.2  # times the match of the heading, for the first statement below it
_STEPS_BONUS = 0.2  # for steps, and the sentence before them, where a procedure was asked for
_OPENING_SHARE = 0.7  # of what the best step matches better, for a section's first statement; all for the lead-in
_LIST_SENTENCES = 6  # members shown of a list of sentences or a table; steps and short items are shown whole
_LIST_ITEMS = 12
_STANDS_OUT = 1.3  # times the mean of a table: rows above it are the ones asked for
_NAMED_NEAR = 0.8  # of the best row: one that the question names and that matches less is not the one meant
_ALONE = 1.5  # times the mean of the other members of a list: this sentence of it is what was asked for
_OWN_QUESTION = 0.5  # match of a heading or FAQ question from which it asks the same
_NOTES = 2
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


@dataclass(frozen=True, slots=True)
class Question:
    """What statements are held against."""

    kinds: frozenset[AskedKind]  # of answer that it asks for
    terms: frozenset[str]  # its lexical terms
    compares: bool  # whether it sets things side by side
    values: tuple[Value, ...]  # that it gives; numbers are left out, for they count too many things

    @classmethod
    def of(cls, text: str, asked: str = "") -> "Question":
        """`asked`: its last part, where the rest is what an earlier question asked, and only names the subject."""
        given = tuple(value for value in values(text) if value.kind != "number")
        return cls(asked_kinds(asked) or asked_kinds(text), frozenset(query_terms(text)), compares(text), given)

    def gives_a_value_of(self, text: str) -> bool:
        return any(given.same_as(value) for given in self.values for value in values(text))


class Section:
    """A hit's chunk with the scores of its statements."""

    def __init__(self, hit: Hit, question: Question) -> None:
        self.chunk = hit.chunk
        self.question = question
        self.matches = dict(enumerate(hit.span_scores))
        self.statements = [position for position, span in enumerate(hit.chunk.spans) if states(span)]
        self.first = self.statements[0] if self.statements else -1
        self.heading = max(
            (hit.span_scores[p] for p, span in enumerate(hit.chunk.spans) if not states(span)), default=0.0
        )
        self.scores: dict[int, float] = {}
        for position in self.statements:
            score = self.matches[position] + _CHUNK_SHARE * hit.score
            if position == self.first:
                score += _TOP_BONUS * self.heading
            if self.answers(position):
                score += _ASKED_BONUS
            elif position == self.first and any(map(self.answers, self.group_of(position))):
                score += _LIST_ASKED_BONUS
            members = self.group_of(position) if "procedure" in question.kinds else []
            if members and self.chunk.spans[members[0]].kind == "step":
                score += _STEPS_BONUS
                # whoever names a step means its procedure
                share = 1.0 if position + 1 == members[0] else _OPENING_SHARE
                score += share * max(0.0, max(self.matches[p] for p in members) - self.matches[position])
            self.scores[position] = score

    def statement(self, position: int, listed: bool) -> Statement:
        return Statement(self.chunk, position, listed, self.heading >= _OWN_QUESTION)

    def answers(self, position: int) -> bool:
        """Whether a statement holds a value of a kind that was asked for, or says that the source does not state it."""
        return bool(self.question.kinds & answered_kinds(self.source(position)))

    def source(self, position: int) -> str:
        return self.chunk.source_of(self.chunk.spans[position])

    def group_of(self, position: int) -> list[int]:
        """The list or table that a statement belongs to; for the section's first statement, the one that follows."""
        group = self.chunk.spans[position].group
        if group < 0 and position == self.first:
            near = self.statements[1:4]
            group = next((self.chunk.spans[p].group for p in near if self.chunk.spans[p].group >= 0), -1)
        if group < 0 and position + 1 < len(self.chunk.spans) and introduces(self.source(position)):
            group = self.chunk.spans[position + 1].group
        return [p for p in self.statements if self.chunk.spans[p].group == group] if group >= 0 else []

    def shown_of(self, members: list[int]) -> list[int]:
        """The members of a list that the answer shows."""
        kind = self.chunk.spans[members[0]].kind
        if kind == "step":
            return members
        scores = {p: self.matches[p] + (_ASKED_BONUS if self.answers(p) else 0) for p in members}
        if kind == "row":
            if named := self.named_of(members, scores):
                return named
            mean = sum(scores.values()) / len(members)
            leading = [p for p in members if scores[p] >= _STANDS_OUT * mean]
            members = leading or members
        limit = _LIST_ITEMS if all(not is_sentence(self.source(p)) for p in members) else _LIST_SENTENCES
        return sorted(sorted(members, key=lambda p: -scores[p])[:limit])

    def steps_beside_the_point(self, members: list[int]) -> bool:
        """Whether these are steps, where a value was asked for and no procedure, and none of them holds one."""
        asked = self.question.kinds
        steps = bool(members) and self.chunk.spans[members[0]].kind == "step"
        return steps and bool(asked) and "procedure" not in asked and not any(map(self.answers, members))

    def named_of(self, members: list[int], scores: Mapping[int, float]) -> list[int]:
        """The rows of a table that the question names, or of which it gives a value such as a telephone number.

        "Not shipped yet" holds the name of a row that is not meant.
        """
        if self.question.compares and (compared := self.compared_of(members)):
            return compared
        if holding := [p for p in members if self.question.gives_a_value_of(self.source(p))]:
            return holding
        named = named_rows([self.chunk.spans[p] for p in members], self.question.terms)
        return [members[place] for place in named if scores[members[place]] >= _NAMED_NEAR * max(scores.values())]

    def compared_of(self, members: list[int]) -> list[int]:
        """The rows of a table that the question sets side by side, none if it names fewer than two."""
        named = named_rows([self.chunk.spans[p] for p in members], self.question.terms)
        return [members[place] for place in named] if len(named) > 1 else []

    def tables(self) -> list[list[int]]:
        rows = [p for p in self.statements if self.chunk.spans[p].kind == "row"]
        return [list(members) for _, members in groupby(rows, key=lambda p: self.chunk.spans[p].group)]

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
            and is_sentence(self.source(p))
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


def states(span: Span) -> bool:
    """Whether a span says something, and is no heading or question over what does."""
    return span.kind not in ("heading", "question")


def says_to_make_sure(source: str) -> bool:
    return _MAKE_SURE in source


def introduces(text: str) -> bool:
    """Whether a sentence leads into what follows it: 「…は、次のとおりです。」, “… as follows:”."""
    signs = ("次の", "以下", "下記", "下の表", "following", "as follows", "below", "如下", "下列", "下表")
    return text.rstrip("。. ").endswith((":", "：")) or any(sign in text for sign in signs)


def is_sentence(text: str) -> bool:
    return text.rstrip().endswith(("。", ".", "！", "!", "」", "）"))
