"""The plainest honest gate: citations exist, values stand in what is cited. What it lets through is let through."""

from collections.abc import Mapping, Sequence

from rag_support.answering.grounding import Fault, Source
from rag_support.values import missing_values


class StrictGate:
    def faults(
        self, statement: str, citations: Sequence[int], language: str, sources: Mapping[int, Source]
    ) -> tuple[Fault, ...]:
        if not citations:
            return (Fault("no_citation", "nothing is cited"),)
        if not sources.keys() >= set(citations):
            return (Fault("unknown_citation", "no such number"),)
        cited = [text for number in citations for text in (sources[number].text, *sources[number].readings.values())]
        return tuple(Fault("value", value.text) for value in missing_values(statement, cited))
