"""In which languages the indexed texts hold a piece of Han text: a prior for questions that could be either.

取件 and 保険 are good words in two languages; a customer most likely means the one in whose texts they stand. A text
counts as held when all its pairs of neighbouring characters occur; they are kept as sorted numbers, mapped from disk.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HAN = ((ord("々"), ord("〇")), (0x3400, 0x4DBF), (0x4E00, 0x9FFF))
_LANGUAGES = ("ja", "zh")
_TOGETHER_CHARS = 1_000_000  # looked through at once, when an index is built


class HanUsage:
    """Language → pairs of Han characters as (pairs,) uint64, sorted."""

    def __init__(self, pairs: Mapping[str, NDArray[np.uint64]]) -> None:
        self._pairs = pairs

    @classmethod
    def build(cls, texts: Iterable[tuple[str, str]]) -> "HanUsage":
        """From (language, text), where "zh-Hant" counts as Chinese."""
        found = {language: np.empty(0, dtype=np.uint64) for language in _LANGUAGES}
        waiting: dict[str, list[str]] = {language: [] for language in _LANGUAGES}
        chars = dict.fromkeys(_LANGUAGES, 0)

        def look_through(language: str) -> None:
            found[language] = np.union1d(found[language], _pairs("\n".join(waiting[language])))
            waiting[language], chars[language] = [], 0

        for tag, text in texts:
            if (language := tag.partition("-")[0]) in found:
                waiting[language].append(text)
                chars[language] += len(text)
                if chars[language] >= _TOGETHER_CHARS:
                    look_through(language)
        for language in _LANGUAGES:
            look_through(language)
        return cls(found)

    def save(self, folder: Path) -> None:
        folder.mkdir()
        for language, pairs in self._pairs.items():
            np.save(folder / f"{language}.npy", pairs, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "HanUsage":
        return cls({language: np.load(folder / f"{language}.npy", allow_pickle=False) for language in _LANGUAGES})

    def writers(self, text: str) -> list[str]:
        """Those of "ja" and "zh" whose texts hold every pair of the text's neighbouring Han characters."""
        asked = _pairs(text)
        return [language for language, pairs in self._pairs.items() if len(asked) and np.isin(asked, pairs).all()]


def _pairs(text: str) -> NDArray[np.uint64]:
    """Those of neighbouring Han characters, as numbers, in the text's order."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    han = np.zeros(len(codes), dtype=np.bool_)
    for first, last in _HAN:
        han |= (codes >= first) & (codes <= last)
    at = np.flatnonzero(han[:-1] & han[1:])
    return codes[at].astype(np.uint64) << np.uint64(32) | codes[at + 1].astype(np.uint64)
