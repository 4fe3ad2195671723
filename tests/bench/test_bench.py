"""The bench measures what it says: small, on servers and texts of the test's own. No figure is judged here."""

import gzip
import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from click import ClickException
from click.testing import CliRunner
from small_parts import write_corpus as write_shop

from bench.__main__ import main
from bench.figures import percentile, repeated
from bench.growth import recall
from bench.load import LOST, asking, open_loop, run
from bench.servers import floor, measured_load, running
from bench.texts import customers_questions, readers_questions, write_corpus
from rag_support.ingest.readers import read_corpus
from rag_support.retrieval.dense import DenseIndex


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with as little as will do."""
    draw = random.Random(5)
    letters = "春夏秋冬山川海空雨風花鳥月星"

    def sentence() -> str:
        return "".join(draw.choices(letters, k=20)) + "です"

    def write(name: str, rows: list[str]) -> None:
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(file, "wt", encoding="utf-8") as lines:
            lines.write("".join(f"{row}\n" for row in rows))

    for split in ("train", "dev"):
        rows = [f"{sentence()}か？\t{sentence()}。{sentence()}。\t答え" for _ in range(250)]
        write(f"qa/jaquad-{split}.ja.tsv.gz", rows)
    for name in ("ms-dynamics365-operations", "ms-alchemy-insights"):
        write(f"parallel/{name}.ja-en.tsv.gz", [f"{sentence()}。\tsome text" for _ in range(20)])
    return tmp_path / "data"


class TestTexts:
    def test_corpus_has_the_passages_asked_for_no_two_the_same_and_the_same_each_time(self, data, tmp_path):
        for name in ("a", "b"):
            write_corpus(data, tmp_path / name, 120)
        texts = [document.text for document in read_corpus(tmp_path / "a").documents]
        assert texts == [document.text for document in read_corpus(tmp_path / "b").documents]
        sections = [part for text in texts for part in text.strip().split("\n\n") if part.endswith("。")]
        assert len(texts) == 3
        assert len(sections) == len(set(sections)) == 120

    def test_questions_are_in_three_languages_and_from_the_data(self, data):
        asked = " ".join(customers_questions())
        assert all(word in asked for word in ("返品", "refund", "退货"))
        assert len(set(readers_questions(data, 100))) == 100

    def test_missing_data_is_named(self, tmp_path):
        with pytest.raises(ClickException, match=r"jaquad-dev.*make bench DATA="):
            readers_questions(tmp_path, 1)


class TestFigures:
    def test_best_is_the_least_or_the_most(self):
        assert repeated([3.0, 1.0, 2.0]) == {"median": 2.0, "best": 1.0, "all": [3.0, 1.0, 2.0]}
        assert repeated([3.0, 1.0, 2.0], more_is_better=True)["best"] == 3.0

    def test_percentiles_are_those_of_numpy(self):
        values = random.Random(1).sample(range(1000), 37)
        for percent in (50, 99):
            assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))

    def test_recall_counts_what_was_found_of_the_nearest(self):
        vectors = np.eye(20, dtype=np.float32)[:, :16] * np.linspace(1, 0.5, 20, dtype=np.float32)[:, None]
        query = np.linspace(1, 0.5, 16, dtype=np.float32)
        index = DenseIndex.build(vectors)
        best = np.argsort(-(vectors @ query))[:10].tolist()
        assert recall(index, query[None], [best]) == 1
        assert recall(index, query[None], [[*best[:7], 19, 18, 17]]) == 0.7


class TestServers:
    def test_load_asks_as_often_as_it_was_told_and_counts_what_failed(self, tmp_path):
        reply = tmp_path / "reply.json"
        reply.write_text('{"answer": "…"}', encoding="utf-8")
        with running(floor(reply, 1)) as server:
            assert json.loads(server.first_answer) == {"answer": "…"}
            done = measured_load(server.port, ["a", "b", "c"], connections=4, requests=20)
            assert (len(done["times_ms"]), done["failed"]) == (20, 0)
            assert 0 < max(done["times_ms"]) <= 1000 * done["seconds"]
            assert measured_load(server.port, ["a", None], connections=1, requests=10)["failed"] == 5
            replies = run(open_loop(server.port, islice(asking(["a"]), 20), rate=500.0, seed=1))
            assert [reply.status for reply in replies] == [200] * 20
            memory = server.memory_mb()
            assert 0 < memory["private"] < memory["rss"]
        replies = run(open_loop(server.port, islice(asking(["a"]), 5), rate=500.0, seed=1))
        assert [reply.status for reply in replies] == [LOST] * 5

    def test_server_that_ends_at_once_is_told_with_its_log(self, tmp_path):
        with pytest.raises(ClickException, match=r"bare FastAPI did not answer:\n(.|\n)*no-reply\.json"):
            running(floor(tmp_path / "no-reply.json", 1)).__enter__()


def test_everything_is_measured_written_and_drawn(data, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.__main__.CORPUS", write_shop(tmp_path / "corpus"))
    monkeypatch.setattr("bench.serving._WEIGHED_AFTER", 5)
    monkeypatch.setattr("bench.serving._WARM_UP", 5)
    monkeypatch.setattr("bench.serving._STAGE_QUESTIONS", 5)
    out = tmp_path / "out"
    arguments = ["--data", str(data), "--out", str(out), "--repeats", "1", "--requests", "20", "--size", "60"]
    ended = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    results = json.loads((out / "bench.json").read_text(encoding="utf-8"))
    for name in ("rag-support", "bare FastAPI"):
        figures = results["serving"]["1"][name]
        assert figures["connections_1"]["p50_ms"]["median"] > 0
        assert figures["connections_16"]["answers_per_s"]["best"] > 0
    assert set(results["serving"]["1"]["rag-support"]["stages_ms"]) == {"language", "retrieve", "answer", "total"}
    assert results["build"]["vectors"] > results["build"]["passages"] > 0
    (grown,) = results["growth"]
    assert (grown["passages"], grown["recall_at_10"]) == (60, 1.0)
    assert grown["rebuild"]["vectors"] == grown["build"]["vectors"] > 60
    assert grown["rebuild_with_one_document_changed"]["vectors"] == grown["build"]["vectors"] + 1
    assert (out / "bench.png").read_bytes().startswith(b"\x89PNG")
