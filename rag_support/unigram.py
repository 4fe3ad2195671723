"""Token ids by a Unigram vocabulary, for the few words of a question.

The tokenizers library keeps such a vocabulary as a tree with a hash table at every node: 90 MB for 64,000 pieces, in
every worker. A dictionary of the pieces is 10 MB and quick enough for a short text. The library still normalises and
splits the text, and segments everything when an index is built; a test holds both ways to the same ids.
Source: Kudo, Subword Regularization, ACL 2018, arXiv:1804.10959; the best segmentation is found by Viterbi's algorithm.
"""

import json
from array import array
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tokenizers import Tokenizer

_UNKNOWN_PENALTY = 10.0  # the library's: below the score of the least likely piece


class UnigramTokenizer:
    def __init__(self, stored: Mapping[str, Any]) -> None:
        """From the content of a tokenizer.json that `reads` says yes to."""
        model = stored["model"]
        self._ids: dict[str, int] = {}
        self._scores = array("d")
        for number, (piece, score) in enumerate(model["vocab"]):
            self._ids[piece] = number
            self._scores.append(score)
        self._unknown: int = model["unk_id"]
        self._unknown_score = min(self._scores) - _UNKNOWN_PENALTY
        self._longest: dict[str, int] = {}  # first character → characters of the longest piece that begins with it
        for piece in self._ids:
            self._longest[piece[0]] = max(self._longest.get(piece[0], 0), len(piece))
        without_pieces = {**stored, "model": {**model, "vocab": model["vocab"][: self._unknown + 1]}}
        self._library = Tokenizer.from_str(json.dumps(without_pieces))

    @staticmethod
    def reads(stored: Mapping[str, Any]) -> bool:
        """Whether this tokenizer.json is of the plain kind that is understood here."""
        model = stored["model"]
        plain = model.get("type") == "Unigram" and not model.get("byte_fallback") and model.get("unk_id") is not None
        splits = stored.get("normalizer") and stored.get("pre_tokenizer")
        return bool(plain and splits and not stored.get("added_tokens") and not stored.get("post_processor"))

    def token_ids(self, text: str) -> list[int]:
        library = self._library
        words = library.pre_tokenizer.pre_tokenize_str(library.normalizer.normalize_str(text))
        return [number for word, _ in words for number in self._segmented(word)]

    def _segmented(self, word: str) -> list[int]:
        """The pieces with the highest sum of scores; of equal ones, that whose last pieces are longer."""
        ids, scores, longest = self._ids, self._scores, self._longest
        size = len(word)
        best = [0.0] + [float("-inf")] * size  # up to each end
        begins = [-1] * (size + 1)  # of the last piece up to each end
        for start in range(size):
            so_far = best[start]
            alone = False
            for end in range(start + 1, min(start + longest.get(word[start], 0), size) + 1):
                number = ids.get(word[start:end])
                if number is not None:
                    alone = alone or end == start + 1
                    score = so_far + scores[number]
                    if begins[end] < 0 or score > best[end]:
                        best[end], begins[end] = score, start
            if not alone:
                score = so_far + self._unknown_score
                if begins[start + 1] < 0 or score > best[start + 1]:
                    best[start + 1], begins[start + 1] = score, start
        return self._numbers(word, begins)

    def _numbers(self, word: str, begins: list[int]) -> list[int]:
        ends = [len(word)]
        while ends[-1] > 0:
            ends.append(begins[ends[-1]])
        found: list[int] = []
        after_unknown = False
        for start, end in pairwise(reversed(ends)):
            number = self._ids.get(word[start:end], self._unknown)
            if number != self._unknown or not after_unknown:  # unknown characters in a row are one token
                found.append(number)
            after_unknown = number == self._unknown
        return found
