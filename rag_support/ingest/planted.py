"""Text that seems to have been put into a document for machines, not for readers: reported to the editors at ingest.

Nothing in a document is ever obeyed: answers quote, and what is quoted is shown as text. But an editor wants to know
that a page tells assistants what to say, hides characters that no reader sees, or carries script. The file is indexed
all the same, as the finding may be a guide's own example of such a text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag_support.types import Document

_MOST_OF_ONE_KIND = 3  # reported of one document; more of the same helps nobody

_SIGNS = {
    "characters that are not seen (zero width, direction, tags)": re.compile(
        "[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    ),
    "markup or script": re.compile(
        r"<\s*/?\s*(?:script|iframe|object|embed|svg|img|style|form|meta|link)\b|\bon(?:error|load|click)\s*=|javascript:",
        re.IGNORECASE,
    ),
    "instructions to a language model": re.compile(
        r"(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instruction|prompt|rule|guideline|context)s?\b"
        r"|\b(?:system|developer) prompt\b|\byou are (?:now )?(?:an? )?(?:ai|assistant|language model|chatbot)\b"
        r"|\b(?:do not|don't|never) (?:tell|reveal to|inform) the user\b|<\|[a-z_]+\|>|\[/?INST\]"
        r"|(?:これまで|以前|前|上記|先ほど)の?(?:すべての|全ての)?(?:指示|命令|プロンプト|ルール).{0,8}(?:無視|忘れ|従わ)|システムプロンプト"
        r"|(?:あなた|君)は(?:AI|人工知能|アシスタント|言語モデル)(?:です|として)"
        r"|(?:忽略|无视|無視|忘记|忘記).{0,8}(?:指示|指令|提示|规则|規則)|系统提示词|系統提示詞",
        re.IGNORECASE,
    ),
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
    for what, sign in _SIGNS.items():
        found = [number for number, line in enumerate(lines, start=1) if sign.search(line)]
        yield from (Planted(document.doc_id, number, what) for number in found[:_MOST_OF_ONE_KIND])
