"""Completions by a chat model in this process, through transformers: on a GPU where there is one, else on the CPU.

One completion is written at a time, and the others wait their turn: a batch would make each slower, and who has many
customers at once runs a server that batches as they come (vLLM) and asks it through openai_server.py. Weights are read
from safetensors only, and no code that comes with a model is run.
"""

import asyncio
import copy
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import Any

from rag_support.answering.backends import Message
from rag_support.answering.backends.patience import Slots, paced
from rag_support.errors import BackendBroken, BackendCutShort, BackendError

logger = logging.getLogger(__name__)

_WAITING = 8


class _Stopped(Exception):
    """Nobody listens any more."""


class TransformersBackend:
    def __init__(self, model: str, patience_s: float) -> None:
        """`model`: a folder or a hub name; `patience_s`: longest wait for the next piece, in seconds.

        Raises BackendError when the model does not load.
        """
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise BackendError(f"{model}: transformers and torch are not installed. Run `make setup`.") from error
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
            loaded = AutoModelForCausalLM.from_pretrained(
                model, trust_remote_code=False, use_safetensors=True, dtype="auto"
            )
            self._model = loaded.to(device).train(False)
        except Exception as error:  # the library raises whatever its hub client, torch or the file format raise
            said = " ".join(str(error).split())
            raise BackendError(
                f"{model}: transformers cannot load this model ({type(error).__name__}: {said}). Check "
                "RAG_SUPPORT_LLM_MODEL; the model has to come as safetensors, without code of its own."
            ) from error
        if self._tokenizer.chat_template is None:
            logger.warning("%s: this tokenizer has no chat template; a model that was trained to chat has one", model)
        self.name = f"transformers:{Path(model).name if Path(model).is_dir() else model}"
        self._patience_s = patience_s
        self._slots = Slots(1, _WAITING)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llm")

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    async def stream(self, messages: Sequence[Message], max_tokens: int, within_s: float) -> AsyncGenerator[str]:
        deadline = monotonic() + within_s
        await self._slots.take(min(self._patience_s, within_s))
        completion = self._completion(messages, max_tokens)
        async with aclosing(paced(completion, self._patience_s, deadline, self.name)) as pieces:
            async for piece in pieces:
                yield piece

    async def _completion(self, messages: Sequence[Message], max_tokens: int) -> AsyncGenerator[str]:
        """Gives the slot back when the thread is done, which after a stop is one token later."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        stopped = threading.Event()

        def say(piece: str) -> None:
            if stopped.is_set():
                raise _Stopped
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def ended(work: asyncio.Future[bool]) -> None:
            self._slots.give_back()
            if not work.cancelled():
                work.exception()  # looked at, so that asyncio does not report what nobody waited for
            pieces.put_nowait(None)

        work = loop.run_in_executor(self._thread, self._generate, messages, max_tokens, say)
        work.add_done_callback(ended)
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            done = await work
        except BackendError:
            raise
        except Exception as error:  # torch out of memory, a template that takes no such messages
            logger.exception("%s failed", self.name)
            raise BackendBroken(f"{self.name}: the model failed ({type(error).__name__}).") from error
        finally:
            stopped.set()
        if not done:
            raise BackendCutShort(f"{self.name}: the answer was not done after {max_tokens} tokens.")

    def _generate(self, messages: Sequence[Message], max_tokens: int, say: Callable[[str], None]) -> bool:
        """In the thread: whether the model came to an end by itself."""
        import torch

        inputs = self._encoded(messages).to(self._model.device)
        room = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if room is not None and inputs["input_ids"].shape[1] + max_tokens > room:
            raise BackendError(
                f"{self.name}: the prompt is too long for this model's {room} tokens. Lower "
                "RAG_SUPPORT_LLM_EVIDENCE_TOKENS."
            )
        config = copy.deepcopy(self._model.generation_config)
        config.update(do_sample=False, temperature=None, top_p=None, top_k=None, max_new_tokens=max_tokens)
        if config.pad_token_id is None:
            config.pad_token_id = self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0
        streamer = _Streamer(self._tokenizer, say)
        try:
            with torch.inference_mode():
                self._model.generate(**inputs, generation_config=config, streamer=streamer)
        except _Stopped:
            return True
        return streamer.tokens < max_tokens

    def _encoded(self, messages: Sequence[Message]) -> Any:
        """Token ids by the model's chat template; without one the texts as they are, a blank line between them."""
        if self._tokenizer.chat_template is None:
            text = "\n\n".join(message["content"] for message in messages) + "\n\n"
            return self._tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        asked = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt", "enable_thinking": False}
        from jinja2 import TemplateError

        try:
            return self._tokenizer.apply_chat_template(list(messages), **asked)
        except TemplateError:  # some templates know no system message
            system, user, *rest = messages
            merged = Message(role="user", content=f"{system['content']}\n\n{user['content']}")
            return self._tokenizer.apply_chat_template([merged, *rest], **asked)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class _Streamer:
    """What `generate` hands each token to: says the text so far as soon as its characters are whole.

    The library's own streamers hold Japanese back until a space or a kanji comes.
    """

    def __init__(self, tokenizer: Any, say: Callable[[str], None]) -> None:
        self._tokenizer = tokenizer
        self._say = say
        self._ids: list[int] = []
        self._said = 0  # characters of the text that the tokens make up
        self._in_prompt = True
        self.tokens = 0

    def put(self, value: Any) -> None:
        if self._in_prompt:
            self._in_prompt = False
            self._say("")  # so that a stop is noticed before the first token
            return
        self._ids.extend(value.reshape(-1).tolist())
        self.tokens += 1
        text = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        whole = "" if text.endswith("\ufffd") else text[self._said :]  # bytes of a character are still to come
        self._said += len(whole)
        self._say(whole)

    def end(self) -> None:
        rest = self._tokenizer.decode(self._ids, skip_special_tokens=True)[self._said :]
        self._say(rest)
