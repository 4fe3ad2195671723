"""The recipe of rag_support/data/language.json: which characters and n-grams tell Japanese, Chinese and English apart.

    python -m training.language --data ../shared/training --out rag_support/data/language.json

Character sets: what the national character sets of Japan (cp932), China (GB 2312) and Taiwan (cp950, Big5 with its ETEN
extension; big5hkscs would add hundreds of Japanese forms) have alone, corrected by how often texts use a character.
`han`: kanji runs of Japanese sentences and JMdict headwords against Chinese clauses, word-bounded pieces of them and
CC-CEDICT headwords, Simplified and Traditional, only where no character of the sets decides, as only then it is asked.
`romaji`, `pinyin`: JMdict readings and hiragana runs in Hepburn letters; CC-CEDICT words through pypinyin; English
phrases. Each is a logistic regression over hashed n-grams, fitted with AdaGrad (Duchi et al., JMLR 2011) and rounded to
int8. Needs numpy and pypinyin; three minutes on one core. Prints the figures on texts held out.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import itertools
import json
import random
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag_support.language import DECISIVE
from rag_support.language_data import HashedScore, hashed_ngrams
from training.data import EVALUATION_FILES, read_rows
from training.traditional import character_table

SEED = 20240607
FILE_ROWS = 25_000  # read of one file, evenly spread: one product's manual must not be the language
LONGEST_RUN = 12  # characters of a Han example
HELD_OUT_SHARE = 20  # one distinct text in so many is kept for the figures
ENGLISH_WORDS = 14_000
LATIN_LINES = 60_000
LONGEST_WORD, ATTESTED = 4, 2  # characters; times that a word must stand in the texts
EPOCHS, RATE, L2, HEAVIEST = 4, 0.3, 0.3, 10.0  # chosen on the held-out texts; HEAVIEST caps what one text weighs
NEVER_TRAINED = (*EVALUATION_FILES, "pairs/bitext-support-*")
DICTIONARIES = ("dictionary/*", "pairs/jmdict-*", "pairs/cedict-*", "parallel/wordnet-*")
HAN_RUN = re.compile("[々〆〇\u3400-\u4dbf\u4e00-\u9fff]+")
KANA = re.compile("[ぁ-ゖァ-ヺー]+")
PARTICLES = re.findall("[a-z]+", "wa ga wo o ni de no to mo ka kara made desu desuka masu wa nan")


@dataclass(frozen=True, slots=True)
class Texts:
    """Distinct lines by language, "ja", "zh" or "en"."""

    sentences: dict[str, list[str]]  # of the parallel, pair and question files
    words: dict[str, list[str]]  # of the dictionaries, with their glosses
    common: list[str]  # JMdict's headwords and readings of common use
    traditional: list[str]  # true Traditional Chinese, also in sentences["zh"]


def read_texts(data: Path) -> Texts:
    """Rows in the wrong language go: a Chinese sentence has no kana, a long Japanese one has some."""
    sentences: dict[str, dict[str, None]] = {"ja": {}, "zh": {}, "en": {}}
    words: dict[str, dict[str, None]] = {"ja": {}, "zh": {}, "en": {}}
    for path in sorted(data.glob("*/*.tsv.gz")):
        name = Path(path.parent.name, path.name)
        if any(name.match(pattern) for pattern in NEVER_TRAINED):
            continue
        tags = path.name.removesuffix(".tsv.gz").rsplit(".", 1)[1].replace("zhtw", "zh").split("-")
        rows = list(read_rows(path))
        is_dictionary = any(name.match(pattern) for pattern in DICTIONARIES)
        for row in rows[:: 1 if is_dictionary else max(1, len(rows) // FILE_ROWS)]:
            for tag, text in zip(tags * (2 // len(tags)), row[:2], strict=True):
                if is_dictionary:
                    words[tag][text] = None
                elif (KANA.search(text) is not None) == (tag == "ja") or (tag == "ja" and len(text) < 12):
                    sentences[tag][text] = None
    return Texts(
        sentences={tag: list(found) for tag, found in sentences.items()},
        words={tag: list(found) for tag, found in words.items()},
        common=[row[0] for row in read_rows(data / "dictionary/jmdict-common.ja-en.tsv.gz")],
        traditional=sorted({t for path in data.glob("qa/drcd-*-hant.*") for row in read_rows(path) for t in row[:2]}),
    )


def character_sets(texts: Texts, to_traditional: dict[int, str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """({"japanese", "chinese"} only, {"simplified", "traditional"} shapes).

    A codec proposes, use decides: a character is one language's own when the other writes it many times more seldom and
    no common word of JMdict has it (拉致, 約款). Rates are per million Han characters, Traditional counted on its own.
    """
    every = [chr(code) for code in range(0x3400, 0xA000)]
    japan, china, taiwan = ({c for c in every if c.encode(codec, "ignore")} for codec in ("cp932", "gb2312", "cp950"))
    everyday = {c for c in japan if b"\xb0" <= c.encode("euc_jp", "ignore")[:1] <= b"\xcf"}  # JIS X 0208 level 1
    common = {char for word in texts.common for char in word}

    def rates(lines: Iterable[str]) -> dict[str, float]:
        counts = Counter(char for line in lines for run in HAN_RUN.findall(line) for char in run)
        return {char: count * 1e6 / counts.total() for char, count in counts.items()}

    ja, hans, hant = rates(texts.sentences["ja"]), rates(texts.sentences["zh"]), rates(texts.traditional)
    japanese, chinese = {"々"}, set()
    for char in japan - china - taiwan:
        if ja.get(char, 0) > max(0.3, 20 * hans.get(char, 0), 20 * hant.get(char, 0)):
            japanese.add(char)
    for char in china | taiwan:
        use = max(hans.get(char, 0) if char in china else 0, hant.get(char, 0) if char in taiwan else 0)
        if char not in japan:
            own = ja.get(char, 0) < 1 + use / 5
        else:  # many old forms live on in Japanese names (澤, 瀧), so the bar is higher
            own = char not in common and use > max(2, (500 if char in everyday else 100) * ja.get(char, 0))
        if own:
            chinese.add(char)
    # Big5 has 么 too, for another word: what is converted and hardly stands in Traditional texts is Simplified.
    converted = {c for c in map(chr, to_traditional) if hans.get(c, 0) > max(2, 100 * hant.get(c, 0))}
    shapes = {"simplified": china - taiwan | converted, "traditional": taiwan - china}
    return {"japanese": japanese, "chinese": chinese}, shapes


def japanese_runs(texts: Texts) -> Counter[str]:
    """Kanji runs of 2 to 12 characters, and now and then two neighbours joined, as queries are."""
    chooser = random.Random(SEED)
    found: Counter[str] = Counter(texts.words["ja"])
    for sentence in texts.sentences["ja"]:
        runs = HAN_RUN.findall(sentence)
        found.update(runs)
        found.update(left + right for left, right in itertools.pairwise(runs) if chooser.random() < 0.1)
    return han_only(found)


def chinese_pieces(texts: Texts, to_traditional: dict[int, str]) -> Counter[str]:
    """Headwords, short clauses, and pieces of one to four words; what changes in Traditional stands there in both."""
    chooser = random.Random(SEED)
    found: Counter[str] = Counter(texts.words["zh"])
    headwords = set(han_only(found))
    for sentence in texts.sentences["zh"]:
        for clause in HAN_RUN.findall(sentence):
            found[clause] += 1
            pieces = iter(longest_match(clause[:60], headwords))
            while piece := "".join(itertools.islice(pieces, chooser.choice((1, 1, 2, 2, 3, 4)))):
                found[piece] += 1
    simplified = han_only(found)
    converted: Counter[str] = Counter()
    for text, count in simplified.items():
        if (full := text.translate(to_traditional)) != text:
            converted[full] += count
    return simplified + converted


def han_only(counts: Counter[str]) -> Counter[str]:
    return Counter({t: count for t, count in counts.items() if 2 <= len(t) <= LONGEST_RUN and HAN_RUN.fullmatch(t)})


def longest_match(text: str, words: set[str]) -> list[str]:
    """Words from the left, each the longest of at most 5 characters that is known; unknown characters stand alone."""
    pieces, at = [], 0
    while at < len(text):
        size = next((size for size in (5, 4, 3, 2) if text[at : at + size] in words), 1)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def romaji(kana: str) -> str:
    """Hepburn without macrons, as it is typed: しょうひん → shouhin, キャッチ → kyatchi, カード → kado."""
    spelled = ""
    for char in kana:
        name = unicodedata.name(char).lower()
        spelled += "" if name.endswith("mark") else "~" * ("small" in name) + name.rpartition(" ")[2]
    spelled = spelled.replace("i~y", "y")
    for typed in ("sy sh", "ty ch", "zy j", "~tu ~", "si shi", "ti chi", "tu tsu", "hu fu", "zi ji", "di ji", "du zu"):
        spelled = spelled.replace(typed.split()[0], typed.split()[1])
    spelled = re.sub("[aiueo]~([aiueo])", r"\1", spelled)
    return re.sub("~([a-z]?)", r"\1\1", spelled).replace("cch", "tch")


def latin_lines(texts: Texts, english: list[str]) -> dict[str, Counter[str]]:
    """Lower-case lines of one to four words: "romaji", "pinyin" (syllables together or apart) and "english"."""
    from pypinyin import lazy_pinyin

    chooser = random.Random(SEED)
    common = [romaji(word) for word in texts.common if KANA.fullmatch(word) and len(word) < 9]
    rare = [romaji(word) for word in texts.words["ja"] if KANA.fullmatch(word) and len(word) < 9]
    hiragana = (run for text in texts.sentences["ja"][::3] for run in re.findall("[ぁ-ゖ]+", text))
    endings = [romaji(run) for run in hiragana if 1 < len(run) < 9]
    headwords = set(han_only(Counter(texts.words["zh"])))
    clauses = (run for text in texts.sentences["zh"][::3] for run in HAN_RUN.findall(text)[:3])
    frequent = Counter(word for clause in clauses for word in longest_match(clause[:30], headwords))
    spoken = [lazy_pinyin(word) for word in frequent]
    frequency = list(itertools.accumulate(count**0.6 for count in frequent.values()))
    phrases = [re.findall("[a-z']+", text.lower()) for text in texts.sentences["en"][::2]]
    found: dict[str, Counter[str]] = {"romaji": Counter(), "pinyin": Counter(), "english": Counter(english)}
    for _ in range(LATIN_LINES):
        size = chooser.choice((1, 1, 2, 3, 4))
        sources = chooser.choices((common, rare, endings, PARTICLES), (6, 1, 2, 3 * (size > 1)), k=size)
        found["romaji"][" ".join(map(chooser.choice, sources))] += 1
        gap = chooser.choice(("", "", " "))
        words = chooser.choices(spoken, cum_weights=frequency, k=size)
        found["pinyin"][" ".join(gap.join(syllables) for syllables in words)] += 1
        phrase = chooser.choice(phrases)
        at = chooser.randrange(max(1, len(phrase) - size))
        found["english"][" ".join(phrase[at : at + size])] += 1
    plain = re.compile("[a-z' ]*[a-z]{2}[a-z' ]*")
    return {name: Counter({t: n for t, n in lines.items() if plain.fullmatch(t)}) for name, lines in found.items()}


def frequent_english(texts: Texts) -> list[str]:
    """The most frequent words; capitals are mostly names and do not count."""
    word = re.compile(r"(?<![\w.-])[a-z]+(?:'[a-z]+)?(?![\w-])")
    lines = itertools.chain(texts.sentences["en"], texts.words["en"])
    counts = Counter(found for line in lines for found in word.findall(line)).most_common(ENGLISH_WORDS)
    return [text for text, count in counts if count > 3 and (len(text) > 2 or count > 2_000)]


def fit(positive: Counter[str], negative: Counter[str], longest: int, bits: int) -> HashedScore:
    """A text weighs the square root of its count; at each length both classes weigh the same."""
    texts = [*positive, *negative]
    labels = np.repeat(np.array([1.0, 0.0]), [len(positive), len(negative)])
    mass = np.minimum(np.sqrt([*positive.values(), *negative.values()]), HEAVIEST)
    sizes = np.minimum([len(text) for text in texts], 8)
    for size, label in itertools.product(np.unique(sizes), (0.0, 1.0)):
        group = (sizes == size) & (labels == label)
        mass[group] *= (sizes == size).sum() / 2 / max(mass[group].sum(), 1.0)
    rows = [np.fromiter(hashed_ngrams(text, longest, bits), np.int32) for text in texts]
    generator = np.random.default_rng(SEED)
    weights, squares = np.zeros((1 << bits) + 1), np.ones((1 << bits) + 1)  # the last weight is the bias
    for _ in range(EPOCHS):
        for batch in np.array_split(generator.permutation(len(texts)), max(1, len(texts) // 2_048)):
            buckets = np.concatenate([rows[i] for i in batch])
            owners = np.repeat(np.arange(len(batch)), [len(rows[i]) for i in batch])
            logits = np.bincount(owners, weights[buckets], len(batch)) + weights[-1]
            errors = mass[batch] * (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - labels[batch])
            gradient = np.bincount(buckets, errors[owners], len(weights)) + L2 * weights * len(batch) / len(texts)
            gradient[-1] = errors.sum()
            squares += gradient**2
            weights -= RATE * gradient / np.sqrt(squares)
    step = float(np.quantile(np.abs(weights), 0.9999)) / 127
    steps = np.clip(np.rint(weights[:-1] / step), -127, 127).astype(np.int8)
    return HashedScore(steps.tobytes(), step, float(weights[-1]), longest, bits)


def fit_and_report(name: str, positive: Counter[str], negative: Counter[str], longest: int, bits: int) -> HashedScore:
    """Fit without one text in twenty, print accuracy on those of them that only one side has, then fit on everything.

    "believed" is an answer of p ≥ DECISIVE, for which detect() needs no prior.
    """
    held_out = {text for text in positive | negative if zlib.crc32(text.encode()) % HELD_OUT_SHARE == 0}
    seen = [Counter({text: n for text, n in side.items() if text not in held_out}) for side in (positive, negative)]
    trial = fit(seen[0], seen[1], longest, bits)
    bar = np.log(DECISIVE / (1 - DECISIVE))
    for sign, own, other in ((1, positive, negative), (-1, negative, positive)):
        for low, high in ((2, 2), (3, 4), (5, 99)):
            texts = [text for text in held_out if text in own and text not in other and low <= len(text) <= high]
            logits = sign * np.array([trial.logit(text) for text in texts] or [np.nan])
            right, believed = np.mean(logits > 0), np.abs(logits) >= bar
            shares = f"right {right:.3f}; believed {believed.mean():.3f}, wrongly {np.mean(logits <= -bar):.4f}"
            print(f"{name} {'+' if sign > 0 else '-'}, {low} to {high} characters: {len(texts):,} texts, {shares}")
    return fit(positive, negative, longest, bits)


def japanese_words(counts: Counter[str], common: Iterable[str]) -> set[str]:
    """JMdict's common headwords and runs that stand as often as ATTESTED; its seldom headwords hold 手機 and 謝謝."""
    return {text for text, count in counts.items() if count >= ATTESTED} | (set(common) & counts.keys())


def chinese_words(counts: Counter[str], headwords: Iterable[str], to_traditional: dict[int, str]) -> set[str]:
    """CC-CEDICT's headwords in both scripts."""
    simplified = set(headwords)
    return (simplified | {word.translate(to_traditional) for word in simplified}) & counts.keys()


def lexicon(words: set[str]) -> dict[str, str]:
    """Those of 2 to LONGEST_WORD characters by length, sorted and joined: plain strings, searched by bisection."""
    return {str(size): "".join(sorted(w for w in words if len(w) == size)) for size in range(2, LONGEST_WORD + 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the data of rag_support/language.py.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    arguments = parser.parse_args()
    texts = read_texts(arguments.data)
    to_traditional = character_table(arguments.data)
    only, shapes = character_sets(texts, to_traditional)
    print({name: len(members) for name, members in (only | shapes).items()})
    decisive = only["japanese"] | only["chinese"]
    sides = (japanese_runs(texts), chinese_pieces(texts, to_traditional))
    undecided = [Counter({t: n for t, n in side.items() if decisive.isdisjoint(t)}) for side in sides]
    english = frequent_english(texts)
    latin = latin_lines(texts, english)
    chinese = chinese_words(undecided[1], texts.words["zh"], to_traditional)
    japanese = japanese_words(undecided[0], texts.common)
    scores = {
        "han": fit_and_report("han", undecided[0], undecided[1], longest=3, bits=19),
        "romaji": fit_and_report("romaji", latin["romaji"], latin["pinyin"] + latin["english"], longest=4, bits=15),
        "pinyin": fit_and_report("pinyin", latin["pinyin"], latin["romaji"] + latin["english"], longest=4, bits=15),
    }
    stored: dict[str, object] = {
        "about": "Made by training/language.py; its texts' sources and licences: training/README.md",
        "characters": {name: "".join(sorted(members)) for name, members in (only | shapes).items()},
        "english": " ".join(english),
        "words": {
            "ja": lexicon(japanese),
            "zh": lexicon(chinese),
            "seldom_ja": lexicon(chinese & set(texts.words["ja"]) - japanese),
        },
        "scores": {
            name: dataclasses.asdict(score) | {"weights": base64.b64encode(zlib.compress(score.weights, 9)).decode()}
            for name, score in scores.items()
        },
    }
    arguments.out.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
