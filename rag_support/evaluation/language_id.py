"""How well the language of short queries is told, and how honest the confidence is."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from rag_support.evaluation.dataset import LanguageQuery
from rag_support.service.schemas import DetectionResponse

CONFIDENT = 0.9  # a wrong language with this much confidence is an error that no prior can mend
UNSURE = 0.6  # an ambiguous text must not be given more, see types.Detection
PRIORS = ("ja", "zh")

Detect = Callable[[str, str | None], DetectionResponse | None]


class LanguageRow(BaseModel):
    """One query with what was detected. `right` says whether it was, `confident_error` whether it was wrongly sure."""

    model_config = ConfigDict(frozen=True)

    text: str
    expected: str
    kind: str
    detected: str
    confidence: float
    reason: str
    right: bool
    confident_error: bool


def judge_queries(queries: Sequence[LanguageQuery], detect: Detect) -> list[LanguageRow]:
    return [_judge(query, detect) for query in queries]


def _judge(query: LanguageQuery, detect: Detect) -> LanguageRow:
    """An ambiguous text is told right when it is not sure by itself and follows each prior; a brand need not follow."""
    found = detect(query.text, None) or DetectionResponse(language="und", confidence=0, reason="refused", variant=None)
    if query.language == "ambiguous":
        honest = found.confidence <= UNSURE
        follows = query.kind == "brand" or all(
            (told := detect(query.text, prior)) is not None and told.language == prior for prior in PRIORS
        )
        right, confident_error = honest and follows, found.confidence >= CONFIDENT
    else:
        right = found.language == query.language and query.variant in (None, found.variant)
        confident_error = found.language != query.language and found.confidence >= CONFIDENT
    return LanguageRow(
        text=query.text,
        expected=query.variant or query.language,
        kind=query.kind,
        detected=found.variant or found.language,
        confidence=found.confidence,
        reason=found.reason,
        right=right,
        confident_error=confident_error,
    )
