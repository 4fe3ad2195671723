"""What the reader tests share: blocks written as plain values, and the contract of types.Block as one check."""

from collections.abc import Sequence

from rag_support.types import Block


def contents(text: str, blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """(kind, text) of each block; cells and sentences parted by a bar."""
    return [(block.kind, "|".join(words(text, block))) for block in blocks]


def words(text: str, block: Block) -> list[str]:
    return [text[segment.start : segment.end] for segment in block.segments]


def header(text: str, block: Block) -> list[str]:
    return [text[cell.start : cell.end] for cell in block.header]


def headings(blocks: Sequence[Block]) -> list[tuple[str, ...]]:
    return [block.heading for block in blocks if block.kind == "heading"]


def assert_contract(text: str, blocks: Sequence[Block]) -> None:
    """Blocks and segments are in order, apart, inside the text, not empty and without white space at the ends."""
    block_end = 0
    for block in blocks:
        assert block_end <= block.start < block.end <= len(text)
        block_end = block.end
        assert block.segments
        segment_end = block.start
        for segment in block.segments:
            assert segment_end <= segment.start < segment.end <= block.end
            segment_end = segment.end
            piece = text[segment.start : segment.end]
            assert piece == piece.strip()
        assert (block.level > 0) == (block.kind == "heading")
        assert (block.number > 0) <= (block.kind == "step")
        assert block.kind == "row" or not block.header
        assert len(block.header) in (0, len(block.segments))
        for cell in block.header:
            assert 0 <= cell.start <= cell.end <= len(text)
        if block.kind == "heading":
            assert block.heading
        if block.kind in ("item", "step", "row"):
            assert block.group >= 0
