"""Another index is made live again and again while questions are asked: all are answered, each from one generation.

The two generations hold the same documents in folders of different names. An answer's passages and citations name the
folder, its `index` names the generation, and they must agree.
"""

import json
import shutil
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from drills.load import Reply, asking, closed_loop, percentile_ms, run
from drills.outcome import Outcome, first_few
from drills.servers import Server, serving, wait_until
from rag_support import snapshot
from rag_support.config import SHIPPED_EMBEDDER
from rag_support.embedding import load_embedder
from rag_support.ingest.build import build_index

_GENERATIONS = ("one", "other")
_SERVING = "serving index"  # in the log, for each index that is taken up


def swaps(
    folder: Path, corpus: Path, questions: Sequence[str], count: int, seconds: float, connections: int = 16
) -> Outcome:
    """`count` swaps, spread over so many seconds, under so many connections; `folder` is to work in."""
    index = folder / "index"
    ids = {_build(folder / "corpus" / name, corpus, index, name): name for name in _GENERATIONS}
    ended = threading.Event()

    with serving(index, folder) as (server, port):

        def swap() -> None:
            try:
                for number in range(count):
                    sleep(seconds / count)
                    _make_live(index, list(ids)[number % 2])
                    wait_until(partial(_has_served, server, number + 2), "the swap")
            finally:
                ended.set()

        swapping = threading.Thread(target=swap)
        began = perf_counter()
        swapping.start()
        replies = run(closed_loop(port, asking(questions), connections, ended.is_set))
        swapping.join()
        took = perf_counter() - began
        taken_up = server.log().count(_SERVING) - 1
    failures = [problem for reply in replies if (problem := _problem(reply, ids))]
    return Outcome(
        "swaps under load",
        taken_up,
        first_few(failures),
        {
            "seconds": round(took, 1),
            "answers": len(replies),
            "p50 ms": round(percentile_ms(replies, 0.5), 1),
            "p99 ms": round(percentile_ms(replies, 0.99), 1),
        },
    )


def _build(copy: Path, corpus: Path, index: Path, name: str) -> str:
    """The corpus with its documents below a folder `name`; the id of its snapshot, live now."""
    shutil.copytree(corpus, copy / name, ignore=shutil.ignore_patterns("translations", "*.tsv", "*.jsonl"))
    if (corpus / "translations").is_dir():
        shutil.copytree(corpus / "translations", copy / "translations")
    return build_index(copy, index, load_embedder(SHIPPED_EMBEDDER), keep=2).snapshot_id


def _has_served(server: Server, indexes: int) -> bool:
    return server.log().count(_SERVING) >= indexes


def _make_live(index: Path, snapshot_id: str) -> None:
    temporary = index / "next"
    temporary.write_text(f"{snapshot_id}\n", encoding="ascii")
    temporary.replace(index / snapshot.CURRENT)


def _problem(reply: Reply, ids: dict[str, str]) -> str | None:
    if reply.status != 200:
        return f"status {reply.status} after {reply.at:.2f} s"
    answer = json.loads(reply.body)
    shown = {part["document"].split("/")[0] for part in (*answer["passages"], *answer["citations"])}
    if shown != {ids[answer["index"]]}:
        return f"an answer of {ids[answer['index']]!r} after {reply.at:.2f} s shows passages of {sorted(shown)}"
    return None
