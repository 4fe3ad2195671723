"""Ranked passages against judgements, by ir-measures: recall@k, success@k, MRR@10, nDCG@10, each query apart.

A gold place is found by a passage of its document that holds its quote. Two places in one passage are one relevant
passage; a place that no returned passage holds counts as one more that was missed, so a judgement needs no list of all
passages and the figures are the same in process and over HTTP.
"""

from collections.abc import Sequence
from pathlib import Path

from rag_support.errors import EvaluationError
from rag_support.evaluation.dataset import GoldSpan
from rag_support.evaluation.metrics import CUTOFFS, SUCCESS_CUTOFFS
from rag_support.service.schemas import HitResponse

Qrels = dict[str, dict[str, int]]  # query → document → relevance
Run = dict[str, dict[str, float]]  # query → document → score


def ranking_scores(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """Query → figure → value, for every query of the judgements; a query that found nothing has 0 everywhere."""
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = {R @ k: f"recall@{k}" for k in CUTOFFS}
    measures |= {Success @ k: f"success@{k}" for k in SUCCESS_CUTOFFS}
    measures |= {RR @ 10: "mrr@10", nDCG @ 10: "ndcg@10"}
    scores = {query: dict.fromkeys(measures.values(), 0.0) for query in qrels}
    # ir-measures cannot read an empty run; a query without documents has 0 as above
    found = {query: documents for query, documents in run.items() if documents and query in qrels}
    if found:
        for metric in ir_measures.iter_calc(list(measures), qrels, found):
            scores[metric.query_id][measures[metric.measure]] = round(float(metric.value), 6)
    return scores


def judgements(gold: Sequence[GoldSpan], passages: Sequence[HitResponse]) -> dict[str, int]:
    """The relevant passages of one query, by id, and a stand-in for each gold place that was not found."""
    relevant: dict[str, int] = {}
    for number, span in enumerate(gold, start=1):
        holding = [hit.passage_id for hit in passages if hit.document == span.document and span.quote in hit.text]
        relevant |= dict.fromkeys(holding or [f"missed#{number}"], 1)
    return relevant


def ranked(passages: Sequence[HitResponse]) -> dict[str, float]:
    """The passages with scores that keep their order: two of equal score would be ranked by their ids."""
    return {hit.passage_id: 1 / hit.rank for hit in passages}


def write_trec(folder: Path, name: str, qrels: Qrels, run: Run) -> tuple[Path, Path]:
    """`<name>.qrels` and `<name>.run` in TREC's formats; ids with white space are refused."""
    for ids in (qrels, run):
        for query, documents in ids.items():
            for identifier in (query, *documents):
                if not identifier or any(character.isspace() for character in identifier):
                    raise EvaluationError(
                        f"{identifier!r}: an id with white space cannot stand in a TREC file. Rename it in the set."
                    )
    folder.mkdir(parents=True, exist_ok=True)
    qrels_file, run_file = folder / f"{name}.qrels", folder / f"{name}.run"
    qrels_file.write_text(
        "".join(
            f"{query} 0 {document} {grade}\n" for query, found in qrels.items() for document, grade in found.items()
        ),
        encoding="utf-8",
    )
    run_file.write_text(
        "".join(
            f"{query} Q0 {document} {rank} {score:.6f} rag-support\n"
            for query, found in run.items()
            for rank, (document, score) in enumerate(sorted(found.items(), key=lambda item: -item[1]), start=1)
        ),
        encoding="utf-8",
    )
    return qrels_file, run_file
