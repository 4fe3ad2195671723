"""Which rows are trained on, how often, and which never.

A source is one gzipped file of tab-separated rows; its first two columns are a pair of texts that should lie close
together (a sentence and its translation, a headword and its gloss, a question and its passage). The guard keeps the
evaluation texts and a held-out sample of the parallel rows out of training, on either side of any pair.
"""

from __future__ import annotations

import gzip
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from rag_support.evaluation.dataset import load_crosslingual, load_needs, text_key
from training.texts import own_rows

SEED = 20240607
HELD_OUT_PAIRS = ("ja-en", "ja-zh", "zh-en")
TEST_ROWS = 3_000  # per language pair: the reported figures
DEVELOPMENT_ROWS = 1_000  # per language pair: the curve, and every choice made after training

# Never trained on, in any form: the project's evaluation questions and passages.
EVALUATION_FILES = ("qa/jaquad-dev.*", "qa/jsquad-*", "qa/xquad*")
QUESTION_SETS = Path(__file__).parents[1] / "eval"

# How often a row is drawn in one epoch; the first pattern that matches decides, 0 leaves the file out.
WEIGHTS: tuple[tuple[str, float], ...] = (
    *((pattern, 0.0) for pattern in EVALUATION_FILES),
    ("pairs/bitext-support-*", 0.0),  # CDLA-Sharing, and its intents hold opposite wishes
    ("parallel/*-mt.*", 0.3),  # machine translations published by the owner
    ("parallel/ms-dynamics365-*", 0.3),  # large, and far from customer support
    ("parallel/ms-customer-insights*", 0.7),
    ("parallel/ms-project-operations*", 0.7),
    ("parallel/ms-*", 2.0),
    ("parallel/python-docs.*", 0.7),
    ("parallel/wordnet-lemmas.*", 1.0),
    ("parallel/openshift-console.*", 1.0),
    ("parallel/rancher-ui.*", 1.0),
    ("parallel/tanaka-*", 2.0),
    ("parallel/tatoeba-*", 2.0),
    ("parallel/mozilla-*", 2.0),
    ("parallel/opensource-guide.*", 2.0),
    ("parallel/*", 4.0),  # shop, help-desk and forum interfaces
    ("dictionary/jmdict-rest.*", 0.25),
    ("dictionary/cldr-*", 1.0),
    ("dictionary/shopify-category-paths.*", 1.0),
    ("dictionary/*", 2.0),
    ("pairs/jmdict-variants.*", 0.3),
    ("pairs/banking77-*", 0.5),
    ("pairs/clinc150-*", 0.3),
    ("pairs/*", 1.0),
    ("qa/medquad.*", 1.5),
    ("qa/bitcoinorg-*", 12.0),
    ("qa/covid*", 3.0),
    ("qa/*", 9.0),
    ("answers/*", 3.0),
    ("own/wikipedia.*", 3.0),
    ("own/help-pages.*", 4.5),
)
# Folders whose rows are a question and what answers it: the second side is long, and batches are smaller.
# "answers" and "own" are no folders of the data; see `answer_sentences` and training/texts.py.
QUESTION_FOLDERS = ("qa", "answers", "own")

JAQUAD_TRAIN = "qa/jaquad-train.ja"
SENTENCE_END = re.compile(r"(?<=[。！？!?])|(?<=[.!?])\s+")
SHORTEST_SENTENCE = 9  # characters
SMALL_FILE_ROWS = 4_096  # smaller files of one folder and language pair share their batches


@dataclass(frozen=True, slots=True)
class Source:
    """One file of pairs; `group` names the batches its rows may share."""

    name: str  # such as "parallel/sylius.ja-en"
    folder: str
    languages: str  # such as "ja-en", or "ja" where both sides are Japanese
    weight: float  # draws of one row per epoch
    group: str
    left: list[str]
    right: list[str]
    same_intent: bool  # rows join two texts of one class, so that classes, not texts, tell negatives


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Pairs kept out of training, by language pair, in the order of the file name ("ja-en": Japanese first)."""

    test: dict[str, list[tuple[str, str]]]
    development: dict[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class TrainingData:
    sources: list[Source]
    held_out: HeldOut
    dropped_rows: int  # rows the guard refused


def read_rows(path: Path) -> Iterator[list[str]]:
    """Columns of every row with two non-empty texts."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) >= 2 and columns[0].strip() and columns[1].strip():
                yield columns


def load(data: Path) -> TrainingData:
    """Read every weighted file under `data`, draw the held-out pairs, and drop what either guard names."""
    files = _files(data)
    rows = {name: list(read_rows(path)) for name, path in files.items() if _weight(name) > 0}
    held_out = draw_held_out(data)
    guarded = _evaluation_keys(data) | {
        text_key(text)
        for part in (held_out.test, held_out.development)
        for pairs in part.values()
        for pair in pairs
        for text in pair
    }
    rows |= {
        f"answers/{name.removeprefix('qa/')}": answer_sentences(asked)
        for name, asked in rows.items()
        if name.startswith("qa/") and "medquad" not in name  # whose passages are the heads of long answers
    }
    rows |= own_rows(rows.get(JAQUAD_TRAIN, []))
    sources, dropped = [], 0
    for name, file_rows in rows.items():
        kept = [row for row in file_rows if text_key(row[0]) not in guarded and text_key(row[1]) not in guarded]
        dropped += len(file_rows) - len(kept)
        sources.append(_source(name, kept))
    return TrainingData(sources, held_out, dropped)


def answer_sentences(rows: Iterable[list[str]]) -> list[list[str]]:
    """Rows of question, passage, answer → question and the sentence of the passage that holds the answer.

    A search ranks sentences beside whole passages. Passages of one sentence, and answers across two, give no row.
    """
    found = []
    for question, passage, answer in (row[:3] for row in rows if len(row) > 2 and row[2].strip()):
        sentences = [part.strip() for part in SENTENCE_END.split(passage) if len(part.strip()) >= SHORTEST_SENTENCE]
        holding = next((sentence for sentence in sentences if answer in sentence), None)
        if holding and len(sentences) > 1:
            found.append([question, holding])
    return found


def evaluation_rows(data: Path, name: str) -> list[list[str]]:
    """Rows of one evaluation file, such as "qa/jaquad-dev.ja": question, passage, answer."""
    return list(read_rows(data / f"{name}.tsv.gz"))


def _files(data: Path) -> dict[str, Path]:
    found = sorted(data.glob("*/*.tsv.gz"))
    if not found:
        raise FileNotFoundError(f"{data}: no <folder>/<name>.tsv.gz here. Give the folder of the data with --data.")
    return {f"{path.parent.name}/{path.name.removesuffix('.tsv.gz')}": path for path in found}


def _weight(name: str) -> float:
    return next(weight for pattern, weight in WEIGHTS if fnmatch(name, pattern))


def _source(name: str, rows: list[list[str]]) -> Source:
    folder, file = name.split("/")
    stem, languages = file.rsplit(".", 1)
    own_group = len(rows) >= SMALL_FILE_ROWS
    return Source(
        name=name,
        folder=folder,
        languages=languages,
        weight=_weight(name),
        group=name if own_group else f"{folder}/small.{languages}",
        left=[row[0] for row in rows],
        right=[row[1] for row in rows],
        same_intent="same-intent" in stem,
    )


def _evaluation_keys(data: Path) -> set[str]:
    """Keys of the project's own questions, and of every question and passage of the evaluation files.

    Answers are too short to guard by equality, and so are the queries of eval/language: they are dictionary words.
    """
    own = [file for pattern in ("questions/*.jsonl", "unseen/*/*.jsonl") for file in QUESTION_SETS.glob(pattern)]
    asked = [need.questions for file in own for need in load_needs(file)]
    asked += [need.questions for file in QUESTION_SETS.glob("crosslingual/*.jsonl") for need in load_crosslingual(file)]
    return {text_key(question) for questions in asked for question in questions.values()} | {
        text_key(text)
        for name, path in _files(data).items()
        if any(fnmatch(name, pattern) for pattern in EVALUATION_FILES)
        for row in read_rows(path)
        for text in row[:2]
    }


def draw_held_out(data: Path) -> HeldOut:
    """Draw sentences of people's translations, each file in proportion to the square root of its rows.

    Plain proportion would fill half the sample with one product's manual. A text is drawn at most once per side,
    and words, headings and machine translations are not drawn.
    """
    test, development = {}, {}
    files = _files(data)
    for languages in HELD_OUT_PAIRS:
        wanted = TEST_ROWS + DEVELOPMENT_ROWS
        candidates = {
            name: list(read_rows(path))
            for name, path in files.items()
            if name.startswith("parallel/")
            and name.endswith(f".{languages}")
            and not any(part in name for part in ("-mt.", "-headings.", "wordnet-"))
        }
        shares = {name: len(file_rows) ** 0.5 for name, file_rows in candidates.items()}
        chooser = random.Random(f"{SEED} {languages}")
        drawn: list[tuple[str, str]] = []
        seen: tuple[set[str], set[str]] = (set(), set())
        orders = {name: chooser.sample(file_rows, len(file_rows)) for name, file_rows in candidates.items()}
        for name, order in orders.items():
            # A small file gives at most a tenth of its rows: it is the text closest to the service's subject.
            quota = min(round(wanted * shares[name] / sum(shares.values())), len(order) // 10)
            drawn += _take(order, quota, seen)
        largest = max(candidates, key=lambda name: len(candidates[name]))
        drawn += _take(reversed(orders[largest]), wanted - len(drawn), seen)
        chooser.shuffle(drawn)
        test[languages], development[languages] = drawn[:TEST_ROWS], drawn[TEST_ROWS:wanted]
    return HeldOut(test, development)


def _take(order: Iterable[list[str]], quota: int, seen: tuple[set[str], set[str]]) -> list[tuple[str, str]]:
    taken: list[tuple[str, str]] = []
    for row in order:
        if len(taken) >= quota:
            break
        keys = (text_key(row[0]), text_key(row[1]))
        # Interface labels of a word or two have many right translations; nine characters is a short phrase.
        if len(keys[0]) < 9 or keys[0] in seen[0] or keys[1] in seen[1]:
            continue
        seen[0].add(keys[0])
        seen[1].add(keys[1])
        taken.append((row[0], row[1]))
    return taken


def intent_classes(source: Source) -> list[int]:
    """One class number per row of a same-intent source: texts joined by a chain of rows are one class (union-find)."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        while parent.setdefault(text, text) != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    for left, right in zip(source.left, source.right, strict=True):
        parent[root(left)] = root(right)
    numbers: dict[str, int] = defaultdict(lambda: len(numbers))
    return [numbers[root(left)] for left in source.left]
