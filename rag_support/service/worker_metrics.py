"""Metrics of several worker processes in one: a folder that the workers' numbers are kept in, owned by their parent.

The Prometheus library chooses when it is imported whether it keeps its numbers there, so this module imports it late.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own variable


@contextmanager
def shared_metrics() -> Iterator[None]:
    """For the parent: workers started inside share one folder, and whichever is scraped tells the sum of all."""
    with TemporaryDirectory(prefix="rag-support-metrics-") as folder:
        os.environ[MULTIPROCESS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS_FOLDER]


def forget_worker(pid: int) -> None:
    """For the parent, once a worker has ended: what it was busy with no longer counts; what it has done still does."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
