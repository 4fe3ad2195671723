"""Answers worded by a language model over the evidence of the hits, each statement through the grounding gate.

A statement that fails is written once again by the model, told what is wrong with it, and dropped if that fails too.
Repairs wait until the model has finished, and so does what follows the first failure, as repairs go into their places.
Where nothing that answers is left, where the model says that the evidence does not answer, and where it cannot be
reached, the answer is the quoted one. composition.py says what is told when, README.md beside this file the rest.
"""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from time import monotonic
from typing import Protocol

from rag_support.answering.backends import Backend, Message, configured_backend
from rag_support.answering.composition import Composition
from rag_support.answering.evidence import choose_evidence, quoted_statements
from rag_support.answering.grounding import Fault, GroundingGate, Source
from rag_support.answering.prompting import NO_ANSWER, to_answer, to_repair
from rag_support.answering.sources import evidence_of
from rag_support.answering.statements import as_stated
from rag_support.answering.support import shipped_support
from rag_support.answering.written import Splitter, Written
from rag_support.config import Settings
from rag_support.errors import BackendCutShort, BackendError
from rag_support.types import Draft, Embedder, GroundingReport, Hit, Stated

logger = logging.getLogger(__name__)

_REPAIRS = 3  # of one answer; where more fails, a further call will not mend it
_REPAIR_TOKENS = 120
_WHOLE_ANSWER = 3  # times the wait for the next word: what an answer with its repairs may take


class Gate(Protocol):
    """The grounding gate, as far as it is needed here."""

    def faults(
        self, statement: str, citations: Sequence[int], language: str, sources: Mapping[int, Source]
    ) -> tuple[Fault, ...]:
        """What is wrong with a statement, which comes without its markers; nothing where it stands."""
        ...


class GenerativeWriter:
    """A types.Writer. Safe to share between requests."""

    def __init__(
        self, backend: Backend, gate: Gate, *, patience_s: float, evidence_tokens: int, answer_tokens: int
    ) -> None:
        """`patience_s`: the longest wait for the next piece that the backend allows, in seconds."""
        self._backend = backend
        self._gate = gate
        self._within_s = _WHOLE_ANSWER * patience_s
        self._evidence_tokens = evidence_tokens
        self._answer_tokens = answer_tokens

    async def write(
        self, question: str, language: str, hits: Sequence[Hit], quoted: Draft
    ) -> AsyncGenerator[Stated | Draft]:
        """See types.Writer."""
        evidence = choose_evidence(hits, quoted, language, self._backend.count_tokens, self._evidence_tokens)
        sources = {number: evidence_of(one.chunk, one.span) for number, one in evidence.items()}
        model = _Conversation(
            self._backend, self._gate, to_answer(question, evidence, language), language, sources, self._within_s
        )
        answer = Composition(question, language, evidence, quoted_statements(hits, quoted))
        waiting: list[tuple[Written, tuple[Fault, ...]]] = []  # from the first failure on

        async with aclosing(model.statements(self._answer_tokens)) as statements:
            async for written in statements:
                faults = model.check(written)
                if faults or waiting:
                    waiting.append((written, faults))
                    continue
                for stated in answer.add(written):
                    yield stated
        for written, faults in waiting:
            mended = await model.repaired(written, faults) if faults else written
            if mended is None:
                answer.lose(written)
                continue
            for stated in answer.add(mended):
                yield stated
        for stated in answer.end(model.finished):
            yield stated

        report = replace(model.report, dropped=model.report.dropped + answer.given_up)
        if answer.answers:
            for stated in answer.close(quoted):
                yield stated
            yield replace(answer.draft(quoted), generator=self._backend.name, grounding=report)
        else:
            for stated in as_stated(quoted):
                yield stated
            missing = f" ({self._backend.name} unavailable)" if model.unavailable else ""
            yield replace(quoted, generator=quoted.generator + missing, grounding=replace(report, fallback=True))

    async def close(self) -> None:
        await self._backend.close()


class _Conversation:
    """One answer's calls to the model, and what the gate said of what it wrote."""

    def __init__(
        self,
        backend: Backend,
        gate: Gate,
        asked: Sequence[Message],
        language: str,
        sources: Mapping[int, Source],
        within_s: float,
    ) -> None:
        self._backend = backend
        self._gate = gate
        self._asked = asked
        self._language = language
        self._sources = sources
        self._deadline = monotonic() + within_s
        self._repairs = _REPAIRS
        self.report = GroundingReport()
        self.finished = False  # the model came to an end by itself
        self.unavailable = False  # it could not be reached, or broke off

    async def statements(self, max_tokens: int) -> AsyncGenerator[Written]:
        """What the model answers. Where it breaks off the statements end, and `finished` stays false."""
        try:
            async with aclosing(self._completion(self._asked, max_tokens)) as statements:
                async for written in statements:
                    yield written
            self.finished = True
        except BackendCutShort:
            logger.warning("%s: an answer was longer than %d tokens", self._backend.name, max_tokens)
        except BackendError as error:
            logger.warning("%s", error)
            self.unavailable = True

    def check(self, written: Written) -> tuple[Fault, ...]:
        self.report = replace(self.report, checked=self.report.checked + 1)
        return self._faults(written)

    async def repaired(self, written: Written, faults: Sequence[Fault]) -> Written | None:
        """A statement that failed as the model writes it again, in its old place; None if that fails too."""
        mended: Written | None = None
        if self._repairs and not self.unavailable and monotonic() < self._deadline:
            self._repairs -= 1
            sentence = written.text + "".join(f"[{number}]" for number in written.citations)
            mended = await self._first_statement(to_repair(self._asked, sentence, faults, self._language))
        if mended is None or self._faults(mended):
            self.report = replace(self.report, dropped=self.report.dropped + 1)
            return None
        self.report = replace(self.report, repaired=self.report.repaired + 1)
        return replace(mended, line=written.line, mark=written.mark)

    async def _first_statement(self, asked: Sequence[Message]) -> Written | None:
        try:
            async with aclosing(self._completion(asked, _REPAIR_TOKENS)) as statements:
                return await anext(statements, None)
        except BackendCutShort:
            return None
        except BackendError as error:
            logger.warning("%s", error)
            self.unavailable = True
            return None

    async def _completion(self, asked: Sequence[Message], max_tokens: int) -> AsyncGenerator[Written]:
        """The statements of a completion, those that came before it broke off included. Raises BackendError."""
        splitter = Splitter()
        broke_off: BackendError | None = None
        try:
            async with aclosing(self._backend.stream(asked, max_tokens, self._deadline - monotonic())) as pieces:
                async for piece in pieces:
                    for written in filter(_says, splitter.feed(piece)):
                        yield written
        except BackendError as error:
            broke_off = error
        for written in filter(_says, splitter.end()):
            yield written
        if broke_off is not None:
            raise broke_off

    def _faults(self, written: Written) -> tuple[Fault, ...]:
        return self._gate.faults(written.text, written.citations, self._language, self._sources)


def _says(written: Written) -> bool:
    """Not that the evidence holds no answer: then there is nothing to check, and nothing to tell."""
    return NO_ANSWER not in written.text


def configured_writer(settings: Settings, embedder: Embedder) -> GenerativeWriter | None:
    """The writer that the settings name, None where answers are quoted. Raises BackendError."""
    if settings.generator == "extractive":
        return None
    return GenerativeWriter(
        configured_backend(settings),
        GroundingGate(embedder, shipped_support()),
        patience_s=settings.llm_timeout_s,
        evidence_tokens=settings.llm_evidence_tokens,
        answer_tokens=settings.llm_answer_tokens,
    )
