"""The README shows real answers: those the service gives today."""

import json
import re
from pathlib import Path

from rag_support.pipeline import Pipeline

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_each_question_shown_in_the_readme_gets_the_answer_shown(pipeline: Pipeline) -> None:
    questions = [json.loads(body)["question"] for body in re.findall(r"-d '(\{.*?\})'", README)]
    shown = [block.strip() for block in re.findall(r"```text answer\n(.*?)```", README, re.DOTALL)]
    assert len(questions) == len(shown) == 3
    assert [pipeline.answer(question).draft.text for question in questions] == shown
