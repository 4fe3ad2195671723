"""The official client over real sockets: a scripted server for everything that can go wrong."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import aclosing
from threading import Event

import pytest
from scripted_llm import DONE, completion, event, stream
from scripted_server import HANG_UP, Cut, Reply, scripted

from rag_support.answering.backends import Message
from rag_support.answering.backends.breaker import CircuitBreaker
from rag_support.answering.backends.openai_server import OpenAIBackend
from rag_support.errors import (
    BackendBroken,
    BackendBusy,
    BackendCutShort,
    BackendError,
    BackendRefused,
    BackendTooSlow,
    BackendUnavailable,
)

ASKED: list[Message] = [{"role": "user", "content": "電話番号は？"}]
LONG_S = 60.0  # never waited for
NEVER = 5.0  # seconds, for a script that a client leaves alone; never waited for either


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class Served:
    """A server that gives these replies in turn, the last one again and again."""

    def __init__(self, *replies: Reply | Callable[[], Reply]) -> None:
        self.replies = list(replies)
        self.requests: list[dict] = []

    def __call__(self, method: str, path: str, body: object) -> Reply:
        assert (method, path) == ("POST", "/v1/chat/completions")
        self.requests.append(body)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        return reply() if callable(reply) else reply


def said(served: Served, *, within_s: float = LONG_S, calls: int = 1, **options) -> list[str | BackendError]:
    """What each of some calls in a row comes to: the text, or the error behind it."""

    async def ask(backend: OpenAIBackend) -> str | BackendError:
        pieces = []
        try:
            async with aclosing(backend.stream(ASKED, 50, within_s)) as stream:
                async for piece in stream:
                    pieces += [piece]
        except BackendError as error:
            error.said = "".join(pieces)
            return error
        return "".join(pieces)

    async def all_calls(url: str) -> list[str | BackendError]:
        backend = OpenAIBackend(
            f"{url}/v1", "tiny", "the-key", options.pop("patience_s", LONG_S), first_wait_s=0.001, **options
        )
        try:
            return [await ask(backend) for _ in range(calls)]
        finally:
            await backend.close()

    with scripted(served) as url:
        return asyncio.run(all_calls(url))


def test_tells_the_pieces_as_they_come():
    served = Served(completion("0120", "-111", "-222です。[1]"))
    assert said(served) == ["0120-111-222です。[1]"]
    [request] = served.requests
    assert request == {
        "model": "tiny", "messages": ASKED, "max_tokens": 50, "temperature": 0, "stream": True,
    }  # fmt: skip


def test_a_last_chunk_with_figures_only_is_no_fault():
    usage = b'data: {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 3}}\n\n'
    assert said(Served(stream([event("a"), event(None, "stop"), usage, DONE]))) == ["a"]


def test_is_named_after_its_model():
    assert OpenAIBackend("http://127.0.0.1:1/v1", "qwen3:4b", None, LONG_S).name == "openai:qwen3:4b"


@pytest.mark.parametrize(
    "trouble",
    [
        Reply({"error": "overloaded"}, status=500),
        Reply({"error": "overloaded"}, status=503),
        Reply({"error": "slow down"}, status=429, headers={"Retry-After": "0"}),
        HANG_UP,
        lambda: stream(cut_after()),
        lambda: stream([]),
    ],
    ids=["500", "503", "429", "hang up", "cut before the first word", "empty"],
)
def test_tries_again_until_the_first_word_has_come(trouble):
    served = Served(trouble, trouble, completion("ok"))
    assert said(served) == ["ok"]
    assert len(served.requests) == 3


def cut_after(*events: bytes) -> Iterator[bytes]:
    yield from events
    raise Cut


def test_a_server_that_stays_down_is_unavailable():
    served = Served(Reply({"error": "down"}, status=500))
    [error] = said(served)
    assert isinstance(error, BackendUnavailable)
    assert "status 500" in str(error)
    assert len(served.requests) == 3


def test_nothing_listens():
    async def ask() -> None:
        backend = OpenAIBackend("http://127.0.0.1:9/v1", "tiny", None, LONG_S, first_wait_s=0.001)
        await anext(backend.stream(ASKED, 50, LONG_S))

    with pytest.raises(BackendUnavailable, match="nothing answers there"):
        asyncio.run(ask())


def test_is_not_tried_again_when_the_server_asks_for_more_time_than_a_customer_has():
    served = Served(Reply({"error": "slow down"}, status=429, headers={"Retry-After": "120"}))
    [error] = said(served)
    assert isinstance(error, BackendUnavailable)
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (400, "RAG_SUPPORT_LLM_EVIDENCE_TOKENS"),
        (401, "RAG_SUPPORT_LLM_KEY"),
        (403, "RAG_SUPPORT_LLM_KEY"),
        (404, "RAG_SUPPORT_LLM_MODEL"),
    ],
)
def test_a_request_that_is_refused_is_not_sent_again_and_the_mend_is_named(status, mend):
    served = Served(Reply({"error": {"message": "電話番号は？ is wrong"}}, status=status))
    [error] = said(served)
    assert isinstance(error, BackendRefused)
    assert mend in str(error)
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    "ending",
    [cut_after, lambda *events: iter(events), lambda *events: iter([*events, DONE])],
    ids=["connection broken", "stream ended", "no finish reason"],
)
def test_an_answer_that_breaks_off_is_broken_and_not_begun_again(ending):
    served = Served(lambda: stream(ending(event("受付は"), event("9:00"))))
    [error] = said(served)
    assert isinstance(error, BackendBroken)
    assert error.said == "受付は9:00"
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        Reply(b"<html>hello</html>", content_type="text/html"),
        Reply({"choices": []}),
        Reply(b"\xff\xfe\x00", content_type="text/event-stream"),
        lambda: stream([b"data: no JSON\n\n"]),
        lambda: stream([b"data: 5\n\n"]),
        lambda: stream([b'data: {"choices": 5}\n\n']),
        lambda: stream([b'data: {"choices": [{"delta": null}]}\n\n']),
        lambda: stream([b'data: {"choices": []}\n\n', DONE]),
        lambda: stream([b'data: {"error": {"message": "out of memory"}}\n\n']),
    ],
    ids=["html", "no stream", "no text", "no JSON", "a number", "choices", "delta", "no choice", "error"],
)
def test_nonsense_is_broken(nonsense):
    [error] = said(Served(nonsense))
    assert isinstance(error, BackendBroken), repr(error)
    assert error.said == ""


def test_an_answer_that_is_not_done_is_cut_short_and_no_failure_of_the_server():
    served = Served(lambda: completion("受付は", finish="length"))
    errors = said(served, calls=3, breaker=CircuitBreaker(failures=1))
    assert [(type(error), error.said) for error in errors] == 3 * [(BackendCutShort, "受付は")]


def test_a_server_that_never_stops_is_broken():
    served = Served(stream(event("あ" * 500) for _ in range(100)))
    [error] = said(served)
    assert isinstance(error, BackendBroken)
    assert "more than it was asked for" in str(error)


class Silent:
    """A stream that says nothing more until the client has gone, and then tells so."""

    def __init__(self, *first: bytes) -> None:
        self.first = first
        self.gone = Event()

    def __iter__(self) -> Iterator[bytes]:
        yield from self.first
        try:
            while not self.gone.wait(0.01):
                yield b": still here\n\n"
        finally:
            self.gone.set()


@pytest.mark.parametrize("first", [(), (event("受付は"),)], ids=["no first word", "no next word"])
def test_a_server_that_keeps_a_customer_waiting_is_too_slow_and_let_go(first):
    silent = Silent(*first)
    served = Served(stream(silent))
    [error] = said(served, patience_s=0.2)
    assert isinstance(error, BackendTooSlow)
    assert error.said == ("受付は" if first else "")
    assert len(served.requests) == 1
    assert silent.gone.wait(NEVER)


def test_a_stream_that_trickles_on_is_ended_in_time():
    def trickle() -> Iterator[bytes]:
        while True:
            yield event("あ")
            Event().wait(0.01)

    [error] = said(Served(stream(trickle())), within_s=0.2)
    assert isinstance(error, BackendTooSlow)
    assert error.said


def test_closing_the_iterator_lets_the_server_go():
    silent = Silent(event("受付は"))

    async def listen(url: str) -> None:
        backend = OpenAIBackend(f"{url}/v1", "tiny", None, LONG_S)
        async with aclosing(backend.stream(ASKED, 50, LONG_S)) as pieces:
            assert await anext(pieces) == "受付は"
        assert await asyncio.to_thread(silent.gone.wait, NEVER)
        await backend.close()

    with scripted(Served(stream(silent))) as url:
        asyncio.run(listen(url))


def test_cancelling_who_listens_lets_the_server_go():
    silent = Silent(event("受付は"))

    async def listen(url: str) -> None:
        backend = OpenAIBackend(f"{url}/v1", "tiny", None, LONG_S, concurrency=1)
        begun = asyncio.Event()

        async def ask() -> None:
            async with aclosing(backend.stream(ASKED, 50, LONG_S)) as pieces:
                async for _ in pieces:
                    begun.set()

        task = asyncio.create_task(ask())
        await begun.wait()
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
        assert await asyncio.to_thread(silent.gone.wait, NEVER)
        assert [piece async for piece in backend.stream(ASKED, 50, LONG_S)] == ["ok"]  # there is room again
        await backend.close()

    with scripted(Served(stream(silent), completion("ok"))) as url:
        asyncio.run(listen(url))


def test_a_server_that_fails_in_a_row_is_left_alone_for_a_while():
    served = Served(Reply({"error": "down"}, status=500))
    errors = said(served, calls=4, breaker=CircuitBreaker(failures=2, rest_s=LONG_S))
    assert all(isinstance(error, BackendUnavailable) for error in errors)
    assert len(served.requests) == 2 * 3
    assert "asked again in" in str(errors[-1])


def test_asks_at_most_so_many_at_once_and_tells_who_is_too_many():
    release = Event()

    def held() -> Iterator[bytes]:
        yield event("a")
        release.wait(NEVER)
        yield event(None, "stop")

    served = Served(lambda: stream(held()))

    async def ask(url: str) -> tuple[list[str], int]:
        backend = OpenAIBackend(f"{url}/v1", "tiny", None, LONG_S, concurrency=1)
        first = backend.stream(ASKED, 50, LONG_S)
        assert await anext(first) == "a"
        second = asyncio.create_task(anext(backend.stream(ASKED, 50, LONG_S)))
        await asyncio.sleep(0)
        with pytest.raises(BackendBusy):
            await anext(backend.stream(ASKED, 50, LONG_S))
        meanwhile = len(served.requests)
        release.set()
        rest = [piece async for piece in first]
        told = [*rest, await second]
        await backend.close()
        return told, meanwhile

    with scripted(served) as url:
        assert asyncio.run(ask(url)) == (["a"], 1)


def test_neither_key_nor_question_is_logged_or_told(caplog):
    caplog.set_level(logging.INFO)
    [error] = said(Served(Reply({"error": {"message": "電話番号は？"}}, status=400)))
    for text in (caplog.text, str(error)):
        assert "the-key" not in text
        assert "電話番号" not in text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 1), ("あ" * 100, int(1.2 * 100) + 1), ("a" * 100, int(0.4 * 100) + 1)],
)
def test_tokens_are_estimated_from_above(text, tokens):
    backend = OpenAIBackend("http://127.0.0.1:1/v1", "tiny", None, LONG_S)
    assert backend.count_tokens(text) == tokens
