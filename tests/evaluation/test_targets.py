"""One set, asked in this process and of a real server: the same answers. What is no such server is told apart."""

import socket
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from running import Server, running
from scripted_server import HANG_UP, Reply, Script, scripted
from small_sets import LANGUAGE_QUERIES, NEEDS_NOUNS, NOTES, PHONE

from rag_support import snapshot
from rag_support.errors import EvaluationError, QuestionError
from rag_support.evaluation.dataset import LanguageQuery
from rag_support.evaluation.language_id import judge_queries
from rag_support.evaluation.run import ANSWERS, LANGUAGE, RUN, AnswerRow, Run, RunInfo, Timings, run_needs, write_run
from rag_support.evaluation.targets import TOP_K, InProcess, OverHttp, Target
from rag_support.pipeline import Pipeline
from rag_support.service.schemas import AnswerResponse, IndexResponse, PassageResponse
from rag_support.types import Embedder

NUMBER = NEEDS_NOUNS[0]
Lie = Callable[[dict[str, object]], dict[str, object]]
"""what is cited → what is told of it"""


@pytest.fixture(scope="module")
def small_pipeline(project: Path, shipped_embedder: Embedder) -> Pipeline:
    return Pipeline.open(project / "index", shipped_embedder, "en")


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    with running(project, project / "index", corpus="corpus") as server:
        yield server


def run_of(target: Target) -> Run:
    queries = [LanguageQuery.model_validate(query) for query in LANGUAGE_QUERIES]
    answers, stages_ms = run_needs(NEEDS_NOUNS, target)
    return Run(
        info=RunInfo(name="dev", split="dev", needs=len(NEEDS_NOUNS), target=dict(target.description())),
        answers=answers,
        language=judge_queries(queries, target.detect),
        retrieval=[],
        timings=Timings(index=target.index_id, seconds=1, stages_ms=stages_ms),
    )


class TestSameAnswers:
    def test_in_process_and_over_http_to_the_byte(self, target: InProcess, server: Server, tmp_path: Path) -> None:
        here = run_of(target)
        with OverHttp(server.url) as there:
            write_run(tmp_path / "http", run_of(there))
        write_run(tmp_path / "here", here)
        for name in (RUN, ANSWERS, LANGUAGE):
            assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "http" / name).read_bytes()
        assert [row.query for row in here.answers if row.refusal == "unusable"] == [
            "hostile:ja",
            "hostile:en",
            "hostile:zh",
        ]
        assert [row.right for row in here.language] == [True] * len(LANGUAGE_QUERIES)

    def test_what_is_asked_is_named_alike(self, target: InProcess, server: Server, project: Path) -> None:
        with OverHttp(f"{server.url}/") as there:  # as addresses are copied, with a slash
            assert there.index_id == target.index_id == snapshot.current_id(project / "index")
            assert there.description() == target.description()
            assert there.description()["counts"]["documents"] == 3

    @pytest.mark.parametrize("text", ["", "\u202e", "a\x00", "x" * 2_001, "長" * 30_000])
    def test_unusable_text_is_refused_not_a_fault(self, target: InProcess, server: Server, text: str) -> None:
        with OverHttp(server.url) as there:
            for asked in (target, there):
                assert asked.answer(text) is None
                assert asked.detect(text) is None

    def test_prior_reaches_the_detector(self, target: InProcess, server: Server) -> None:
        with OverHttp(server.url) as there:
            for asked in (target, there):
                told = [asked.detect("返品", prior) for prior in ("ja", "zh", None)]
                assert [found and found.language for found in told] == ["ja", "zh", "ja"]

    def test_citations_are_held_against_their_source(self, target: InProcess, server: Server) -> None:
        with OverHttp(server.url) as there:
            for asked in (target, there):
                answer = asked.answer("電話番号を教えて")
                assert answer is not None
                (citation,) = answer.citations
                assert asked.source_text(citation) == citation.quote == "電話番号は0120-111-222です。"
                shifted = citation.model_copy(update={"start": citation.start + 2})
                assert asked.source_text(shifted) == citation.quote[2:]
                assert asked.source_text(citation.model_copy(update={"document": "none.md"})) == ""
            # an id is taken as a name, whatever it holds
            assert there.source_text(citation.model_copy(update={"passage_id": "../../healthz"})) == ""

    def test_in_process_the_source_is_the_document_not_the_index(self, small_pipeline: Pipeline) -> None:
        edited = InProcess(small_pipeline, {PHONE: "本文はもう違います。" * 20})
        rows, _ = run_needs([NUMBER], edited)
        assert [row.scores["citation_valid"] for row in rows] == [0, 0, 0]


class TestNoSuchServer:
    def refused(self, url: str) -> str:
        """What is said of it, which is one line."""
        with pytest.raises(EvaluationError) as caught, OverHttp(url):
            pass
        message = str(caught.value)
        assert message.startswith(url)
        assert "\n" not in message
        assert "--url" in message or "another service" in message
        return message

    def test_nothing_listens(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{probe.getsockname()[1]}"
            assert "`make serve`" in self.refused(url)

    def test_server_is_gone_when_it_is_asked(self, server: Server, small_pipeline: Pipeline) -> None:
        def goes(method: str, path: str, body: object) -> Reply:
            return HANG_UP if path == "/v1/answers" else Reply(index_of(small_pipeline))

        with scripted(goes) as url, OverHttp(url) as there, pytest.raises(EvaluationError, match="`make serve`"):
            there.answer("電話番号は？")

    @pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://[::1", "http://127.0.0.1:port", "", "nowhere"])
    def test_address_that_is_none(self, url: str) -> None:
        assert "correct --url" in self.refused(url)

    def test_another_service_listens(self, tmp_path: Path) -> None:
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as other:
            thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                assert "404" in self.refused(f"http://127.0.0.1:{other.server_port}")
            finally:
                other.shutdown()
                thread.join()

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(b"<html>Welcome</html>", content_type="text/html"),
            Reply({"name": "another", "version": 1}),
            Reply([]),
            Reply(b"\xff\xfe"),
            Reply(b""),
        ],
    )
    def test_another_service_answers_everything(self, reply: Reply) -> None:
        with scripted(lambda *_: reply) as url:
            assert "another service" in self.refused(url)

    def test_server_without_an_index_says_so(self, project: Path, tmp_path: Path) -> None:
        with running(tmp_path, tmp_path / "none", corpus=project / "corpus", ready="/healthz") as server:
            assert "`make index`" in self.refused(server.url)

    @pytest.mark.parametrize("path", ["/v1/answers", "/v1/language", "/v1/passages"])
    def test_fault_in_between_is_told(self, small_pipeline: Pipeline, path: str) -> None:
        def fails(method: str, asked: str, body: object) -> Reply:
            return Reply({"detail": "the disk\nis full"}, 500) if asked.startswith(path) else serve(method, asked, body)

        serve = honest(small_pipeline)
        with scripted(fails) as url, OverHttp(url) as there, pytest.raises(EvaluationError) as caught:
            run_of(there)
        assert str(caught.value).startswith(f"{url}{path}")
        assert "500" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_index_that_changes_in_between_is_told(self, small_pipeline: Pipeline) -> None:
        with (
            scripted(honest(small_pipeline, answer={"index": "20990101T000000000000-abcdefab"})) as url,
            OverHttp(url) as there,
            pytest.raises(EvaluationError, match=r"20990101T000000000000-abcdefab.*Run it again"),
        ):
            there.answer("電話番号は？")


def index_of(pipeline: Pipeline) -> object:
    return IndexResponse.of(pipeline.retriever.manifest).model_dump(mode="json")


def honest(
    pipeline: Pipeline, lie: Lie = lambda citation: citation, answer: Mapping[str, object] | None = None
) -> Script:
    """What the service would reply, but for the lie."""

    def serve(method: str, path: str, body: object) -> Reply:
        if path == "/v1/index":
            return Reply(index_of(pipeline))
        if path.startswith("/v1/passages/"):
            chunk = pipeline.retriever.passages.by_id(path.rpartition("/")[2])
            return Reply(PassageResponse.of(chunk).model_dump(mode="json")) if chunk else Reply({}, 404)
        if path == "/v1/language":
            return Reply({"language": "en", "confidence": 1, "reason": "", "variant": None})
        assert isinstance(body, dict)
        try:
            found = pipeline.answer(body["question"], top_k=body["top_k"])
        except QuestionError:
            return Reply({}, 422)
        told = AnswerResponse.of(found).model_dump(mode="json")
        return Reply(told | {"citations": [lie(citation) for citation in told["citations"]]} | (answer or {}))

    return serve


def asked_of(script: Script) -> AnswerRow:
    with scripted(script) as url, OverHttp(url) as there:
        rows, _ = run_needs([NUMBER.model_copy(update={"questions": {"ja": NUMBER.questions["ja"]}})], there)
    (row,) = rows
    return row


class TestLyingServer:
    def test_honest_one_passes(self, small_pipeline: Pipeline) -> None:
        serve = honest(small_pipeline)
        row = asked_of(serve)
        assert row.scores["citation_valid"] == 1
        assert row.missed == []

    @pytest.mark.parametrize(
        "lie",
        [
            {"quote": "電話番号は0120-111-223です。"},
            {"quote": "電話番号は0120-111-222です"},
            {"start": 0},
            {"start": -1},
            {"end": 10_000},
            {"document": NOTES},
            {"passage_id": "0123456789abcdef"},
            {"passage_id": "../index"},
            {"passage_id": ""},
            {"passage_id": "電話/?#"},
        ],
    )
    def test_quote_that_is_not_its_passages_text_is_caught(
        self, small_pipeline: Pipeline, lie: dict[str, object]
    ) -> None:
        serve = honest(small_pipeline, lambda citation: citation | lie)
        row = asked_of(serve)
        assert row.scores["citation_valid"] == 0
        assert "quote [1] is not its source's text" in row.missed

    def test_end_beyond_the_passage_is_caught_though_the_text_before_it_is_right(
        self, small_pipeline: Pipeline
    ) -> None:
        def whole(citation: dict[str, object]) -> dict[str, object]:
            chunk = small_pipeline.retriever.passages.by_id(str(citation["passage_id"]))
            assert chunk is not None
            return citation | {"quote": chunk.text, "start": chunk.start, "end": chunk.end + 1}

        serve = honest(small_pipeline, whole)
        assert asked_of(serve).scores["citation_valid"] == 0

    def test_answer_without_a_citation_is_caught(self, small_pipeline: Pipeline) -> None:
        serve = honest(small_pipeline, answer={"citations": []})
        assert asked_of(serve).scores["citation_valid"] == 0

    def test_passage_is_fetched_once(self, small_pipeline: Pipeline) -> None:
        paths: list[str] = []
        serve = honest(small_pipeline)

        def noting(method: str, path: str, body: object) -> Reply:
            paths.append(path)
            if path == "/v1/answers":
                assert isinstance(body, dict)
                assert body["top_k"] == TOP_K
            return serve(method, path, body)

        with scripted(noting) as url, OverHttp(url) as there:
            rows, _ = run_needs([NUMBER], there)
        cited = {citation.passage_id for row in rows for citation in row.citations}
        assert sorted(path for path in paths if "passages" in path) == [f"/v1/passages/{found}" for found in cited]
