"""In which languages the indexed texts hold a piece of Han text: a prior for questions that could be either.

取件 and 保険 are good words in two languages; a customer most likely means the one in whose texts they stand. A text
counts as held when all its pairs of neighbouring characters occur; they are kept as sorted numbers, mapped from disk.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HAN_RUN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff]+")
_LANGUAGES = ("ja", "zh")


class HanUsage:
    """Language → pairs of Han characters as (pairs,) uint64, sorted."""

    def __init__(self, pairs: Mapping[str, NDArray[np.uint64]]) -> None:
        self._pairs = pairs

    @classmethod
    def build(cls, texts: Iterable[tuple[str, str]]) -> "HanUsage":
        """From (language, text), where "zh-Hant" counts as Chinese."""
        found: dict[str, set[int]] = {language: set() for language in _LANGUAGES}
        for tag, text in texts:
            if (language := tag.partition("-")[0]) in found:
                found[language].update(_pairs(text))
        return cls({language: np.array(sorted(pairs), dtype=np.uint64) for language, pairs in found.items()})

    def save(self, folder: Path) -> None:
        folder.mkdir()
        for language, pairs in self._pairs.items():
            np.save(folder / f"{language}.npy", pairs, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "HanUsage":
        return cls({language: np.load(folder / f"{language}.npy", allow_pickle=False) for language in _LANGUAGES})

    def writers(self, text: str) -> list[str]:
        """Those of "ja" and "zh" whose texts hold every pair of the text's neighbouring Han characters."""
        asked = np.array(_pairs(text), dtype=np.uint64)
        return [language for language, pairs in self._pairs.items() if len(asked) and np.isin(asked, pairs).all()]


def _pairs(text: str) -> list[int]:
    return [ord(a) << 32 | ord(b) for run in _HAN_RUN.findall(text) for a, b in pairwise(run)]
