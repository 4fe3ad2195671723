"""Answers over HTTP: ours, the floor and the peers in turn, so that what else the machine does meets all of them."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click

from bench.figures import percentile, repeated
from bench.servers import Server, ask, floor, measured_load, ours, peer, running
from rag_support import snapshot
from rag_support.config import Settings
from rag_support.retrieval.passages import PassageStore

CONNECTIONS = (1, 16)
_TYPICAL_REPLY = "How long does it take to get a reply by email?"
_WARM_UP = 100  # requests before any that counts
_WEIGHED_AFTER = 2_000  # questions
_STAGE_QUESTIONS = 300


def serving(index: Path, questions: Sequence[str], repeats: int, requests: int, peers: Sequence[str]) -> dict[str, Any]:
    """By workers: what each server did. `peers` are measured with one worker."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="rag-support-bench-") as scratch:
        reply = Path(scratch) / "reply.json"
        with running(ours(index, 1)) as server:
            reply.write_bytes(ask(server.port, _TYPICAL_REPLY))
            texts = Path(scratch) / "texts.json"
            texts.write_text(json.dumps(passage_texts(index), ensure_ascii=False), encoding="utf-8")
        for workers in (1, 2) if "workers" in Settings.model_fields else (1,):
            others = [peer(name, texts) for name in peers] if workers == 1 else []
            with ExitStack() as stack:
                servers = [
                    stack.enter_context(running(program))
                    for program in (ours(index, workers), floor(reply, workers), *others)
                ]
                found[str(workers)] = dict(_measured(servers, questions, repeats, requests))
        found["reply_bytes"] = reply.stat().st_size
    return found


def _measured(servers: Sequence[Server], questions: Sequence[str], repeats: int, requests: int) -> Iterator[Any]:
    after_start = [server.memory_mb() for server in servers]
    for server in servers:
        measured_load(server.port, questions, 1, _WARM_UP)
    times: dict[tuple[str, int], list[Any]] = {}
    for _ in range(repeats):
        for connections in CONNECTIONS:
            for server in servers:
                done = measured_load(server.port, questions, connections, requests)
                times.setdefault((server.name, connections), []).append(done)
    for server, before in zip(servers, after_start, strict=True):
        measured_load(server.port, questions, CONNECTIONS[-1], _WEIGHED_AFTER)
        figures: dict[str, Any] = {
            "first_answer_s": round(server.first_answer_s, 3),
            "memory_mb": {"after_start": before, f"after_{_WEIGHED_AFTER}_questions": server.memory_mb()},
        }
        for connections in CONNECTIONS:
            loads = times[server.name, connections]
            failed = sum(load["failed"] for load in loads)
            if failed and server.name == "rag-support":
                raise click.ClickException(f"{failed} of our own answers failed: their times say nothing")
            figures[f"connections_{connections}"] = {
                "p50_ms": repeated([percentile(load["times_ms"], 50) for load in loads]),
                "p99_ms": repeated([percentile(load["times_ms"], 99) for load in loads]),
                "failed": failed,
                "answers_per_s": repeated([requests / load["seconds"] for load in loads], more_is_better=True),
            }
        if server.name == "rag-support":
            figures["stages_ms"] = _stages(server.port, questions)
        yield server.name, figures


def _stages(port: int, questions: Sequence[str]) -> dict[str, Any]:
    timings = [json.loads(ask(port, question))["timings_ms"] for question in questions[:_STAGE_QUESTIONS]]
    return {
        stage: {f"p{percent}": round(percentile([row[stage] for row in timings], percent), 3) for percent in (50, 99)}
        for stage in timings[0]
    }


def cold_starts(index: Path, repeats: int) -> dict[str, Any]:
    """From nothing to the end of the first answer; file pages are in the system's cache."""
    times = []
    for _ in range(repeats):
        with running(ours(index, 1)) as server:
            times.append(server.first_answer_s)
    return repeated(times)


def passage_texts(index: Path) -> list[str]:
    """The Japanese text of every passage of the live index, which is what the peers search too."""
    folder = index / snapshot.current_id(index)
    with closing(PassageStore(folder / snapshot.PASSAGES)) as store:
        return [store.chunk(row).text for row in range(len(store))]
