"""What Prometheus scrapes: read by its own parser, compared before and after requests."""

import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import running, wait_until

from rag_support.errors import NoSnapshot
from rag_support.service.metrics import Metrics
from rag_support.service.record import RequestRecord
from rag_support.service.worker_metrics import forget_worker, shared_metrics
from rag_support.types import GroundingReport

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: httpx.Client) -> Samples:
    return samples(client.get("/metrics").raise_for_status().text)


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((f"rag_support_{name}", frozenset(labels.items())), 0.0)


@contextmanager
def added(client: httpx.Client) -> Iterator[Callable[..., float]]:
    """added(name, **labels) → by how much a number grew in the block; for after the block."""
    before = scraped(client)
    after: dict = {}
    yield lambda name, **labels: value(after, name, **labels) - value(before, name, **labels)
    after |= scraped(client)


def ask(client: httpx.Client, question: str) -> dict:
    return client.post("/v1/answers", json={"question": question}).raise_for_status().json()


class TestRequests:
    def test_are_counted_by_route_method_and_status(self, client):
        with added(client) as grown:
            ask(client, "How do I return an item?")
            for _ in range(2):
                client.post("/v1/answers", json={"question": ""})
        assert grown("requests_total", route="/v1/answers", method="POST", status="200") == 1
        assert grown("requests_total", route="/v1/answers", method="POST", status="422") == 2
        assert grown("request_seconds_count", route="/v1/answers") == 3

    def test_no_path_or_method_of_a_caller_becomes_a_label(self, client):
        with added(client) as grown:
            for path in ("/v1/passages/zqxj-1", "/v1/passages/zqxj-2", "/static/zqxj-3"):
                client.get(path)
            for path in ("/zqxj-4", "/v1/answers/zqxj-5"):
                client.get(path)
            client.request("PURGE", "/zqxj-6")
        assert grown("requests_total", route="/v1/passages/{passage_id}", method="GET", status="404") == 2
        assert grown("requests_total", route="/static/{file}", method="GET", status="404") == 1
        assert grown("requests_total", route="other", method="GET", status="404") == 2
        assert grown("requests_total", route="other", method="other", status="404") == 1
        assert "zqxj" not in client.get("/metrics").text

    def test_under_way_are_only_the_scrape_itself(self, client):
        assert value(scraped(client), "requests_in_flight") == 1


class TestAnswers:
    def test_stages_take_the_time_that_the_answer_says(self, client):
        with added(client) as grown:
            timings = ask(client, "電話番号を教えてください")["timings_ms"]
        assert set(timings) == {"language", "retrieve", "answer", "total"}
        for stage, milliseconds in timings.items():
            assert grown("stage_seconds_count", stage=stage) == 1
            assert grown("stage_seconds_sum", stage=stage) == pytest.approx(milliseconds / 1000)

    def test_languages_and_generators_are_counted(self, client):
        with added(client) as grown:
            for question in ("電話番号は？", "电话号码是多少？", "怎么退货？", "Wie kann ich das zurückgeben, bitte?"):
                ask(client, question)
        assert [grown("questions_total", language=tag) for tag in ("ja", "zh", "en", "other")] == [1, 2, 0, 1]
        answered = {tag: grown("answers_total", language=tag, generator="extractive") for tag in ("ja", "zh", "en")}
        assert answered == {"ja": 1, "zh": 2, "en": 1}

    def test_refusals_are_counted_by_kind_and_language(self, client):
        with added(client) as grown:
            refusal = ask(client, "How do I bake sourdough bread?")["refusal"]
        assert grown("refusals_total", kind=refusal["kind"], language="en") == 1

    def test_shown_disagreement_is_counted(self, client):
        with added(client) as grown:
            answer = ask(client, "電話の受付時間を教えてください")
            assert answer["conflicts"]
        assert grown("conflicting_answers_total", language="ja") == 1

    def test_index_is_named_with_its_age(self, client):
        index = client.get("/v1/index").json()
        found = scraped(client)
        assert value(found, "index_info", index=index["index"], embedder=index["embedder"]) == 1
        assert value(found, "index_ready") == 1
        first = value(found, "index_age_seconds")
        assert 0 < first < value(scraped(client), "index_age_seconds")


class TestNumbers:
    """Without a server: what no extractive answer brings about."""

    def test_grounding_and_fallbacks_are_counted(self, pipeline):
        metrics = Metrics(lambda: pipeline.retriever.manifest)
        answer = pipeline.answer("電話番号は？")
        draft = replace(answer.draft, grounding=GroundingReport(checked=5, dropped=2, repaired=1, fallback=True))
        metrics.started()
        metrics.finished(RequestRecord(answer=replace(answer, draft=draft)), "/v1/answers", "POST", 200, 0.01)
        found = samples(metrics.exposition("")[0].decode())
        statements = {result: value(found, "statements_total", result=result) for result in ("checked", "dropped")}
        assert statements == {"checked": 5, "dropped": 2}
        assert value(found, "statements_total", result="repaired") == 1
        assert value(found, "fallbacks_total", language="ja") == 1

    def test_service_without_an_index_says_that_it_is_not_ready(self, tmp_path):
        def none() -> None:
            raise NoSnapshot(tmp_path)

        found = samples(Metrics(none).exposition("")[0].decode())
        assert value(found, "index_ready") == 0
        assert not [name for name, _ in found if name.startswith("rag_support_index_info")]

    def test_scraper_chooses_the_format(self, pipeline):
        content, content_type = Metrics(lambda: pipeline.retriever.manifest).exposition("application/openmetrics-text")
        assert content_type.startswith("application/openmetrics-text")
        assert content.endswith(b"# EOF\n")


def test_two_workers_tell_the_sum_of_both(shipped_index, tmp_path):
    def answered(client: httpx.Client) -> float:
        return value(scraped(client), "requests_total", route="/v1/answers", method="POST", status="200")

    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with (
        shared_metrics(),
        running(folders[0], shipped_index) as one,
        running(folders[1], shipped_index) as two,
        one.client() as first,
        two.client() as second,
    ):
        for client, count in ((first, 1), (second, 2)):
            for _ in range(count):
                ask(client, "How do I return an item?")
        for client in (first, second):
            wait_until(lambda: answered(client) == 3, "the sum of both")  # noqa: B023 (called at once)
            found = scraped(client)
            assert value(found, "stage_seconds_count", stage="total") == 3
            assert value(found, "index_ready") == 1

        with two.connect() as holding:
            holding.sendall(
                b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"
            )
            wait_until(lambda: value(scraped(first), "requests_in_flight") == 2, "the request held open")
            two.stop(signal.SIGKILL)
        forget_worker(two.process.pid)
        found = scraped(first)
        assert value(found, "requests_in_flight") == 1
        assert value(found, "stage_seconds_count", stage="total") == 3


class TestDashboard:
    DASHBOARD = json.loads((Path(__file__).parents[2] / "docs" / "grafana-dashboard.json").read_text(encoding="utf-8"))

    def expressions(self) -> list[str]:
        return [target["expr"] for panel in self.DASHBOARD["panels"] for target in panel.get("targets", [])]

    def test_shows_only_metrics_that_there_are(self, client):
        families = list(text_string_to_metric_families(client.get("/metrics").text))
        # a counter without a sample yet still has its name
        known = {family.name + ending for family in families for ending in ("", "_total", "_bucket", "_count", "_sum")}
        used = {name for expr in self.expressions() for name in re.findall(r"\b(?:rag_support|process)_\w+", expr)}
        assert len(used) > 10
        assert used <= known

    def test_groups_only_by_labels_that_there_are(self, client):
        labels = {
            label
            for family in text_string_to_metric_families(client.get("/metrics").text)
            for sample in family.samples
            for label in sample.labels
        } | {"reason", "kind", "result", "le", "instance", "job"}
        used = {
            label.strip()
            for expr in self.expressions()
            for group in re.findall(r"\bby \(([^)]*)\)", expr)
            for label in group.split(",")
        }
        assert used <= labels
