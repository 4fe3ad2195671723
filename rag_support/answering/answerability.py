"""Do the sources answer this question? A probability from the evidence of the hits, and the refusal it leads to.

A logistic model over the best of each kind of evidence among the hits, for each language, since words and vectors tell
less in one than in another: models for questions in a language of the passages, for where the index holds customers'
phrasings in it too, which lifts all evidence, and for questions across languages. Their parameters are fitted on dev
and calibration questions by `python -m training.answerability`, shipped as data and stored with each index. For a
corpus without a question set of its own they are the cautious default: a question is refused rather than answered from
a weak hit.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rag_support.answering.asked import asked_kinds, held_kinds
from rag_support.types import Evidence, Hit, RefusalKind

DATA = Path(__file__).parent.parent / "data" / "answerability.json"
_EVIDENCE = tuple(field.name for field in fields(Evidence) if field.name != "points")  # they tell of no hit
_NEXT = 5  # hits after the first
_LONG = 80  # characters of a question
_LOOKED_INTO, _STATEMENTS = 3, 3  # hits, and statements of each, in which a value that was asked for should stand
_FAR = 0.25  # share of the threshold below which a question is not even near what the sources are about


class AnswerabilityModel(BaseModel):
    """Logistic regression over evidence for questions in one language: weights by the names of `evidence_of`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Mapping[str, float]
    bias: float
    threshold: float  # a question of lower probability is refused


class AnswerabilityParameters(BaseModel):
    """Models by the language of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrased: Mapping[str, AnswerabilityModel]  # customers' phrasings in the question's language
    within: Mapping[str, AnswerabilityModel]  # passages in it
    across: Mapping[str, AnswerabilityModel]  # passages in other languages only


@cache
def shipped_parameters() -> AnswerabilityParameters:
    return AnswerabilityParameters.model_validate_json(DATA.read_bytes())


class Answerability:
    def __init__(self, parameters: AnswerabilityParameters, phrased: Collection[str]) -> None:
        """`phrased` are the languages in which the index holds customers' phrasings throughout."""
        self._parameters = parameters
        self._phrased = phrased

    def probability(self, question: str, hits: Sequence[Hit], language: str) -> float:
        """0..1 that the sources answer the question; 0 without hits."""
        if not hits:
            return 0.0
        model = self._model(hits, language)
        evidence = evidence_of(question, hits)
        logit = model.bias + sum(weight * evidence[name] for name, weight in model.weights.items())
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 4)

    def refusal(self, probability: float, hits: Sequence[Hit], language: str) -> RefusalKind | None:
        """The kind of refusal that a probability calls for, None where the question may be answered."""
        if not hits:
            return "nothing_found"
        threshold = self._model(hits, language).threshold
        if probability >= threshold:
            return None
        return "out_of_scope" if probability < _FAR * threshold else "nothing_found"

    def _model(self, hits: Sequence[Hit], language: str) -> AnswerabilityModel:
        if language in self._phrased:
            return self._parameters.phrased[language]
        within = any(language in span.texts for hit in hits[:3] for span in hit.chunk.spans)
        return (self._parameters.within if within else self._parameters.across)[language]


def evidence_of(question: str, hits: Sequence[Hit]) -> dict[str, float]:
    """What a model weighs, by name.

    The highest value of each kind of evidence among the hits, and that of the first hit alone ("first passage" …); how
    well the best statements match; by how much the first hit stands out, since a question that nothing answers is met
    by many passages alike; the question's length; and whether a value was asked for ("asked") that none of the best
    statements holds ("wanting").
    """
    found = {name: max(getattr(hit.evidence, name) for hit in hits) for name in _EVIDENCE}
    first, others = hits[0], [hit.score for hit in hits[1:]]
    found |= {f"first {name}": getattr(first.evidence, name) for name in _EVIDENCE if name != "known"}
    statements = sorted(first.span_scores)
    found |= {
        "score": first.score,
        "above second": first.score - (others[0] if others else 0.0),
        "above next": first.score - (sum(others[:_NEXT]) / len(others[:_NEXT]) if others else 0.0),
        "above last": first.score - (others[-1] if others else 0.0),
        "statement": max(max(hit.span_scores) for hit in hits[:_LOOKED_INTO]),
        "first statement": statements[-1],
        "above statements": statements[-1] - statements[len(statements) // 2],
        "length": min(len(question), _LONG) / _LONG,
    }
    asked = asked_kinds(question) - {"procedure"}
    held = any(asked & held_kinds(text) for text in _best_statements(hits)) if asked else True
    return found | {"asked": float(bool(asked)), "wanting": float(not held)}


def _best_statements(hits: Sequence[Hit]) -> Iterator[str]:
    for hit in hits[:_LOOKED_INTO]:
        best = sorted(range(len(hit.span_scores)), key=lambda position: -hit.span_scores[position])
        for position in best[:_STATEMENTS]:
            yield hit.chunk.source_of(hit.chunk.spans[position])
