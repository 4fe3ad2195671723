"""What tells the language of a question whose text leaves it open: the browser, the conversation, the indexed texts."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Priors:
    """What to go by where the text itself is ambiguous, the strongest first."""

    accept_language: str | None = None  # the HTTP header, RFC 9110 §12.5.4
    earlier: str | None = None  # language of the earlier question of the conversation
    writers: Callable[[str], Collection[str]] | None = None  # Han text → languages in which the indexed texts hold it

    def preference(self) -> float:
        """-1..1: how much the browser prefers Japanese to Chinese."""
        asked_for = preferred_languages(self.accept_language)
        return asked_for.get("ja", 0.0) - asked_for.get("zh", 0.0)

    def of_han(self, han: str) -> str | None:
        """The language to take for Han text, "ja" or "zh", and None where nothing tells."""
        if preference := self.preference():
            return "ja" if preference > 0 else "zh"
        if self.earlier in ("ja", "zh"):
            return self.earlier
        written = set(self.writers(han)) & {"ja", "zh"} if self.writers else set()
        return written.pop() if len(written) == 1 else None

    def of_name(self) -> str:
        """The language to take for a mere name."""
        languages = preferred_languages(self.accept_language)
        return max(languages, key=lambda tag: languages[tag]) if languages else self.earlier or "en"


def preferred_languages(accept_language: str | None) -> dict[str, float]:
    """Primary tags of an Accept-Language header and their highest q, 0 < q ≤ 1; what cannot be read is skipped."""
    weights: dict[str, float] = {}
    for item in (accept_language or "")[:1_000].split(","):
        tag, _, parameter = item.strip().partition(";")
        primary = tag.strip().lower().replace("_", "-").partition("-")[0]
        quality = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*", parameter) if parameter else None
        q = float(quality[1]) if quality else 0.0 if parameter else 1.0
        if 0 < q <= 1 and primary.isascii() and primary.isalpha():
            primary = {"cmn": "zh", "yue": "zh"}.get(primary, primary)
            weights[primary] = max(q, weights.get(primary, 0.0))
    return weights
