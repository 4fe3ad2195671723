"""Fit how much of a statement its source must support: the corruption suite → rag_support/data/grounding.json.

Logistic regression, one for each language, "within" it and "across" from Japanese sources without translations. It
learns from the dev half of the suite (see rag_support/evaluation/corruptions.py) what the exact checks let through:
true statements that are not a reading word for word, and statements whose meaning was changed. No feature may speak for
a statement: rule-made corruptions change few words, statements in other words many, and a free fit would take strange
words for a good sign. Each kind of case weighs the same, those worded by hand more, for they are what a language model
writes. A threshold lets all but FALSE_ALARMS of the true statements pass, as models see them that were fitted without
their document, and is drawn half-way to that of all languages together, since few are worded by hand.

    python -m training.grounding --corpus corpus
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.model_selection import GroupKFold

from rag_support.answering.grounding import GroundingGate
from rag_support.answering.phrases import base_language
from rag_support.answering.support import DATA, Support, SupportModel, SupportParameters, shipped_support
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.evaluation.corruptions import BY_HAND, IN_OTHER_WORDS, Case, suite_of, without_translations

# of the true statements that have to be weighed; across languages a tighter one would let most changed meanings pass
FALSE_ALARMS = {"within": 0.02, "across": 0.03}
FALSE_ALARMS_BY_HAND = {"within": 0.10, "across": 0.15}  # few, so that a smaller share could not be told
_WEIGHT_BY_HAND = 5.0  # times that of another kind
_FOLDS = 5
_REGULARISATION = 0.003
_SMALLEST_SPREAD = 0.15  # a feature that is rarely there must not decide alone

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    case: Case
    features: dict[str, float]

    @property
    def supported(self) -> bool:
        return self.case.group == "true"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--by-hand", type=Path, default=BY_HAND)
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    cases = [case for case in suite_of(arguments.corpus, arguments.by_hand) if case.split == "dev"]
    gate = GroundingGate(load_embedder(SHIPPED_EMBEDDER), SupportParameters(within={}, across={}))
    fitted = {
        name: dict(_fit_languages(name, of_setting, gate))
        for name, of_setting in (("within", cases), ("across", without_translations(cases)))
    }
    arguments.out.write_text(SupportParameters(**fitted).model_dump_json(indent=1) + "\n", encoding="utf-8")
    shipped_support.cache_clear()
    print(f"wrote {arguments.out}")


def _fit_languages(name: str, cases: Sequence[Case], gate: GroundingGate) -> Iterable[tuple[str, SupportModel]]:
    examples = [
        Example(case, dict(compared.features))
        for case in cases
        if isinstance(compared := gate.compared(case.statement, case.citations, case.language, case.sources), Support)
    ]
    by_language: dict[str, list[Example]] = {}
    for example in examples:
        by_language.setdefault(base_language(example.case.language), []).append(example)
    unseen = {language: _probabilities_unseen(found) for language, found in by_language.items()}
    pooled = _threshold(name, list(chain(*by_language.values())), np.concatenate(list(unseen.values())))
    for language, found in by_language.items():
        threshold = (_threshold(name, found, unseen[language]) + pooled) / 2
        wrong = unseen[language][[not example.supported for example in found]]
        print(f"{name} {language}: threshold {threshold:.3f}, changed meanings caught {(wrong < threshold).mean():.2f}")
        yield language, _model(found, threshold)


def _threshold(name: str, examples: Sequence[Example], probabilities: Floats) -> float:
    """The probability that all but a share of the true statements reach, of those by hand and of the others."""
    supported = np.array([example.supported for example in examples])
    by_hand = np.array([example.case.kind == IN_OTHER_WORDS for example in examples])
    return min(
        float(np.quantile(probabilities[supported & ~by_hand], FALSE_ALARMS[name])),
        float(np.quantile(probabilities[supported & by_hand], FALSE_ALARMS_BY_HAND[name])),
    )


def _probabilities_unseen(examples: Sequence[Example]) -> Floats:
    """What models say of each example that were fitted without its document."""
    features, supported, weights = _matrices(examples)
    unseen = np.zeros(len(examples))
    for seen, held_out in GroupKFold(_FOLDS).split(features, groups=[example.case.document for example in examples]):
        fitted, bias = _logistic(features[seen], supported[seen], weights[seen])
        unseen[held_out] = _sigmoid(features[held_out] @ fitted + bias)
    return unseen


def _model(examples: Sequence[Example], threshold: float) -> SupportModel:
    fitted, bias = _logistic(*_matrices(examples))
    return SupportModel(
        weights={key: round(float(weight), 4) for key, weight in zip(examples[0].features, fitted, strict=True)},
        bias=round(bias, 4),
        threshold=round(threshold, 4),
    )


def _matrices(examples: Sequence[Example]) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Features (n, d), which examples are supported (n,), and what each weighs (n,)."""
    kinds = Counter((example.case.group, example.case.kind) for example in examples)
    weights = [
        (_WEIGHT_BY_HAND if example.case.kind == IN_OTHER_WORDS else 1) / kinds[example.case.group, example.case.kind]
        for example in examples
    ]
    features = [list(example.features.values()) for example in examples]
    return np.array(features), np.array([example.supported for example in examples]), np.array(weights)


def _logistic(features: Floats, labels: NDArray[np.bool_], weights: Floats) -> tuple[Floats, float]:
    """Weights, none above 0, and bias; both groups of labels weigh the same, and weights are kept small (L2)."""
    spread = np.maximum(features.std(axis=0), _SMALLEST_SPREAD)
    scaled = features / spread
    signs = np.where(labels, 1.0, -1.0)
    shares = weights.copy()
    for group in (labels, ~labels):
        shares[group] /= 2 * shares[group].sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = signs * (scaled @ parameters[:-1] + parameters[-1])
        pull = -signs * _sigmoid(-margins) * shares
        gradient = np.append(scaled.T @ pull + _REGULARISATION * parameters[:-1], pull.sum())
        penalty = _REGULARISATION / 2 * np.square(parameters[:-1]).sum()
        return float((np.logaddexp(0.0, -margins) * shares).sum() + penalty), gradient

    bounds = [(None, 0.0)] * features.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return found[:-1] / spread, float(found[-1])


def _sigmoid(values: Floats) -> Floats:
    sigmoid: Floats = 1 / (1 + np.exp(-np.clip(values, -30.0, 30.0)))
    return sigmoid


if __name__ == "__main__":
    main()
