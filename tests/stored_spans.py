"""Span values as a build stores them, for tests of what is read from them."""

from collections.abc import Iterable, Sequence

from rag_support.retrieval.span_values import SpanValues, SpanValuesBuilder


def stored(chunks: Iterable[Iterable[Sequence[int]]]) -> SpanValues:
    """Of each chunk, the values of each of its spans."""
    builder = SpanValuesBuilder()
    for spans in chunks:
        builder.add(spans)
    return builder.built()
