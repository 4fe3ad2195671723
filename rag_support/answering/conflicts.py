"""Citations of one answer → the values on which they disagree.

The sources mark the other side of a disagreement in words (「…とする案内もあります」). A statement so marked that holds
another value of the same kind than an unmarked one beside it makes a conflict; rows of one table do not.
"""

import re
from collections.abc import Sequence

from rag_support.answering.phrases import TOPICS, base_language, localised
from rag_support.answering.values import ValueKind, values
from rag_support.types import Citation, Conflict, ConflictValue

_OTHER_SIDE = re.compile(
    r"(?:とする|という|といった)(?:案内|説明|記載|情報|記述)も?(?:あり|ござい)ます|両方があります|案内によって"
)


def find_conflicts(citations: Sequence[Citation], language: str) -> tuple[Conflict, ...]:
    found: dict[ValueKind, dict[str, int]] = {}
    marked: dict[ValueKind, set[str]] = {}
    for citation in citations:
        for kind, texts in values(citation.quote).items():
            for text in texts:
                found.setdefault(kind, {}).setdefault(text, citation.number)
                if _OTHER_SIDE.search(citation.quote):
                    marked.setdefault(kind, set()).add(text)
    topics = TOPICS[base_language(language)]
    return tuple(
        Conflict(
            topic=localised(topics[kind], language),
            values=tuple(ConflictValue(text=text, citation=number) for text, number in found[kind].items()),
        )
        for kind in found
        if kind in marked and len(found[kind]) > 1
    )
