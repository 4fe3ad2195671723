"""A Unigram tokenizer for Japanese, English and Chinese, complete in one tokenizer.json.

Normal form is NFKC in lower case. Text is cut where the script changes (Han, hiragana, katakana, Latin, digits, other)
before pieces are learnt, so that a content word never shares a piece with the particle after it: 返品したい and
返品できますか share 返品. Latin words keep a mark (▁) at their beginning; elsewhere the mark is removed, since
Japanese and Chinese words have none. All of it is done by the `tokenizers` library from the file alone.

Source: Unigram language model, Kudo, ACL 2018, arXiv:1804.10959.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections import Counter
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from training.data import SEED, Source

UNKNOWN = "<unk>"
SAMPLE_TEXTS = {"ja": 75_000, "zh": 60_000, "zhtw": 4_000, "en": 250_000}
SAMPLE_CHARS = 300  # a passage gives its beginning only
RARE_CHARACTER_COUNT = 8  # a Han character or kana seen this often gets a piece even if the sample missed it

_LATIN_RUN = re.compile("[A-Za-zªºÀ-ÖØ-öø-˿\u0300-\u036fḀ-ỿⱠ-ⱿꜢ-ꟿ'’]+")
_LATIN = r"\p{Latin}\p{M}'’"
SCRIPT_RUNS = "|".join(
    (
        rf"▁?[{_LATIN}]+",
        r"\p{Han}+",
        r"[\p{Hiragana}ー]+",
        r"[\p{Katakana}ー・]+",
        r"\p{N}+",
        rf"[^{_LATIN}\p{{Han}}\p{{Hiragana}}\p{{Katakana}}\p{{N}}▁]+",
    )
)


def train_tokenizer(sources: list[Source], pieces: int, latin_pieces: int) -> Tokenizer:
    """Learn `pieces` pieces, `latin_pieces` of them Latin, from a weighted sample; equal sources give an equal sample.

    Two models, of the Latin runs and of the rest, put together. No piece spans two scripts, so scores of one never meet
    those of the other. Learnt in one, thousands of seldom seen pairs of Han characters outbid the words of English, and
    "predators" falls into four pieces that mean nothing.
    """
    texts = sample_texts(sources) + _rare_characters(sources)
    latin = _learn([" ".join(_LATIN_RUN.findall(_normal(text))) for text in texts], latin_pieces)
    rest = _learn([_LATIN_RUN.sub(" ", _normal(text)) for text in texts], pieces - latin_pieces + 1)
    known = {piece for piece, _ in latin}
    return _tokenizer(models.Unigram(latin + [row for row in rest if row[0] not in known], unk_id=0))


def _learn(texts: list[str], pieces: int) -> list[tuple[str, float]]:
    """The pieces of a Unigram model with their log probabilities, the unknown piece first."""
    tokenizer = _tokenizer(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=pieces, special_tokens=[UNKNOWN], unk_token=UNKNOWN, max_piece_length=16, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    return [(piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]]


def _tokenizer(model: models.Unigram) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    steps = [
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        pre_tokenizers.Split(Regex(r"▁(?!\p{Latin})"), behavior="removed"),
        pre_tokenizers.Split(Regex(SCRIPT_RUNS), behavior="isolated"),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return tokenizer


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def sample_texts(sources: list[Source]) -> list[str]:
    """Texts for each language, each source in proportion to its weighted rows."""
    chooser = random.Random(SEED)
    by_language: dict[str, list[tuple[list[str], float]]] = {language: [] for language in SAMPLE_TEXTS}
    for source in sources:
        first, _, last = source.languages.partition("-")
        by_language[first].append((source.left, source.weight))
        by_language[last or first].append((source.right, source.weight))
    sample: list[str] = []
    for language, columns in by_language.items():
        total = sum(len(texts) * weight for texts, weight in columns)
        for texts, weight in columns:
            share = round(SAMPLE_TEXTS[language] * len(texts) * weight / total)
            sample += [text[:SAMPLE_CHARS] for text in chooser.sample(texts, min(share, len(texts)))]
    return sample


def _rare_characters(sources: list[Source]) -> list[str]:
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update("".join(source.left))
        counts.update("".join(source.right))
    return [
        character
        for character, count in sorted(counts.items())
        if count >= RARE_CHARACTER_COUNT and character.isalpha() and ord(character) >= 0x3040
    ]


def load_tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))
