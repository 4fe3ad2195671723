"""Japanese text of any amount, out of the data folder's: real sentences in new company.

The sentences are those of JaQuAD's passages (Skelter Labs, from the Japanese Wikipedia, CC BY-SA 3.0) and of
Microsoft's documentation (© Microsoft Corporation and contributors, CC BY 4.0); see the folder's lists of sources. A
passage is four of them, drawn anew for each with a fixed seed, so that no two are the same. Nothing of this is shipped:
it is written to a scratch folder.
"""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import click

EVAL = Path(__file__).parents[1] / "eval" / "questions" / "dev.jsonl"
_PASSAGES = ("qa/jaquad-train.ja.tsv.gz", "qa/jaquad-dev.ja.tsv.gz")
_SENTENCES = ("parallel/ms-dynamics365-operations.ja-en.tsv.gz", "parallel/ms-alchemy-insights.ja-en.tsv.gz")
_QUESTIONS = "qa/jaquad-dev.ja.tsv.gz"
_SENTENCES_A_PASSAGE = 4
_SECTIONS_A_DOCUMENT = 50
_SHORTEST_CHARS = 15  # what is shorter is a heading or a label


def customers_questions() -> list[str]:
    """The questions of eval's dev set, in three languages, in an order that mixes them."""
    rows = [json.loads(line) for line in EVAL.read_text(encoding="utf-8").splitlines()[1:]]
    found = [question for row in rows for question in row["questions"].values()]
    random.Random(0).shuffle(found)
    return found


def readers_questions(data: Path, number: int) -> list[str]:
    """Japanese questions on JaQuAD's passages."""
    return random.Random(0).sample(sorted({row[0] for row in _rows(data / _QUESTIONS)}), number)


def write_corpus(data: Path, folder: Path, passages: int) -> None:
    """Markdown documents of fifty sections, a passage each."""
    folder.mkdir(parents=True)
    texts = _passages(_sentences(data))
    for number, first in enumerate(range(0, passages, _SECTIONS_A_DOCUMENT), start=1):
        parts = [f"# 資料{number}"]
        for section in range(first, min(first + _SECTIONS_A_DOCUMENT, passages)):
            parts += [f"## 項目{section + 1}", next(texts)]
        (folder / f"{number:06d}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def change_a_document(folder: Path) -> None:
    """One sentence more in one of `write_corpus`."""
    file = sorted(folder.iterdir())[-1]
    file.write_text(file.read_text(encoding="utf-8") + "\nこの一文はあとから書き足しました。\n", encoding="utf-8")


def _passages(sentences: list[str]) -> Iterator[str]:
    draw = random.Random(1)
    while True:
        yield "".join(draw.sample(sentences, _SENTENCES_A_PASSAGE))


def _sentences(data: Path) -> list[str]:
    found: dict[str, None] = {}
    for name in _PASSAGES:
        for passage in dict.fromkeys(row[1] for row in _rows(data / name)):
            found |= dict.fromkeys(f"{part}。" for part in passage.split("。") if len(part) >= _SHORTEST_CHARS)
    for name in _SENTENCES:
        texts = (row[0] for row in _rows(data / name))
        found |= dict.fromkeys(text for text in texts if text.endswith("。") and len(text) >= _SHORTEST_CHARS)
    return list(found)


def _rows(file: Path) -> Iterator[list[str]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield line.rstrip("\n").split("\t")
    except OSError as error:
        raise click.ClickException(
            f"{file}: {error.strerror}. Name the folder of the data: make bench DATA=…"
        ) from error
