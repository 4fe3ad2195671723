"""Fit when to refuse: dev questions over an index → rag_support/data/answerability.json.

Each question is searched in the shipped corpus twice, with its translations ("within" a language) and without them
("across" languages); the logistic model learns from the evidence whether the question is answerable. The threshold of a
language is the probability that all but FALSE_REFUSALS of its answerable questions reach, drawn half-way to that of all
languages together, since ninety questions place such a tail only roughly. Fitted on the dev split only.

    python -m training.answerability --corpus corpus --questions eval/questions/dev.jsonl
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag_support import language as languages
from rag_support.answering.answerability import (
    DATA,
    AnswerabilityModel,
    AnswerabilityParameters,
    best_evidence,
    shipped_parameters,
)
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.errors import QuestionError
from rag_support.evaluation.dataset import load_needs
from rag_support.ingest.build import build_index
from rag_support.question import clean_question
from rag_support.retrieval.retriever import Retriever
from rag_support.types import LANGUAGES, Embedder

FALSE_REFUSALS = 0.05  # share of answerable questions refused, among those it is fitted on
_REGULARISATION = 0.3  # scikit-learn's C; few questions, so little freedom


@dataclass(frozen=True, slots=True)
class Example:
    need: str
    language: str
    answerable: bool
    evidence: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--questions", type=Path, default=Path("eval/questions/dev.jsonl"))
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    embedder = load_embedder(SHIPPED_EMBEDDER)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain"
        shutil.copytree(
            arguments.corpus,
            plain,
            ignore=shutil.ignore_patterns("translations", "glossary.tsv", "phrasings.jsonl", "README*", "LICENSE*"),
        )
        within = list(_examples(arguments.corpus, Path(scratch) / "a", arguments.questions, LANGUAGES, embedder))
        across = list(_examples(plain, Path(scratch) / "b", arguments.questions, ("en", "zh"), embedder))
    parameters = AnswerabilityParameters(within=_fit("within", within), across=_fit("across", across))
    arguments.out.write_text(parameters.model_dump_json(indent=1) + "\n", encoding="utf-8")
    shipped_parameters.cache_clear()
    print(f"wrote {arguments.out}")


def _examples(
    corpus: Path, index: Path, questions: Path, asked_in: Sequence[str], embedder: Embedder
) -> Iterator[Example]:
    manifest = build_index(corpus, index, embedder, keep=1)
    retriever = Retriever(index / manifest.snapshot_id, embedder)
    for need in load_needs(questions):
        for language, text in need.questions.items():
            if language not in asked_in:
                continue
            try:
                question = clean_question(text)
            except QuestionError:
                continue
            if languages.detect(question).language == "und":
                continue  # refused before any search
            hits = retriever.search(question, 10, language)
            if hits:
                yield Example(need.id, language, need.answerable, best_evidence(hits))


def _fit(name: str, examples: Sequence[Example]) -> AnswerabilityModel:
    names = [key for key in examples[0].evidence if any(example.evidence[key] > 0 for example in examples)]
    features = np.array([[example.evidence[key] for key in names] for example in examples])
    labels = np.array([example.answerable for example in examples])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(C=_REGULARISATION).fit((features - mean) / spread, labels)
    weights = model.coef_[0] / spread
    bias = float(model.intercept_[0] - (weights * mean).sum())
    probabilities = 1 / (1 + np.exp(-(features @ weights + bias)))
    thresholds: dict[str, float] = {}
    pooled = float(np.quantile(probabilities[labels], FALSE_REFUSALS))
    for language in LANGUAGES:
        mine = np.array([example.language == language for example in examples])
        if not mine.any():
            thresholds[language] = round(pooled, 4)
            continue
        threshold = (float(np.quantile(probabilities[mine & labels], FALSE_REFUSALS)) + pooled) / 2
        thresholds[language] = round(threshold, 4)
        refused = float((probabilities[mine & ~labels] < threshold).mean())
        print(f"{name} {language}: threshold {threshold:.3f}, unanswerable questions refused {refused:.2f}")
    return AnswerabilityModel(
        weights={key: round(float(weight), 4) for key, weight in zip(names, weights, strict=True)},
        bias=round(bias, 4),
        thresholds=thresholds,
    )


if __name__ == "__main__":
    main()
