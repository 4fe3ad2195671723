"""Text that was written for training alone: training/texts/*.jsonl → sources of question → passage rows.

`help-pages.jsonl` holds passages of invented institutions' help pages under their headings, each with questions in
three languages, worded as customers word them. `wikipedia-questions.jsonl` holds questions in three languages over
passages of JaQuAD's training split, which are named by their hash and read from the data. Across languages the other
data has translations only; these rows are what teaches that a question is answered by a passage in another language.
`held-out-*.jsonl` have the same form and are never trained on: choices about the recipe are made by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_support.evaluation.retrieval import passage_id

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("ja", "en", "zh")

Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class HelpPage:
    heading: str
    passage: str
    questions: Mapping[str, Sequence[str]]  # language → what it answers


def own_rows(jaquad_train: Rows, prefix: str = "") -> dict[str, Rows]:
    """Source name, such as "own/help-pages.en-ja", → rows of question and passage.

    `prefix` "held-out-" reads the other files. Questions over a passage that is not among `jaquad_train`, rows of
    question and passage, are left out.
    """
    passages = {passage_id(row[1]): row[1] for row in jaquad_train}
    found: dict[str, Rows] = {
        f"own/{name}.{language}-ja": [] for name in ("wikipedia", "help-pages") for language in LANGUAGES
    }
    for need in _lines(TEXTS / f"{prefix}wikipedia-questions.jsonl"):
        for language in LANGUAGES if need["passage"] in passages else ():
            found[f"own/wikipedia.{language}-ja"].append([need[language], passages[need["passage"]]])
    for page in help_pages(prefix):
        for language in LANGUAGES:
            rows = [[question, f"{page.heading}\n{page.passage}"] for question in page.questions[language]]
            found[f"own/help-pages.{language}-ja"] += rows
    return found


def help_pages(prefix: str = "") -> list[HelpPage]:
    """The help pages in the order of the file, where those of one subject stand together."""
    return [
        HelpPage(row["heading"], row["passage"], {language: row[language] for language in LANGUAGES})
        for row in _lines(TEXTS / f"{prefix}help-pages.jsonl")
    ]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
