"""Retrieval alone: sets as files, leg by leg, with figures by hand."""

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from small_sets import CROSSLINGUAL, PASSAGES, write_jaquad, write_set

from rag_support.errors import EvaluationError
from rag_support.evaluation.retrieval import (
    DEPTH,
    JAQUAD,
    LEGS,
    RetrievalResult,
    RetrievalSet,
    beir_set,
    crosslingual_set,
    jaquad_set,
    passage_id,
    run_retrieval,
)
from rag_support.evaluation.run import RetrievalRow, retrieval_rows
from rag_support.types import Embedder

CORPUS = (
    {"_id": "tower", "title": "東京タワー", "text": "高さは333メートルである。"},
    {"_id": "lake", "title": "", "text": "琵琶湖は日本で最も大きな湖である。"},
    {"_id": "mountain", "text": "富士山の標高は3776メートルである。"},
)
QUERIES = (
    {"_id": "q1", "text": "東京タワーの高さ", "metadata": {"language": "ja"}},
    {"_id": "q2", "text": "大きな湖", "language": "ja", "metadata": {"language": "en"}},
    {"_id": "q3", "text": "Which mountain?", "metadata": {}},
    {"_id": "q4", "text": "誰も答えない質問"},
    {"_id": "q5", "text": "関係のない質問"},
)
HEADER = "query-id\tcorpus-id\tscore\n"
QRELS = HEADER + "q1\ttower\t2\nq1\tlake\t1\nq1\tmountain\t0\nq2\tlake\t1\nq3\tmountain\t1\nq5\tlake\t0\n"


def write_lines(file: Path, rows: Sequence[object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")


def write_beir(
    folder: Path, corpus: Sequence[object] = CORPUS, queries: Sequence[object] = QUERIES, qrels: str = QRELS
) -> Path:
    write_lines(folder / "corpus.jsonl", corpus)
    write_lines(folder / "queries.jsonl", queries)
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_beir(tmp_path / "small set")


def fault(folder: Path, split: str = "test") -> str:
    """What is said of a folder, which is one line."""
    with pytest.raises(EvaluationError) as caught:
        beir_set(folder, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def found_first(result: RetrievalResult, leg: str, language: str) -> dict[str, str | None]:
    """Query → the text ranked first."""
    return {query: next(iter(found), None) for query, found in result.runs[leg][language].items()}


class TestBeirSet:
    def test_texts_carry_their_titles(self, folder: Path) -> None:
        assert beir_set(folder).texts == {
            "tower": "東京タワー\n\n高さは333メートルである。",
            "lake": "琵琶湖は日本で最も大きな湖である。",
            "mountain": "富士山の標高は3776メートルである。",
        }

    def test_queries_are_grouped_by_language_and_those_without_a_relevant_text_left_out(self, folder: Path) -> None:
        task = beir_set(folder)
        assert task.queries == {
            "ja": {"q1": "東京タワーの高さ", "q2": "大きな湖"},
            "all": {"q3": "Which mountain?"},
        }
        assert task.qrels == {"q1": {"tower": 2, "lake": 1}, "q2": {"lake": 1}, "q3": {"mountain": 1}}
        assert task.name == "small set"

    def test_split_chooses_the_judgements(self, folder: Path) -> None:
        (folder / "qrels" / "dev.tsv").write_text(f"{HEADER}q2\tlake\t1\n", encoding="utf-8")
        assert beir_set(folder, "dev").qrels == {"q2": {"lake": 1}}

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_judgements_without_a_header_or_a_folder(self, folder: Path, newline: str) -> None:
        (folder / "qrels" / "test.tsv").unlink()
        (folder / "qrels.tsv").write_bytes(f"q1\ttower\t1{newline}q2\tlake\t-1{newline}q3\tmountain\t1".encode())
        assert beir_set(folder).qrels == {"q1": {"tower": 1}, "q3": {"mountain": 1}}

    def test_one_query_in_two_languages(self, tmp_path: Path) -> None:
        queries = [
            {"_id": "q", "text": "湖", "language": "ja"},
            {"_id": "q", "text": "lake", "language": "en"},
        ]
        task = beir_set(write_beir(tmp_path / "set", queries=queries, qrels="q\tlake\t1\n"))
        assert task.queries == {"ja": {"q": "湖"}, "en": {"q": "lake"}}

    def test_blank_lines_and_further_keys_are_passed_over(self, folder: Path) -> None:
        before = beir_set(folder)
        corpus = folder / "corpus.jsonl"
        corpus.write_text("\n" + corpus.read_text(encoding="utf-8").replace("\n", " \n\n"), encoding="utf-8")
        write_lines(folder / "queries.jsonl", [{**query, "url": 5, "tags": ["x"]} for query in QUERIES])
        assert beir_set(folder) == before

    @pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
    def test_file_that_is_missing(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        assert fault(folder).startswith(f"{folder / name}: ")

    def test_split_that_is_not_there(self, folder: Path) -> None:
        message = fault(folder, "train")
        assert str(folder / "qrels" / "train.tsv") in message
        assert str(folder / "qrels.tsv") in message

    @pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
    @pytest.mark.parametrize(
        "line",
        [
            b"no JSON",
            b'{"_id": "x", "text": "cut',
            b'{"_id": "x"}',
            b'{"text": "x"}',
            b'{"_id": 5, "text": "x"}',
            b'{"_id": "x", "text": null}',
            b'{"_id": "x", "text": "x", "title": 5}',
            b'["_id", "text"]',
            b"5",
            b'{"_id": "x", "text": "\xff"}',
            b'{"_id": "x", "text": "\\ud800"}',
        ],
    )
    def test_line_that_is_no_row_is_named(self, folder: Path, name: str, line: bytes) -> None:
        file = folder / name
        rows = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([rows[0], b"\n", line, b"\n", *rows[1:]]))
        assert fault(folder).startswith(f"{file}:3: ")

    @pytest.mark.parametrize(
        "line",
        ["q1", "q1\ttower", "q1\ttower\t1\t1", "q1 tower 1", "q1\ttower\tyes", "q1\ttower\t1.5", "q1\ttower\t", "",
         "q1\ttower\t²", "q1 0 tower 1", "q1\ttower\t--1", "unknown\ttower\t1", "q1\tunknown\t1"],
    )  # fmt: skip
    def test_judgement_that_is_none_is_named(self, folder: Path, line: str) -> None:
        file = folder / "qrels" / "test.tsv"
        file.write_text(f"{HEADER}q2\tlake\t1\n{line}\nq3\tmountain\t1\n", encoding="utf-8")
        message = fault(folder)
        assert message.startswith(f"{file}:3: ")
        assert ("'unknown'" in message) == ("unknown" in line)

    @pytest.mark.parametrize("content", ["query\tscore\n", "a,b,c\n", '"' + "x" * 200_000])
    def test_judgements_in_another_format(self, folder: Path, content: str) -> None:
        file = folder / "qrels" / "test.tsv"
        file.write_text(content, encoding="utf-8")
        assert fault(folder).startswith(f"{file}:")

    def test_judgements_in_another_encoding(self, folder: Path) -> None:
        file = folder / "qrels" / "test.tsv"
        file.write_bytes("湖\ttower\t1\n".encode("cp932"))
        assert fault(folder).startswith(f"{file}: ")

    @pytest.mark.parametrize("qrels", ["", HEADER, f"{HEADER}q1\ttower\t0\n"])
    def test_judgements_without_a_relevant_text(self, folder: Path, qrels: str) -> None:
        (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
        assert fault(folder).startswith(f"{folder}: ")


class TestFigures:
    def test_by_hand(self) -> None:
        qrels = {"q1": {"a": 2, "b": 1}, "q2": {"c": 1}, "q3": {"d": 1}}
        ranked = {"q1": {"x": 1 / 1, "a": 1 / 2, "y": 1 / 3, "b": 1 / 4}, "q2": {"c": 1 / 1}, "q3": {}}
        scores = RetrievalResult({"dense": {"ja": ranked}}).scores(qrels)["dense"]["ja"]
        ideal = 2 / math.log2(1 + 1) + 1 / math.log2(2 + 1)
        found = 2 / math.log2(2 + 1) + 1 / math.log2(4 + 1)
        assert scores["q1"]["recall@1"] == 0 / 2
        assert scores["q1"]["recall@3"] == 1 / 2
        assert scores["q1"]["recall@5"] == 2 / 2
        assert scores["q1"]["mrr@10"] == 1 / 2
        assert scores["q1"]["ndcg@10"] == pytest.approx(found / ideal, abs=1e-6)
        assert set(scores["q2"].values()) == {1.0}
        assert set(scores["q3"].values()) == {0.0}

    def test_rows_name_leg_language_and_query(self) -> None:
        task = RetrievalSet("two", {}, {"ja": {"q1": ""}, "en": {"q1": ""}}, {"q1": {"a": 1}})
        result = RetrievalResult({"dense": {"ja": {"q1": {"a": 1.0}}, "en": {"q1": {"b": 1.0}}}})
        rows = retrieval_rows(task, result)
        assert [(row.leg, row.language, row.query, row.scores["recall@1"]) for row in rows] == [
            ("dense", "ja", "q1", 1 / 1),
            ("dense", "en", "q1", 0 / 1),
        ]


class TestSearch:
    def test_small_folder_leg_by_leg(self, folder: Path, shipped_embedder: Embedder) -> None:
        task = beir_set(folder)
        result = run_retrieval(task, shipped_embedder)
        assert tuple(result.runs) == LEGS
        for leg in LEGS:
            assert found_first(result, leg, "ja") == {"q1": "tower", "q2": "lake"}
        rows = retrieval_rows(task, result)
        assert {row.leg for row in rows} == set(LEGS)

        def row(leg: str, query: str) -> RetrievalRow:
            return next(row for row in rows if (row.leg, row.query) == (leg, query))

        for leg in LEGS:  # of tower, graded 2, and lake, graded 1, the first is always tower
            assert row(leg, "q1").scores["recall@1"] == 1 / 2
            assert row(leg, "q1").scores["mrr@10"] == 1
            assert set(row(leg, "q2").scores.values()) == {1.0}
        assert set(row("lexical", "q3").scores.values()) == {0.0}  # no word in common

    def test_scores_keep_the_order(self, folder: Path, shipped_embedder: Embedder) -> None:
        for by_language in run_retrieval(beir_set(folder), shipped_embedder).runs.values():
            for found in (found for by_query in by_language.values() for found in by_query.values()):
                assert list(found.values()) == [1 / rank for rank in range(1, len(found) + 1)]

    def test_same_set_gives_the_same_ranking(self, folder: Path, shipped_embedder: Embedder) -> None:
        assert run_retrieval(beir_set(folder), shipped_embedder) == run_retrieval(beir_set(folder), shipped_embedder)

    def test_text_is_ranked_once_by_its_best_chunk(self, shipped_embedder: Embedder) -> None:
        sections = [f"# 節{number}\n\n商品{number}の保証期間は{number}年です。\n" for number in range(1, 40)]
        texts = {"long": "\n".join(sections), "short": "配送料は全国一律500円です。"}
        queries = {"ja": {"q": "商品31の保証期間", "r": "配送料"}}
        task = RetrievalSet("long", texts, queries, {"q": {"long": 1}, "r": {"short": 1}})
        result = run_retrieval(task, shipped_embedder)
        for leg in LEGS:
            assert found_first(result, leg, "ja") == {"q": "long", "r": "short"}
            assert all(set(found) <= set(texts) for found in result.runs[leg]["ja"].values())

    def test_ranking_ends_somewhere(self, shipped_embedder: Embedder) -> None:
        texts = {str(number): f"商品{number}の配送料は{number}円です。" for number in range(DEPTH + 20)}
        task = RetrievalSet("many", texts, {"ja": {"q": "配送料は？"}}, {"q": {"7": 1}})
        result = run_retrieval(task, shipped_embedder)
        assert {leg: len(result.runs[leg]["ja"]["q"]) for leg in LEGS}["service"] == DEPTH
        assert all(len(result.runs[leg]["ja"]["q"]) <= DEPTH for leg in LEGS)

    def test_ids_may_be_anything(self, shipped_embedder: Embedder) -> None:
        answers = {
            "a/b": ("犬は散歩が好きです。", "犬は何が好き？"),
            "../c d": ("猫は魚を食べます。", "猫は何を食べる？"),
            "日本": ("東京は日本の首都です。", "日本の首都は？"),
            'e"f\t': ("The capital of France is Paris.", "capital of France?"),
            "\u2028": ("Water boils at 100 degrees.", "When does water boil?"),
            "x" * 300: ("月は地球の衛星です。", "地球の衛星は？"),
        }
        task = RetrievalSet(
            "odd",
            {identifier: text for identifier, (text, _) in answers.items()},
            {"zh/Hans ja": {f"q {identifier}": question for identifier, (_, question) in answers.items()}},
            {f"q {identifier}": {identifier: 1} for identifier in answers},
        )
        rows = retrieval_rows(task, run_retrieval(task, shipped_embedder))
        assert {(row.query, row.language) for row in rows} == {(f"q {name}", "zh/Hans ja") for name in answers}
        assert [row.query for row in rows if row.leg == "service" and row.scores["recall@1"] != 1] == []

    def test_unusable_question_finds_nothing(self, shipped_embedder: Embedder) -> None:
        task = RetrievalSet("unusable", {"a": "犬です。"}, {"ja": {"q": "犬\u202e"}}, {"q": {"a": 1}})
        result = run_retrieval(task, shipped_embedder)
        assert {leg: result.runs[leg]["ja"]["q"] for leg in LEGS} == {leg: {} for leg in LEGS}
        assert {value for row in retrieval_rows(task, result) for value in row.scores.values()} == {0.0}

    def test_progress_tells_of_texts_and_queries_not_of_scratch_files(
        self, folder: Path, shipped_embedder: Embedder
    ) -> None:
        told: list[tuple[str, int, int]] = []
        run_retrieval(beir_set(folder), shipped_embedder, lambda *now: told.append(now))
        stages = list(dict.fromkeys(stage for stage, _, _ in told))
        assert stages == ["terms", "embedding", "searching small set"]
        assert told[-1] == ("searching small set", 3, 3)


class TestJaquad:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        return write_jaquad(
            tmp_path / "data",
            [
                ("東京タワーの高さは？", PASSAGES[0]),
                ("いつ完成した？", PASSAGES[0]),
                ("日本最大の湖は？", PASSAGES[1]),
                ("富士山の標高は？", PASSAGES[2]),
            ],
        )

    def crosslingual(self, tmp_path: Path, rows: Sequence[Mapping[str, object]] = CROSSLINGUAL) -> Path:
        return write_set(tmp_path / "crosslingual.jsonl", "crosslingual", rows)

    def test_our_questions_over_all_passages(self, data: Path, tmp_path: Path) -> None:
        task = crosslingual_set(self.crosslingual(tmp_path), data)
        tower, lake, mountain = map(passage_id, PASSAGES)
        assert task.texts == {tower: PASSAGES[0], lake: PASSAGES[1], mountain: PASSAGES[2]}
        assert task.queries == {
            "ja": {tower: "東京タワーの高さは？", lake: "日本で最も大きな湖は？"},
            "en": {tower: "How tall is Tokyo Tower?"},
            "zh": {lake: "日本最大的湖是哪个？"},
        }
        assert task.qrels == {tower: {tower: 1}, lake: {lake: 1}}

    def test_they_are_searched_in_each_language(self, data: Path, tmp_path: Path, shipped_embedder: Embedder) -> None:
        task = crosslingual_set(self.crosslingual(tmp_path), data)
        rows = retrieval_rows(task, run_retrieval(task, shipped_embedder))
        assert [(row.language, row.scores["recall@1"]) for row in rows if row.leg == "service"] == [
            ("ja", 1), ("ja", 1), ("en", 1), ("zh", 1),
        ]  # fmt: skip

    def test_passage_is_known_by_its_text_however_it_is_spaced(self) -> None:
        name = passage_id("東京 タワーは ABC")
        assert passage_id("東京タワーは　ａｂｃ\n") == name
        assert passage_id("東京タワーはABD") != name
        assert len(name) == 12

    def test_passage_that_the_data_does_not_hold_is_named(self, data: Path, tmp_path: Path) -> None:
        file = self.crosslingual(tmp_path, [*CROSSLINGUAL, {"passage": "0123456789ab", "questions": {"ja": "？"}}])
        with pytest.raises(EvaluationError, match="holds no passage 0123456789ab") as caught:
            crosslingual_set(file, data)
        assert str(caught.value).startswith(f"{file}: {data / JAQUAD} ")

    def test_its_own_questions(self, data: Path) -> None:
        task = jaquad_set(data)
        tower, lake, mountain = map(passage_id, PASSAGES)
        assert set(task.texts) == {tower, lake, mountain}
        assert list(task.queries) == ["ja"]
        assert {question: list(task.qrels[query]) for query, question in task.queries["ja"].items()} == {
            "東京タワーの高さは？": [tower],
            "いつ完成した？": [tower],
            "日本最大の湖は？": [lake],
            "富士山の標高は？": [mountain],
        }

    def test_line_ends_inside_a_passage_are_no_row_ends(self, tmp_path: Path) -> None:
        passage = "一行目。\u2028二行目。\r三行目。\x85"
        task = jaquad_set(write_jaquad(tmp_path, [("何行？", passage)]))
        assert list(task.texts.values()) == [passage]

    def test_data_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(EvaluationError, match="training data") as caught:
            crosslingual_set(self.crosslingual(tmp_path), tmp_path / "none")
        assert str(caught.value).startswith(f"{tmp_path / 'none' / JAQUAD}: ")

    @pytest.mark.parametrize(
        "content",
        [
            b"no gzip",
            b"",
            gzip.compress(b"question\tpassage\tanswer\n" * 1_000)[:-20],
            gzip.compress(b"question\tpassage\tanswer\n" * 1_000)[:30] + b"\xff" * 40,
            gzip.compress(b"\xff\xfe\t\xff\n"),
            gzip.compress(b"a question\ta passage\nno tab\n"),
        ],
        ids=["no gzip", "empty", "cut", "damaged", "no UTF-8", "no tab"],  # gzip writes the time into its bytes
    )
    def test_data_that_cannot_be_read(self, data: Path, content: bytes) -> None:
        (data / JAQUAD).write_bytes(content)
        with pytest.raises(EvaluationError) as caught:
            jaquad_set(data)
        assert str(caught.value).startswith(f"{data / JAQUAD}: ")
        assert "\n" not in str(caught.value)
