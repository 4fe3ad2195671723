"""Question → the preferred expressions of the glossary's concepts that it mentions, in every language.

This is what lets customers' words ("money back", 退钱) meet the terms of the sources (返金), with or without
translations.
"""

import re
from collections.abc import Mapping, Sequence

from rag_support.retrieval.tokens import fold

Row = Mapping[str, Sequence[str]]
_MAX_CONCEPTS = 6  # of one question; more than that is a story, and widening it blurs it


class Glossary:
    """Rows of column (ja, en, zh-Hans, zh-Hant) → expressions, the preferred one first."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._expressions: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            for expression in {fold(expression) for cell in row.values() for expression in cell}:
                self._expressions.setdefault(expression, []).append(number)
        # the longest first, so that "phone request" is not read as "phone"
        longest_first = sorted(self._expressions, key=len, reverse=True)
        latin = [re.escape(expression) for expression in longest_first if expression.isascii()]
        other = [re.escape(expression) for expression in longest_first if not expression.isascii()]
        alternatives = other  # before the Latin ones, so that "AIボット" is not read as "AI"
        if latin:
            alternatives.append(rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?:s|es|ed|ing)?(?![a-z0-9])")
        self._pattern = re.compile("|".join(alternatives)) if alternatives else None

    def concepts(self, text: str) -> tuple[int, ...]:
        """The rows whose expressions the text mentions, in order of mention, each once."""
        if self._pattern is None:
            return ()
        found: dict[int, None] = {}
        for match in self._pattern.finditer(fold(text)):
            mention = match.group()
            rows = self._expressions.get(mention) or self._expressions.get(re.sub(r"(?:es|s|ed|ing)$", "", mention))
            if rows is None:  # "-s" was cut too far or not far enough, as in "addresses"
                rows = self._expressions.get(mention[:-1], [])
            for row in rows:
                found[row] = None
        return tuple(found)

    def widening(self, question: str) -> str:
        """Preferred expressions, in all languages, of the concepts a question mentions; "" when it mentions none."""
        rows = self.concepts(question)[:_MAX_CONCEPTS]
        return " ".join(cell[0] for number in rows for cell in self._rows[number].values() if cell)
