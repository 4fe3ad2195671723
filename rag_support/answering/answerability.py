"""Do the sources answer this question? A probability from the evidence of the hits, and the refusal it leads to."""

import math
from collections.abc import Sequence

from rag_support.types import Hit, RefusalKind


class Answerability:
    """A logistic curve over the first hit's evidence, one for hits in the asker's language and one across languages."""

    def __init__(self) -> None:
        self._within = (14.0, 0.33)
        self._across = (18.0, 0.20)

    def probability(self, hits: Sequence[Hit], language: str) -> float:
        """0..1; 0 without hits."""
        if not hits:
            return 0.0
        first = hits[0]
        steepness, middle = self._within if any(language in span.texts for span in first.chunk.spans) else self._across
        return round(1 / (1 + math.exp(-steepness * (first.score - middle))), 4)

    def refusal(self, probability: float, hits: Sequence[Hit]) -> RefusalKind | None:
        if not hits:
            return "nothing_found"
        if probability < 0.1:
            return "out_of_scope"
        if probability < 0.5:
            return "nothing_found"
        return None
