"""Document → Chunks: one section each, where it is not too long.

A chunk holds the blocks under one heading path, its heading first. A section over the limit is cut between blocks,
lists and tables last of all, and an over-long paragraph between sentences; nothing is cut inside a sentence. A heading,
a question and the sentence that introduces a list stay with what follows them. Each chunk is a contiguous slice:
text == document.text[start:end]. A table's header row is no span, but stands in the chunk of the table's first rows.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from rag_support.ingest.spans import MAX_HEADER_CHARS, Translate, block_spans, header_texts
from rag_support.types import Chunk, Document, Segment, Span, TableHeader

MAX_CHARS = 700  # of one chunk; a mean of token vectors over more text blurs, and a reader wants a place, not a page
_MAX_LIST_CHARS = 2 * MAX_CHARS  # a list or table is kept whole up to here, since half of a procedure misleads

_Cells = tuple[Segment, ...]


def chunk_document(document: Document, translate: Translate) -> list[Chunk]:
    """The chunks of one document in order; empty when it has no block with text."""
    chunks: list[Chunk] = []
    seen: Counter[str] = Counter()
    header_cells = _header_cells(document)
    headers: dict[_Cells, TableHeader] = {}
    for heading, spans in _sections(document, translate):
        for piece in _pieces(spans):
            rows = (span for span in piece if span.kind == "row" and span.start in header_cells)
            groups = {header_cells[span.start]: span.group for span in rows}
            new = [cells for cells in groups if cells not in headers]
            # where a table comes first in its chunk, so does its header
            start, end = min([piece[0].start, *(cells[0].start for cells in new)]), piece[-1].end
            text = document.text[start:end]
            repeat = seen[text]
            seen[text] += 1
            key = "\0".join((document.doc_id, *heading, text, str(repeat)))
            chunk_id = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            for cells in new:
                headers[cells] = _header(document, groups[cells], cells, chunk_id, translate)
            chunks.append(
                Chunk(
                    chunk_id=chunk_id,
                    doc_id=document.doc_id,
                    title=document.title,
                    language=document.language,
                    heading=heading,
                    start=start,
                    end=end,
                    text=text,
                    spans=tuple(piece),
                    headers=tuple(headers[cells] for cells in groups),
                )
            )
    return chunks


def _header_cells(document: Document) -> dict[int, _Cells]:
    """Where a table row starts → the cells of the header row above it, in order; nothing for rows without one.

    Rows with blank cells carry only some of them. One group may hold several tables, if they stand in one list.
    """
    tables: list[tuple[list[int], set[Segment]]] = []  # where its rows start, cells of its header
    for block in document.blocks:
        if cells := {cell for cell in block.header if cell.start < cell.end}:
            # a header that stands behind the first row of a table is that of another
            if not tables or min(cell.start for cell in cells) > tables[-1][0][0]:
                tables.append(([], set()))
            tables[-1][0].append(block.start)
            tables[-1][1].update(cells)
    in_order = [(rows, tuple(sorted(cells, key=lambda cell: cell.start))) for rows, cells in tables]
    return {
        row: cells for rows, cells in in_order if cells[-1].end - cells[0].start <= MAX_HEADER_CHARS for row in rows
    }


def _header(document: Document, group: int, cells: _Cells, chunk_id: str, translate: Translate) -> TableHeader:
    start, end = cells[0].start, cells[-1].end
    return TableHeader(
        group=group,
        chunk_id=chunk_id,
        start=start,
        end=end,
        text=document.text[start:end],
        texts=header_texts(document.text, cells, document.language, translate),
    )


def _sections(document: Document, translate: Translate) -> Iterator[tuple[tuple[str, ...], list[Span]]]:
    """(heading path, spans) per section; a heading with nothing of its own below it is carried by its subsections."""
    sections = [
        (
            heading,
            [span for block in blocks for span in block_spans(document.text, block, document.language, translate)],
        )
        for heading, blocks in groupby(document.blocks, key=lambda block: block.heading)
    ]
    for position, (heading, spans) in enumerate(sections):
        if not spans:
            continue
        following = sections[position + 1][0] if position + 1 < len(sections) else ()
        bare = len(spans) == 1 and heading != ()  # a section's first span is its heading, if it has one
        if bare and following[: len(heading)] == heading:
            continue
        yield heading, spans


def _pieces(spans: list[Span]) -> Iterator[list[Span]]:
    """Cut a section's spans into runs of at most MAX_CHARS; a list or table stays in one run where it can."""
    piece: list[Span] = []
    for _, members in groupby(enumerate(spans), key=lambda pair: pair[1].group if pair[1].group >= 0 else (pair[0],)):
        unit = [span for _, span in members]
        keep_whole = unit[-1].end - unit[0].start <= _MAX_LIST_CHARS
        for run in [unit] if keep_whole else [[span] for span in unit]:
            if piece and run[-1].end - piece[0].start > MAX_CHARS:
                cut = _before_lead_in(piece, before_list=run[0] is unit[0] and run[0].group >= 0)
                if cut:
                    yield piece[:cut]
                piece = piece[cut:]
            piece.extend(run)
    if piece:
        yield piece


def _before_lead_in(piece: list[Span], before_list: bool) -> int:
    """Where the spans at the end of a piece start that mean little without what follows it."""
    cut = len(piece)
    if before_list and piece[-1].group < 0:
        cut -= 1
    while cut and piece[cut - 1].kind in ("heading", "question"):
        cut -= 1
    return cut
