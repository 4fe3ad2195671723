"""Which backend the settings name, and what is said of settings that name none."""

import asyncio

import pytest

from rag_support.answering.backends import configured_backend
from rag_support.answering.generative import configured_writer
from rag_support.config import Settings
from rag_support.errors import BackendError


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize("generator", ["openai", "transformers"])
def test_a_model_has_to_be_named(generator):
    with pytest.raises(BackendError, match="RAG_SUPPORT_LLM_MODEL"):
        configured_backend(settings(generator=generator))


def test_a_server_has_to_be_named():
    with pytest.raises(BackendError, match="RAG_SUPPORT_LLM_URL"):
        configured_backend(settings(generator="openai", llm_model="tiny"))


def test_quotation_needs_no_writer(shipped_embedder):
    assert configured_writer(settings(), shipped_embedder) is None


def test_a_server_s_model():
    backend = configured_backend(settings(generator="openai", llm_model="tiny", llm_url="http://127.0.0.1:1/v1"))
    assert backend.name == "openai:tiny"
    asyncio.run(backend.close())


def test_a_model_in_this_process(tiny_llm):
    backend = configured_backend(settings(generator="transformers", llm_model=str(tiny_llm)))
    assert backend.name == "transformers:tiny"
    asyncio.run(backend.close())


def test_the_key_is_not_shown():
    assert "the-key" not in repr(settings(llm_key="the-key"))
