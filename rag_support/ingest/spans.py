"""Block → Spans: the quotable pieces of a block, and how each reads in every language.

A span reads in a language when each of its segments has a reviewed translation there. A table row is turned into one
phrase under its header ("first cell (header: cell; header: cell)"), so that it can be read, embedded and quoted alone.
What is longer than anybody quotes (a line of a million characters) is cut up: it would slow down each question it met.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from rag_support.sentences import stripped
from rag_support.types import LANGUAGES, Block, Segment, Span, SpanKind

Translate = Callable[[str, str], str | None]
"""(segment, language) → its reviewed translation, or None."""

MAX_SPAN_CHARS = 4_000  # some two pages; the longest of real documents are rows whose cells hold paragraphs
MAX_HEADER_CHARS = 1_000  # some fifty columns; what is longer names none, for it would be repeated in each row
_GAP = re.compile(r"[\s、，,；;]")
_LEAST_BEFORE_GAP = MAX_SPAN_CHARS // 2

_AS_IS = " = "  # between two numbers

_QUESTION_END = re.compile(r"[?？][」』）)\"”]*\s*$")


def is_question(text: str) -> bool:
    """Whether the text asks instead of states: such a span helps to find an answer and is never one."""
    return _QUESTION_END.search(text) is not None


def block_spans(text: str, block: Block, source_language: str, translate: Translate) -> Iterator[Span]:
    """The spans of one block of a document's `text`, in order, none longer than MAX_SPAN_CHARS."""
    for span in _whole_spans(text, block, source_language, translate):
        if span.end - span.start <= MAX_SPAN_CHARS:
            yield span
        else:
            yield from _pieces(text, span, source_language)


def _pieces(text: str, span: Span, source_language: str) -> Iterator[Span]:
    """An over-long span as several, cut at gaps where there are any."""
    kind: SpanKind = "code" if span.kind == "code" else "sentence"
    start = span.start
    while start < span.end:
        end = min(start + MAX_SPAN_CHARS, span.end)
        gaps = [gap.end() for gap in _GAP.finditer(text, start + _LEAST_BEFORE_GAP, end)] if end < span.end else []
        end = gaps[-1] if gaps else end
        if piece := stripped(text, start, end):
            words = " ".join(text[piece.start : piece.end].split())
            yield Span(kind=kind, start=piece.start, end=piece.end, texts={source_language: words})
        start = end


def _whole_spans(text: str, block: Block, source_language: str, translate: Translate) -> Iterator[Span]:
    if block.kind in ("paragraph", "note"):
        for segment in block.segments:
            yield _span(
                text, block, "sentence" if block.kind == "paragraph" else "note", (segment,), source_language, translate
            )
        return
    if not block.segments:
        return
    kind: SpanKind = block.kind  # type: ignore[assignment]  # a paragraph was dealt with above
    if kind == "heading" and is_question(text[block.start : block.end]):
        kind = "question"
    yield _span(text, block, kind, block.segments, source_language, translate)


def _span(
    text: str,
    block: Block,
    kind: SpanKind,
    segments: Sequence[Segment],
    source_language: str,
    translate: Translate,
) -> Span:
    # a row is quoted whole, with what stands between its cells; all else from its first to its last segment
    start, end = (block.start, block.end) if kind == "row" else (segments[0].start, segments[-1].end)
    if is_question(text[start:end]) and kind in ("sentence", "note"):
        kind = "question"
    header_chars = sum(cell.end - cell.start for cell in block.header)
    names = block.header if kind == "row" and header_chars <= MAX_HEADER_CHARS else ()
    texts: dict[str, str] = {}
    for language in (source_language, *(tag for tag in LANGUAGES if tag != source_language)):
        parts = _in_language(text, segments, source_language, language, translate)
        header = _in_language(text, names, source_language, language, translate)
        if parts is not None and header is not None:
            texts[language] = row_phrase(parts, header, language) if kind == "row" else _joined(parts, language)
    return Span(kind=kind, start=start, end=end, texts=texts, number=block.number, group=block.group)


def header_texts(text: str, cells: Sequence[Segment], source_language: str, translate: Translate) -> dict[str, str]:
    """How the header row of a table reads, by language as for spans."""
    found = {}
    for language in (source_language, *(tag for tag in LANGUAGES if tag != source_language)):
        parts = _in_language(text, cells, source_language, language, translate)
        if parts is not None:
            found[language] = {"ja": "、", "zh": "；"}.get(language, "; ").join(parts)
    return found


def _in_language(
    text: str, segments: Sequence[Segment], source_language: str, language: str, translate: Translate
) -> list[str] | None:
    sources = [" ".join(text[segment.start : segment.end].split()) for segment in segments]
    if language == source_language:
        return sources
    translations = [translate(source, language) if source else "" for source in sources]
    if any(translation is None for translation in translations):
        return None
    return [translation for translation in translations if translation is not None]


def _joined(parts: Sequence[str], language: str) -> str:
    return ("" if language in ("ja", "zh") else " ").join(parts)


def row_phrase(cells: Sequence[str], header: Sequence[str], language: str) -> str:
    """A table row as one phrase; cells beyond the header, or a table without one, are listed plainly."""
    colon, separator, opening, closing = {
        "ja": ("：", "、", "（", "）"),
        "zh": ("：", "；", "（", "）"),
    }.get(language, (": ", "; ", " (", ")"))
    subject, rest = cells[0], cells[1:]
    if not rest:
        return subject
    if len(rest) == 1:
        return f"{subject}{colon}{rest[0]}"
    if len(header) != len(cells):
        return separator.join(cells)
    named = separator.join(
        # 10：30 would be a time of day
        f"{name}{_AS_IS if name[-1:].isdigit() and cell[:1].isdigit() else colon}{cell}" if name else cell
        for name, cell in zip(header[1:], rest, strict=True)
    )
    return f"{subject}{opening}{named}{closing}"
