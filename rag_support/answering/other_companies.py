"""Does a question ask for another company's telephone number, hours or domain?

It looks just like a question about ours, and ours would be a wrong answer that someone may dial. The name must own what
is asked for: a carrier that lost our parcel, or a wallet to pay with, is named beside our number. The names are a list,
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
    found = _pattern().finditer(fold(question).replace("’", "'"))
    return any(not is_known(match["before"] or match["behind"]) for match in found)


def company_names() -> list[list[str]]:
    """The names of each company on the list."""
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines if line and not line.startswith("#")]


# What stands between a company's name and what a customer asks for of it, and that: "Rakuten's hotline", 淘宝的客服电话
_THEIRS = (
    "カード|モバイル|市場|銀行|公司|mobile|card|bank",
    "の|的|'s",
    "カスタマー|サポート|コールセンター|問い合わせ|お問い合わせ|電話|番号|ホットライン|窓口|営業時間|受付時間|ドメイン|何時|"
    "客服|客戶|热线|熱線|號碼|营业|几点|域名|support|customer|help ?line|hotline|phone|number|hours|domain",
)


@cache
def _pattern() -> re.Pattern[str]:
    names = {fold(name) for names in company_names() for name in names}
    longest_first = "|".join(map(_whole, sorted(names, key=lambda name: (-len(name), name))))
    arms, particle, theirs = map(fold, _THEIRS)
    after = rf"(?P<before>{longest_first})\s?(?:{arms})?\s?(?:{particle})?\s?(?:{theirs})"
    ahead = rf"\b(?:number|phone|hotline|hours|domain) (?:of|for|at) (?:the )?(?P<behind>{longest_first})"
    return re.compile(f"{after}|{ahead}")


def _whole(name: str) -> str:
    """The name as a word of its own: イオン is no company in リチウムイオン, nor "ups" in "groups"."""
    letters = "ァ-ヺー" if "ァ" <= name[0] <= "ヺ" else "a-z0-9"
    return rf"(?<![{letters}]){re.escape(name)}(?![{letters}])"
