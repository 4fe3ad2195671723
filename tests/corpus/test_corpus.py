"""The Japanese corpus states what the fact sheet of its source states, and no figure beyond it.

fact_sections.tsv (fact, document, heading) is made by reading: the named section states the fact or a part of it, and
the sections of one fact together state all of it. fact_values.tsv (fact, value) holds every figure, telephone number,
domain, hour, button label and search keyword, as it must be written. F001 is about the source's own page and left out.
"""

import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "corpus"
DOCUMENTS = sorted([*CORPUS.glob("guide/*.md"), *CORPUS.glob("faq/*.md")])
FACTS = [f"F{number:03}" for number in range(2, 375 + 1)]

HEADING = re.compile(r"(#{1,6}) (.+)")
TELEPHONE = re.compile(r"\d{2,4}-\d{2,4}-\d{3,4}")
DOMAIN = re.compile(r"@?[A-Za-z0-9-]+(?:\.[a-z]{2,})+")
HOURS = re.compile(r"\d{1,2}:\d{2}〜\d{1,2}:\d{2}")
FIGURE = re.compile(
    rf"{TELEPHONE.pattern}|{DOMAIN.pattern}|{HOURS.pattern}|\d[\d,.:]*(?:万件|時間|日|年|%|つ|種類)?", re.ASCII
)
# The hours that 6:00〜24:00 leaves open; and "the following 5 things", which counts a list of the corpus.
NIGHT_GAP = "0:00〜6:00"
LIST_COUNT = re.compile(r"次の\d(?:つ|種類)")

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")


def read_table(name: str) -> list[tuple[str, ...]]:
    return [tuple(line.split("\t")) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def body(text: str) -> str:
    """The document without its front matter."""
    return text.split("\n---\n", 1)[1]


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, text under it up to the next heading of the same or a higher level), in order."""
    lines = body(text).splitlines()
    headings = [(row, len(match[1]), match[2]) for row, line in enumerate(lines) if (match := HEADING.fullmatch(line))]
    found = []
    for place, (row, level, heading) in enumerate(headings):
        end = next((below for below, other, _ in headings[place + 1 :] if other <= level), len(lines))
        found.append((heading, "\n".join(lines[row + 1 : end])))
    return found


SECTIONS = {
    (path.relative_to(CORPUS).as_posix(), heading): content
    for path in DOCUMENTS
    for heading, content in sections(path.read_text(encoding="utf-8"))
}
PLACES = read_table("fact_sections.tsv")
VALUES = read_table("fact_values.tsv")


def values_by_fact() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for fact, value in VALUES:
        found[fact].append(value)
    return found


def sections_of(fact: str) -> list[str]:
    return [SECTIONS[doc_id, heading] for mapped, doc_id, heading in PLACES if mapped == fact]


def test_section_ends_at_the_next_heading_of_its_level():
    text = "---\ntitle: t\n---\n# a\n1\n## b\n2\n### c\n3\n## d\n4\n"
    assert sections(text) == [("a", "1\n## b\n2\n### c\n3\n## d\n4"), ("b", "2\n### c\n3"), ("c", "3"), ("d", "4")]


def test_there_are_fifteen_chapters_and_nine_collections_of_questions():
    assert [path.parent.name for path in DOCUMENTS] == ["faq"] * 9 + ["guide"] * 15


def test_every_fact_is_mapped_and_no_other():
    assert sorted({fact for fact, _, _ in PLACES}) == FACTS
    assert {fact for fact, _ in VALUES} <= set(FACTS)


@pytest.mark.parametrize("rows", [PLACES, VALUES], ids=["fact_sections", "fact_values"])
def test_tables_hold_no_row_twice(rows: list[tuple[str, ...]]):
    assert len(rows) == len(set(rows))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_every_mapped_heading_exists():
    assert [(fact, doc_id, heading) for fact, doc_id, heading in PLACES if (doc_id, heading) not in SECTIONS] == []


@documents
def test_headings_of_a_document_are_unique(path: Path):
    headings = [heading for heading, _ in sections(path.read_text(encoding="utf-8"))]
    assert len(headings) == len(set(headings))


@pytest.mark.parametrize(("fact", "value"), VALUES)
def test_value_stands_in_a_section_of_its_fact(fact: str, value: str):
    assert any(value in content for content in sections_of(fact))


@pytest.mark.parametrize(("fact", "values"), values_by_fact().items())
def test_values_of_one_fact_stand_on_one_line(fact: str, values: list[str]):
    """A number apart from its hours, or a percentage apart from its company, would be another statement."""
    lines = [line for content in sections_of(fact) for line in content.splitlines()]
    assert any(all(value in line for value in values) for line in lines)


@documents
def test_figures_are_those_of_the_fact_sheet(path: Path):
    known = {figure for _, value in VALUES for figure in FIGURE.findall(value)} | {NIGHT_GAP}
    lines = [re.sub(r"^\d+\. ", "", line) for line in body(path.read_text(encoding="utf-8")).splitlines()]
    figures = {figure for line in lines for figure in FIGURE.findall(LIST_COUNT.sub("", line))}
    assert figures - known == set()


@documents
def test_telephone_numbers_stand_with_their_callers(path: Path):
    callers = {"0120-999-373": "日本国内", "011-330-3000": "海外", "0120-899-543": "プライム会員"}
    for line in path.read_text(encoding="utf-8").splitlines():
        for match in TELEPHONE.finditer(line):
            named = re.findall("|".join(callers.values()), line[: match.start()])
            assert named[-1:] == [callers[match[0]]], line


@documents
def test_companies_are_compared_by_the_same_figures_everywhere(path: Path):
    facts = {"Amazon": "F036", "大手A社": "F037", "大手B社": "F038"}
    for line in path.read_text(encoding="utf-8").splitlines():
        company = line.removeprefix("| ").split(" |")[0]
        if line.startswith("|") and company in facts:
            assert all(value in line for value in values_by_fact()[facts[company]]), line


@documents
def test_japanese_operators_have_their_own_hours(path: Path):
    for line in path.read_text(encoding="utf-8").splitlines():
        for sentence in re.split("(?<=。)", line):
            assert "6:00〜24:00" not in sentence or "日本語オペレーター" in sentence, sentence


@documents
def test_no_number_of_the_fact_sheet_is_left_over(path: Path):
    assert re.findall(r"F\d{3}|(?<![A-Za-z0-9])C\d\d(?!\d)", path.read_text(encoding="utf-8")) == []


@documents
def test_front_matter_tells_title_source_and_date(path: Path):
    lines = path.read_text(encoding="utf-8").split("\n---\n", 1)[0].splitlines()
    assert lines[0] == "---"
    assert [line.split(": ")[0] for line in lines[1:]] == ["title", "source", "updated"]
    assert all(line.split(": ", 1)[1].strip() for line in lines[1:])
    assert re.fullmatch(r"updated: \d{4}-\d{2}-\d{2}", lines[3])


@documents
def test_document_has_one_title_and_no_level_is_skipped(path: Path):
    levels = [len(match[1]) for match in re.finditer(r"^(#+) ", body(path.read_text(encoding="utf-8")), re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


def test_faq_asks_forty_eight_questions():
    questions = [
        heading
        for path in DOCUMENTS
        if path.parent.name == "faq"
        for heading in re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(questions) == 48
    assert len(set(questions)) == 48
    assert [question for question in questions if not question.endswith("？")] == []


def test_glossary_names_every_term_in_every_language():
    header, *rows = (CORPUS / "glossary.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["ja", "en", "zh-Hans", "zh-Hant"]
    assert len(rows) == 210
    for row in rows:
        cells = row.split("\t")
        assert len(cells) == 4, row
        assert all(term.strip() for cell in cells for term in cell.split("|")), row
