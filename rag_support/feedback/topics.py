"""Questions → topics, whatever language they were asked in: those whose vectors are near each other.

Complete linkage over cosines of the shipped model: every two questions of a topic are at least SAME_TOPIC alike. The
threshold was chosen on the dev questions, where needs are asked in three languages: pairs of one need come together
with precision 0.75 and recall 0.69 (average linkage 0.69 and 0.64 at its best, 0.35). For vectors of another model it
would mean something else, so the shipped one is always used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag_support.feedback.records import Case
from rag_support.types import Embedder

SAME_TOPIC = 0.3  # cosine
MOST_QUESTIONS = 4_000  # different ones: each two are compared, which takes 64 MB here


@dataclass(frozen=True, slots=True)
class Topic:
    name: str  # the question that is nearest to the others
    cases: tuple[Case, ...]  # newest first


def topics(cases: Sequence[Case], embedder: Embedder) -> list[Topic]:
    """The topics of at most MOST_QUESTIONS different questions, the first ones; most cases first."""
    by_text: dict[str, list[Case]] = {}
    for case in cases:
        by_text.setdefault(case.question.casefold(), []).append(case)
    asked = list(by_text.values())[:MOST_QUESTIONS]
    if not asked:
        return []
    vectors = embedder.embed_queries([alike[0].question for alike in asked])
    alike = vectors @ vectors.T
    found = [_topic([asked[row] for row in rows], alike[np.ix_(rows, rows)]) for rows in _clusters(alike)]
    return sorted(found, key=lambda topic: -len(topic.cases))


def _clusters(alike: "np.typing.NDArray[np.float32]") -> list[list[int]]:
    """Rows that belong together, in the order of their first."""
    if len(alike) == 1:
        return [[0]]
    from scipy.cluster.hierarchy import fcluster, linkage

    distances = np.maximum(1 - alike[np.triu_indices(len(alike), 1)], 0)
    labels = fcluster(linkage(distances, "complete"), 1 - SAME_TOPIC, "distance").tolist()
    rows: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return list(rows.values())


def _topic(asked: Sequence[Sequence[Case]], alike: "np.typing.NDArray[np.float32]") -> Topic:
    times_asked = np.array([len(cases) for cases in asked])
    central = int(np.argmax(alike @ times_asked))
    cases = sorted((case for of_text in asked for case in of_text), key=lambda case: case.created, reverse=True)
    return Topic(name=asked[central][0].question, cases=tuple(cases))
