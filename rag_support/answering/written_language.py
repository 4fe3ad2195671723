"""Is a text written in the language it should be in? Judged by its characters, apart from the detector under test.

A detector that took a Chinese question for Japanese would also take the Japanese answer for right. So the expected
language comes from the question set, and what counts here is plain: kana is Japanese; Han without kana is Chinese where
it is long enough for a Japanese sentence to need kana, and must keep to the asked script; Latin words are English. What
an answer quotes from the source, in 「」, is in the source's language and is not judged.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from rag_support.answering.statements import Statement

_QUOTED = re.compile("「[^「」]*」")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[々\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_WORD = re.compile("[A-Za-z]{2,}")
_LABEL_HAN = 12  # characters of Han that a Japanese label, such as 注文履歴, may have without any kana
_LABEL_END = re.compile(r"[\s:;,、()・\d~〜-]+")  # a table row is read as several labels
_SENTENCE_END = re.compile("[。?!]")
_FOREIGN_LATIN = 6  # words that are a sentence, not a name
# two words in lower case after another, or one that ends a sentence: no name either, though they are few
_LATIN_PHRASE = re.compile(r"[A-Za-z](?:[ ,]+[a-z]+){2}| [a-z]{2,}[^A-Za-z]*[.?!](?!\w)")


def has_traditional(text: str) -> bool:
    """Whether a text holds characters that only Traditional Chinese writes, and none that only Simplified does."""
    return any(_is_traditional(c) for c in text) and not any(_is_simplified(c) for c in text)


def wrong_statements(statements: Sequence[Statement], language: str) -> list[Statement]:
    """The statements that are not written in `language`: ja, en, zh-Hans or zh-Hant."""
    return [statement for statement in statements if not is_written_in(statement.text, language)]


def is_written_in(text: str, language: str) -> bool:
    own = unicodedata.normalize("NFKC", _own_words(text))
    if language == "en":
        return not _KANA.search(own) and not _HAN.search(own)
    if not _HAN.search(own) and not _KANA.search(own) and _is_latin_sentence(own):
        return False
    han = _HAN.findall(own)
    if language == "ja":
        labels = max(len(_HAN.findall(label)) for label in _LABEL_END.split(own)) <= _LABEL_HAN
        labels = labels and not _SENTENCE_END.search(own)
        return bool(_KANA.search(own)) or not han or (labels and not any(_is_chinese(c) for c in han))
    if _KANA.search(own) or any(_is_japanese(c) for c in han):
        return False
    return not any(_is_simplified(c) if language == "zh-Hant" else _is_traditional(c) for c in han)


def _is_latin_sentence(text: str) -> bool:
    return len(_LATIN_WORD.findall(text)) >= _FOREIGN_LATIN or _LATIN_PHRASE.search(text) is not None


def _own_words(text: str) -> str:
    """Without what is quoted; a quoted sentence may quote in turn."""
    while (rest := _QUOTED.sub("", text)) != text:
        text = rest
    return text


def _is_chinese(character: str) -> bool:
    return not _writes("shift_jis", character)


def _is_japanese(character: str) -> bool:
    return _writes("shift_jis", character) and not _writes("gb2312", character) and not _writes("big5", character)


def _is_simplified(character: str) -> bool:
    return bool(_HAN.match(character)) and _writes("gb2312", character) and not _writes("big5", character)


def _is_traditional(character: str) -> bool:
    return bool(_HAN.match(character)) and _writes("big5", character) and not _writes("gb2312", character)


@cache
def _writes(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
