"""The gate: is a statement backed by what it cites? Every fault it finds says why not.

Four checks, the cheap ones first. The citation exists. Every value of the statement stands in a span that it cites. It
is written in the answer's language; what it quotes word for word from what it cites is not judged. And its meaning is
supported (see support.py), where a statement that is a cited span's reading, word for word, needs no further look.

The first three are exact: an altered number, time or address does not pass. The last is a measure with a threshold;
what it catches and what it does not stands in eval/README.md. Left out on purpose: whether the answer as a whole
answers the question, and what a statement leaves unsaid.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rag_support.answering.phrases import UNTRANSLATED
from rag_support.answering.sources import Source
from rag_support.answering.support import Support, SupportMeasure, SupportParameters
from rag_support.answering.written_language import is_written_in
from rag_support.retrieval.tokens import is_grammar, query_terms
from rag_support.types import Embedder
from rag_support.values import Value, mentions, missing_values

__all__ = ["Fault", "FaultKind", "GroundingGate", "Source"]

FaultKind = Literal["no_citation", "unknown_citation", "value", "language", "unsupported"]

_NAMES = {"ja": "Japanese", "en": "English", "zh": "Simplified Chinese", "zh-Hant": "Traditional Chinese"}
_SCRIPTS = {"zh": "zh-Hans"}
_QUOTES = {"「": "」", "『": "』", "“": "”"}
# numbers that count the answer's own parts, as list marks do: Step 2, 3つ目, 第2步
_ORDINALS = re.compile(
    r"(?:手順|ステップ|步骤|步驟|\b(?:step|option) )\s?\d{1,2}(?!\d)"
    r"|(?<!\d)\d{1,2}(?:番目|つ目|点目|(?:st|nd|rd|th) (?:step|option)\b)"
    r"|第\s?\d{1,2}(?=[步点點]|に(?!\w*\d)|は、)|[①-⑳]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    detail: str  # a short English phrase, as in "the cited source does not hold 0120-999-000"


class GroundingGate:
    """Safe to share between requests."""

    def __init__(self, embedder: Embedder, parameters: SupportParameters) -> None:
        """The shipped parameters were fitted with the shipped embedder; with another one similarities are others."""
        self._measure = SupportMeasure(embedder)
        self._parameters = parameters

    def faults(
        self, statement: str, citations: Sequence[int], language: str, sources: Mapping[int, Source]
    ) -> tuple[Fault, ...]:
        """What is wrong with a statement, given without its markers; empty where it may be said.

        `language` is ja, en, zh or zh-Hant.
        """
        compared = self.compared(statement, citations, language, sources)
        if not isinstance(compared, Support):
            return compared
        if self._parameters.supported(compared, language):
            return ()
        return (Fault("unsupported", "the cited source does not say this"),)

    def compared(
        self, statement: str, citations: Sequence[int], language: str, sources: Mapping[int, Source]
    ) -> tuple[Fault, ...] | Support:
        """What the exact checks find, where they decide; else how the statement compares with what it cites.

        A reviewed reading of what is cited says what it says. Nothing is embedded for it, so that the answers that are
        put together from readings pass in microseconds.
        """
        if not citations:
            return (Fault("no_citation", "the sentence cites no source"),)
        if unknown := [number for number in citations if number not in sources]:
            return (Fault("unknown_citation", f"there is no source [{unknown[0]}]"),)
        cited = [sources[number] for number in dict.fromkeys(citations)]
        own_words = _without_quotes(statement, cited)
        found = (*_value_faults(statement, cited), *_language_faults(own_words, language))
        if found or _is_reading(statement, own_words, language, cited):
            return found
        if all(map(is_grammar, query_terms(statement))):
            return (Fault("unsupported", "the sentence says nothing"),)
        others = [source for number, source in sources.items() if number not in citations]
        return self._measure.of(statement, language, cited, others)


# ---- values --------------------------------------------------------------------------------------------------------


def _value_faults(statement: str, cited: Sequence[Source]) -> Iterator[Fault]:
    counted = _ORDINALS.sub(" ", statement)
    texts = [source.text for source in cited]
    if statement in texts or not mentions(counted):
        return
    missing = set(missing_values(counted, texts))
    ranges = [mention.values for text in texts for mention in mentions(text) if len(mention.values) == 2]
    for mention in mentions(counted):
        if missing.intersection(mention.values) or _is_other_range(mention.values, ranges):
            yield Fault("value", f"the cited source does not hold {mention.written.rstrip('.,;:!?')}")


def _is_other_range(values: Sequence[Value], ranges: Sequence[Sequence[Value]]) -> bool:
    """Whether a range is none of the source's, but begins or ends as one of them does.

    Both ends of 0:00〜24:00 stand in a source that says 6:00〜24:00, for 0:00 and 24:00 are one value.
    """
    if len(values) != 2 or any(all(map(Value.same_as, values, other)) for other in ranges):
        return False
    return any(value.same_as(end) for value in values for other in ranges for end in other)


# ---- language ------------------------------------------------------------------------------------------------------


def _language_faults(own_words: str, language: str) -> Iterator[Fault]:
    if not is_written_in(own_words, _SCRIPTS.get(language, language)):
        yield Fault("language", f"the sentence is not written in {_NAMES[language]}")


def _is_reading(statement: str, own_words: str, language: str, cited: Sequence[Source]) -> bool:
    """Whether a statement is, word for word, what it cites, or a quotation of it in the service's own frame."""
    if any(_one_line(statement) == _one_line(source.readings.get(language, "")) for source in cited):
        return True
    rest = own_words.replace(UNTRANSLATED[language], "")
    return own_words != statement and not any(map(str.isalnum, rest))


def _without_quotes(statement: str, cited: Sequence[Source]) -> str:
    """A statement without what it quotes word for word from what it cites; other quotes lose their marks only.

    A quote may quote in turn, so the outermost one is tried first.
    """
    if not any(mark in statement for mark in _QUOTES):
        return statement
    texts = [_one_line(text) for source in cited for text in (source.text, *source.readings.values())]
    return _strip(statement, texts)


def _strip(statement: str, texts: Sequence[str]) -> str:
    kept: list[str] = []
    position = 0
    while position < len(statement):
        end = _end_of_quote(statement, position)
        if end is None:
            kept.append(statement[position])
            position += 1
            continue
        quoted = statement[position + 1 : end]
        if not any(_one_line(quoted) in text for text in texts):
            kept.append(_strip(quoted, texts))
        kept.append(" ")
        position = end + 1
    return "".join(kept)


def _end_of_quote(text: str, start: int) -> int | None:
    """Where the mark stands that closes the one at `start`; None where none does, or no quote starts."""
    opening = text[start]
    closing = _QUOTES.get(opening)
    depth = 0
    for position in range(start, len(text)) if closing else ():
        depth += (text[position] == opening) - (text[position] == closing)
        if depth == 0:
            return position
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
