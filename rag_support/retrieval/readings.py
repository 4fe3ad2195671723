"""Japanese words → romanised readings as lexical terms, so that "Kuzaki" or "henpin" finds 国崎 and 返品.

Names of people, places and products are what a question in another language and a Japanese text share only by sound,
and no embedding model knows them all. The passage side reads every word that has kanji or katakana (SudachiPy with its
core dictionary, imported when an index is built and never for a question); the question side brings a Latin word to
the same key. Long vowels and doubled letters are dropped on both sides, since people write Tosho, Toushou and Tōshō.
A question all in romaji is written out with the words of the texts and asked like any other in Japanese.
Source of the romanisation: Hepburn, in the simplified form of passports.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from rag_support.language_data import language_data
from rag_support.retrieval.tokens import fold, query_terms

_MARK = "~"  # before the key, so that no written word is taken for a reading
_SHORTEST_KEY = 3  # letters; 木 and 気 are both "ki"
_LONGEST_KEY = 24
_SHORTEST_WORD = 4  # letters of a question's word
_SUDACHI_CHARS = 8_000  # SudachiPy refuses more than 49,149 bytes at once
_HAS_READING = re.compile("[\u30a1-\u30fa\u3400-\u9fff々]")
_LATIN_WORD = re.compile("[a-z\u00c0-\u024f]+")

_KANA = {
    pair[0]: pair[1:]
    for pair in (
        "アa イi ウu エe オo カka キki クku ケke コko サsa シshi スsu セse ソso タta チchi ツtsu テte トto "
        "ナna ニni ヌnu ネne ノno ハha ヒhi フfu ヘhe ホho マma ミmi ムmu メme モmo ヤya ユyu ヨyo "
        "ラra リri ルru レre ロro ワwa ヰi ヱe ヲo ンn ガga ギgi グgu ゲge ゴgo ザza ジji ズzu ゼze ゾzo "
        "ダda ヂji ヅzu デde ドdo バba ビbi ブbu ベbe ボbo パpa ピpi プpu ペpe ポpo ヴvu"
    ).split()
}
_SMALL = {"ャ": "ya", "ュ": "yu", "ョ": "yo", "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ヮ": "wa"}
_PARTICLES = {"wa": "は", "e": "へ", "o": "を"}  # written otherwise than they sound
_SPELLINGS = (("tch", "cch"), ("nm", "mm"), ("np", "mp"), ("nb", "mb"), ("l", "r"))  # Shimbashi is Shinbashi
_LONG_VOWELS = re.compile("(?<=o)u|(?<=e)i|h(?=[^aiueoy]|$)")  # Ohtani: h after a vowel is a long one
_DOUBLED = re.compile(r"(.)\1+")


Word = tuple[str, str]
"""(key of its reading, how it is written), as in ("hempin", "返品")."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """A Japanese text by its sound."""

    terms: list[str]  # of its words, and of each two words that stand together, without repeats
    words: list[Word]  # with repeats


@dataclass(frozen=True, slots=True)
class _Heard:
    """One word of a text."""

    romaji: str  # of the whole word; empty where there is nothing to be read
    words: tuple[Word, ...]  # it and its shortest parts (東京 in 東京都), those whose reading tells something


_NOTHING_HEARD = _Heard("", ())


class Reader:
    """Reads Japanese texts with SudachiPy. A word is looked into once: texts repeat a few thousand."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], _Heard] = {}

    def read(self, text: str) -> ReadText:
        keys: dict[str, None] = {}
        words: list[Word] = []
        before = ""
        for heard in self._heard(text):
            words += heard.words
            keys.update(dict.fromkeys(key for key, _ in heard.words))
            if before and heard.romaji and (key := _key_of(before + heard.romaji)):  # 藤山一郎
                keys[key] = None
            before = heard.romaji
        return ReadText([_MARK + key for key in keys], words)

    def _heard(self, text: str) -> Iterator[_Heard]:
        text = unicodedata.normalize("NFKC", text)
        for first in range(0, len(text), _SUDACHI_CHARS):
            for word in _tokenizer().tokenize(text[first : first + _SUDACHI_CHARS]):
                surface = word.surface()
                if not _HAS_READING.search(surface):
                    yield _NOTHING_HEARD
                    continue
                of_dictionary = (surface, word.word_id())
                heard = self._known.get(of_dictionary)
                if heard is None:
                    heard = self._known[of_dictionary] = _looked_into(word)
                yield heard


def question_readings(question: str) -> dict[str, str]:
    """Lexical term → its reading term, for the Latin words of a question that are no common English words."""
    english = language_data().english
    found = {}
    for word in _LATIN_WORD.findall(fold(question)):
        key = _key(word)
        if len(word) >= _SHORTEST_WORD and len(key) >= _SHORTEST_KEY and word not in english:
            found.update(dict.fromkeys(query_terms(word), _MARK + key))
    return found


def in_japanese_script(romaji: str, words: Mapping[str, str]) -> str:
    """A question in romaji as it would be written: the texts' own words where it names them, else hiragana."""
    from jaconv import alphabet2kana

    return "".join(
        _PARTICLES.get(part) or words.get(_key(part)) or alphabet2kana(part) if _LATIN_WORD.fullmatch(part) else part
        for part in re.split(r"\s+|(?=[?!.,])", romaji.lower())
    )


def romanise(kana: str) -> str:
    """Katakana in Latin letters; long vowel marks and small ッ are left out, other characters too."""
    syllables: list[str] = []
    for character in kana:
        if character in _KANA:
            syllables.append(_KANA[character])
        elif character in _SMALL and syllables:
            syllables[-1] = _contracted(syllables[-1], _SMALL[character])
    return "".join(syllables)


def _contracted(syllable: str, small: str) -> str:
    """シ + ャ → sha, ニ + ャ → nya, テ + ィ → ti, フ + ァ → fa."""
    consonant = syllable.rstrip("aiueo")
    return consonant + (small.lstrip("y") if consonant in ("sh", "ch", "j") else small)


@lru_cache(maxsize=50_000)
def _key(romaji: str) -> str:
    decomposed = unicodedata.normalize("NFD", romaji)
    key = "".join(character for character in decomposed if "a" <= character <= "z")
    for written, usual in _SPELLINGS:
        key = key.replace(written, usual)
    return _DOUBLED.sub(r"\1", _LONG_VOWELS.sub("", key))


def _key_of(romaji: str) -> str:
    """The key of a reading, empty where it is too short or too long to tell anything."""
    key = _key(romaji)
    return key if _SHORTEST_KEY <= len(key) <= _LONGEST_KEY else ""


def _looked_into(word: Any) -> _Heard:
    from sudachipy import SplitMode

    pieces = dict.fromkeys((piece.surface(), _reading(piece)) for piece in (word, *word.split(SplitMode.A)))
    keyed = ((_key_of(romaji), surface) for surface, romaji in pieces)
    return _Heard(_reading(word), tuple((key, surface) for key, surface in keyed if key))


def _reading(word: Any) -> str:
    return romanise(word.reading_form()) if _HAS_READING.search(word.surface()) else ""


@cache
def _tokenizer() -> Any:
    from sudachipy import Dictionary, SplitMode

    return Dictionary(dict="core").tokenizer(SplitMode.C)
