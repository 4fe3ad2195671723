"""Chat messages → a completion, told as it is written: a model in this process, or any OpenAI-compatible server.

A backend knows nothing of answers. It is bounded in how long it makes a caller wait and in how many calls it takes at
once, it says in one family of errors what went wrong, and it stops when its iterator is closed.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol, TypedDict

from rag_support.config import Settings
from rag_support.errors import BackendError


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


class Backend(Protocol):
    @property
    def name(self) -> str:
        """Kind and model, as in "openai:qwen3:4b": the `generator` of the answers it writes."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens of the model a text is, or more where that can only be estimated."""
        ...

    def stream(self, messages: Sequence[Message], max_tokens: int, within_s: float) -> AsyncGenerator[str]:
        """The completion in pieces, the likeliest one, in at most `within_s` seconds.

        Raises BackendError; what came before it stands. Closing the iterator stops the generation.
        """
        ...

    async def close(self) -> None:
        """Let go of connections or threads."""
        ...


def configured_backend(settings: Settings) -> Backend:
    """The backend that the settings name. Raises BackendError for a model that does not load, or is not named."""
    if settings.llm_model is None:
        raise BackendError(
            f"RAG_SUPPORT_GENERATOR={settings.generator} needs a model. Set RAG_SUPPORT_LLM_MODEL to its name."
        )
    if settings.generator == "transformers":
        from rag_support.answering.backends.in_process import TransformersBackend

        return TransformersBackend(settings.llm_model, settings.llm_timeout_s)
    if settings.llm_url is None:
        raise BackendError(
            "RAG_SUPPORT_GENERATOR=openai needs a server. Set RAG_SUPPORT_LLM_URL to its address, as in "
            "http://127.0.0.1:11434/v1."
        )
    from rag_support.answering.backends.openai_server import OpenAIBackend

    key = settings.llm_key.get_secret_value() if settings.llm_key else None
    return OpenAIBackend(
        str(settings.llm_url), settings.llm_model, key, settings.llm_timeout_s, concurrency=settings.llm_concurrency
    )
