"""How well a model folder finds the right text, on texts it was not trained on.

`python -m training.evaluate --data ../shared/training --model <folder> --out training/runs/evaluation.json`

Two tasks. Translation: of all held-out texts of the other language, is the nearest the translation (accuracy@1, both
directions)? Retrieval: is the right passage among the first k (recall@k) of a corpus of distinct passages? Beside it,
where question and passages share a language, stand BM25 over character bigrams (words for Latin script) and the
reciprocal rank fusion of both.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag_support.evaluation.dataset import text_key
from training.data import HELD_OUT_PAIRS, draw_held_out, evaluation_rows
from training.traditional import character_table

CUTOFFS = (1, 5, 10)
CROSS_PASSAGE_CHARS = 40  # shortest Japanese text taken as a passage of the cross-language set
CROSS_QUERY_WORDS = 12  # of the English side
CROSS_QUERY_CHARS = 24  # of the Chinese side

Figures = dict[str, dict[str, dict[str, Any]]]  # task → set → what was measured
Encode = Callable[[Sequence[str]], np.ndarray]  # texts → unit rows (n, d) float32


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Queries, distinct passages, and the row of the right passage of each query."""

    name: str
    same_language: bool
    queries: list[str]
    passages: list[str]
    relevant: np.ndarray


def translation_accuracy(left: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """accuracy@1 from left to right and from right to left; row i of one translates row i of the other."""
    scores = left @ right.T
    rows = np.arange(len(left))
    return float((scores.argmax(axis=1) == rows).mean()), float((scores.argmax(axis=0) == rows).mean())


def recalls(scores: np.ndarray, relevant: np.ndarray) -> dict[str, float]:
    """recall@k of one right passage per query, scores (queries, passages); a tie counts against the right passage."""
    right = scores[np.arange(len(relevant)), relevant]
    ranks = (scores >= right[:, None]).sum(axis=1)
    return {f"recall@{cutoff}": round(float((ranks <= cutoff).mean()), 4) for cutoff in CUTOFFS}


def retrieval_set(name: str, rows: Sequence[Sequence[str]], same_language: bool) -> RetrievalSet:
    """Rows of question and passage → a set over their distinct passages."""
    numbers: dict[str, int] = {}
    passages: list[str] = []
    relevant = []
    for row in rows:
        key = text_key(row[1])
        if key not in numbers:
            numbers[key] = len(passages)
            passages.append(row[1])
        relevant.append(numbers[key])
    return RetrievalSet(name, same_language, [row[0] for row in rows], passages, np.array(relevant))


def retrieval_sets(data: Path) -> list[RetrievalSet]:
    """Every set of the report; the zh-Hant questions are the Simplified ones, rewritten character by character."""
    held_out = draw_held_out(data).test
    to_traditional = character_table(data)
    traditional = [[row[0].translate(to_traditional), row[1]] for row in evaluation_rows(data, "qa/xquad.zh")]
    question_sets = [
        retrieval_set("jaquad-dev ja→ja", evaluation_rows(data, "qa/jaquad-dev.ja"), True),
        retrieval_set("xquad en→en", evaluation_rows(data, "qa/xquad.en"), True),
        retrieval_set("xquad zh→zh", evaluation_rows(data, "qa/xquad.zh"), True),
        retrieval_set("xquad zh-Hant→zh", traditional, True),
        retrieval_set("xquad-cross en→zh", evaluation_rows(data, "qa/xquad-cross.en-zh"), False),
        retrieval_set("xquad-cross zh→en", evaluation_rows(data, "qa/xquad-cross.zh-en"), False),
    ]
    return question_sets + _cross_sets(held_out["ja-en"], held_out["ja-zh"])


def _cross_sets(ja_en: list[tuple[str, str]], ja_zh: list[tuple[str, str]]) -> list[RetrievalSet]:
    """The beginning of a translation as the query, over all long Japanese texts held out: no natural questions."""
    english = [(" ".join(en.split()[:CROSS_QUERY_WORDS]), ja) for ja, en in ja_en if len(ja) >= CROSS_PASSAGE_CHARS]
    chinese = [(zh[:CROSS_QUERY_CHARS], ja) for ja, zh in ja_zh if len(ja) >= CROSS_PASSAGE_CHARS]
    whole = retrieval_set("", english + chinese, False)
    cut = len(english)
    return [
        RetrievalSet("held-out en→ja", False, whole.queries[:cut], whole.passages, whole.relevant[:cut]),
        RetrievalSet("held-out zh→ja", False, whole.queries[cut:], whole.passages, whole.relevant[cut:]),
    ]


def terms(text: str) -> list[str]:
    """Character bigrams of Han and kana runs, whole words and numbers of the rest."""
    text = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for run in re.findall(r"[\u3040-\u30ff\u3400-\u9fff々ー]+|[^\W\u3040-\u30ff\u3400-\u9fff々ー]+", text):
        wide = run[0] >= "\u3005"
        found += [run[i : i + 2] for i in range(len(run) - 1)] if wide and len(run) > 1 else [run]
    return found


def bm25_scores(queries: Sequence[str], passages: Sequence[str], k1: float = 1.5, b: float = 0.75) -> np.ndarray:
    """BM25 of every passage for every query, (queries, passages) float32.

    Source: Robertson and Zaragoza, 2009, doi:10.1561/1500000019, with the idf log(1 + (N - n + 0.5) / (n + 0.5)).
    """
    counted = [Counter(terms(passage)) for passage in passages]
    lengths = np.array([sum(counts.values()) for counts in counted], np.float32)
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, counts in enumerate(counted):
        for term, count in counts.items():
            postings[term].append((row, count))
    norms = k1 * (1 - b + b * lengths / lengths.mean())
    weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for term, entries in postings.items():
        rows, counts = np.array(entries).T
        idf = math.log(1 + (len(passages) - len(rows) + 0.5) / (len(rows) + 0.5))
        weights[term] = rows, idf * counts * (k1 + 1) / (counts + norms[rows])
    scores = np.zeros((len(queries), len(passages)), np.float32)
    for number, query in enumerate(queries):
        for term in terms(query):
            if term in weights:
                rows, parts = weights[term]
                scores[number, rows] += parts
    return scores


def fused_scores(first: np.ndarray, second: np.ndarray, k: int = 60) -> np.ndarray:
    """Reciprocal rank fusion of two score matrices (Cormack et al., SIGIR 2009); a score of 0 or less is no hit."""
    total = np.zeros(first.shape)
    for scores in (first, second):
        ranks = (-scores).argsort(axis=1, kind="stable").argsort(axis=1) + 1
        total += np.where(scores > 0, 1 / (k + ranks), 0)
    return total


def evaluate(encode: Encode, data: Path) -> Figures:
    """All figures of one model, shares between 0 and 1."""
    held_out = draw_held_out(data).test
    translation = {}
    for languages in HELD_OUT_PAIRS:
        first, last = languages.split("-")
        left, right = zip(*held_out[languages], strict=True)
        there, back = translation_accuracy(encode(left), encode(right))
        translation[languages] = {
            "pairs": len(left),
            f"accuracy@1 {first}→{last}": round(there, 4),
            f"accuracy@1 {last}→{first}": round(back, 4),
        }
    retrieval = {}
    for task in retrieval_sets(data):
        dense = encode(task.queries) @ encode(task.passages).T
        figures = {"queries": len(task.queries), "passages": len(task.passages), "model": recalls(dense, task.relevant)}
        if task.same_language:
            lexical = bm25_scores(task.queries, task.passages)
            figures["bm25"] = recalls(lexical, task.relevant)
            figures["fused"] = recalls(fused_scores(dense, lexical), task.relevant)
        retrieval[task.name] = figures
    return {"translation": translation, "retrieval": retrieval}


def model_encoder(model: Path) -> Encode:
    """The folder's own `SentenceTransformer.encode`, checked to give finite unit rows."""
    from sentence_transformers import SentenceTransformer

    transformer = SentenceTransformer(str(model), device="cpu")

    def encode(texts: Sequence[str]) -> np.ndarray:
        rows: np.ndarray = transformer.encode(list(texts), batch_size=256, show_progress_bar=False).astype(np.float32)
        if not np.allclose(np.linalg.norm(rows, axis=1), 1, atol=2e-3):
            raise ValueError(f"{model}: not every embedding is finite and of unit length")
        return rows

    return encode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    figures = evaluate(model_encoder(arguments.model), arguments.data)
    write_figures(figures, arguments.out)


def write_figures(figures: Figures, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name, values in (figures["translation"] | figures["retrieval"]).items():
        print(f"{name}: {json.dumps(values, ensure_ascii=False)}")


if __name__ == "__main__":
    main()
