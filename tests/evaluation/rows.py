"""What the evaluation tests share: a small document, answers over it built by hand, and runs of given figures."""

from collections.abc import Sequence

from rag_support.evaluation.dataset import Need
from rag_support.evaluation.language_id import LanguageRow
from rag_support.evaluation.metrics import METRICS
from rag_support.evaluation.run import AnswerRow, RetrievalRow, Run, RunInfo, Timings
from rag_support.service.schemas import (
    AnswerResponse,
    CitationResponse,
    ConflictResponse,
    ConflictValueResponse,
    DetectionResponse,
    GroundingResponse,
    HitResponse,
    RefusalResponse,
)

PAGE = "guide/phone.md"
ALL_DAY = "電話の受付時間は24時間です。"
OFFICE_HOURS = "電話の受付時間を9:00〜17:00とする案内もあります。"
CHANGES = "注文の変更は6:00〜24:00に受け付けます。"
INQUIRIES = "年間の問い合わせは5,600万件です。"
DOMAIN = "正規のメールのドメインはamazon.co.jpです。"
RETURNS = "返品は30日以内にできます。"
SENTENCES = (ALL_DAY, OFFICE_HOURS, CHANGES, INQUIRIES, DOMAIN, RETURNS)
TEXT = "# 電話\n\n" + "\n".join(SENTENCES) + "\n"


def source_text(citation: CitationResponse) -> str:
    return TEXT[citation.start : citation.end] if citation.document == PAGE else ""


def cite(number: int, quote: str, document: str = PAGE, reviewed: bool = True) -> CitationResponse:
    start = max(TEXT.find(quote), 0)
    return CitationResponse(
        number=number,
        document=document,
        heading=["電話"],
        quote=quote,
        start=start,
        end=start + len(quote),
        translation=None,
        reviewed=reviewed,
        passage_id="0123456789abcdef",
    )


def conflict(*sides: tuple[str, int]) -> ConflictResponse:
    values = [ConflictValueResponse(text=text, citation=citation) for text, citation in sides]
    return ConflictResponse(topic="電話の受付時間", values=values)


def answer(text: str, *citations: CitationResponse, conflicts: Sequence[ConflictResponse] = ()) -> AnswerResponse:
    return AnswerResponse(
        id="0" * 32,
        answer=text,
        language="ja",
        abstained=False,
        refusal=None,
        confidence=0.8,
        detection=DetectionResponse(language="ja", confidence=1, reason="kana", variant=None),
        citations=list(citations),
        conflicts=list(conflicts),
        passages=[],
        generator="extractive",
        index="test",
        grounding=GroundingResponse(checked=0, dropped=0, repaired=0, fallback=False),
        timings_ms={},
    )


def refusal(message: str) -> AnswerResponse:
    refused = RefusalResponse(kind="out_of_scope", message=message)
    return answer(message).model_copy(update={"abstained": True, "refusal": refused})


def hit(rank: int, passage_id: str, text: str, document: str = PAGE, score: float = 0.5) -> HitResponse:
    return HitResponse(rank=rank, passage_id=passage_id, document=document, heading=[], text=text, score=score)


def answer_row(need: str, language: str = "ja", text: str = "答え [1]", **scores: float) -> AnswerRow:
    """A row with these figures, and None for the others."""
    return AnswerRow(
        need=need, language=language, kind="explain", question=f"{need} in {language}", answer=text, abstained=False,
        refusal=None, confidence=0.8, detected=language, detection_confidence=1, generator="extractive", citations=[],
        conflicts=[], passages={}, relevant={}, gold=[], required=[],
        scores={**dict.fromkeys(METRICS), "false_refusal": 0.0, **scores}, missed=[],
    )  # fmt: skip


def a_run(
    answers: Sequence[AnswerRow],
    language: Sequence[LanguageRow] = (),
    retrieval: Sequence[RetrievalRow] = (),
    name: str = "dev",
) -> Run:
    return Run(
        info=RunInfo(name=name, split="dev", needs=len({row.need for row in answers}), target={}),
        answers=list(answers),
        language=list(language),
        retrieval=list(retrieval),
        timings=Timings(index="test", seconds=1, stages_ms={}),
    )


def need_of(kind: str = "value", **fields: object) -> Need:
    """A need over the page, asked in all languages unless told otherwise."""
    questions = {"ja": "電話は何時まで？", "en": "How late can I call?", "zh": "电话服务到几点？"}
    return Need.model_validate({"id": "n1", "kind": kind, "questions": questions, **fields})
