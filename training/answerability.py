"""Fit when to refuse: questions over indexes → rag_support/data/answerability.json.

Logistic models, of three kinds and for each language, learn from the evidence whether a question is answerable.
"phrased" is for an index with customers' phrasings and learns from the shipped corpus as it is. "within" a language and
"across" languages are for everybody else's documents. They learn from the shipped corpus without phrasings, and without
translations, and from help pages that the embedding model was not trained on: half of them are indexed, all are asked
about, and the questions about the other half have no answer although they are of the same kind. The threshold of a
language is the probability that all but FALSE_REFUSALS of its answerable questions reach. Of the project's questions
the dev split is used, and more that serve nothing else, written by people who did not know the phrasings.

    python -m training.answerability --corpus corpus
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from rag_support import language as languages
from rag_support.answering.answerability import (
    DATA,
    AnswerabilityModel,
    AnswerabilityParameters,
    evidence_of,
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
from training.texts import help_pages

FloatArray = NDArray[np.float64]

QUESTIONS = [Path("eval/questions/dev.jsonl"), Path("eval/questions/calibration.jsonl")]
# Share of answerable questions refused, among those it is fitted on; a corpus that nobody fitted anything to is met
# with more caution, for wrong is worse than "the guide does not say".
FALSE_REFUSALS = {"phrased": 0.04, "within": 0.10, "across": 0.10}
# what is left out of the corpus, and the languages of the questions, there and over the help pages
_CORPORA: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("phrased", (), LANGUAGES, ()),
    ("within", ("phrasings.jsonl",), LANGUAGES, ("ja",)),
    ("across", ("phrasings.jsonl", "translations", "glossary.tsv"), ("en", "zh"), ("en", "zh")),
)
_PAGES_OF_A_DOCUMENT = 14  # held-out help pages stand by subject, so many of each
_FOLDS = 10
_REGULARISATION = 0.1  # scikit-learn's C; few questions, so little freedom
_ITERATIONS = 3_000


@dataclass(frozen=True, slots=True)
class Asked:
    need: str
    language: str
    text: str
    answerable: bool
    near: bool  # without an answer, and of the kind that has one


@dataclass(frozen=True, slots=True)
class Example:
    need: str
    language: str
    answerable: bool
    near: bool
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
        for name, left_out, asked_in, pages_asked_in in _CORPORA:
            corpus, index = Path(scratch) / name / "corpus", Path(scratch) / name / "index"
            shutil.copytree(arguments.corpus, corpus, ignore=shutil.ignore_patterns("README*", "LICENSE*", *left_out))
            asked = list(_asked(arguments.questions, asked_in))
            examples = list(_examples(corpus, index, asked, embedder))
            for half in (0, 1) if pages_asked_in else ():
                corpus, index = (Path(scratch) / name / f"{kind}{half}" for kind in ("pages", "pages-index"))
                asked = _write_pages(corpus, half, pages_asked_in)
                examples += _examples(corpus, index, asked, embedder)
            fitted[name] = _fit(name, examples)
    parameters = AnswerabilityParameters(**fitted)
    arguments.out.write_text(parameters.model_dump_json(indent=1) + "\n", encoding="utf-8")
    shipped_parameters.cache_clear()
    print(f"wrote {arguments.out}")


def _asked(files: Sequence[Path], asked_in: Sequence[str]) -> Iterator[Asked]:
    for need in (need for file in files for need in load_needs(file)):
        for language, text in need.questions.items():
            if language in asked_in:
                yield Asked(need.id, language, text, need.answerable, need.kind == "near_domain")


def _write_pages(corpus: Path, half: int, asked_in: Sequence[str]) -> list[Asked]:
    """Every other held-out help page, as documents of one subject each; the questions are those of all pages."""
    pages = help_pages("held-out-")
    corpus.mkdir(parents=True)
    for first in range(0, len(pages), _PAGES_OF_A_DOCUMENT):
        kept = pages[first : first + _PAGES_OF_A_DOCUMENT][half::2]
        text = "\n\n".join(f"## {page.heading}\n\n{page.passage}" for page in kept)
        (corpus / f"{first:04d}.md").write_text(text + "\n", encoding="utf-8")
    return [
        Asked(f"page-{number}", language, question, answerable, not answerable)
        for number, page in enumerate(pages)
        for answerable in [number % _PAGES_OF_A_DOCUMENT % 2 == half]
        for language in asked_in
        for question in page.questions[language]
    ]


def _examples(corpus: Path, index: Path, asked: Iterable[Asked], embedder: Embedder) -> Iterator[Example]:
    manifest = build_index(corpus, index, embedder, keep=1)
    retriever = Retriever(index / manifest.snapshot_id, embedder)
    for row in asked:
        try:
            question = clean_question(row.text)
        except QuestionError:
            continue
        if languages.detect(question).language == "und":
            continue  # refused before any search
        hits = retriever.search(question, 10, row.language)
        if hits:
            yield Example(row.need, row.language, row.answerable, row.near, evidence_of(question, hits))


def _fit(name: str, examples: Sequence[Example]) -> dict[str, AnswerabilityModel]:
    names = [key for key in examples[0].evidence if len({example.evidence[key] for example in examples}) > 1]
    evidence = np.array([[example.evidence[key] for key in names] for example in examples])
    labels = np.array([example.answerable for example in examples])
    near = np.array([example.near for example in examples])
    asked_in = np.array([example.language for example in examples])
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    languages_asked = [language for language in LANGUAGES if language in asked_in]
    features = _by_language((evidence - mean) / spread, asked_in, languages_asked)
    model = LogisticRegression(C=_REGULARISATION, max_iter=_ITERATIONS)
    shared, *own = model.fit(features, labels).coef_[0].reshape(1 + len(languages_asked), len(names) + 1)
    # a threshold is placed by what a model says of needs it was not fitted on: of its own it is too sure
    probabilities = cross_val_predict(
        model,
        features,
        labels,
        groups=[example.need for example in examples],
        cv=GroupKFold(_FOLDS),
        method="predict_proba",
    )[:, 1]
    fitted: dict[str, AnswerabilityModel] = {}
    for language in LANGUAGES:
        mine = asked_in == language
        if mine.any():
            coefficients = shared + own[languages_asked.index(language)]
        else:
            coefficients, mine = shared, np.ones(len(examples), dtype=bool)
        threshold = float(np.quantile(probabilities[mine & labels], FALSE_REFUSALS[name]))
        refused, near_refused = (float((probabilities[mine & of] < threshold).mean()) for of in (~labels, near))
        print(
            f"{name} {language}: threshold {threshold:.3f}, refused {refused:.3f}, near the domain {near_refused:.3f}"
        )
        weights = coefficients[:-1] / spread
        bias = float(model.intercept_[0] + coefficients[-1] - (weights * mean).sum())
        fitted[language] = AnswerabilityModel(
            weights={key: round(float(weight), 4) for key, weight in zip(names, weights, strict=True)},
            bias=round(bias, 4),
            threshold=round(threshold, 4),
        )
    return fitted


def _by_language(evidence: FloatArray, asked_in: NDArray[np.str_], languages_asked: Sequence[str]) -> FloatArray:
    """(n, d) evidence → (n, (1 + languages) · (d + 1)): once for all languages, once more for the question's own.

    What is learnt for all is the rule, and each language bends it as far as its questions tell: regularisation holds
    the bend small. Source: Daumé III, Frustratingly easy domain adaptation, ACL 2007.
    """
    with_one = np.hstack([evidence, np.ones((len(evidence), 1))])
    return np.hstack([with_one, *(with_one * (asked_in == language)[:, None] for language in languages_asked)])


if __name__ == "__main__":
    main()
