"""Retrieval leg by leg, as the service does it, of one or several model folders: the table of the model card.

    python -m training.legs --data ../shared/training --model rag_support/models/trilingual-static
        --out training/runs/legs.json

recall@5, with intervals of 95 % from resampled questions, on three kinds of sets: (1) the project's questions in three
languages over all passages of JaQuAD's development split, (2) the project's dev needs over its corpus as it ships, and
over the Japanese sources alone, without translations, glossary and customers' phrasings, (3) XQuAD's questions over
Chinese and English passages. Beside the service's legs stands plain BM25 over character bigrams (words for Latin
script) of the texts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rag_support import language as languages
from rag_support.embedding import load_embedder
from rag_support.evaluation.bootstrap import Interval, means, parity_gap
from rag_support.evaluation.dataset import load_needs
from rag_support.evaluation.ranking import Qrels, Run, ranking_scores
from rag_support.evaluation.retrieval import LEGS, RetrievalSet, crosslingual_set, run_retrieval
from rag_support.ingest.build import build_index
from rag_support.question import clean_question
from rag_support.retrieval.retriever import Retriever
from rag_support.types import Chunk, Embedder
from training.data import evaluation_rows
from training.evaluate import bm25_scores, retrieval_set

ROOT = Path(__file__).parents[1]
# what of corpus/ is indexed for the project's dev needs
OWN_NEEDS: dict[str, tuple[str, ...]] = {
    "own dev needs, as shipped": ("guide", "faq", "translations", "glossary.tsv", "phrasings.jsonl"),
    "own dev needs, Japanese only": ("guide", "faq"),
}
# set → figure; the project's needs have several gold passages, so there both are told
SETS = {
    "cross-lingual dev": "recall@5",
    "cross-lingual test": "recall@5",
    **{
        f"{name}: {which}": figure
        for name in OWN_NEEDS
        for which, figure in (("one gold passage", "success@5"), ("all of them", "recall@5"))
    },
    "xquad": "recall@5",
    "xquad-cross": "recall@5",
}
XQUAD = {
    "xquad": {"en": "qa/xquad.en", "zh": "qa/xquad.zh"},
    "xquad-cross": {"en": "qa/xquad-cross.en-zh", "zh": "qa/xquad-cross.zh-en"},
}
DEPTH = 50
MEASURED = (*LEGS, "bm25")

Runs = dict[str, dict[str, Run]]  # leg → language → run
Table = dict[str, dict[str, Interval]]  # leg → language or "gap" → recall@5


def measure(name: str, embedder: Embedder, data: Path) -> Table:
    """The figures of one set, "gap" being the best language's mean less the worst's."""
    indexed = OWN_NEEDS.get(name.partition(":")[0])
    if indexed:
        runs, qrels = _own_needs(embedder, indexed)
    else:
        parts = _xquad(name, data) if name in XQUAD else [_crosslingual(name, data)]
        runs = {leg: {} for leg in MEASURED}
        qrels = {}
        for task in parts:
            of_legs = {**run_retrieval(task, embedder).runs, "bm25": _bm25(task.texts, task.queries)}
            for leg, by_language in of_legs.items():
                runs[leg].update(by_language)
            qrels.update(task.qrels)
    return {leg: _summary(by_language, qrels, SETS[name]) for leg, by_language in runs.items()}


def _summary(by_language: Mapping[str, Run], qrels: Qrels, figure: str) -> dict[str, Interval]:
    table: dict[str, dict[str, float | None]] = {}
    for language, run in by_language.items():
        for query, scores in ranking_scores({query: qrels[query] for query in run}, run).items():
            table.setdefault(query, {})[language] = scores[figure]
    found = means(table, list(by_language))
    gap = parity_gap(table, list(by_language))
    return found | ({"gap": gap} if gap else {})


def _crosslingual(name: str, data: Path) -> RetrievalSet:
    return crosslingual_set(ROOT / "eval" / "crosslingual" / f"{name.split()[-1]}.jsonl", data)


def _xquad(name: str, data: Path) -> list[RetrievalSet]:
    """One set for each language of the questions; query ids are numbers, so that resampling is by row."""
    found = []
    for language, file in XQUAD[name].items():
        task = retrieval_set(file, evaluation_rows(data, file), True)
        texts = {f"{language}-{row}": passage for row, passage in enumerate(task.passages)}
        queries = {f"{language}-q{row}": query for row, query in enumerate(task.queries)}
        qrels = {f"{language}-q{row}": {f"{language}-{right}": 1} for row, right in enumerate(task.relevant)}
        found.append(RetrievalSet(file, texts, {language: queries}, qrels))
    return found


def _bm25(texts: Mapping[str, str], queries: Mapping[str, Mapping[str, str]]) -> dict[str, Run]:
    ids = list(texts)
    found: dict[str, Run] = {}
    for language, asked in queries.items():
        scores = bm25_scores(list(asked.values()), list(texts.values()))
        found[language] = {
            query: {ids[row]: float(of_query[row]) for row in np.argsort(-of_query)[:DEPTH] if of_query[row] > 0}
            for query, of_query in zip(asked, scores, strict=True)
        }
    return found


def _own_needs(embedder: Embedder, indexed: Sequence[str]) -> tuple[Runs, Qrels]:
    """A chunk is relevant when it holds a gold quote of its document."""
    needs = [need for need in load_needs(ROOT / "eval" / "questions" / "dev.jsonl") if need.gold]
    with tempfile.TemporaryDirectory(prefix="rag-support-legs-") as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        for name in indexed:
            part = ROOT / "corpus" / name
            (shutil.copytree if part.is_dir() else shutil.copy)(part, corpus / name)
        manifest = build_index(corpus, Path(scratch) / "index", embedder, keep=1)
        retriever = Retriever(Path(scratch) / "index" / manifest.snapshot_id, embedder)
        chunks = [retriever.passages.chunk(row) for row in range(len(retriever.passages))]
        qrels = {
            need.id: {
                chunk.chunk_id: 1
                for chunk in chunks
                for gold in need.gold
                if chunk.doc_id == gold.document and gold.quote in chunk.text
            }
            for need in needs
        }
        asked = {language: {need.id: need.questions[language] for need in needs if language in need.questions}
                 for language in ("ja", "en", "zh")}  # fmt: skip
        runs: Runs = {leg: {language: {} for language in asked} for leg in LEGS}
        for language, questions in asked.items():
            for need, text in questions.items():
                question = clean_question(text)
                found: dict[str, Sequence[Chunk]] = dict(retriever.legs(question))
                hits = retriever.search(question, DEPTH, languages.detect(question).language)
                found["service"] = [hit.chunk for hit in hits]
                for leg in LEGS:
                    runs[leg][language][need] = {chunk.chunk_id: 1 / rank for rank, chunk in enumerate(found[leg], 1)}
    runs["bm25"] = _bm25({chunk.chunk_id: chunk.text for chunk in chunks}, asked)
    return runs, qrels


def markdown(found: Mapping[str, Mapping[str, Table]]) -> str:
    """Model → set → figures as one table."""
    lines = ["| set | model | leg | ja | en | zh | gap |", "| --- | --- | --- | ---: | ---: | ---: | ---: |"]
    for name in SETS:
        for model, by_set in found.items():
            for leg, figures in by_set[name].items():
                cells = [_cell(figures.get(column)) for column in ("ja", "en", "zh", "gap")]
                lines.append(f"| {name} | {'' if leg == 'bm25' else model} | {leg} | {' | '.join(cells)} |")
    return "\n".join(dict.fromkeys(lines))  # BM25 is the same beside every model


def _cell(figure: Interval | None) -> str:
    if figure is None:
        return "–"
    return f"{100 * figure.value:.1f} [{100 * figure.low:.0f}, {100 * figure.high:.0f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", action="append", required=True, help="folder or hub name; give it again for more")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    found: dict[str, dict[str, Table]] = {}
    for model in arguments.model:
        embedder = load_embedder(model)
        found[Path(model).name] = {name: measure(name, embedder, arguments.data) for name in SETS}
    record = {
        model: {
            name: {leg: {at: [cell.value, cell.low, cell.high, cell.n] for at, cell in figures.items()}
                   for leg, figures in table.items()}
            for name, table in by_set.items()
        }
        for model, by_set in found.items()
    }  # fmt: skip
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(markdown(found))


if __name__ == "__main__":
    main()
