"""How build, answers and memory grow with the corpus.

Each step runs in a process of its own (`python -m bench.growth`), so that what one leaves behind in memory is not
counted for the next.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import psutil

from bench.figures import percentile
from bench.texts import change_a_document, write_corpus

_RECALLED = 10  # of the nearest rows, how many are found
_SEARCHED = 400  # rows, as the service does


def growth(data: Path, sizes: Sequence[int], questions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """For each number of passages: build, build again with nothing changed and with one document changed, ask.

    Times are of one run.
    """
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="rag-support-bench-") as scratch:
            corpus, index = Path(scratch) / "corpus", Path(scratch) / "index"
            write_corpus(data, corpus, size)
            built = in_process("build", corpus, index)
            again = in_process("build", corpus, index)
            change_a_document(corpus)
            edited = in_process("build", corpus, index)
            asked = in_process("ask", index, questions=questions)
            yield {
                "passages": built["passages"],
                "vectors": built["vectors"],
                "index_mb": round(sum(file.stat().st_size for file in index.glob("*/**/*") if file.is_file()) / 2e6, 1),
                "build": built,
                "rebuild": again,
                "rebuild_with_one_document_changed": edited,
                **asked,
            }


def build_step(corpus: Path, index: Path) -> dict[str, Any]:
    """One build; how long its stages took, from when one was first heard of to when the next was."""
    from rag_support.config import SHIPPED_EMBEDDER
    from rag_support.embedding import load_embedder
    from rag_support.ingest.build import build_index

    embedder = load_embedder(SHIPPED_EMBEDDER)
    started, cpu = perf_counter(), _cpu_seconds()
    heard: dict[str, float] = {}

    def note(stage: str, _: int, __: int) -> None:
        heard.setdefault(stage.partition(" ")[0], perf_counter())

    manifest = build_index(corpus, index, embedder, keep=2, progress=note)
    ended = perf_counter()
    ends = [*list(heard.values())[1:], ended]
    passages = sum(manifest.counts.passages.values())
    return {
        "passages": passages,
        "vectors": manifest.counts.vectors,
        "seconds": round(ended - started, 2),
        "cpu_seconds": round(_cpu_seconds() - cpu, 2),
        "passages_per_s": round(passages / (ended - started), 1),
        "stages_s": {stage: round(end - begun, 2) for (stage, begun), end in zip(heard.items(), ends, strict=True)},
        "peak_rss_mb": _peak_rss_mb(),
    }


def ask_step(index: Path, questions: Sequence[str]) -> dict[str, Any]:
    from rag_support import snapshot
    from rag_support.config import SHIPPED_EMBEDDER
    from rag_support.embedding import load_embedder
    from rag_support.pipeline import Pipeline
    from rag_support.retrieval.dense import DenseIndex

    embedder = load_embedder(SHIPPED_EMBEDDER)
    started = perf_counter()
    pipeline = Pipeline.open(index, embedder, "en")
    pipeline.warm_up()
    opened = perf_counter() - started
    answers = [pipeline.answer(question) for question in questions]
    rss = psutil.Process().memory_info().rss / 1e6
    dense = DenseIndex.load(index / snapshot.current_id(index) / snapshot.DENSE)
    vectors = embedder.embed_queries(questions)
    searches = []
    found = []
    for vector in vectors:
        begun = perf_counter()
        found.append(dense.search(vector, _SEARCHED).rows[:_RECALLED].tolist())
        searches.append((perf_counter() - begun) * 1000)
    return {
        "open_s": round(opened, 2),
        "answer_ms": _percentiles([answer.timings_ms["total"] for answer in answers]),
        "dense_search_ms": _percentiles(searches),
        "rss_mb": round(rss, 1),
        f"recall_at_{_RECALLED}": round(recall(dense, vectors, found), 4),
    }


def recall(dense: Any, vectors: Any, found: Sequence[Sequence[int]]) -> float:
    """The share of the nearest rows, found by looking at all, that `found` holds; ties count by their cosine."""
    import numpy as np

    best = np.full((len(vectors), _RECALLED), -np.inf, dtype=np.float32)
    for first in range(0, dense.rows, 50_000):
        rows = dense.vectors(first, min(50_000, dense.rows - first))
        best = -np.sort(-np.concatenate((best, vectors @ rows.T), axis=1), axis=1)[:, :_RECALLED]
    hits = 0
    for vector, rows, exact in zip(vectors, found, best, strict=True):
        cosines = np.array([dense.vectors(row, 1)[0] @ vector for row in rows])
        hits += int((cosines >= exact[-1] - 1e-6).sum())
    return float(hits / (len(vectors) * min(_RECALLED, dense.rows)))


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{percent}": round(percentile(values, percent), 3) for percent in (50, 99)}


def _cpu_seconds() -> float:
    """Of this process, and of its children that have ended: files are read in one."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_rss_mb() -> float:
    import resource

    return round(float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e3, 1)


def in_process(step: str, *paths: Path, questions: Sequence[str] = ()) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "bench.growth", step, *map(str, paths)],
        input=json.dumps(list(questions)),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # as a server sets it
    )
    if done.returncode:
        raise click.ClickException(f"{step} of {paths[0].name} failed:\n{done.stderr}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    step, *names = sys.argv[1:]
    asked = json.load(sys.stdin)
    json.dump(build_step(*map(Path, names)) if step == "build" else ask_step(Path(names[0]), asked), sys.stdout)
