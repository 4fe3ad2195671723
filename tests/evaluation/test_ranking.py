from math import log2
from pathlib import Path

import ir_measures
import pytest
from rows import ALL_DAY, CHANGES, PAGE, RETURNS, hit

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import GoldSpan
from rag_support.evaluation.ranking import judgements, ranked, ranking_scores, write_trec

QUERY = "n1:ja"


def gold(quote: str, document: str = PAGE) -> GoldSpan:
    return GoldSpan(document=document, quote=quote)


def scores_of(relevant: list[str], ranking: list[str]) -> dict[str, float]:
    run = {QUERY: {name: 1 / rank for rank, name in enumerate(ranking, start=1)}}
    return ranking_scores({QUERY: dict.fromkeys(relevant, 1)}, run)[QUERY]


def test_figures_by_hand() -> None:
    """Three relevant passages: found second and fourth, and one not at all."""
    scores = scores_of(["b", "d", "x"], ["a", "b", "c", "d", "e", "f"])
    gain = 1 / log2(2 + 1) + 1 / log2(4 + 1)
    ideal = 1 / log2(1 + 1) + 1 / log2(2 + 1) + 1 / log2(3 + 1)
    assert scores == {
        "recall@1": 0 / 3,
        "recall@3": pytest.approx(1 / 3, abs=1e-6),
        "recall@5": pytest.approx(2 / 3, abs=1e-6),
        "recall@10": pytest.approx(2 / 3, abs=1e-6),
        "success@1": 0,
        "success@5": 1,
        "mrr@10": 1 / 2,
        "ndcg@10": pytest.approx(gain / ideal, abs=1e-6),
    }


def test_what_comes_after_the_cutoff_does_not_count() -> None:
    names = [f"p{rank:02d}" for rank in range(1, 15)]
    assert set(scores_of([names[10]], names).values()) == {0}
    tenth = scores_of([names[9]], names)
    assert (tenth["mrr@10"], tenth["recall@10"], tenth["recall@5"]) == (1 / 10, 1, 0)
    assert tenth["ndcg@10"] == pytest.approx(1 / log2(10 + 1), abs=1e-6)


def test_a_query_that_found_nothing_has_zero_everywhere() -> None:
    scores = ranking_scores({"a": {"p": 1}, "b": {"p": 1}, "c": {"p": 1}}, {"a": {}, "b": {"p": 1.0}})
    assert set(scores["a"].values()) == set(scores["c"].values()) == {0}
    assert set(scores["b"].values()) == {1}
    assert ranking_scores({"a": {"p": 1}}, {}) == ranking_scores({"a": {"p": 1}}, {"a": {}}) == {"a": scores["a"]}


def test_a_query_without_judgement_is_left_out() -> None:
    assert ranking_scores({"a": {"p": 1}}, {"a": {"p": 1.0}, "b": {"p": 1.0}}).keys() == {"a"}
    assert ranking_scores({}, {"b": {"p": 1.0}}) == {}


# ---- judgements ----------------------------------------------------------------------------------------------------


def test_a_gold_place_is_found_by_the_passages_of_its_document_that_hold_it() -> None:
    passages = [
        hit(1, "other", ALL_DAY, document="guide/other.md"),
        hit(2, "a", RETURNS),
        hit(3, "b", f"# x\n{ALL_DAY}"),
    ]
    assert judgements([gold(ALL_DAY)], passages) == {"b": 1}
    overlapping = [*passages, hit(4, "c", ALL_DAY + RETURNS)]
    assert judgements([gold(ALL_DAY)], overlapping) == {"b": 1, "c": 1}


def test_two_places_in_one_passage_are_one_relevant_passage() -> None:
    passages = [hit(1, "a", ALL_DAY + CHANGES)]
    relevant = judgements([gold(ALL_DAY), gold(CHANGES)], passages)
    assert relevant == {"a": 1}
    assert ranking_scores({QUERY: relevant}, {QUERY: ranked(passages)})[QUERY]["recall@1"] == 1 / 1


def test_every_place_that_was_missed_counts_as_one_more() -> None:
    passages = [hit(1, "a", ALL_DAY)]
    relevant = judgements([gold(CHANGES), gold(ALL_DAY), gold(RETURNS)], passages)
    assert len(relevant) == 3
    assert ranking_scores({QUERY: relevant}, {QUERY: ranked(passages)})[QUERY]["recall@10"] == pytest.approx(
        1 / 3, abs=1e-6
    )


def test_equal_scores_keep_the_order_in_which_they_were_returned() -> None:
    """Ranked by their ids, as ir-measures would, the last of these would come first."""
    passages = [hit(rank, name, name, score=0.5) for rank, name in enumerate("bca", start=1)]
    assert list(ranked(passages)) == ["b", "c", "a"]
    for place, name in enumerate("bca", start=1):
        assert ranking_scores({QUERY: {name: 1}}, {QUERY: ranked(passages)})[QUERY]["mrr@10"] == rounded(1 / place)


def rounded(value: float) -> object:
    return pytest.approx(value, abs=1e-6)


# ---- TREC files ----------------------------------------------------------------------------------------------------


def test_files_are_read_back_by_ir_measures_with_the_same_figures(tmp_path: Path) -> None:
    passages = [hit(rank, f"p{rank}", ALL_DAY if rank in (2, 50) else RETURNS) for rank in range(1, 51)]
    qrels = {"n1:ja": judgements([gold(ALL_DAY), gold(CHANGES, "a file of ours.md")], passages), "n2:en": {"x": 1}}
    run = {"n1:ja": ranked(passages), "n2:en": {}}
    qrels_file, run_file = write_trec(tmp_path / "new", "dev", qrels, run)
    assert (qrels_file, run_file) == (tmp_path / "new" / "dev.qrels", tmp_path / "new" / "dev.run")

    judged = list(ir_measures.read_trec_qrels(str(qrels_file)))
    found = list(ir_measures.read_trec_run(str(run_file)))
    assert {(row.query_id, row.doc_id, row.relevance) for row in judged} == {
        (query, name, grade) for query, grades in qrels.items() for name, grade in grades.items()
    }
    assert [row.doc_id for row in sorted(found, key=lambda row: -row.score)] == [f"p{rank}" for rank in range(1, 51)]
    assert len({row.score for row in found}) == 50  # none equal once written, down to the last
    figures = ir_measures.iter_calc([ir_measures.nDCG @ 10], judged, found)
    assert {row.query_id: rounded(row.value) for row in figures} == {
        query: scores["ndcg@10"] for query, scores in ranking_scores(qrels, run).items()
    }


def test_the_written_ranks_follow_the_scores(tmp_path: Path) -> None:
    _, run_file = write_trec(tmp_path, "dev", {}, {"q": {"a": 0.25, "b": 1.0}})
    assert run_file.read_text(encoding="utf-8") == ("q Q0 b 1 1.000000 rag-support\nq Q0 a 2 0.250000 rag-support\n")


@pytest.mark.parametrize(
    ("qrels", "run", "named"),
    [
        ({"my need:ja": {"p": 1}}, {}, "my need:ja"), ({}, {"q": {"p\t1": 1.0}}, r"p\t1"),
        ({"q": {"p\u3000": 1}}, {}, r"p\u3000"), ({}, {"": {"p": 1.0}}, ""),
    ],
)  # fmt: skip
def test_an_id_with_white_space_is_refused_by_name(
    tmp_path: Path, qrels: dict[str, dict[str, int]], run: dict[str, dict[str, float]], named: str
) -> None:
    with pytest.raises(EvaluationError) as raised:
        write_trec(tmp_path / "out", "dev", qrels, run)
    assert str(raised.value).startswith(f"'{named}': an id with white space")
    assert not (tmp_path / "out").exists()
