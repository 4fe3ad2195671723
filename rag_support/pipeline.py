"""question → language → hits → draft → checked answer. The top function reads as the flow."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from rag_support import language as languages
from rag_support import snapshot
from rag_support.answering.answerability import Answerability
from rag_support.answering.extractive import ExtractiveAnswerer, refuse
from rag_support.answering.grounding import GroundingGate
from rag_support.answering.other_companies import asks_of_another_company
from rag_support.answering.phrases import SERVED_LANGUAGES, base_language
from rag_support.answering.register import Register
from rag_support.answering.self_check import self_checked, with_true_quotes
from rag_support.answering.statements import as_stated
from rag_support.answering.support import shipped_support
from rag_support.conversation import MAX_TURNS, resolve
from rag_support.injection import instructs_a_model
from rag_support.language import ROMAJI
from rag_support.language_priors import Priors
from rag_support.question import clean_question
from rag_support.retrieval.retriever import Retriever
from rag_support.types import (
    LANGUAGES,
    Answer,
    Answerer,
    Detection,
    Draft,
    Embedder,
    Event,
    Evidence,
    Found,
    Hit,
    Stated,
    Writer,
)

DEFAULT_TOP_K = 10
_SHORTEST_QUESTION_CHARS = 2  # one letter matches everything and asks nothing


@dataclass(frozen=True, slots=True)
class _Understood:
    """A question with its place in a conversation, its languages, and what was found for it."""

    asked: str  # cleaned, as it was asked
    question: str  # with what it leans on, as it was searched for
    last: str  # the same without what it leans on
    detection: Detection
    wanted: str  # language of the answer as the caller or the conversation wants it, or "auto"
    target: str  # language of the answer: ja, en, zh or zh-Hant
    hits: Sequence[Hit]
    top_k: int
    started: float  # seconds of perf_counter, as the next two
    detected: float
    retrieved: float


class Pipeline:
    """Answers from one opened snapshot. Safe to share between requests: asking only reads."""

    def __init__(
        self,
        retriever: Retriever,
        answerer: Answerer,
        fallback_language: str,
        writer: Writer | None = None,
        *,
        gate: GroundingGate,
    ) -> None:
        self.retriever = retriever
        self._answerer = answerer
        self._gate = gate
        self._fallback_language = fallback_language
        self._writer = writer
        self._listeners: list[Callable[[Answer], None]] = []

    @classmethod
    def open(cls, index: Path, embedder: Embedder, fallback_language: str, writer: Writer | None = None) -> "Pipeline":
        """The live snapshot of an index. Raises SnapshotError."""
        return cls.of_snapshot(index / snapshot.current_id(index), embedder, fallback_language, writer)

    @classmethod
    def of_snapshot(
        cls, folder: Path, embedder: Embedder, fallback_language: str, writer: Writer | None = None
    ) -> "Pipeline":
        """One snapshot, live or not. Raises SnapshotError."""
        retriever = Retriever(folder, embedder)
        manifest = retriever.manifest
        # a few phrasings do not lift the evidence of all questions
        phrased = [tag for tag, count in manifest.counts.phrasings.items() if count >= manifest.counts.chunks]
        register = Register.load(folder / snapshot.DISAGREEMENTS, retriever.passages)
        answerer = ExtractiveAnswerer(Answerability(manifest.answerability, phrased), register)
        return cls(retriever, answerer, fallback_language, writer, gate=GroundingGate(embedder, shipped_support()))

    @property
    def index_id(self) -> str:
        return self.retriever.manifest.snapshot_id

    def answer(
        self,
        question: str,
        language: str = "auto",
        top_k: int = DEFAULT_TOP_K,
        accept_language: str | None = None,
        conversation: Sequence[str] = (),
    ) -> Answer:
        """The quoted answer in the asker's language, or in the one asked for.

        `conversation` holds the earlier questions, the last one just before this. Raises QuestionError for unusable
        text.
        """
        understood = self._understand(question, language, top_k, accept_language, conversation)
        return self._answer(uuid4().hex, understood, self._draft(understood))

    async def events(
        self,
        question: str,
        language: str = "auto",
        top_k: int = DEFAULT_TOP_K,
        accept_language: str | None = None,
        conversation: Sequence[str] = (),
    ) -> AsyncGenerator[Event]:
        """The answer told as it comes about, written by the language model where there is one; see `answer`."""
        understood = self._understand(question, language, top_k, accept_language, conversation)
        draft = self._draft(understood)
        answer_id = uuid4().hex
        yield Found(
            answer_id=answer_id,
            language=base_language(understood.target),
            detection=understood.detection,
            hits=tuple(understood.hits[:top_k]),
            index_id=self.index_id,
        )
        if self._writer is None or draft.refusal:
            for stated in as_stated(draft):
                yield stated
        else:
            hits = self._with_cited(understood.hits[:DEFAULT_TOP_K], draft)
            parts = self._writer.write(understood.question, understood.target, hits, draft)
            async with aclosing(parts):  # so that who stops listening stops the generation
                async for part in parts:
                    if isinstance(part, Stated):
                        yield part
                    else:
                        draft = with_true_quotes(part, understood.target, self.retriever.passages)
        yield self._answer(answer_id, understood, draft)

    async def written(
        self,
        question: str,
        language: str = "auto",
        top_k: int = DEFAULT_TOP_K,
        accept_language: str | None = None,
        conversation: Sequence[str] = (),
    ) -> Answer:
        """The answer that `events` ends in, for who wants it whole."""
        if self._writer is None:
            return self.answer(question, language, top_k, accept_language, conversation)
        events = self.events(question, language, top_k, accept_language, conversation)
        [answer] = [event async for event in events if isinstance(event, Answer)]
        return answer

    def _understand(
        self,
        question: str,
        language: str,
        top_k: int,
        accept_language: str | None,
        conversation: Sequence[str],
    ) -> _Understood:
        started = perf_counter()
        asked = clean_question(question)
        earlier = [clean_question(before) for before in conversation[-MAX_TURNS:]]
        detection = self.detect(asked, accept_language, earlier)
        last = self._written_out(asked, detection)
        resolved = resolve(
            last,
            [self._written_out(before, languages.detect(before)) for before in earlier],
        )
        wanted = resolved.language if language == "auto" and resolved.language else language
        target = self._answer_language(detection, wanted)
        detected = perf_counter()
        # how many passages a caller wants to see must not change what the answer says
        hits = self.retriever.search(resolved.searched, max(top_k, DEFAULT_TOP_K), detection.language)
        return _Understood(
            asked=asked,
            question=resolved.question,
            last=resolved.question if resolved.language else last,
            detection=detection,
            wanted=wanted,
            target=target,
            hits=hits,
            top_k=top_k,
            started=started,
            detected=detected,
            retrieved=perf_counter(),
        )

    def _with_cited(self, hits: Sequence[Hit], quoted: Draft) -> list[Hit]:
        """The hits, and behind them the sections that were not found and hold a side of a disagreement."""
        found = {hit.chunk.chunk_id for hit in hits}
        cited = dict.fromkeys(one.chunk_id for one in quoted.citations if one.chunk_id not in found)
        chunks = [chunk for chunk_id in cited if (chunk := self.retriever.passages.by_id(chunk_id))]
        return [
            *hits,
            *(
                Hit(chunk, rank, 0.0, (0.0,) * len(chunk.spans), Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
                for rank, chunk in enumerate(chunks, start=len(hits) + 1)
            ),
        ]

    def _answer(self, answer_id: str, understood: _Understood, draft: Draft) -> Answer:
        finished = perf_counter()
        answer = Answer(
            answer_id=answer_id,
            question=understood.asked,
            language=base_language(understood.target),
            detection=understood.detection,
            draft=draft,
            hits=tuple(understood.hits[: understood.top_k]),
            index_id=self.index_id,
            timings_ms={
                "language": _ms(understood.started, understood.detected),
                "retrieve": _ms(understood.detected, understood.retrieved),
                "answer": _ms(understood.retrieved, finished),
                "total": _ms(understood.started, finished),
            },
        )
        for listener in self._listeners:
            listener(answer)
        return answer

    def tell(self, listener: Callable[[Answer], None]) -> None:
        """Have `listener` told of every answer from now on, whoever asked for it."""
        self._listeners.append(listener)

    def warm_up(self) -> None:
        """Ask once in each language, so that no customer waits for tables to load."""
        for question in ("電話", "phone", "电话"):
            self.answer(question)

    def detect(self, question: str, accept_language: str | None = None, earlier: Sequence[str] = ()) -> Detection:
        """The language of a cleaned question; what the text leaves open, the browser, the conversation and the indexed
        texts decide, in this order.
        """
        spoken = languages.detect(earlier[-1], Priors(accept_language)).language if earlier else None
        return languages.detect(question, Priors(accept_language, spoken, self.retriever.writers))

    def search(self, question: str, top_k: int = DEFAULT_TOP_K) -> list[Hit]:
        question = clean_question(question)
        detection = self.detect(question)
        return self.retriever.search(self._written_out(question, detection), top_k, detection.language)

    def _written_out(self, question: str, detection: Detection) -> str:
        """Japanese in Latin letters is asked as Japanese is written."""
        return self.retriever.written_out(question) if detection.reason == ROMAJI else question

    def _answer_language(self, detection: Detection, asked: str) -> str:
        if asked != "auto":
            return "zh-Hant" if asked == "zh" and detection.variant == "zh-Hant" else asked
        if detection.language not in LANGUAGES:
            return self._fallback_language
        return detection.variant if detection.variant == "zh-Hant" else detection.language

    def _draft(self, understood: _Understood) -> Draft:
        question, target, detection = understood.question, understood.target, understood.detection
        if detection.language == "und" and understood.wanted == "auto":
            return refuse("language_unsure", target, 0.0)
        if sum(character.isalnum() for character in question) < _SHORTEST_QUESTION_CHARS:
            return refuse("nothing_found", target, 0.0)
        if instructs_a_model(question):
            return refuse("out_of_scope", target, 0.0)
        if asks_of_another_company(question, self.retriever.knows):
            return refuse("out_of_scope", target, 0.0)
        hits = understood.hits[:DEFAULT_TOP_K]
        draft = self._answerer.answer(question, target, hits, understood.last)
        draft = self_checked(draft, target, self.retriever.passages, self._gate)
        if understood.wanted == "auto" and detection.language not in LANGUAGES:
            served = SERVED_LANGUAGES[target]
            return replace(draft, text=f"{draft.text}\n{served}")
        return draft


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 3)
