"""Completions by any OpenAI-compatible server (vLLM, Ollama, llama.cpp, SGLang, hosted), through the official client.

The client's own retries are off: they end with the response's head and may wait two minutes where a server says so.
Here a call is tried again until its first word has come, and never for longer than a customer waits.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any

from rag_support.answering.backends import Message
from rag_support.answering.backends.breaker import CircuitBreaker
from rag_support.answering.backends.patience import Slots, paced
from rag_support.errors import (
    BackendBroken,
    BackendCutShort,
    BackendError,
    BackendRefused,
    BackendUnavailable,
)

_CONNECT_SECONDS = 5.0
_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 4.0
_TRY_AGAIN = frozenset({408, 409, 425, 429})  # besides 5xx
_MOST_CHARS_A_TOKEN = 20  # a server that sends more does not keep to max_tokens
_WIDE_TOKENS, _NARROW_TOKENS = 1.2, 0.4  # a character, at the upper end of today's vocabularies


class OpenAIBackend:
    def __init__(
        self,
        url: str,
        model: str,
        key: str | None,
        patience_s: float,
        *,
        concurrency: int = 8,
        breaker: CircuitBreaker | None = None,
        first_wait_s: float = 0.25,
    ) -> None:
        """`patience_s`: longest wait for the next piece, in seconds; `first_wait_s`: before the second try, doubled
        for the next. Raises BackendError where the client is not installed.
        """
        try:
            import openai
        except ImportError as error:
            raise BackendError("Model servers are asked by the client: pip install 'rag-support[llm]'.") from error
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",  # local servers take any
            max_retries=0,
            timeout=openai.Timeout(None, connect=_CONNECT_SECONDS),  # the rest is paced() here
        )
        self.name = f"openai:{model}"
        self._url = url
        self._model = model
        self._patience_s = patience_s
        self._first_wait_s = first_wait_s
        self._slots = Slots(concurrency, concurrency)
        self._breaker = breaker or CircuitBreaker()

    def count_tokens(self, text: str) -> int:
        """An upper estimate: the server's tokenizer is not known."""
        wide = sum(character > "\u2e7f" for character in text)
        return int(_WIDE_TOKENS * wide + _NARROW_TOKENS * (len(text) - wide)) + 1

    async def stream(self, messages: Sequence[Message], max_tokens: int, within_s: float) -> AsyncGenerator[str]:
        deadline = monotonic() + within_s
        await self._slots.take(min(self._patience_s, within_s))
        try:
            if rest_s := self._breaker.rests_s():
                raise BackendUnavailable(
                    f"{self._url}: failed several times in a row; it is asked again in {rest_s:.0f} s."
                )
            async with aclosing(self._tried(messages, max_tokens, deadline)) as pieces:
                async for piece in pieces:
                    yield piece
            self._breaker.succeeded()
        except BackendCutShort:
            self._breaker.succeeded()
            raise
        finally:
            self._slots.give_back()

    async def _tried(self, messages: Sequence[Message], max_tokens: int, deadline: float) -> AsyncGenerator[str]:
        """The completion, tried again where nothing has been said yet and another try may help."""
        for attempt in range(_ATTEMPTS):
            said = False
            completion = self._completion(messages, max_tokens)
            try:
                async with aclosing(paced(completion, self._patience_s, deadline, self._url)) as pieces:
                    async for piece in pieces:
                        said = True
                        yield piece
                return
            except (BackendUnavailable, BackendBroken) as error:
                wait_s = self._wait_s(attempt, error)
                if said or attempt == _ATTEMPTS - 1 or wait_s > min(self._patience_s, deadline - monotonic()):
                    self._breaker.failed()
                    raise
            except BackendCutShort:
                raise
            except BackendError:
                self._breaker.failed()
                raise
            await asyncio.sleep(wait_s)

    def _wait_s(self, attempt: int, error: BackendError) -> float:
        """Exponential back-off with jitter, or what the server asks for where that is longer."""
        longest = min(self._first_wait_s * 2**attempt, _LONGEST_WAIT_SECONDS)
        wait_s: float = longest * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        return max(wait_s, error.retry_after_s) if isinstance(error, BackendUnavailable) else wait_s

    async def _completion(self, messages: Sequence[Message], max_tokens: int) -> AsyncGenerator[str]:
        """One request. The client's exceptions become ours here, and nothing that a server said is repeated in them:
        it may hold the question.
        """
        import openai

        chars = 0
        reason: str | None = None
        try:
            request: Any = {"model": self._model, "messages": list(messages), "max_tokens": max_tokens}
            async with await self._client.chat.completions.create(**request, temperature=0, stream=True) as chunks:
                async for chunk in chunks:
                    for choice in chunk.choices[:1]:  # the last chunk may bring figures only
                        piece = choice.delta.content
                        reason = choice.finish_reason or reason
                        if piece:
                            chars += len(piece)
                            yield piece
                    if chars > _MOST_CHARS_A_TOKEN * max_tokens:
                        raise BackendBroken(f"{self._url}: the server writes more than it was asked for.")
        except openai.APIConnectionError as error:
            if chars:
                raise BackendBroken(f"{self._url}: the connection broke in the middle of an answer.") from error
            raise BackendUnavailable(f"{self._url}: nothing answers there. Start the model server.") from error
        except openai.APIStatusError as error:
            raise _of_status(self._url, error.status_code, error.response.headers.get("retry-after")) from error
        except openai.OpenAIError as error:
            raise BackendBroken(f"{self._url}: the server reports a fault. Look at its log.") from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:  # the client takes what it is sent
            raise BackendBroken(f"{self._url}: what it sent is no chat completion. {_CHECK_URL}") from error
        if reason is None:
            said = "stopped in the middle of an answer" if chars else f"sent no chat completion. {_CHECK_URL}"
            raise BackendBroken(f"{self._url}: the server {said.rstrip('.')}.")
        if reason == "length":
            raise BackendCutShort(f"{self._url}: the answer was not done after {max_tokens} tokens.")

    async def close(self) -> None:
        await self._client.close()


_CHECK_URL = "Check RAG_SUPPORT_LLM_URL; it ends in /v1."


def _of_status(url: str, status: int, retry_after: str | None) -> BackendError:
    if status >= 500 or status in _TRY_AGAIN:
        after_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
        return BackendUnavailable(f"{url}: status {status}, the server cannot answer now. Look at its log.", after_s)
    mend = {
        401: "Set RAG_SUPPORT_LLM_KEY.",
        403: "Set RAG_SUPPORT_LLM_KEY to a key that may use the model.",
        404: "Check RAG_SUPPORT_LLM_MODEL, and that RAG_SUPPORT_LLM_URL ends in /v1.",
    }.get(status, "Look at its log; lower RAG_SUPPORT_LLM_EVIDENCE_TOKENS if the prompt is too long for the model.")
    return BackendRefused(f"{url}: status {status}, the server does not take the request. {mend}")
