"""What the language detection knows: character sets, word lists and n-gram weights, made by training/language.py.

Kept small and plain: one JSON file, weights as bytes, words as sorted strings that are searched where they lie.
"""

import base64
import functools
import json
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("data") / "language.json"


def hashed_ngrams(text: str, longest: int, bits: int) -> Iterator[int]:
    """Bucket, 0 ≤ b < 2**bits, of every character 1- to `longest`-gram; the text's start and end are characters too.

    The hashing trick: Weinberger et al., ICML 2009, arXiv:0902.2206. The mixing is Fibonacci hashing by character.
    """
    codes = [2, *map(ord, text), 3]
    shift = 32 - bits
    for start in range(len(codes)):
        mixed = 0
        for code in codes[start : start + longest]:
            mixed = (mixed ^ code) * 0x9E3779B1 & 0xFFFFFFFF
            mixed ^= mixed >> 15
            yield mixed >> shift


@dataclass(frozen=True, slots=True)
class HashedScore:
    """A logistic regression over hashed n-grams; `weights` holds 2**bits int8 steps of size `step`."""

    weights: bytes
    step: float
    bias: float
    longest: int
    bits: int

    def logit(self, text: str) -> float:
        weights = memoryview(self.weights).cast("b")
        return self.step * sum(weights[b] for b in hashed_ngrams(text, self.longest, self.bits)) + self.bias


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by their length, sorted and joined: a hundred thousand of them in half a megabyte."""

    joined: dict[int, str]

    def __contains__(self, word: str) -> bool:
        size, words = len(word), self.joined.get(len(word), "")
        if not words:
            return False
        at = bisect_left(range(len(words) // size), word, key=lambda row: words[row * size : (row + 1) * size])
        return words[at * size : (at + 1) * size] == word

    def spells(self, text: str) -> bool:
        """Whether the text is a row of these words and nothing else."""
        reached = [True] + [False] * len(text)
        for start in range(len(text)):
            if reached[start]:
                for size in self.joined:
                    end = start + size
                    if end <= len(text) and not reached[end]:
                        reached[end] = text[start:end] in self
        return reached[-1]


@dataclass(frozen=True, slots=True)
class LanguageData:
    # "japanese", "chinese": written by one of the two only; "simplified", "traditional": forms that differ
    characters: dict[str, frozenset[str]]
    english: frozenset[str]  # frequent words, lower case
    words: dict[str, Lexicon]  # "ja", "zh": Han words of the language, none with a decisive character
    seldom_japanese: Lexicon  # Chinese words that Japanese dictionaries have and Japanese texts hardly use: 優待
    scores: dict[str, HashedScore]  # "han": ja against zh; "romaji", "pinyin": that against the other two


@functools.cache
def language_data() -> LanguageData:
    stored = json.loads(DATA.read_text(encoding="utf-8"))
    for score in stored["scores"].values():
        score["weights"] = zlib.decompress(base64.b64decode(score["weights"]))
    return LanguageData(
        characters={name: frozenset(members) for name, members in stored["characters"].items()},
        english=frozenset(stored["english"].split()),
        words={name: _lexicon(stored["words"][name]) for name in ("ja", "zh")},
        seldom_japanese=_lexicon(stored["words"]["seldom_ja"]),
        scores={name: HashedScore(**score) for name, score in stored["scores"].items()},
    )


def _lexicon(by_size: dict[str, str]) -> Lexicon:
    return Lexicon({int(size): joined for size, joined in by_size.items()})
