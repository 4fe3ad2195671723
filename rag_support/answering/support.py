"""Does what a statement cites say what the statement says? A probability, from how the two compare.

A logistic model over what can be measured without a language model: how near the meanings lie as vectors, token by
token too; which terms, names and words of the statement nothing in the source stands for; whether a clause and the
clause of the source that is nearest to it differ in negation or say opposites (see cues.py); and whether another source
fits better than the one cited. The weights are fitted by `python -m training.grounding` on true sentences of the corpus
and corrupted ones, and shipped as data: "within" a language, where the source reads in the statement's own, and
"across" languages, where an English or Chinese statement has a Japanese source without a reviewed translation.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rag_support.answering.cues import polarity_of
from rag_support.answering.phrases import base_language
from rag_support.answering.sources import Source
from rag_support.retrieval.tokens import fold, is_grammar, passage_terms, query_terms
from rag_support.types import Embedder, FloatMatrix, TokenEmbedder
from rag_support.values import without_values

DATA = Path(__file__).parent.parent / "data" / "grounding.json"
_SHORTEST_CLAUSE = 5  # characters; less is read with what follows
_CACHED_TEXTS = 4096
_CACHED_TOKENS = 256  # texts; the vectors of one's tokens take tens of kB
# in folded text
_CLAUSE_END = re.compile(
    r"(?<=[。、!?])|(?<=[.,:;])(?:\s|(?=[^\x00-\x7f]))|(?=\b(?:but|because|although|unless|if|when|while) )"
)
_SENTENCE_END = re.compile(r"(?<=[。!?])|(?<=[.;])(?:\s|(?=[^\x00-\x7f]))")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)(?<![A-Za-z])[A-Z][A-Za-z]+|[A-Z]{2,}|[a-z]+[A-Z]\w*")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.]*[A-Za-z]")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]{3,}")
_SHARP = 3  # power of a cosine
_NEW, _TELLING = 0.35, 0.3  # from which a token counts as new, and as more than grammar
# what a model likes to begin with, and no source says
_FRAME = re.compile(
    r"^(?:(?:はい|いいえ|なお|また|ただし)、|(?:この)?(?:ガイド|資料|案内|原文)に(?:よると|よれば)、?|ご案内します。"
    r"|(?:Yes|No|In short|Also|However), |(?:According to|As stated in) the (?:guide|source|document)s?, "
    r"|Please note that |(?:您好|另外|此外|不过|不過)，|[根据據按照]{1,2}(?:本)?(?:指南|资料|資料|说明|說明|原文)，)+"
)


class SupportModel(BaseModel):
    """Logistic regression over the features of a support: weights by name, a bias, and where a statement passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        """0..1 that a statement with these features is supported."""
        logit = self.bias + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


class SupportParameters(BaseModel):
    """A model for each language of statements: ja, en and zh within, en and zh across."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Mapping[str, SupportModel]
    across: Mapping[str, SupportModel]

    def supported(self, support: "Support", language: str) -> bool:
        model = (self.within if support.within else self.across)[base_language(language)]
        return model.probability(support.features) >= model.threshold


@cache
def shipped_support() -> SupportParameters:
    return SupportParameters.model_validate_json(DATA.read_bytes())


@dataclass(frozen=True, slots=True)
class Support:
    """How a statement compares with what it cites."""

    within: bool  # all that is cited reads in the statement's language
    features: Mapping[str, float]  # none where the statement says nothing besides values


@dataclass(frozen=True, slots=True)
class _Read:
    """A source as a statement in one language is held against it."""

    text: str
    language: str
    headed: str  # the text under its headings, without which an answer such as "No." says little
    context: str  # all that may name what it speaks of: its own text, its readings, the headings above


class SupportMeasure:
    """Statement and sources → features, all 0 or more, and the more the worse.

    Vectors of texts are kept, since sources are asked about again and again.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vector = lru_cache(maxsize=_CACHED_TEXTS)(self._embed_one)
        self._tokens = lru_cache(maxsize=_CACHED_TOKENS)(self._token_vectors)

    def of(self, statement: str, language: str, cited: Sequence[Source], others: Sequence[Source]) -> Support:
        """`cited` is what the statement cites, at least one source; `others` are those that it could have cited."""
        read = [_read(source, language) for source in cited]
        within = all(base_language(source.language) == base_language(language) for source in read)
        statement = _FRAME.sub("", statement)
        said = without_values(statement)
        if not any(map(str.isalnum, said)):
            return Support(within, {})  # nothing but values, which were checked exactly
        wholes = [source.text for source in read]
        joined = " ".join(wholes)
        aligned = self._aligned(said, read)
        by_tokens = self._by_tokens(said, joined, read, aligned)
        by_words = _by_words(said, _names(statement, language), " ".join(source.context for source in read))
        whole_or_headed = {joined, *wholes, *(source.headed for source in read)}
        nearest = self._nearest(said, whole_or_headed)
        best_other = self._nearest(said, {_read(source, language).text for source in others})
        pieces = {*whole_or_headed, *(clause for whole in wholes for clause in clauses(whole))}
        return Support(
            within=within,
            features={
                "far": 1.0 - nearest,
                "sentence far": max(1.0 - self._nearest(sentence, pieces) for sentence in sentences(said)),
                "other nearer": max(0.0, best_other - nearest),
                **by_tokens,
                **by_words,
                # one strange word among the source's own is another thing; among others it is another wording
                "worst in place": by_tokens["worst"] * max(0.0, 1.0 - 2.0 * by_words["new terms"]),
                **_by_polarity(said, language, read, aligned, nearest),
            },
        )

    def _nearest(self, text: str, others: Collection[str]) -> float:
        """The best cosine of a text with any of the others, 0 at least."""
        own = self._vector(text)
        return max((0.0, *(float(own @ self._vector(other)) for other in others)))

    # ---- clause by clause ----------------------------------------------------------------------------------------

    def _aligned(self, said: str, cited: Sequence[_Read]) -> list["_Aligned"]:
        """Each clause of a statement with the one of the source that is nearest."""
        theirs = [(clause, source.language) for source in cited for clause in clauses(source.text)]
        matrix = np.stack([self._vector(clause) for clause, _ in theirs])
        found = []
        for clause in clauses(said):
            nearness = matrix @ self._vector(clause)
            best = int(nearness.argmax())
            found.append(_Aligned(clause, *theirs[best], max(0.0, float(nearness[best]))))
        return found

    # ---- token by token ------------------------------------------------------------------------------------------

    def _by_tokens(
        self, said: str, joined: str, cited: Sequence[_Read], aligned: Sequence["_Aligned"]
    ) -> dict[str, float]:
        """What nothing in the source stands for, what of it is left out, and whether the one took the other's place.

        Tokens weigh by the squared length of their vectors, as in late_interaction.py. "swapped" is high where some
        tokens are new, some of the source's nearest clauses are missing, and the two mean different things.
        """
        ours, source = self._tokens(said), self._tokens(joined)
        near = self._tokens(" ".join(dict.fromkeys(clause.nearest for clause in aligned)))
        if not len(ours.weights) or not len(near.weights):
            return dict.fromkeys(("unmet", "worst", "left out", "worst left out", "new", "swapped", "new unlike"), 1.0)
        known = [source, *(self._tokens(read.context) for read in cited)]
        met = np.max([(ours.vectors @ other.vectors.T).max(axis=1) for other in known], axis=0)
        unmet, left = np.clip(1 - met, 0, 1), np.clip(1 - (near.vectors @ ours.vectors.T).max(axis=1), 0, 1)
        whole_left = np.clip(1 - (source.vectors @ ours.vectors.T).max(axis=1), 0, 1)
        new, missing = unmet * ours.telling, left * near.telling
        new[(unmet < _NEW) | (ours.telling < _TELLING)] = 0
        missing[(left < _NEW) | (near.telling < _TELLING)] = 0
        alike = _cosine((new * ours.weights) @ ours.vectors, (missing * near.weights) @ near.vectors)
        amount_new, amount_missing = float(new.sum()), float(missing.sum())
        return {
            "unmet": float(unmet @ ours.weights / ours.weights.sum()),
            "worst": float((unmet * ours.telling).max()),
            "left out": float(whole_left @ source.weights / source.weights.sum()),
            "worst left out": float((left * near.telling).max()),
            "new": min(amount_new, 3.0),
            "swapped": min(amount_new, amount_missing, 1.5) * (1 - alike),
            "new unlike": min(amount_new, 1.5) * (1 - alike),
        }

    def _token_vectors(self, text: str) -> "_Tokens":
        """Of a text's distinct tokens; of its terms where the embedder has no tokens to show."""
        if isinstance(self._embedder, TokenEmbedder):
            ids = list(dict.fromkeys(self._embedder.token_ids([text])[0]))
            vectors = self._embedder.token_vectors(ids)
            return _Tokens.of(vectors, np.square(vectors).sum(axis=1))
        terms = [term for term in dict.fromkeys(query_terms(text)) if not is_grammar(term)]
        vectors = (
            self._embedder.embed_passages(terms) if terms else np.zeros((0, self._embedder.dimensions), np.float32)
        )
        return _Tokens.of(vectors, np.ones(len(terms), dtype=np.float32))

    def _embed_one(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._embedder.embed_passages([text])[0]
        return vector


@dataclass(frozen=True, slots=True)
class _Aligned:
    clause: str
    nearest: str  # clause of the source
    language: str  # of `nearest`
    nearness: float  # cosine


@dataclass(frozen=True, slots=True)
class _Tokens:
    vectors: FloatMatrix  # (n, d), of unit length
    weights: NDArray[np.float32]  # (n,)
    telling: NDArray[np.float32]  # (n,), 0..1: half for a token of the text's mean weight

    @classmethod
    def of(cls, vectors: FloatMatrix, weights: NDArray[np.float32]) -> "_Tokens":
        unit: FloatMatrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        mean = float(weights.mean()) if len(weights) else 1.0
        telling: NDArray[np.float32] = np.clip(weights / max(mean, 1e-9), 0.0, 2.0) / 2.0
        return cls(unit, weights, telling)


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """0 where there is nothing to compare, or where the two point apart."""
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return max(0.0, float(one @ other) / length) if length else 0.0


def _read(source: Source, language: str) -> _Read:
    tag = source.language_for(language)
    text = without_values(source.readings[tag])
    headings = {name: without_values(source.context[name]) for name in (tag, source.language) if name in source.context}
    return _Read(
        text=text,
        language=tag,
        headed=f"{headings.get(tag, '')} {text}".strip(),
        context=" ".join(dict.fromkeys((text, without_values(source.text), *headings.values()))),
    )


def _names(statement: str, language: str) -> set[str]:
    """Words of a kind that is carried over from text to text as it is: in capitals, in katakana."""
    latin = _NAME.findall(statement) if base_language(language) == "en" else _LATIN.findall(statement)
    return {fold(name) for name in (*latin, *_KATAKANA.findall(statement))}


def _by_words(said: str, names: Set[str], context: str) -> dict[str, float]:
    """Terms and names that stand nowhere in the source."""
    terms = {term for term in query_terms(said) if not is_grammar(term)}
    source_terms = set(passage_terms(context))
    folded = fold(context)
    return {
        "new terms": sum(term not in source_terms for term in terms) / len(terms) if terms else 0.0,
        "new names": float(min(sum(name not in folded for name in names), 3)),
    }


def _by_polarity(
    said: str, language: str, cited: Sequence[_Read], aligned: Sequence[_Aligned], nearest: float
) -> dict[str, float]:
    """Where each clause, and the whole, denies, affirms or opposes what the source does not.

    It counts by how near the source's nearest is: other words may well say 「使わないで」 without a negation, but who
    repeats a sentence all but its negation has turned it round.
    """
    found = dict.fromkeys(("denied", "affirmed", "opposed"), 0.0)
    for clause in aligned:
        ours, theirs = polarity_of(clause.clause, language), polarity_of(clause.nearest, clause.language)
        found["denied"] += clause.nearness**_SHARP * (ours.negations > theirs.negations)
        found["affirmed"] += clause.nearness**_SHARP * (ours.negations < theirs.negations)
        found["opposed"] += clause.nearness**_SHARP * len(ours.opposes(theirs))
    whole = polarity_of(said, language)
    sources = [polarity_of(source.text, source.language) for source in cited]
    difference = whole.negations - sum(source.negations for source in sources)
    return {name: min(count, 2.0) for name, count in found.items()} | {
        "denied over all": nearest**_SHARP * min(max(difference, 0), 2),
        "affirmed over all": nearest**_SHARP * min(max(-difference, 0), 2),
        "opposed over all": nearest**_SHARP * min(2, *(len(whole.opposes(source)) for source in sources)),
        "narrowed": float(whole.narrowed and not any(source.narrowed for source in sources)),
    }


@lru_cache(maxsize=_CACHED_TEXTS)
def clauses(text: str) -> tuple[str, ...]:
    """A text cut where a clause may end; a short piece stays with what follows it."""
    found: list[str] = []
    waiting = ""
    for piece in _CLAUSE_END.split(text):
        waiting += piece
        if len(waiting.strip()) >= _SHORTEST_CLAUSE:
            found.append(waiting.strip())
            waiting = ""
    if waiting.strip() and found:
        found[-1] += waiting
    return tuple(found) or (text,)


def sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(text) if any(map(str.isalnum, sentence))] or [text]
