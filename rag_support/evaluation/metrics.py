"""One response, held against one need, in figures. Pure functions; nothing here asks, reads or writes.

A figure is None where it does not apply, so that a mean is always over the rows that it is about. All are between 0 and
1 but `answer_chars`.

A fact is shown when the answer says it and says it from the right place: a value must stand in a statement that cites a
span holding that value, so that a right number with a wrong citation does not count. Nor does a page poured out in full
pass unseen: the facts are there, but citation precision falls to the share of what was asked for.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rag_support.answering.statements import Statement, plain_text, statements_of
from rag_support.answering.written_language import has_traditional, wrong_statements
from rag_support.evaluation.dataset import Fact, GoldSpan, Need
from rag_support.service.schemas import AnswerResponse, CitationResponse, ConflictResponse
from rag_support.values import missing_values, values

Scores = dict[str, float | None]


_ROOM = 3  # how many times longer than the gold span a quote that holds it may be


@dataclass(frozen=True, slots=True)
class Metric:
    """How a figure is read: its name in reports, whether more is better, and whether less than 1 breaks a promise."""

    label: str
    higher_is_better: bool = True
    promise: bool = False
    gated: bool = True  # held against the baseline
    share: bool = True  # between 0 and 1, shown in per cent


CUTOFFS = (1, 3, 5, 10)
SUCCESS_CUTOFFS = (1, 5)
METRICS: Mapping[str, Metric] = {
    **{f"recall@{k}": Metric(f"recall@{k}, all gold passages") for k in CUTOFFS},
    **{f"success@{k}": Metric(f"a gold passage among the first {k}") for k in SUCCESS_CUTOFFS},
    "mrr@10": Metric("MRR@10"),
    "ndcg@10": Metric("nDCG@10"),
    "full_answer": Metric("all required facts shown"),
    "fact_recall": Metric("required facts shown"),
    "citation_precision": Metric("citation precision"),
    "citation_recall": Metric("citation recall"),
    "conflict_shown": Metric("contradictions: all sides shown"),
    "conflict_listed": Metric("contradictions: listed in `conflicts`"),
    "false_conflict": Metric("conflicts listed beside the point", higher_is_better=False),
    "false_refusal": Metric("answerable, but refused", higher_is_better=False),
    "refused": Metric("unanswerable, and refused"),
    "refused_near_domain": Metric("… near the domain"),
    "refused_far_domain": Metric("… far from it"),
    "refused_hostile": Metric("… hostile"),
    "answer_chars": Metric("characters of an answer", higher_is_better=False, gated=False, share=False),
    "citation_valid": Metric("every quote is its source's text", promise=True),
    "value_fidelity": Metric("every value stands in what it cites", promise=True),
    "answer_language": Metric("every statement in the asker's language", promise=True),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures of one answer, and in words what was missed: what a reader of the report wants to know first."""

    scores: Scores
    missed: tuple[str, ...]


def judge(
    need: Need, language: str, response: AnswerResponse, source_text: Callable[[CitationResponse], str]
) -> Judged:
    """Hold a response against its need. `source_text` gives the source's own words at a citation's place.

    Ranking figures are not made here but by an IR library, over whole runs: see ranking.py.
    """
    statements = statements_of(response.answer)
    answered = not response.abstained
    scores: Scores = dict.fromkeys(METRICS)
    missed: list[str] = []
    if language not in need.no_language:
        wrong = wrong_statements(statements, written_language(need.questions[language], language))  # type: ignore[index]
        scores["answer_language"] = float(not wrong)
        missed += [f"not in the asker's language: {statement.text[:60]}" for statement in wrong]
    if need.answerable:
        scores["false_refusal"] = float(not answered)
        missed += _judge_answerable(need, language, response, statements, scores)
    else:
        scores["refused"] = scores[f"refused_{need.kind}"] = float(not answered)
        if answered:
            missed.append("answered, though the sources do not say")
    if answered:
        wrong_quotes = [c for c in response.citations if source_text(c) != c.quote]
        scores["citation_valid"] = float(not wrong_quotes and bool(response.citations))
        missed += [f"quote [{c.number}] is not its source's text" for c in wrong_quotes]
        invented = unsupported_values(statements, response.citations)
        scores["value_fidelity"] = float(not invented)
        missed += [f"value not in what it cites: {value}" for value in invented]
        scores["answer_chars"] = float(len(plain_text(statements)))
    return Judged(scores, tuple(missed))


def judge_rejected(need: Need) -> Judged:
    """A question that was turned away as unusable (HTTP 422): nothing was said, so nothing can be wrong but that."""
    scores: Scores = dict.fromkeys(METRICS)
    if need.answerable:
        scores |= {"false_refusal": 1.0, **_nothing_shown(need)}
        return Judged(scores, ("turned away as unusable, though the sources answer",))
    scores["refused"] = scores[f"refused_{need.kind}"] = 1.0
    return Judged(scores, ())


def _judge_answerable(
    need: Need, language: str, response: AnswerResponse, statements: Sequence[Statement], scores: Scores
) -> list[str]:
    """Fills in what is about facts, citations and conflicts; returns what was missed."""
    if response.abstained:
        scores |= _nothing_shown(need)
        return ["refused, though the sources answer"]
    cited = response.citations
    shown = [shows(fact, statements, cited, language) for fact in need.required]
    at_gold = [cites_gold(fact, need.gold, cited) for fact in need.required]
    missed = [f"not shown: {_name(fact)}" for fact, is_shown in zip(need.required, shown, strict=True) if not is_shown]
    if shown:
        scores["fact_recall"] = sum(shown) / len(shown)
        scores["full_answer"] = float(all(shown))
    scores["citation_precision"] = _share([cites_any((*need.gold, *need.related), [citation]) for citation in cited])
    scores["citation_recall"] = _share(at_gold) if at_gold else float(cites_any(need.gold, cited))
    if need.kind == "contradiction":
        scores["conflict_shown"] = scores["full_answer"]
        scores["conflict_listed"] = float(any(len(conflict.values) > 1 for conflict in response.conflicts))
        if not scores["conflict_listed"]:
            missed.append("contradiction not listed in conflicts")
    else:
        beside = [conflict for conflict in response.conflicts if not _about_gold(conflict, need, cited)]
        scores["false_conflict"] = float(bool(beside))
    return missed


def _nothing_shown(need: Need) -> Scores:
    """The figures of an answerable need that was refused."""
    scores: Scores = {"citation_recall": 0.0}
    if need.required:
        scores |= {"fact_recall": 0.0, "full_answer": 0.0}
    if need.kind == "contradiction":
        scores |= {"conflict_shown": 0.0, "conflict_listed": 0.0}
    return scores


def _about_gold(conflict: ConflictResponse, need: Need, citations: Sequence[CitationResponse]) -> bool:
    """Whether a side of a conflict is a place that answers: what is said against it is no false alarm then."""
    numbers = {value.citation for value in conflict.values}
    return cites_any(need.gold, [citation for citation in citations if citation.number in numbers])


def written_language(question: str, language: str) -> str:
    """The language and script in which the asker writes: ja, en, zh-Hans or zh-Hant."""
    if language != "zh":
        return language
    return "zh-Hant" if has_traditional(question) else "zh-Hans"


# ---- facts ---------------------------------------------------------------------------------------------------------


def shows(fact: Fact, statements: Sequence[Statement], citations: Sequence[CitationResponse], language: str) -> bool:
    """Whether an answer shows a fact: one of its values, rightly cited, or one of its phrases."""
    quotes = {citation.number: citation.quote for citation in citations}
    stated = [
        value
        for statement in statements
        for value in values(statement.text)
        if any(value.same_as(other) for number in statement.citations for other in values(quotes.get(number, "")))
    ]
    for alternative in fact.value or ():
        wanted = values(alternative)
        if wanted and all(any(value.same_as(other) for other in stated) for value in wanted):
            return True
    text = folded(plain_text(statements), language)
    if any(has_phrase(text, folded(phrase, language)) for phrase in fact.phrases(language)):
        return True
    # where no translation exists the answer quotes the Japanese
    untranslated = {citation.number for citation in citations if not citation.reviewed}
    quoted = folded(plain_text([found for found in statements if untranslated & set(found.citations)]), "ja")
    return any(has_phrase(quoted, folded(phrase, "ja")) for phrase in fact.phrases("ja"))


def has_phrase(text: str, phrase: str) -> bool:
    """Whether folded text holds a folded phrase; a Latin one must begin a word, so that "app" is not in "happen"."""
    start = r"(?<![a-z0-9])" if phrase[:1].isascii() and phrase[:1].isalnum() else ""
    return re.search(start + re.escape(phrase), text) is not None


def folded(text: str, language: str) -> str:
    """NFKC, lower case, single spaces, ASCII apostrophes; Chinese in Simplified characters."""
    text = " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split())
    return _to_simplified()(text) if language == "zh" else text


@cache
def _to_simplified() -> Callable[[str], str]:
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def _name(fact: Fact) -> str:
    return (fact.value or list(fact.ja or ()) or list(fact.en or ()) or list(fact.zh or ()))[0]


# ---- citations -----------------------------------------------------------------------------------------------------


def overlaps(citation: CitationResponse, gold: GoldSpan) -> bool:
    """Whether a citation and a gold span are the same place, or one holds the other.

    A citation of a whole page holds the gold too, but points at nothing: most of the quote must be what was asked for.
    """
    if citation.document != gold.document:
        return False
    quote, other = _bare(citation.quote), _bare(gold.quote)
    return bool(quote) and (quote in other or (other in quote and len(quote) <= _ROOM * len(other)))


def cites_any(gold: Sequence[GoldSpan], citations: Sequence[CitationResponse]) -> bool:
    return any(overlaps(citation, span) for citation in citations for span in gold)


def cites_gold(fact: Fact, gold: Sequence[GoldSpan], citations: Sequence[CitationResponse]) -> bool:
    """Whether some citation stands where the sources state the fact; if no gold quote states it, at any of them."""
    stating = [span for span in gold if _states(span.quote, fact)]
    return cites_any(stating or gold, citations)


def unsupported_values(statements: Sequence[Statement], citations: Sequence[CitationResponse]) -> list[str]:
    """The values of the answer that stand in no span which the same statement cites."""
    quotes = {citation.number: citation.quote for citation in citations}
    return [
        value.text
        for statement in statements
        for value in missing_values(statement.text, [quotes.get(number, "") for number in statement.citations])
    ]


def _states(quote: str, fact: Fact) -> bool:
    text = folded(quote, "ja")
    if any(has_phrase(text, folded(phrase, "ja")) for phrase in fact.phrases("ja")):
        return True
    return any(values(alternative) and not missing_values(alternative, [quote]) for alternative in fact.value or ())


def _bare(quote: str) -> str:
    """Without the marks of lists and tables, which a quote may or may not carry along."""
    return re.sub(r"\s*\|\s*", "|", re.sub(r"^\s*(?:[-*・>]|\d+\.)\s+", "", quote)).strip("| \n")


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


# ---- how a row ended -----------------------------------------------------------------------------------------------


def broken_promises(scores: Mapping[str, Any]) -> list[str]:
    """The metrics that are promises and do not hold in a row."""
    return [name for name, metric in METRICS.items() if metric.promise and scores.get(name) not in (None, 1.0)]


def is_right(scores: Mapping[str, Any]) -> bool:
    """Whether a row ended well: an answerable need with all its facts shown, an unanswerable one refused.

    A need without required facts counts as right when it is answered.
    """
    for name in ("refused", "full_answer"):
        if scores[name] is not None:
            return bool(scores[name])
    return not scores["false_refusal"]
