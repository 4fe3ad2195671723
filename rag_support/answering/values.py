"""The values in a text that must never be wrong: hours, telephone numbers, percentages, domains.

Used to keep the sources' own caveats beside a value, and to show where sources give different ones. Normalised, so
that ６：００〜２４：００ and 6:00-24:00 are one value.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

ValueKind = Literal["hours", "telephone", "percentage", "domain"]

_PATTERNS: dict[ValueKind, re.Pattern[str]] = {
    "domain": re.compile(
        r"@?(?<![a-z0-9-])(?:[a-z0-9-]{1,63}+\.){1,8}?(?:co\.jp|jp|com|net|org|cn)(?![a-z0-9.-]*[a-z0-9])"
    ),
    "telephone": re.compile(r"(?<![\d-])0\d{1,4}-\d{1,4}-\d{3,4}(?![\d-])"),
    "percentage": re.compile(r"\d+(?:\.\d+)?%"),
    "hours": re.compile(r"\d{1,2}:\d{2}~\d{1,2}:\d{2}|24(?:時間|小时|[ -]?hours?)"),
}


@lru_cache(maxsize=8192)
def values(text: str) -> Mapping[ValueKind, tuple[str, ...]]:
    """Each kind of value that a text holds, normalised, in order, each once."""
    text = re.sub("[〜～–—−]|(?<=\\d)-(?=\\d{1,2}:)", "~", unicodedata.normalize("NFKC", text).lower())
    found = {kind: tuple(dict.fromkeys(pattern.findall(text))) for kind, pattern in _PATTERNS.items()}
    return MappingProxyType({kind: matches for kind, matches in found.items() if matches})  # shared by all callers
