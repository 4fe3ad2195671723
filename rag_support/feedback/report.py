"""What users ask that the sources do not answer, or not well: figures by language, questions by topic."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_support.feedback.records import Case, Count
from rag_support.feedback.topics import Topic, topics
from rag_support.types import Embedder

UNKNOWN = "unknown"  # in the place of a language, where not even the question is known
_EXAMPLES = 3

SectionOf = Callable[[str], str | None]
"""Passage id → the section it stands in, where the live index has it."""


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    answers: int
    refused: Mapping[str, int]  # by kind
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class TopicFigures:
    name: str
    section: str | None  # of the passages that come nearest
    questions: int
    languages: Mapping[str, int]
    refused: Mapping[str, int]
    down: int
    examples: tuple[tuple[str, str], ...]  # language and question
    expected: tuple[str, ...]  # answers that users expected
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    languages: Mapping[str, LanguageFigures]
    topics: tuple[TopicFigures, ...]  # most questions first

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def build_report(counts: Sequence[Count], cases: Sequence[Case], embedder: Embedder, section_of: SectionOf) -> Report:
    by_language: dict[str, list[Count]] = {}
    for count in counts:
        by_language.setdefault(count.language or UNKNOWN, []).append(count)
    return Report(
        languages={language: _language(by_language[language]) for language in sorted(by_language)},
        topics=tuple(_topic(topic, section_of) for topic in topics(cases, embedder)),
    )


def _language(counts: Sequence[Count]) -> LanguageFigures:
    refused: Counter[str] = Counter()
    for count in counts:
        if count.refusal:
            refused[count.refusal] += count.answers
    return LanguageFigures(
        answers=sum(count.answers for count in counts),
        refused=dict(refused.most_common()),
        up=sum(count.answers for count in counts if count.thumb == "up"),
        down=sum(count.answers for count in counts if count.thumb == "down"),
    )


def _topic(topic: Topic, section_of: SectionOf) -> TopicFigures:
    nearest = Counter(case.passage_ids[0] for case in topic.cases if case.passage_ids)
    sections = (section_of(passage_id) for passage_id, _ in nearest.most_common())
    return TopicFigures(
        name=topic.name,
        section=next((section for section in sections if section), None),
        questions=len(topic.cases),
        languages=dict(Counter(case.language for case in topic.cases).most_common()),
        refused=dict(Counter(case.refusal for case in topic.cases if case.refusal).most_common()),
        down=sum(case.thumb == "down" for case in topic.cases),
        examples=tuple(_examples(topic)),
        expected=_different(case.expected_answer for case in topic.cases),
        comments=_different(case.comment for case in topic.cases),
    )


def _examples(topic: Topic) -> Iterator[tuple[str, str]]:
    """Other questions than the one in the name: first one of each language, then the newest."""
    others = dict.fromkeys((case.language, case.question) for case in topic.cases if case.question != topic.name)
    first = {language: (language, question) for language, question in reversed(others)}
    yield from list(dict.fromkeys([*sorted(first.values()), *others]))[:_EXAMPLES]


def _different(texts: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))[:_EXAMPLES]


def as_text(report: Report, most_topics: int) -> str:
    """For a terminal: a table of figures, then the topics, the largest `most_topics`."""
    if not report.languages:
        return "No answers are kept yet."
    lines = [*_table(report.languages), ""]
    questions = sum(topic.questions for topic in report.topics)
    lines.append(f"Refused, or with a thumb down: {questions} questions, {len(report.topics)} topics")
    for number, topic in enumerate(report.topics[:most_topics], start=1):
        lines += ["", *_topic_lines(number, topic)]
    if more := len(report.topics) - most_topics:
        lines += ["", f"… and {more} smaller topics: see --topics."] if more > 0 else []
    return "\n".join(lines)


def _table(languages: Mapping[str, LanguageFigures]) -> Iterator[str]:
    kinds = sorted({kind for figures in languages.values() for kind in figures.refused})
    figures = list(languages.values())
    rows: list[tuple[str, list[int]]] = [
        ("answers", [column.answers for column in figures]),
        ("refused", [sum(column.refused.values()) for column in figures]),
        *((f"  {kind}", [column.refused.get(kind, 0) for column in figures]) for kind in kinds),
        ("thumbs up", [column.up for column in figures]),
        ("thumbs down", [column.down for column in figures]),
    ]
    yield _row("", [*languages, "all"])
    for name, numbers in rows:
        yield _row(name, [str(number) for number in (*numbers, sum(numbers))])
    thumbs = [(column.up, column.up + column.down) for column in figures]
    thumbs.append((sum(up for up, _ in thumbs), sum(given for _, given in thumbs)))
    yield _row("up, of thumbs", [f"{100 * up / given:.0f}%" if given else "-" for up, given in thumbs])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<18}" + "".join(f"{cell:>9}" for cell in cells)


def _topic_lines(number: int, topic: TopicFigures) -> Iterator[str]:
    yield f"{number}. {topic.name}"
    plural = "s" if topic.questions > 1 else ""
    parts = [f"{topic.questions} question{plural} ({_counted(topic.languages)})"]
    if topic.refused:
        parts.append(f"refused: {_counted(topic.refused)}")
    if topic.down:
        parts.append(f"thumbs down: {topic.down}")
    yield f"   {'; '.join(parts)}"
    if topic.section:
        yield f"   nearest section: {topic.section}"
    for language, question in topic.examples:
        yield f"   {language}: {question}"
    for text in topic.expected:
        yield f"   expected: {text}"
    for text in topic.comments:
        yield f"   comment: {text}"


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())
