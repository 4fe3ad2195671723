"""Which language a text is in that is written in none of ours, by langdetect.

The library keeps a list of 55 numbers, nearly all of them zero, for each of its 88,000 n-grams: 70 MB, and a second to
make them. Here they are sorted arrays of what is not zero, 3 MB, and its detector gets a row when it asks for one. The
languages stand in one order on every machine, and the seed is fixed, so that an answer stays the same.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LONGEST = 3  # characters of an n-gram
_CHARACTER_BITS = 21  # of a code point


@dataclass(frozen=True, slots=True)
class _Profiles:
    """N-gram i, as a number, is keys[i]; its probabilities are those at starts[i] … starts[i + 1] - 1."""

    languages: list[str]
    keys: NDArray[np.uint64]  # sorted
    starts: NDArray[np.int64]
    of: NDArray[np.uint8]  # positions among the languages
    probabilities: NDArray[np.float64]


class _Rows:
    """What langdetect takes for its dictionary: n-gram → probability in each language. For one text."""

    def __init__(self, profiles: _Profiles) -> None:
        self._profiles = profiles
        self._found: dict[str, list[float]] = {}  # empty for an n-gram that no language has

    def __contains__(self, ngram: str) -> bool:
        return bool(self[ngram])

    def __getitem__(self, ngram: str) -> list[float]:
        row = self._found.get(ngram)
        if row is None:
            row = self._found[ngram] = self._read(ngram)
        return row

    def _read(self, ngram: str) -> list[float]:
        profiles = self._profiles
        key = np.uint64(_key(ngram))
        place = int(np.searchsorted(profiles.keys, key))
        if place == len(profiles.keys) or profiles.keys[place] != key:
            return []
        row = [0.0] * len(profiles.languages)
        held = slice(profiles.starts[place], profiles.starts[place + 1])
        for language, probability in zip(
            profiles.of[held].tolist(), profiles.probabilities[held].tolist(), strict=True
        ):
            row[language] = probability
        return row


def detect(text: str) -> tuple[str, float]:
    """(tag, probability); ("und", 0.0) when it finds nothing. langdetect's tags: BCP 47 but for zh-cn and zh-tw."""
    from langdetect.detector_factory import DetectorFactory
    from langdetect.lang_detect_exception import LangDetectException

    profiles = _profiles()
    factory = DetectorFactory()
    factory.seed, factory.langlist, factory.word_lang_prob_map = 0, profiles.languages, _Rows(profiles)
    detector = factory.create()
    detector.append(text)
    try:
        best = detector.get_probabilities()[0]
    except LangDetectException:
        return "und", 0.0
    return str(best.lang), float(best.prob)


@cache
def _profiles() -> _Profiles:
    from langdetect.detector_factory import PROFILES_DIRECTORY

    names: list[str] = []
    keys, probabilities = [], []
    for file in sorted(Path(PROFILES_DIRECTORY).iterdir()):
        stored = json.loads(file.read_bytes())
        names.append(stored["name"])
        ngrams = np.array(list(stored["freq"]), dtype=f"<U{_LONGEST}")
        counts = np.array(list(stored["freq"].values()), dtype=np.float64)
        characters = ngrams.view(np.uint32).reshape(len(ngrams), _LONGEST).astype(np.uint64)
        shifts = np.array([_shift(place) for place in range(_LONGEST)], dtype=np.uint64)
        keys.append(np.bitwise_or.reduce(characters << shifts, axis=1))
        probabilities.append(counts / np.array(stored["n_words"])[np.count_nonzero(characters, axis=1) - 1])
    of = np.repeat(np.arange(len(names), dtype=np.uint8), [len(part) for part in keys])
    joined = np.concatenate(keys)
    order = np.argsort(joined, kind="stable")
    unique, starts = np.unique(joined[order], return_index=True)
    return _Profiles(names, unique, np.append(starts, len(joined)), of[order], np.concatenate(probabilities)[order])


def _key(ngram: str) -> int:
    return sum(ord(character) << _shift(place) for place, character in enumerate(ngram))


def _shift(place: int) -> int:
    return _CHARACTER_BITS * (_LONGEST - 1 - place)
