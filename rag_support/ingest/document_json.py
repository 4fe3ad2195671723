"""A Document as JSON: how it leaves the process that reads files (sandbox.py).

What comes back is checked like a stranger's, for a file may have taken that process over: types, offsets within the
text, nothing else. JSON and not a pickle, since to load a pickle is to run it. A heading path is written once for the
blocks below it, or a long one over many blocks would be most of what is sent.
"""

from itertools import groupby
from typing import NamedTuple

import pydantic_core
from pydantic import BaseModel, ConfigDict

from rag_support.types import Block, BlockKind, Document, Segment


class _Block(NamedTuple):
    kind: BlockKind
    start: int
    end: int
    segments: tuple[int, ...]  # start, end, start, end, …
    level: int
    number: int
    group: int
    header: tuple[int, ...]


class _Section(NamedTuple):
    heading: tuple[str, ...]
    blocks: tuple[_Block, ...]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    title: str
    language: str
    text: str
    source_sha256: str
    sections: tuple[_Section, ...]


def to_json(document: Document) -> bytes:
    """All of a document but its doc_id, which the reader of the JSON knows better. Raises ValueError on what no JSON
    holds, a lone surrogate.
    """
    sections = [
        (
            heading,
            [
                (
                    block.kind, block.start, block.end, _flat(block.segments),
                    block.level, block.number, block.group, _flat(block.header),
                )
                for block in blocks
            ],
        )
        for heading, blocks in groupby(document.blocks, key=lambda block: block.heading)
    ]  # fmt: skip
    return pydantic_core.to_json(
        {
            "title": document.title,
            "language": document.language,
            "text": document.text,
            "source_sha256": document.source_sha256,
            "sections": sections,
        }
    )


def from_json(written: bytes, doc_id: str) -> Document:
    """The document. Raises ValueError when the JSON is none, or tells of places that its text does not have."""
    found = _Written.model_validate_json(written)
    blocks = tuple(
        Block(
            kind=block.kind,
            start=block.start,
            end=block.end,
            segments=_segments(block.segments),
            heading=section.heading,
            level=block.level,
            number=block.number,
            group=block.group,
            header=_segments(block.header),
        )
        for section in found.sections
        for block in section.blocks
    )
    for block in blocks:
        for piece in (Segment(block.start, block.end), *block.segments, *block.header):
            if not 0 <= piece.start <= piece.end <= len(found.text):
                raise ValueError(f"characters {piece.start}–{piece.end} of a text of {len(found.text)}")
    return Document(
        doc_id=doc_id,
        title=found.title,
        language=found.language,
        text=found.text,
        blocks=blocks,
        source_sha256=found.source_sha256,
    )


def _flat(segments: tuple[Segment, ...]) -> list[int]:
    return [offset for segment in segments for offset in (segment.start, segment.end)]


def _segments(offsets: tuple[int, ...]) -> tuple[Segment, ...]:
    return tuple(map(Segment, offsets[::2], offsets[1::2]))
