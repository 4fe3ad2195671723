"""No evaluation text and no held-out pair reaches training, in whatever file or spelling it stands."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from rag_support.evaluation.dataset import load_crosslingual, load_needs, text_key
from training import data

QUESTION, PASSAGE = "東大寺の大仏の高さはどれくらいですか。", "東大寺の大仏は高さが約15メートルある。"


def write(folder: Path, name: str, rows: Iterable[tuple[str, ...]]) -> None:
    path = folder / f"{name}.tsv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines("\t".join(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "qa/jaquad-dev.ja", [(QUESTION, PASSAGE, "約15メートル")])
    write(tmp_path, "qa/jaquad-train.ja", [("別の質問ですか。", "別の文章です。"), ("写しの質問ですか。", PASSAGE)])
    for languages in data.HELD_OUT_PAIRS:
        rows = [(f"{languages} left sentence {n}", f"{languages} right sentence {n}") for n in range(60)]
        write(tmp_path, f"parallel/sylius.{languages}", rows)
    write(
        tmp_path,
        "dictionary/wiktionary.ja-en",
        [("東大寺の 大仏の高さはどれくらいですか。", "full-width space inside")],
    )
    write(tmp_path, "pairs/bitext-support-same-intent.en", [("cancel", "do not cancel")])
    return tmp_path


def texts(loaded: data.TrainingData) -> set[str]:
    return {text_key(text) for source in loaded.sources for text in (*source.left, *source.right)}


def test_evaluation_questions_and_passages_are_dropped_from_every_file(folder: Path) -> None:
    trained_on = texts(data.load(folder))
    assert text_key("別の質問ですか。") in trained_on
    assert text_key(QUESTION) not in trained_on
    assert text_key(PASSAGE) not in trained_on


def test_the_project_s_own_questions_are_dropped_from_every_file(folder: Path) -> None:
    asked = load_needs(data.QUESTION_SETS / "questions" / "test.jsonl")[0].questions["en"]
    over_passages = load_crosslingual(data.QUESTION_SETS / "crosslingual" / "dev.jsonl")[0].questions["zh"]
    write(folder, "parallel/bagisto.zh-en", [("某个问题", asked.upper()), (f" {over_passages} ", "some question")])
    trained_on = texts(data.load(folder))
    assert text_key(asked) not in trained_on
    assert text_key(over_passages) not in trained_on


def test_held_out_pairs_are_drawn_and_dropped_on_both_sides(folder: Path) -> None:
    loaded = data.load(folder)
    for languages in data.HELD_OUT_PAIRS:
        held_out = loaded.held_out.test[languages]
        assert held_out
        assert not {text_key(text) for pair in held_out for text in pair} & texts(loaded)


def test_the_same_pairs_are_held_out_every_time(folder: Path) -> None:
    assert data.draw_held_out(folder) == data.draw_held_out(folder)


def test_a_file_of_weight_zero_is_not_read_into_training(folder: Path) -> None:
    assert text_key("do not cancel") not in texts(data.load(folder))


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        data.load(tmp_path)
