"""A model that writes at random, through the whole pipeline: not one sentence of it gets through the real gate."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from rag_support.answering.backends import Backend, Message
from rag_support.answering.backends.in_process import TransformersBackend
from rag_support.answering.generative import GenerativeWriter
from rag_support.answering.grounding import GroundingGate
from rag_support.answering.support import shipped_support
from rag_support.pipeline import Pipeline
from rag_support.types import GroundingReport

QUESTIONS = ["プライム会員の電話番号は？", "How long does it take to get a reply by email?", "收到可疑邮件怎么办？"]
LONG_S = 600.0


class SamplingBackend:
    """The tiny model with its words drawn at random, seeded, and a marker behind each line that it writes."""

    name = "sampling:tiny"

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModelForCausalLM.from_pretrained(folder)
        self._calls = 0

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer(text)["input_ids"])

    async def stream(self, messages: Sequence[Message], max_tokens: int, within_s: float) -> AsyncGenerator[str]:
        import torch

        self._calls += 1
        torch.manual_seed(self._calls)
        inputs = self._tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            written = self._model.generate(**inputs, do_sample=True, temperature=1.0, max_new_tokens=60)
        text = self._tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        for number, line in enumerate(text.replace("。", "\n").splitlines(), start=1):
            yield f"{line.strip()}。[{number % 3 + 1}]\n"

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def sampling(tiny_llm):
    return SamplingBackend(tiny_llm)


def of_random_words(backend: Backend, question: str, pipeline: Pipeline, gate: GroundingGate) -> GroundingReport:
    """What became of them, once it is sure that the answer is the quoted one."""
    writer = GenerativeWriter(backend, gate, patience_s=LONG_S, evidence_tokens=300, answer_tokens=60)
    written = Pipeline(pipeline.retriever, pipeline._answerer, "en", writer, gate=gate)
    answer = asyncio.run(written.written(question))
    quoted = pipeline.answer(question).draft
    assert (answer.draft.text, answer.draft.citations) == (quoted.text, quoted.citations)
    assert answer.draft.generator == "extractive"
    assert answer.draft.grounding.fallback
    return answer.draft.grounding


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_sentence_of_random_words_gets_through(pipeline, shipped_embedder, sampling, question):
    report = of_random_words(sampling, question, pipeline, GroundingGate(shipped_embedder, shipped_support()))
    assert report.dropped == report.checked > 0


def test_no_word_of_the_model_as_it_is_gets_through(pipeline, shipped_embedder, tiny_llm):
    gate = GroundingGate(shipped_embedder, shipped_support())
    report = of_random_words(TransformersBackend(str(tiny_llm), LONG_S), QUESTIONS[0], pipeline, gate)
    assert report.dropped == report.checked
