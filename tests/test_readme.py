"""The README shows real answers and figures: those the service gives today, those that were accepted last."""

import json
import re
from pathlib import Path

from rag_support.evaluation.gate import read_baseline
from rag_support.evaluation.tables import readme_table
from rag_support.pipeline import Pipeline

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_each_question_shown_in_the_readme_gets_the_answer_shown(pipeline: Pipeline) -> None:
    questions = [json.loads(body)["question"] for body in re.findall(r"-d '(\{.*?\})'", README)]
    shown = [block.strip() for block in re.findall(r"```text answer\n(.*?)```", README, re.DOTALL)]
    assert len(questions) == len(shown) == 3
    assert [pipeline.answer(question).draft.text for question in questions] == shown


def test_the_readme_shows_the_accepted_figures() -> None:
    folder = Path(__file__).parent.parent / "eval" / "baseline"
    accepted = [read_baseline(folder / f"{split}.json").summary for split in ("dev", "test")]
    assert readme_table(accepted) in README
