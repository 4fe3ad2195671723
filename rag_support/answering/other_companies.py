"""Does a question ask for another company's telephone number, hours or domain?

It looks just like a question about ours, and ours would be a wrong answer that someone may dial. The names are a list,
for no evidence from the index can tell an unknown company from any other unknown word.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from rag_support.answering.asked import AskedKind, asked_kinds
from rag_support.retrieval.tokens import fold

_NAMES = Path(__file__).parent.parent / "data" / "companies.txt"
_OF_ONE_COMPANY: frozenset[AskedKind] = frozenset(("telephone", "hours", "domain"))


def asks_of_another_company(question: str, is_known: Callable[[str], bool]) -> bool:
    """`is_known` tells whether the indexed sources use a word; a name that they use is no other company's."""
    if not asked_kinds(question) & _OF_ONE_COMPANY:
        return False
    return any(not is_known(match.group()) for match in _pattern().finditer(fold(question)))


@cache
def _pattern() -> re.Pattern[str]:
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    names = {fold(name) for line in lines if line and not line.startswith("#") for name in line.split("|")}
    longest_first = sorted(map(re.escape, names), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(longest_first)})(?![a-z0-9])")
