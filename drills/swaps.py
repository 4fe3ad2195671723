"""Another index is made live again and again while questions are asked: all are answered, each from one generation.

The two generations hold the same documents in folders of different names. An answer's passages and citations name the
folder, its `index` names the generation, and they must agree. Half of the time the server is told of the new index by
SIGHUP, half of the time it has to notice by itself.
"""

import json
import shutil
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from bench.load import Reply, percentile_ms
from bench.servers import running
from drills.in_place import files_of, save
from drills.outcome import SLOW, Outcome, first_few
from drills.results import Control
from drills.servers import Server, serving, wait_until
from drills.under_load import kept_asking, steadily_asked, under_load
from drills.usual import usual
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.ingest.build import build_index
from rag_support.publishing import roll_back
from rag_support.snapshot import CURRENT, MANIFEST

_GENERATIONS = ("one", "other")
_SERVING = "serving index"  # in the log, for each index that is taken up
_CONTROL_SWAPS = 3
_SAVED_SECONDS = 0.2  # between one telling and the next

Generations = Mapping[str, str]
"""Id of a snapshot → the folder that its documents name."""


def swaps(
    folder: Path, corpus: Path, questions: Sequence[str], count: int, seconds: float, connections: int = 16
) -> Outcome:
    """`count` swaps, spread over so many seconds, under so many connections; `folder` is to work in."""
    index = folder / "index"
    embedder = load_embedder(SHIPPED_EMBEDDER)
    generations: Generations = {
        build_index(_named(folder / "corpus" / name, corpus, name), index, embedder, keep=2).snapshot_id: name
        for name in _GENERATIONS
    }
    control = _control(folder / "in place", index, generations, questions)
    with serving(index, folder) as (server, port):
        began = perf_counter()

        def swap() -> None:
            for number in range(count):
                sleep(max(0.0, began + number * seconds / count - perf_counter()))
                roll_back(index, embedder.model_id, list(generations)[number % 2])
                if number % 2:
                    server.process.send_signal(signal.SIGHUP)
                wait_until(partial(_has_served, server, number + 2), "the swap")

        replies = under_load(swap, kept_asking(port, questions, connections, bodies=True))
        took = perf_counter() - began
        taken_up = server.log().count(_SERVING) - 1
    failures = [problem for reply in replies if (problem := _problem(reply, generations))]
    if took > seconds:
        failures.append(f"{SLOW}: {count} swaps took {took:.1f} s")
    figures = {
        "seconds": round(took, 1),
        "answers": len(replies),
        "p50 ms": round(percentile_ms(replies, 0.5), 1),
        "p99 ms": round(percentile_ms(replies, 0.99), 1),
    }
    return Outcome("swaps under load", taken_up, first_few(failures), control, figures)


def _named(copy: Path, corpus: Path, name: str) -> Path:
    """The corpus with its documents below a folder `name`."""
    shutil.copytree(corpus, copy / name, ignore=shutil.ignore_patterns("translations", "*.tsv", "*.jsonl"))
    if (corpus / "translations").is_dir():
        shutil.copytree(corpus / "translations", copy / "translations")
    return copy


def _has_served(server: Server, indexes: int) -> bool:
    return server.log().count(_SERVING) >= indexes


def _problem(reply: Reply, generations: Generations) -> str | None:
    if reply.status != 200:
        return f"status {reply.status} after {reply.at:.2f} s"
    answer = json.loads(reply.body)
    told = generations[answer["index"]]
    shown = {part["document"].split("/")[0] for part in (*answer["passages"], *answer["citations"])}
    if shown != {told}:
        return f"an answer of {told!r} after {reply.at:.2f} s shows passages of {sorted(shown)}"
    return None


def _control(folder: Path, index: Path, generations: Generations, questions: Sequence[str]) -> Control:
    """The same files, saved over those that are served, told of when the first is saved and when all are."""
    files = [files_of(index / snapshot_id) for snapshot_id in generations]
    live = folder / next(iter(generations))
    save(files[0], live)
    (folder / CURRENT).write_text(f"{live.name}\n", encoding="ascii")
    with running(usual(folder)) as server:

        def swap() -> None:
            for number in range(_CONTROL_SWAPS):
                saved = files[(number + 1) % 2]
                for part in ({MANIFEST: saved[MANIFEST]}, saved):
                    save(part, live)
                    if server.process.is_running():
                        server.process.send_signal(signal.SIGHUP)
                    sleep(_SAVED_SECONDS)

        replies = under_load(swap, steadily_asked(server.port, questions, bodies=True))
    lost = sum(_problem(reply, generations) is not None for reply in replies)
    return Control("questions, as the same files were saved over those that are served", len(replies), lost)
