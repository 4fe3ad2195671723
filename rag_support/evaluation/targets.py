"""What is evaluated: the pipeline in this process, or a running server. Both answer in the HTTP API's own words."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from rag_support.errors import EvaluationError, QuestionError
from rag_support.pipeline import Pipeline
from rag_support.question import clean_question
from rag_support.service.schemas import (
    AnswerResponse,
    CitationResponse,
    DetectionResponse,
    IndexResponse,
    PassageResponse,
)

TOP_K = 50  # passages asked for, so that a gold passage beyond the tenth is seen; an answer does not depend on it
_TIMEOUT_SECONDS = 60.0
_REFUSED = (413, 422)  # the question is too long for any body, or unusable


class Target(Protocol):
    def answer(self, question: str) -> AnswerResponse | None:
        """None where the question is refused as unusable before anything is searched (HTTP 422, or 413)."""
        ...

    def detect(self, text: str, accept_language: str | None = None) -> DetectionResponse | None: ...

    def source_text(self, citation: CitationResponse) -> str:
        """What the source says from `start` to `end` of the citation's document."""
        ...

    def description(self) -> Mapping[str, Any]:
        """What made the answers, the same for two runs of the same thing."""
        ...

    @property
    def index_id(self) -> str: ...


class InProcess:
    """The pipeline itself, with the documents that its index was built from."""

    def __init__(self, pipeline: Pipeline, documents: Mapping[str, str]) -> None:
        """`documents` maps a document's name to its text, read apart from the index, so that citations are checked
        against the source and not against what the index holds of it.
        """
        self._pipeline = pipeline
        self._documents = documents

    def answer(self, question: str) -> AnswerResponse | None:
        try:
            return AnswerResponse.of(self._pipeline.answer(question, top_k=TOP_K))
        except QuestionError:
            return None

    def detect(self, text: str, accept_language: str | None = None) -> DetectionResponse | None:
        try:
            question = clean_question(text)
        except QuestionError:
            return None
        return DetectionResponse.of(self._pipeline.detect(question, accept_language))

    def source_text(self, citation: CitationResponse) -> str:
        return self._documents.get(citation.document, "")[citation.start : citation.end]

    def description(self) -> Mapping[str, Any]:
        manifest = IndexResponse.of(self._pipeline.retriever.manifest)
        return {"embedder": manifest.embedder, "counts": manifest.counts.model_dump()}

    @property
    def index_id(self) -> str:
        return self._pipeline.index_id


class OverHttp:
    """A server, asked as its users ask it. Use as a context manager."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # proxies of the environment are for the outside, not for the server under evaluation
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._passages: dict[str, PassageResponse | None] = {}

    def __enter__(self) -> "OverHttp":
        """Raises EvaluationError when no such server answers."""
        try:
            self._index: IndexResponse = self._read(self._call("GET", "/v1/index"), IndexResponse)
        except EvaluationError:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def answer(self, question: str) -> AnswerResponse | None:
        response = self._call("POST", "/v1/answers", {"question": question, "top_k": TOP_K}, allowed=_REFUSED)
        if response.status_code in _REFUSED:
            return None
        answer: AnswerResponse = self._read(response, AnswerResponse)
        if answer.index != self.index_id:
            raise EvaluationError(f"{self._url}: the server went over to the index {answer.index}. Run it again.")
        return answer

    def detect(self, text: str, accept_language: str | None = None) -> DetectionResponse | None:
        response = self._call("POST", "/v1/language", {"text": text}, accept_language, allowed=_REFUSED)
        return None if response.status_code in _REFUSED else self._read(response, DetectionResponse)

    def source_text(self, citation: CitationResponse) -> str:
        if citation.passage_id not in self._passages:
            response = self._call("GET", f"/v1/passages/{quote(citation.passage_id, safe='')}", allowed=(404,))
            found = None if response.status_code == 404 else self._read(response, PassageResponse)
            self._passages[citation.passage_id] = found
        passage = self._passages[citation.passage_id]
        if passage is None or passage.document != citation.document:
            return ""
        if not passage.start <= citation.start <= citation.end <= passage.end:
            return ""
        return passage.text[citation.start - passage.start : citation.end - passage.start]

    def description(self) -> Mapping[str, Any]:
        return {"embedder": self._index.embedder, "counts": self._index.counts.model_dump()}

    @property
    def index_id(self) -> str:
        return self._index.index

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        accept_language: str | None = None,
        allowed: Sequence[int] = (),
    ) -> httpx.Response:
        """A response that is a success or has one of the `allowed` statuses. Raises EvaluationError for any other."""
        headers = {"Accept-Language": accept_language} if accept_language else {}
        try:
            response = self._client.request(method, f"{self._url}{path}", json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EvaluationError(
                f"{self._url}{path}: the server does not answer ({type(error).__name__}). Start it with `make serve`, "
                "or correct --url."
            ) from error
        if response.is_success or response.status_code in allowed:
            return response
        said = " ".join(response.text.split())[:300]
        raise EvaluationError(
            f"{self._url}{path}: the server answered {response.status_code}: {said} Look at its log, or correct --url."
        )

    def _read(self, response: httpx.Response, kind: Any) -> Any:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise EvaluationError(
                f"{response.url}: the answer is not what version 1 of the API gives ({error.error_count()} faults). "
                "Is another service listening there?"
            ) from error
