"""Cases → rows for eval/, to be finished by an editor: what users asked is known, what is right is not.

A row is a need as eval/README.md describes it, with two keys more: `told`, what is known of the case, and `fill_in`,
the keys whose values are a guess. Loading such a file names the first row that still has them; an editor who has seen
to a row takes them out. Thumbs down with an expected answer come first, then other thumbs down, then refusals.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag_support.errors import FeedbackError
from rag_support.evaluation.dataset import GoldSpan, Header, text_key
from rag_support.feedback.records import Case
from rag_support.values import values

_NOTE = (
    "From feedback. In each row, see to the keys that fill_in names (kind, gold: where the answer stands; required: "
    "what it must show), then delete fill_in and told. eval/README.md describes the format."
)

Suggest = Callable[[str], GoldSpan | None]
"""A text → the place in the sources that comes nearest."""


def export_rows(file: Path, cases: Sequence[Case], suggest: Suggest) -> int:
    """Write the cases, each question once; returns how many. Raises FeedbackError when the file is there already."""
    if file.exists():
        raise FeedbackError(f"{file}: it is there already, and somebody may have worked on it. Give another name.")
    header = Header(format="rag-support/needs", split="dev", note=_NOTE)
    rows = [_row(case, suggest) for case in _each_question_once(sorted(cases, key=_urgency))]
    lines = [header.model_dump(exclude_defaults=True) | {"version": 1}, *rows]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return len(rows)


def _urgency(case: Case) -> int:
    if case.thumb == "down":
        return 0 if case.expected_answer else 1
    return 2


def _each_question_once(cases: Sequence[Case]) -> Iterator[Case]:
    seen = set()
    for case in cases:
        key = (case.language, text_key(case.question))
        if key not in seen:
            seen.add(key)
            yield case


def _row(case: Case, suggest: Suggest) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"feedback-{case.answer_id}",
        "kind": "explain",
        "questions": {case.language: case.question},
    }
    expected = case.expected_answer
    if case.thumb == "down" or expected:
        gold = suggest(expected or case.question)
        row["gold"] = [gold.model_dump()] if gold else []
        row["required"] = [{"value": [expected]}] if expected and values(expected) else []
        row["fill_in"] = ["kind", "gold", "required"]
    else:
        # taken to be right in refusing, until somebody finds the answer in the sources
        row["kind"] = "far_domain" if case.refusal == "out_of_scope" else "near_domain"
        row["fill_in"] = ["kind"]
    told = {
        "asked": case.created.date().isoformat(),
        "refusal": case.refusal,
        "thumb": case.thumb,
        "comment": case.comment,
        "expected_answer": expected,
    }
    return row | {"told": {name: value for name, value in told.items() if value is not None}}
