"""An answer read as its reader sees it: statements, each followed by the numbers of its citations."""

import re
import unicodedata
from dataclasses import dataclass

from rag_support.types import Answer, Citation

_NUMBERS = re.compile(r"\s*\[(\d+)\]\s*")
_LIST_MARK = re.compile(r"^(?:- |\d+\. )")
_QUOTED = re.compile("「[^「」]*」")
_VALUE = re.compile(r"@?[a-z0-9-]+(?:\.[a-z]{2,})+|\d+(?:[-,.:]\d+)*%?")
KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u9fff]")
_SIMPLIFIED_ONLY = re.compile("[电话码订单为这说时间请问网页应从确认货买]")


@dataclass(frozen=True)
class Statement:
    text: str
    citation: Citation


def statements(answer: Answer) -> list[Statement]:
    """The statements of an answer; all of its text but list marks, and the frame around untranslated quotes."""
    parts = _NUMBERS.split(answer.draft.text)
    assert parts[-1].strip() == "", f"a statement without a citation: {parts[-1]!r}"
    by_number = {citation.number: citation for citation in answer.draft.citations}
    return [
        Statement(_LIST_MARK.sub("", text.strip()), by_number[int(number)])
        for text, number in zip(parts[:-1:2], parts[1::2], strict=True)
    ]


def values(text: str) -> set[str]:
    """Numbers, times, telephone numbers, percentages and domains, in one way of writing."""
    return set(_VALUE.findall(unicodedata.normalize("NFKC", text).lower()))


def written_language(answer: Answer) -> str:
    """The answer's language, zh-Hant where the asker writes it."""
    return "zh-Hant" if answer.language == "zh" and answer.detection.variant == "zh-Hant" else answer.language


def own_words(text: str) -> str:
    """The text without what it quotes."""
    return _QUOTED.sub("", text)


def is_written_in(text: str, language: str) -> bool:
    """Whether a text, what it quotes aside, is in ja, en, zh or zh-Hant."""
    words = own_words(text)
    if language == "ja":
        return bool(KANA.search(text))
    if language == "en":
        return not KANA.search(words) and not _HAN.search(words)
    return not KANA.search(words) and (language != "zh-Hant" or not _SIMPLIFIED_ONLY.search(words))
