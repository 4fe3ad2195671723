"""Sources → token ids on disk, read back as memory maps.

Texts 2i and 2i+1 are the sides of pair i. Every text also has a 64-bit number, the same for the same text, by which
training knows that another pair's text is no negative.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from rag_support.evaluation.dataset import text_key
from training.data import Source, intent_classes

LONGEST_TOKENS = 128  # of one side; the rest of a long passage is not read
_BATCH_TEXTS = 16_384


@dataclass(frozen=True, slots=True)
class Pairs:
    """Token ids of all pairs: text t holds tokens[starts[t]:starts[t + 1]]."""

    tokens: np.ndarray  # uint16
    starts: np.ndarray  # int64, one more than there are texts
    keys: np.ndarray  # int64, (pairs, 2)
    group: np.ndarray  # int16, index into `groups`, one per pair
    weight: np.ndarray  # float32, draws per epoch, one per pair
    groups: list[str]


def write_pairs(sources: list[Source], tokenizer: Tokenizer, folder: Path) -> None:
    """Tokenize every side of every pair and write the arrays of `Pairs` under `folder`."""
    if tokenizer.get_vocab_size() > 2**16:
        raise ValueError("token ids are kept in 16 bits: ask for at most 65,536 pieces")
    folder.mkdir(parents=True, exist_ok=True)
    tokens, lengths, keys, group, weight = [], [], [], [], []
    groups = sorted({source.group for source in sources})
    for source in sources:
        texts = list(chain.from_iterable(zip(source.left, source.right, strict=True)))
        for start in range(0, len(texts), _BATCH_TEXTS):
            encodings = tokenizer.encode_batch_fast(texts[start : start + _BATCH_TEXTS], add_special_tokens=False)
            # A text of unknown characters only still needs a token for its mean to exist.
            rows = [encoding.ids[:LONGEST_TOKENS] or [0] for encoding in encodings]
            lengths.append(np.fromiter(map(len, rows), np.int64, len(rows)))
            tokens.append(np.fromiter(chain.from_iterable(rows), np.uint16))
        keys.append(_keys(source, texts))
        group.append(np.full(len(source.left), groups.index(source.group), np.int16))
        weight.append(np.full(len(source.left), source.weight, np.float32))
    np.save(folder / "tokens.npy", np.concatenate(tokens))
    np.save(folder / "starts.npy", np.concatenate([[0], np.cumsum(np.concatenate(lengths))]))
    np.save(folder / "keys.npy", np.concatenate(keys))
    np.save(folder / "group.npy", np.concatenate(group))
    np.save(folder / "weight.npy", np.concatenate(weight))
    (folder / "groups.json").write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")


def open_pairs(folder: Path) -> Pairs:
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("tokens", "starts", "keys")}
    return Pairs(
        **arrays,
        group=np.load(folder / "group.npy"),
        weight=np.load(folder / "weight.npy"),
        groups=json.loads((folder / "groups.json").read_text(encoding="utf-8")),
    )


def _keys(source: Source, texts: list[str]) -> np.ndarray:
    if source.same_intent:
        classes = np.array(intent_classes(source), np.int64)
        return np.stack([classes, classes], axis=1)
    digests = b"".join(hashlib.blake2b(text_key(text).encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, np.int64).reshape(-1, 2)
