"""A true sentence → the same with another meaning: denied, affirmed, turned into its opposite, or said of another.

Crude rules, language by language, so that thousands of cases can be made of any corpus. What they make is sometimes
ungrammatical and sometimes still true; the set of statements changed by hand stands beside them for that reason.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

_Rules = tuple[tuple[str, str], ...]

_DENIED: Mapping[str, _Rules] = {
    "ja": (
        ("できます", "できません"),
        (r"(?<=[れべえ])られます", "られません"),
        ("必要です", "必要ではありません"),
        ("あります(?!が)", "ありません"),
        (r"(?<=[してっ])います", "いません"),
        ("してください", "しないでください"),
        (r"(?<=[しきちみりいえけせてべめれ])ます(?=。|が)", "ません"),
        (r"(?<!ん)です(?=。|が)", "ではありません"),
    ),
    "en": (
        (r"\bcan (?!be\b|not)", "cannot "),
        (r"\b(is|are|was|were|has|have|may|must|should|will)\b(?! not| no\b)", r"\1 not"),
        (r"\b[Pp]lease (?!do not)", "please do not "),
        (r"\b(differs?|varies|vary|depends?|takes?|accepts?|handles?|allows?|offers?)\b", r"does not \1"),
    ),
    "zh": (
        (r"(?<!不)可以", "不可以"),
        (r"(?<![不可])[能會会](?![力够议議員员])", "不能"),
        (r"(?<![不还還就要])是(?![否真])", "不是"),
        (r"(?<![没沒具只])有(?![关關时時所效])", "没有"),
        (r"[请請](?![注不勿])", "请不要"),
        (r"(?<![不无無])需要", "不需要"),
        (r"(?<![不均])受理", "不受理"),
    ),
}
_AFFIRMED: Mapping[str, _Rules] = {
    "ja": (
        ("できません", "できます"),
        ("ありません", "あります"),
        ("しないでください", "してください"),
        ("ではありません", "です"),
        (r"(?<=[しきちみりいえけせてべめれ])ません", "ます"),
        ("できず", "でき"),
        ("できない", "できる"),
        ("不可", "可"),
    ),
    "en": (
        (r"\bcannot\b", "can"),
        (r"\b([Dd]o|does|did) not\b ?", ""),
        (r"\bnot\b ", ""),
        (r"\b(have|has|is|are|contains?) no\b", r"\1"),
        (r"\bwithout\b", "with"),
        (r"\bneither (.*?) nor\b", r"both \1 and"),
    ),
    "zh": (
        ("不能", "能"),
        ("不要", "要"),
        ("[没沒]有", "有"),
        ("[无無]法", "可以"),
        ("[无無]需|不需要", "需要"),
        ("不是", "是"),
        (r"不会|不會", "会"),
        ("[没未](?=[说寫写明])", ""),
    ),
}
_OPPOSITES: Mapping[str, _Rules] = {
    "ja": (
        ("以内", "以上"), ("無料", "有料"), ("国内", "海外"), ("海外", "国内"), ("すべて", "一部"), ("一部", "すべて"),
        ("保存", "削除"), ("本物", "偽物"), ("夜間", "日中"), ("日中", "夜間"), ("簡単", "困難"),
        ("(?<!非)公式", "非公式"), ("早く", "遅く"), ("する前に", "した後に"), ("増え", "減り"), ("出荷済み", "未出荷"),
        ("未出荷", "出荷済み"), ("向上", "低下"), ("必ず", "できれば"),
    ),
    "en": (
        (r"\bbefore\b", "after"), (r"\bafter\b", "before"), (r"\bwithin\b", "after"), (r"\bfree\b", "paid"),
        (r"\bin Japan\b", "abroad"), (r"\babroad\b", "in Japan"), (r"\bmore\b", "less"), (r"\bfewer\b", "more"),
        (r"\ball\b", "some"), (r"\bsome\b(?! guidance)", "all"), (r"\beasy\b", "hard"), (r"\bhard\b", "easy"),
        (r"\bgenuine\b", "fake"), (r"\bofficial\b", "unofficial"), (r"\bsave\b", "delete"), (r"\bnight\b", "daytime"),
        (r"\bunshipped\b", "shipped"), (r"\bfaster\b", "slower"), (r"\bimproved?\b", "worsened"),
    ),
    "zh": (
        ("之前", "之后"), ("以内", "以上"), ("免费", "收费"), ("国内", "海外"), ("海外", "国内"), ("所有", "部分"),
        ("部分", "所有"), ("保存", "删除"), ("真邮件", "假邮件"), ("夜间", "白天"), ("白天", "夜间"), ("简单", "困难"),
        ("(?<!非)官方", "非官方"), ("未发货", "已发货"), ("已发货", "未发货"), ("更快", "更慢"), ("提高", "降低"),
        ("(?<!不)容易", "不容易"), ("必须", "不必"),
    ),
}  # fmt: skip


def denied(text: str, language: str, rng: random.Random) -> str | None:
    """The text with one thing denied, or None where no rule applies."""
    return _one_of(_DENIED[language], text, rng)


def affirmed(text: str, language: str, rng: random.Random) -> str | None:
    return _one_of(_AFFIRMED[language], text, rng)


def opposed(text: str, language: str, rng: random.Random) -> str | None:
    return _one_of(_OPPOSITES[language], text, rng)


def _one_of(rules: _Rules, text: str, rng: random.Random) -> str | None:
    made = [re.sub(pattern, changed, text, count=1) for pattern, changed in rules if re.search(pattern, text)]
    return rng.choice(made) if made else None


def with_term(text: str, old: str, new: str) -> str | None:
    """The text with a term for another, whole words only in Latin letters; None where it does not stand there."""
    if old not in text:
        return None
    bound = r"(?<![A-Za-z]){}(?![A-Za-z])" if old.isascii() else "{}"
    changed = re.sub(bound.format(re.escape(old)), lambda _: new, text, count=1)
    return changed if changed != text else None


def synonyms(text: str, expressions: Sequence[Sequence[str]]) -> Iterator[str]:
    """The text with an expression of the glossary for another of the same concept."""
    for same in expressions:
        for old in sorted(same, key=len, reverse=True):
            if changed := next((made for new in same if new != old and (made := with_term(text, old, new))), None):
                yield changed
                break


def other_entities(text: str, source: str, expressions: Sequence[Sequence[str]], rng: random.Random) -> Iterator[str]:
    """The text with a concept of the glossary for another one, of which nothing stands in the source."""
    source = source.lower()
    strangers = [same[0] for same in expressions if not any(term.lower() in source for term in same)]
    spoken_of = [old for same in expressions for old in same if old in text]
    for old in sorted(spoken_of, key=len, reverse=True) if strangers else ():
        if changed := with_term(text, old, rng.choice(strangers)):
            yield changed
