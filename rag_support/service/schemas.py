"""Requests and responses of the HTTP API, version 1, and the one place where nouns become them."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag_support.conversation import MAX_TURNS
from rag_support.question import MAX_CHARS, PATTERN, PLAIN_PATTERN
from rag_support.snapshot import Manifest
from rag_support.types import LANGUAGES, Answer, Chunk, Citation, Conflict, Detection, Found, GroundingReport, Hit


def _whole(value: object) -> object:
    """10.0 is an integer to JSON and to its schemas; "10" and true are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARS, json_schema_extra={"pattern": PATTERN})]
_Remark = Annotated[str, Field(max_length=MAX_CHARS, json_schema_extra={"pattern": PLAIN_PATTERN})]
TopK = Annotated[int, Field(strict=True, ge=1, le=50, description="passages to return"), BeforeValidator(_whole)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Turn(_Request):
    question: Text


class AnswerRequest(_Request):
    question: Text
    language: Literal["auto", "ja", "en", "zh"] = Field("auto", description="language of the answer")
    top_k: TopK = 10
    conversation: list[Turn] = Field(
        [], max_length=100, description=f"earlier turns, oldest first; the last {MAX_TURNS} are read"
    )
    stream: bool = Field(False, strict=True, description="true: the answer is told as server-sent events")


class SearchRequest(_Request):
    question: Text
    top_k: TopK = 10


class LanguageRequest(_Request):
    text: Text


class FeedbackRequest(_Request):
    answer_id: str = Field(pattern="^[0-9a-f]{32}$", description="the `id` of an answer")
    thumb: Literal["up", "down"]
    comment: _Remark | None = None
    expected_answer: _Remark | None = Field(None, description="what would have been right")
    question: _Remark | None = Field(
        None,
        description="what was asked; read only where the answer is not remembered: after a restart, by another worker",
    )


class DetectionResponse(BaseModel):
    language: str = Field(description='BCP 47; "und" when the text holds no letters')
    confidence: float = Field(ge=0, le=1)
    reason: str
    variant: str | None = Field(description='"zh-Hans" or "zh-Hant" where the characters tell')

    @classmethod
    def of(cls, detection: Detection) -> "DetectionResponse":
        return cls(
            language=detection.language,
            confidence=detection.confidence,
            reason=detection.reason,
            variant=detection.variant,
        )


class CitationResponse(BaseModel):
    number: int
    document: str
    heading: list[str]
    quote: str = Field(description="the source's own words: document text from start to end")
    start: int = Field(description="in characters of the document, from 0")
    end: int = Field(description="one past the last character")
    translation: str | None = Field(description="the quote in the answer's language, where a reviewed one exists")
    reviewed: bool
    passage_id: str

    @classmethod
    def of(cls, citation: Citation) -> "CitationResponse":
        return cls(
            number=citation.number,
            document=citation.doc_id,
            heading=list(citation.heading),
            quote=citation.quote,
            start=citation.start,
            end=citation.end,
            translation=citation.translation,
            reviewed=citation.reviewed,
            passage_id=citation.chunk_id,
        )


class ConflictValueResponse(BaseModel):
    text: str
    citation: int


class ConflictResponse(BaseModel):
    topic: str
    values: list[ConflictValueResponse]

    @classmethod
    def of(cls, conflict: Conflict) -> "ConflictResponse":
        values = [ConflictValueResponse(text=value.text, citation=value.citation) for value in conflict.values]
        return cls(topic=conflict.topic, values=values)


class HitResponse(BaseModel):
    rank: int
    passage_id: str
    document: str
    heading: list[str]
    text: str = Field(description="always the source, never a translation")
    score: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, hit: Hit) -> "HitResponse":
        return cls(
            rank=hit.rank,
            passage_id=hit.chunk.chunk_id,
            document=hit.chunk.doc_id,
            heading=list(hit.chunk.heading),
            text=hit.chunk.text,
            score=hit.score,
        )


class RefusalResponse(BaseModel):
    kind: Literal["nothing_found", "out_of_scope", "unverified", "language_unsure"]
    message: str


class GroundingResponse(BaseModel):
    """What the check of every statement against what it cites came to."""

    checked: int = Field(description="statements that were looked at")
    dropped: int = Field(description="that failed, and could not be repaired")
    repaired: int = Field(description="that failed first, and passed when they were written again")
    fallback: bool = Field(description="what was generated did not answer, so the answer is quoted")

    @classmethod
    def of(cls, report: GroundingReport) -> "GroundingResponse":
        return cls(checked=report.checked, dropped=report.dropped, repaired=report.repaired, fallback=report.fallback)


class AnswerResponse(BaseModel):
    id: str
    answer: str = Field(description="statements, each ending in the number of its citation; or the refusal")
    language: Literal["ja", "en", "zh"]
    abstained: bool
    refusal: RefusalResponse | None
    confidence: float = Field(ge=0, le=1)
    detection: DetectionResponse
    citations: list[CitationResponse]
    conflicts: list[ConflictResponse]
    passages: list[HitResponse]
    generator: str
    grounding: GroundingResponse
    index: str = Field(description="snapshot that the answer comes from")
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, answer: Answer) -> "AnswerResponse":
        draft = answer.draft
        refusal = draft.refusal
        return cls(
            id=answer.answer_id,
            answer=draft.text,
            language=answer.language,
            abstained=refusal is not None,
            refusal=None if refusal is None else RefusalResponse(kind=refusal.kind, message=refusal.message),
            confidence=draft.confidence,
            detection=DetectionResponse.of(answer.detection),
            citations=[CitationResponse.of(citation) for citation in draft.citations],
            conflicts=[ConflictResponse.of(conflict) for conflict in draft.conflicts],
            passages=[HitResponse.of(hit) for hit in answer.hits],
            generator=draft.generator,
            grounding=GroundingResponse.of(draft.grounding),
            index=answer.index_id,
            timings_ms=dict(answer.timings_ms),
        )


class RetrievalEvent(BaseModel):
    """The first event of a streamed answer: what was understood, and the passages found."""

    id: str
    language: Literal["ja", "en", "zh"]
    detection: DetectionResponse
    passages: list[HitResponse]
    index: str

    @classmethod
    def of(cls, found: Found) -> "RetrievalEvent":
        return cls(
            id=found.answer_id,
            language=found.language,
            detection=DetectionResponse.of(found.detection),
            passages=[HitResponse.of(hit) for hit in found.hits],
            index=found.index_id,
        )


class SentenceEvent(BaseModel):
    """A statement of a streamed answer; the texts, joined, are the answer."""

    text: str = Field(description="with the white space and list mark before it, and its citation markers")


class SearchResponse(BaseModel):
    passages: list[HitResponse]
    index: str


class PassageResponse(BaseModel):
    passage_id: str
    document: str
    title: str
    heading: list[str]
    text: str
    start: int
    end: int
    language: str
    translations: dict[str, str | None] = Field(description="where every part has a reviewed translation, else null")

    @classmethod
    def of(cls, chunk: Chunk) -> "PassageResponse":
        return cls(
            passage_id=chunk.chunk_id,
            document=chunk.doc_id,
            title=chunk.title,
            heading=list(chunk.heading),
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            language=chunk.language,
            translations={tag: _translation(chunk, tag) for tag in LANGUAGES if tag != chunk.language},
        )


def _translation(chunk: Chunk, language: str) -> str | None:
    if not all(language in span.texts for span in chunk.spans):
        return None
    return "\n".join(span.texts[language] for span in chunk.spans)


class CountsResponse(BaseModel):
    documents: int
    chunks: int
    passages: dict[str, int]
    spans: int
    vectors: int


class IndexResponse(BaseModel):
    index: str
    created: str
    embedder: str
    dimensions: int
    counts: CountsResponse
    left_out: list[dict[str, str]] = Field(description="files that could not be indexed, with the mend")

    @classmethod
    def of(cls, manifest: Manifest) -> "IndexResponse":
        return cls(
            index=manifest.snapshot_id,
            created=manifest.created,
            embedder=manifest.embedder,
            dimensions=manifest.dimensions,
            counts=CountsResponse.model_validate(manifest.counts.model_dump()),
            left_out=[left.model_dump() for left in manifest.left_out],
        )


class FeedbackResponse(BaseModel):
    id: str
    answer_known: bool = Field(description="whether the answer was remembered; else the thumb stands for itself")


class ProblemResponse(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = Field(None, description="for 422: which field, and what is wrong with it")


class StatusResponse(BaseModel):
    status: Literal["ok"]
