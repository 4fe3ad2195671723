"""Reviewed Simplified Chinese → Traditional Chinese as written in Taiwan, made when the index is built.

OpenCC converts characters and common words (s2twp). It does not know the corpus's terms and gets some wrong (注销账户
would become 登出, to sign out), so the glossary's zh-Hant column decides for its preferred expressions. Japanese labels
in 「」 stay as they are on the customer's screen.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from opencc import OpenCC

from rag_support.types import Chunk

SIMPLIFIED, TRADITIONAL = "zh", "zh-Hant"
_LABEL = "「[^「」]*[ぁ-ヿ][^「」]*」"
_SHORTEST_TERM_CHARS = 2  # one character is part of too many words
_MISREAD = {"联系": "聯絡"}  # 并联系客服 (and contact support) is read as 并联, in parallel, and 系


@cache
def _opencc() -> OpenCC:
    """Reading its dictionaries takes longer than the rest of a small build."""
    return OpenCC("s2twp")


class TraditionalWriter:
    """Converts Chinese text; `glossary` is rows of column → expressions, the preferred one first."""

    def __init__(self, glossary: Sequence[Mapping[str, Sequence[str]]]) -> None:
        self._opencc = _opencc()
        self._terms = dict(_MISREAD)
        for row in glossary:
            simplified, traditional = row["zh-Hans"], row["zh-Hant"]
            if not simplified or not traditional or len(simplified[0]) < _SHORTEST_TERM_CHARS:
                continue
            converted = str(self._opencc.convert(simplified[0]))
            self._terms[simplified[0]] = converted if converted in traditional else traditional[0]
        longest_first = sorted(self._terms, key=len, reverse=True)
        self._kept = re.compile(f"({'|'.join([_LABEL, *map(re.escape, longest_first)])})")

    def convert(self, text: str) -> str:
        parts = self._kept.split(text)
        return "".join(
            part if odd and part.startswith("「") else self._terms[part] if odd else str(self._opencc.convert(part))
            for odd, part in ((number % 2 == 1, part) for number, part in enumerate(parts))
        )

    def with_traditional(self, chunk: Chunk) -> Chunk:
        """The chunk with a Traditional reading for every span and header that has a Simplified translation."""
        return replace(
            chunk,
            spans=tuple(replace(span, texts=self._texts(span.texts)) for span in chunk.spans),
            headers=tuple(replace(header, texts=self._texts(header.texts)) for header in chunk.headers),
        )

    def _texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        return {**texts, TRADITIONAL: self.convert(texts[SIMPLIFIED])} if SIMPLIFIED in texts else texts
