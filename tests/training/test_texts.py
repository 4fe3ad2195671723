"""What was written for training stays apart from what is measured with."""

import json
from pathlib import Path

import pytest

from rag_support.evaluation.dataset import load_crosslingual, load_needs, text_key
from rag_support.evaluation.retrieval import passage_id
from training.data import QUESTION_SETS, answer_sentences
from training.texts import LANGUAGES, TEXTS, own_rows

FILES = sorted(TEXTS.glob("*.jsonl"))


def lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def questions(file: Path) -> list[str]:
    found = []
    for row in lines(file):
        for language in LANGUAGES:
            found += row[language] if isinstance(row[language], list) else [row[language]]
    return found


def test_no_question_is_one_of_an_evaluation_set() -> None:
    sets = [load_needs(file) for file in QUESTION_SETS.glob("questions/*.jsonl")]
    sets += [load_needs(file) for file in QUESTION_SETS.glob("unseen/*/*.jsonl")]
    sets += [load_crosslingual(file) for file in QUESTION_SETS.glob("crosslingual/*.jsonl")]
    evaluated = {text_key(question) for needs in sets for need in needs for question in need.questions.values()}
    assert len(FILES) == 4
    assert evaluated
    for file in FILES:
        assert not {text_key(question) for question in questions(file)} & evaluated, file.name


@pytest.mark.parametrize("kind", ["help-pages", "wikipedia-questions"])
def test_held_out_rows_are_not_among_those_trained_on(kind: str) -> None:
    trained, held_out = lines(TEXTS / f"{kind}.jsonl"), lines(TEXTS / f"held-out-{kind}.jsonl")
    assert not {row["passage"] for row in trained} & {row["passage"] for row in held_out}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_is_whole_and_no_passage_comes_twice(file: Path) -> None:
    rows = lines(file)
    assert len({row["passage"] for row in rows}) == len(rows)
    assert all(question.strip() for question in questions(file))


def test_own_rows_pair_each_question_with_its_passage() -> None:
    known = {row["passage"] for row in lines(TEXTS / "wikipedia-questions.jsonl")}
    rows = own_rows([["どこですか。", "ここです。"]])
    assert passage_id("ここです。") not in known
    assert rows["own/wikipedia.en-ja"] == []  # a passage that the data does not have gives no row
    page = lines(TEXTS / "help-pages.jsonl")[0]
    assert [page["zh"][0], f"{page['heading']}\n{page['passage']}"] in rows["own/help-pages.zh-ja"]


def test_a_question_is_paired_with_the_sentence_that_holds_its_answer() -> None:
    passage = "東大寺は奈良にあるお寺です。大仏の高さは約15メートルあります。"
    rows = [
        ["高さは？", passage, "15メートル"],
        ["どこ？", passage, "京都"],
        ["何？", "短い文が一つだけです。", "一つ"],
        ["空？", passage, ""],
    ]
    assert answer_sentences(rows) == [["高さは？", "大仏の高さは約15メートルあります。"]]
