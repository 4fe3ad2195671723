"""Does a question ask for another company's telephone number, hours or domain, or to undo what was bought of it?

It looks just like a question about ours, and ours would be a wrong answer that someone may dial or follow. The name
must own what is asked for: a carrier that lost our parcel, or a wallet to pay with, is named beside our number. Those
who undo an order are another's customers only where the name is a shop's: a carrier takes our parcel back, a wallet our
refund. The names are lists, for no evidence from the index can tell an unknown company from any other unknown word.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from rag_support.answering.asked import AskedKind, asked_kinds
from rag_support.retrieval.tokens import fold

_DATA = Path(__file__).parent.parent / "data"
_SHOPS, _OTHERS = _DATA / "shops.txt", _DATA / "companies.txt"
_OF_ONE_COMPANY: frozenset[AskedKind] = frozenset(("telephone", "hours", "domain"))


def asks_of_another_company(question: str, is_known: Callable[[str], bool]) -> bool:
    """`is_known` tells whether the indexed sources use a word; a name that they use is no other company's."""
    patterns = [_undoing()]
    if asked_kinds(question) & _OF_ONE_COMPANY:
        patterns.append(_contact())
    text = fold(question).replace("’", "'")
    found = (match for pattern in patterns for match in pattern.finditer(text))
    return any(not is_known(match["before"] or match["behind"]) for match in found)


def company_names() -> list[list[str]]:
    """The names of each company on the lists."""
    return _listed(_SHOPS) + _listed(_OTHERS)


def _listed(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines if line and not line.startswith("#")]


# What stands between a company's name and what a customer asks for of it, and that: "Rakuten's hotline", 淘宝的客服电话
_THEIRS = (
    "カード|モバイル|市場|銀行|公司|mobile|card|bank",
    "の|的|'s",
    "カスタマー|サポート|コールセンター|問い合わせ|お問い合わせ|電話|番号|ホットライン|窓口|営業時間|受付時間|ドメイン|何時|"
    "客服|客戶|热线|熱線|號碼|营业|几点|域名|support|customer|help ?line|hotline|phone|number|hours|domain",
)
# and between a shop's name and the undoing: 楽天市場で買った服を返品, "Walmart return policy", 京东上买的衣服怎么退货
_UNDONE = (
    "市場|商城|モール|ショッピング",
    r"の|[でに](?:買った|購入した|注文した|頼んだ)[^、。,.?!]{0,8}?を?|で|の注文を?|を|"
    r"'s|上?(?:买|购买|下单)的[^、。,.?!]{0,6}?|的|上的?",
    "返品|返金|返送|交換|キャンセル|退会|解約|送料|"
    "(?:怎[么样]|如何|要|可以|能|想)*(?:退[货款换]|换货|取消|注销|运费)|"
    r"returns?\b|refund|exchange|cancell?ation|membership|subscription",
)


@cache
def _contact() -> re.Pattern[str]:
    names = _any_of(company_names())
    ahead = rf"\b(?:number|phone|hotline|hours|domain) (?:of|for|at) (?:the )?(?P<behind>{names})"
    return re.compile(f"{_owned(names, _THEIRS)}|{ahead}")


@cache
def _undoing() -> re.Pattern[str]:
    names = _any_of(_listed(_SHOPS))
    undo = r"\b(?:return|refund|exchange|cancel)\b(?: [^,.;?!]{1,40})?"
    elsewhere = r"(?:to|at|(?:bought|purchased|ordered|got) (?:from|on|at)) "
    # a shelf of a shop's own make may have been bought from us, a subscription to it not
    bought = rf"(?:{undo} {elsewhere}|\bcancel my )(?P<behind>{names})"
    return re.compile(f"{_owned(names, _UNDONE)}|{bought}")


def _owned(names: str, owned: tuple[str, str, str]) -> str:
    arms, particle, theirs = map(fold, owned)
    return rf"(?P<before>{names})\s?(?:{arms})?\s?(?:{particle})?\s?(?:{theirs})"


def _any_of(companies: list[list[str]]) -> str:
    names = {fold(name) for names in companies for name in names}
    return "|".join(map(_whole, sorted(names, key=lambda name: (-len(name), name))))  # longest first


def _whole(name: str) -> str:
    """The name as a word of its own: イオン is no company in リチウムイオン, nor "ups" in "groups"."""
    letters = "ァ-ヺー" if "ァ" <= name[0] <= "ヺ" else "a-z0-9"
    return rf"(?<![{letters}]){re.escape(name)}(?![{letters}])"
