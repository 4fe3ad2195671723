"""A tiny chat model with random weights, in this process and behind a real model server: the same words."""

import asyncio
import logging
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest
from tiny_llm import write_tiny_llm

from rag_support.answering.backends import Message
from rag_support.answering.backends.in_process import TransformersBackend
from rag_support.answering.backends.openai_server import OpenAIBackend
from rag_support.errors import BackendBusy, BackendCutShort, BackendError

ASKED: list[Message] = [
    {"role": "system", "content": "日本語で答えてください。"},
    {"role": "user", "content": "電話の受付時間は？"},
]
LONG_S = 60.0  # never waited for


@pytest.fixture
def backend(tiny_llm):
    return TransformersBackend(str(tiny_llm), LONG_S)


async def whole(backend, messages=ASKED) -> str:
    pieces = []
    try:
        async for piece in backend.stream(messages, 12, LONG_S):
            pieces += [piece]
    except BackendCutShort:  # random weights do not come to an end
        pass
    return "".join(pieces)


def test_writes_what_the_library_writes(backend, tiny_llm):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_llm)
    inputs = tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    model = AutoModelForCausalLM.from_pretrained(tiny_llm)
    written = model.generate(**inputs, do_sample=False, max_new_tokens=12)[0, inputs["input_ids"].shape[1] :]
    expected = tokenizer.decode(written, skip_special_tokens=True)
    assert expected
    assert asyncio.run(whole(backend)) == expected


def test_a_model_server_with_the_same_model_writes_the_same(backend, tiny_llm, served_llm):
    async def served() -> str:
        server = OpenAIBackend(served_llm, str(tiny_llm), None, LONG_S)
        try:
            return await whole(server)
        finally:
            await server.close()

    # what is no whole character at the very end, the server keeps to itself
    assert asyncio.run(served()) == asyncio.run(whole(backend)).rstrip("\ufffd") != ""


def test_is_named_after_the_folder_and_not_after_its_place(backend):
    assert backend.name == "transformers:tiny"


def test_counts_the_model_s_own_tokens(backend):
    assert backend.count_tokens("") == 0
    assert 1 <= backend.count_tokens("電話番号") < len("電話番号".encode())


def test_an_answer_that_is_not_done_is_cut_short(backend):
    async def told() -> None:
        async for _ in backend.stream(ASKED, 2, LONG_S):
            pass

    with pytest.raises(BackendCutShort, match="after 2 tokens"):
        asyncio.run(told())


def test_closing_the_iterator_stops_the_generation(backend):
    steps = []
    backend._model.register_forward_hook(lambda *_: steps.append(1))

    async def told() -> None:
        async with aclosing(backend.stream(ASKED, 8_000, 10 * LONG_S)) as stream:
            await anext(stream)
        await whole(backend)  # its turn comes when the first has stopped

    asyncio.run(told())
    assert len(steps) < 100


def test_concurrent_calls_take_turns_and_do_not_mix(backend):
    questions = [[Message(role="user", content=f"電話{'番号' * number}")] for number in range(4)]

    async def both_ways() -> tuple[list[str], list[str]]:
        alone = [await whole(backend, question) for question in questions]
        return alone, await asyncio.gather(*(whole(backend, question) for question in questions))

    alone, together = asyncio.run(both_ways())
    assert len(set(alone)) == len(alone)
    assert together == alone


def test_who_is_too_many_is_told_at_once(backend):
    async def told() -> list[BaseException | None]:
        async def ask() -> None:
            async with aclosing(backend.stream(ASKED, 4, LONG_S)) as stream:
                async for _ in stream:
                    pass

        return await asyncio.gather(*(ask() for _ in range(12)), return_exceptions=True)

    ends = [type(end) for end in asyncio.run(told())]
    assert ends.count(BackendBusy) == 12 - 1 - 8
    assert ends.count(BackendCutShort) == 1 + 8


def test_tokenizer_without_a_chat_template_gets_the_texts_as_they_are(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        backend = TransformersBackend(str(write_tiny_llm(tmp_path, chat_template=None)), LONG_S)
    assert "no chat template" in caplog.text
    encoded = backend._encoded(ASKED)["input_ids"][0]
    assert backend._tokenizer.decode(encoded) == "日本語で答えてください。\n\n電話の受付時間は？\n\n"


def test_template_without_system_messages_gets_it_before_the_question(tmp_path):
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}{% endfor %}"
    )
    backend = TransformersBackend(str(write_tiny_llm(tmp_path, chat_template=template)), LONG_S)
    encoded = backend._encoded(ASKED)["input_ids"][0]
    assert backend._tokenizer.decode(encoded) == "user: 日本語で答えてください。\n\n電話の受付時間は？"


def test_prompt_that_is_too_long_for_the_model_is_refused_with_the_mend(tmp_path):
    backend = TransformersBackend(str(write_tiny_llm(tmp_path, positions=32)), LONG_S)

    async def told() -> None:
        await anext(backend.stream(ASKED, 30, LONG_S))

    with pytest.raises(BackendError, match=r"32 tokens\. Lower RAG_SUPPORT_LLM_EVIDENCE_TOKENS"):
        asyncio.run(told())


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_folder_that_is_not_whole_is_named(tiny_llm, tmp_path, missing):
    folder = tmp_path / "broken"
    shutil.copytree(tiny_llm, folder)
    (folder / missing).unlink()
    with pytest.raises(BackendError, match=r"broken: transformers cannot load.*RAG_SUPPORT_LLM_MODEL"):
        TransformersBackend(str(folder), LONG_S)


def test_weights_that_would_have_to_be_unpickled_are_refused(tiny_llm, tmp_path):
    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_llm, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(BackendError, match="safetensors"):
        TransformersBackend(str(folder), LONG_S)


def test_model_that_is_not_there(tmp_path):
    with pytest.raises(BackendError, match="/no/such/model"):
        TransformersBackend("/no/such/model", LONG_S)
    assert not Path("/no/such/model").exists()
