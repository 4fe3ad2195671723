"""What Prometheus scrapes: requests, answers and their stages, refusals, the live index.

Labels come from closed sets (route templates, known methods, served languages), so that no request can grow the number
of series.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from rag_support import __version__
from rag_support.errors import SnapshotError
from rag_support.service.record import RequestRecord
from rag_support.service.worker_metrics import MULTIPROCESS_FOLDER
from rag_support.snapshot import Manifest
from rag_support.types import LANGUAGES, Answer

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_OTHER = "other"


class Metrics:
    def __init__(self, live_manifest: Callable[[], Manifest]) -> None:
        """`live_manifest` raises SnapshotError while there is no index."""
        # a second series for each counter, which nobody asks for
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        self._in_flight = Gauge(
            "rag_support_requests_in_flight", "requests under way", registry=registry, multiprocess_mode="livesum"
        )
        self._requests = Counter(
            "rag_support_requests", "requests answered", ["route", "method", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "rag_support_request_seconds",
            "from a request's head to the end of its response",
            ["route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._rejected = Counter(
            "rag_support_rejected", "requests turned away: busy (503), rate (429), key (401, 403)", ["reason"],
            registry=registry,
        )  # fmt: skip
        self._stage_seconds = Histogram(
            "rag_support_stage_seconds",
            "time of an answer's stages: language, retrieve, answer, total",
            ["stage"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._answers = Counter(
            "rag_support_answers", "answers and refusals", ["language", "generator"], registry=registry
        )
        self._questions = Counter(
            "rag_support_questions", "questions by the language they were detected as", ["language"], registry=registry
        )
        self._refusals = Counter("rag_support_refusals", "refusals", ["kind", "language"], registry=registry)
        self._conflicts = Counter(
            "rag_support_conflicting_answers", "answers that show sources disagreeing", ["language"], registry=registry
        )
        self._fallbacks = Counter(
            "rag_support_fallbacks", "answers quoted because what was generated did not hold", ["language"],
            registry=registry,
        )  # fmt: skip
        self._statements = Counter(
            "rag_support_statements", "generated statements: checked, dropped, repaired", ["result"], registry=registry
        )
        self._scraped = CollectorRegistry()
        self._scraped.register(_Index(live_manifest))
        if os.environ.get(MULTIPROCESS_FOLDER):
            # all workers' numbers, this one's among them
            MultiProcessCollector(self._scraped)  # type: ignore[no-untyped-call]
        else:
            self._scraped.register(registry)
            ProcessCollector(registry=self._scraped)  # of several workers it would show one at random

    def started(self) -> None:
        self._in_flight.inc()

    def finished(self, record: RequestRecord, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count one request. `route` is its template, None where there is none."""
        route = route or _OTHER
        self._in_flight.dec()
        self._requests.labels(route, method if method in _METHODS else _OTHER, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)
        if record.rejected:
            self._rejected.labels(record.rejected).inc()
        if record.answer:
            self._answered(record.answer)

    def _answered(self, answer: Answer) -> None:
        draft, language = answer.draft, answer.language
        for stage, milliseconds in answer.timings_ms.items():
            self._stage_seconds.labels(stage).observe(milliseconds / 1000)
        self._answers.labels(language, draft.generator).inc()
        detected = answer.detection.language
        self._questions.labels(detected if detected in LANGUAGES else _OTHER).inc()
        if draft.refusal:
            self._refusals.labels(draft.refusal.kind, language).inc()
        if draft.conflicts:
            self._conflicts.labels(language).inc()
        if draft.grounding.fallback:
            self._fallbacks.labels(language).inc()
        for result in ("checked", "dropped", "repaired"):
            if count := getattr(draft.grounding, result):
                self._statements.labels(result).inc(count)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All numbers, and their content type, in the format that a request's Accept header prefers."""
        encode, content_type = choose_encoder(accept)
        return encode(self._scraped), content_type


class _Index(Collector):
    """The live index, looked at when it is asked for."""

    def __init__(self, live_manifest: Callable[[], Manifest]) -> None:
        self._live_manifest = live_manifest

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("rag_support", "this program", {"version": __version__})
        try:
            manifest = self._live_manifest()
        except SnapshotError:  # logged where it was found
            yield GaugeMetricFamily("rag_support_index_ready", _READY, 0)
            return
        yield GaugeMetricFamily("rag_support_index_ready", _READY, 1)
        index = {"index": manifest.snapshot_id, "embedder": manifest.embedder}
        yield InfoMetricFamily("rag_support_index", "the live index", index)
        age = datetime.now(UTC) - datetime.fromisoformat(manifest.created)
        yield GaugeMetricFamily("rag_support_index_age_seconds", "since the live index was built", age.total_seconds())


_READY = "1 when there is an index to answer from"
