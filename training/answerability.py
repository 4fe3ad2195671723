"""Fit when to refuse: dev questions over an index → rag_support/data/answerability.json.

Each question is searched in the shipped corpus three times: as it is, with customers' phrasings ("phrased"), without
them ("within" a language), and without translations either ("across" languages); each time a logistic model learns from
the evidence whether the question is answerable. The threshold of a language is the probability that all but
FALSE_REFUSALS of its answerable questions reach, drawn half-way to that of all languages together, since ninety
questions place such a tail only roughly. Fitted on the dev split, and on more questions without an answer that serve
nothing else.

    python -m training.answerability --corpus corpus
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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

QUESTIONS = [Path("eval/questions/dev.jsonl"), Path("eval/questions/calibration.jsonl")]
# Share of answerable questions refused, among those it is fitted on; a corpus that nobody fitted anything to is met
# with more caution, for wrong is worse than "the guide does not say".
FALSE_REFUSALS = {"phrased": 0.04, "within": 0.06, "across": 0.06}
# what is left out of the corpus, and the languages of the questions
_CORPORA: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("phrased", (), LANGUAGES),
    ("within", ("phrasings.jsonl",), LANGUAGES),
    ("across", ("phrasings.jsonl", "translations", "glossary.tsv"), ("en", "zh")),
)
_FOLDS = 10
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
    parser.add_argument("--questions", type=Path, nargs="+", default=QUESTIONS)
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    embedder = load_embedder(SHIPPED_EMBEDDER)
    with tempfile.TemporaryDirectory() as scratch:
        fitted = {}
        for name, left_out, asked_in in _CORPORA:
            corpus, index = Path(scratch) / name / "corpus", Path(scratch) / name / "index"
            shutil.copytree(arguments.corpus, corpus, ignore=shutil.ignore_patterns("README*", "LICENSE*", *left_out))
            fitted[name] = _fit(name, list(_examples(corpus, index, arguments.questions, asked_in, embedder)))
    parameters = AnswerabilityParameters(**fitted)
    arguments.out.write_text(parameters.model_dump_json(indent=1) + "\n", encoding="utf-8")
    shipped_parameters.cache_clear()
    print(f"wrote {arguments.out}")


def _examples(
    corpus: Path, index: Path, questions: Sequence[Path], asked_in: Sequence[str], embedder: Embedder
) -> Iterator[Example]:
    manifest = build_index(corpus, index, embedder, keep=1)
    retriever = Retriever(index / manifest.snapshot_id, embedder)
    for need in (need for file in questions for need in load_needs(file)):
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
    # a threshold is placed by what a model says of needs it was not fitted on: of its own it is too sure
    probabilities = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=_REGULARISATION)),
        features,
        labels,
        groups=[example.need for example in examples],
        cv=GroupKFold(_FOLDS),
        method="predict_proba",
    )[:, 1]
    thresholds: dict[str, float] = {}
    share = FALSE_REFUSALS[name]
    pooled = float(np.quantile(probabilities[labels], share))
    for language in LANGUAGES:
        mine = np.array([example.language == language for example in examples])
        if not mine.any():
            thresholds[language] = round(pooled, 4)
            continue
        threshold = (float(np.quantile(probabilities[mine & labels], share)) + pooled) / 2
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
