from pathlib import Path

import pytest

from rag_support.answering.grounding import GroundingGate
from rag_support.answering.self_check import self_checked
from rag_support.answering.support import shipped_support
from rag_support.retrieval.passages import PassageStore, write_passages
from rag_support.types import Chunk, Citation, Conflict, ConflictValue, Draft, Embedder, Span

TEXT = "送料は500円です。\n返品は30日以内です。\n手数料は無料です。\n"
READINGS = (
    ("送料は500円です。", "Postage is ¥500."),
    ("返品は30日以内です。", "Returns are accepted within 90 days."),  # a translation gone wrong
    ("手数料は無料です。", "There is no fee."),
)


def chunk_of(readings: tuple[tuple[str, str], ...], translated: bool = True) -> Chunk:
    spans = []
    for japanese, english in readings:
        start = TEXT.index(japanese)
        texts = {"ja": japanese, "en": english} if translated else {"ja": japanese}
        spans.append(Span("sentence", start, start + len(japanese), texts))
    return Chunk("c", "a.md", "送料", "ja", ("送料",), 0, len(TEXT), TEXT, tuple(spans))


def citations(chunk: Chunk) -> tuple[Citation, ...]:
    return tuple(
        Citation(number, "c", "a.md", (), chunk.source_of(span), span.start, span.end, span.texts.get("en"), True)
        for number, span in enumerate(chunk.spans, start=1)
    )


def stored(folder: Path, *chunks: Chunk) -> PassageStore:
    write_passages(folder / "passages.sqlite", chunks)
    return PassageStore(folder / "passages.sqlite")


@pytest.fixture(scope="module")
def gate(shipped_embedder: Embedder) -> GroundingGate:
    return GroundingGate(shipped_embedder, shipped_support())


def test_a_statement_that_fails_is_taken_out_and_the_rest_numbered_anew(gate: GroundingGate, tmp_path: Path) -> None:
    chunk = chunk_of(READINGS)
    text = " ".join(f"{english} [{number}]" for number, (_, english) in enumerate(READINGS, start=1))
    conflicts = (
        Conflict("fees", (ConflictValue("¥500", 1), ConflictValue("free", 3))),
        Conflict("days", (ConflictValue("30", 1), ConflictValue("90", 2))),
    )
    draft = Draft(text, 0.9, citations(chunk), conflicts)
    checked = self_checked(draft, "en", stored(tmp_path, chunk), gate)
    assert checked.text == "Postage is ¥500. [1] There is no fee. [2]"
    assert [(citation.number, citation.quote) for citation in checked.citations] == [
        (1, READINGS[0][0]),
        (2, READINGS[2][0]),
    ]
    assert [[side.citation for side in conflict.values] for conflict in checked.conflicts] == [[1, 2]]
    assert (checked.grounding.checked, checked.grounding.dropped) == (3, 1)


def test_where_nothing_is_left_the_answer_is_refused(gate: GroundingGate, tmp_path: Path) -> None:
    chunk = chunk_of(READINGS[1:2])
    draft = Draft(f"{READINGS[1][1]} [1]", 0.9, citations(chunk))
    checked = self_checked(draft, "en", stored(tmp_path, chunk), gate)
    assert checked.refusal is not None
    assert checked.refusal.kind == "unverified"
    assert (checked.citations, checked.grounding.checked, checked.grounding.dropped) == ((), 1, 1)


def test_an_answer_that_stands_stays_as_it_is(gate: GroundingGate, tmp_path: Path) -> None:
    chunk = chunk_of(READINGS, translated=False)
    text = "The source, which is in Japanese, says:\n" + "\n".join(
        f"「{japanese}」 [{number}]" for number, (japanese, _) in enumerate(READINGS, start=1)
    )
    draft = Draft(text, 0.9, citations(chunk))
    checked = self_checked(draft, "en", stored(tmp_path, chunk), gate)
    assert (checked.text, checked.citations, checked.grounding.dropped) == (text, draft.citations, 0)
    assert checked.grounding.checked == 3


def test_a_refusal_has_nothing_to_check(gate: GroundingGate, tmp_path: Path) -> None:
    from rag_support.answering.extractive import refuse

    refusal = refuse("nothing_found", "en", 0.1)
    assert self_checked(refusal, "en", stored(tmp_path), gate) is refusal
