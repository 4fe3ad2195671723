"""Text that seems to have been put into a document for machines, not for readers: reported to the editors at ingest.

Nothing in a document is ever obeyed: answers quote, and what is quoted is shown as text. But an editor wants to know
that a page tells assistants what to say, hides characters that no reader sees, or carries script. The file is indexed
all the same, as the finding may be a guide's own example of such a text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag_support.injection import instructs_a_model
from rag_support.types import Document

_MOST_OF_ONE_KIND = 3  # reported of one document; more of the same helps nobody

_SIGNS: dict[str, Callable[[str], object]] = {
    "characters that are not seen (zero width, direction, tags)": re.compile(
        "[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    ).search,
    "markup or script": re.compile(
        r"<\s*/?\s*(?:script|iframe|object|embed|svg|img|style|form|meta|link)\b|\bon(?:error|load|click)\s*=|javascript:",
        re.IGNORECASE,
    ).search,
    "instructions to a language model": instructs_a_model,
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One finding: what seems to be there, and the line, from 1, of the text as it was read."""

    doc_id: str
    line: int
    what: str

    def __str__(self) -> str:
        return (
            f"{self.doc_id}, line {self.line}: {self.what}. Read that place; remove it unless it is meant to be there."
        )


def planted(document: Document) -> Iterator[Planted]:
    """What stands out in one document, kind by kind, a line at most once for each kind."""
    lines = document.text.split("\n")
    for what, is_sign in _SIGNS.items():
        found = [number for number, line in enumerate(lines, start=1) if is_sign(line)]
        yield from (Planted(document.doc_id, number, what) for number in found[:_MOST_OF_ONE_KIND])
