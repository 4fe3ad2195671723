"""Which statements of the hits a language model gets to see, numbered, within a budget of tokens.

First those that the quoted answer is made of, in its order: they are the best there is, and hold the caveats and the
other sides of a disagreement. Then the statements of the first hits that match best. A statement is shown whole or not
at all, so that no value is cut in two.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from rag_support.answering.section import Statement, states
from rag_support.injection import instructs_a_model
from rag_support.types import Draft, Hit

_HITS = 5  # looked into
_MOST = 40  # statements; more are too many to tell apart, whatever the budget
_CHUNK_SHARE = 1.0  # of a hit's score, besides the statement's own match

_AS_SHOWN = str.maketrans("<>[]", "＜＞［］")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\s]+")


def choose_evidence(
    hits: Sequence[Hit], quoted: Draft, language: str, count_tokens: Callable[[str], int], budget_tokens: int
) -> dict[int, Statement]:
    """Number, from 1 → statement, best first. What looks like an order to a model is left out."""
    chosen: dict[int, Statement] = {}
    left = budget_tokens
    for statement in _by_rank(hits, quoted):
        if len(chosen) == _MOST:
            break
        number = len(chosen) + 1
        tokens = count_tokens(f"{evidence_line(number, statement, language)}\n")
        if tokens <= left and not instructs_a_model(statement.source):
            chosen[number] = statement
            left -= tokens
    return chosen


def quoted_statements(hits: Sequence[Hit], quoted: Draft) -> dict[int, Statement]:
    """Number of a citation → the statement of the quoted answer that it stands for, in order; headers are none."""
    places = {
        (hit.chunk.chunk_id, span.start, span.end): Statement(hit.chunk, position, listed=False)
        for hit in hits
        for position, span in enumerate(hit.chunk.spans)
    }
    cited = {one.number: (one.chunk_id, one.start, one.end) for one in quoted.citations}
    return {number: places[place] for number, place in cited.items() if place in places}


def _by_rank(hits: Sequence[Hit], quoted: Draft) -> Iterator[Statement]:
    first = list(quoted_statements(hits, quoted).values())
    yield from first
    shown = {_place(statement) for statement in first}
    others = [
        (hit.span_scores[position] + _CHUNK_SHARE * hit.score, Statement(hit.chunk, position, listed=False))
        for hit in hits[:_HITS]
        for position, span in enumerate(hit.chunk.spans)
        if states(span)
    ]
    for _, statement in sorted(others, key=lambda scored: -scored[0]):
        if _place(statement) not in shown:
            yield statement


def _place(statement: Statement) -> tuple[str, int]:
    return statement.chunk.chunk_id, statement.position


def listing(evidence: Mapping[int, Statement], language: str) -> str:
    """The evidence as the prompt shows it, a line each."""
    return "\n".join(evidence_line(number, statement, language) for number, statement in evidence.items())


def evidence_line(number: int, statement: Statement, language: str) -> str:
    """As in "[3] headings: the statement", in the language of the answer where a reviewed translation exists."""
    span = statement.span
    text = statement.text(language) or statement.reading
    step = f"{span.number}. " if span.kind == "step" else ""
    return f"[{number}] {as_data(f'{_heading(statement, language)}: {step}{text}')}"


def _heading(statement: Statement, language: str) -> str:
    """The chunk's own heading in the answer's language, or the whole path as the source has it."""
    chunk = statement.chunk
    own = next((span for span in chunk.spans if not states(span)), None)
    if own is not None and language.partition("-")[0] != chunk.language and language in own.texts:
        return own.texts[language]
    return " › ".join(chunk.heading) or chunk.title


def as_data(text: str) -> str:
    """A text that can neither end the fence around it nor begin a line or a number of its own, nor hold a control
    token of a chat format such as <|im_end|> or [INST]: brackets become full-width, white space and what is not seen
    one space.
    """
    return _UNSEEN.sub(" ", text.translate(_AS_SHOWN)).strip()
