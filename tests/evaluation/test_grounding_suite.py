"""A part of the corruption suite, held to what is promised; the whole of it is `make grounding`."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag_support.answering.grounding import GroundingGate
from rag_support.answering.support import shipped_support
from rag_support.cli import main
from rag_support.errors import EvaluationError
from rag_support.evaluation.corruptions import (
    BY_HAND,
    Case,
    cases_by_hand,
    chunks_of,
    suite_of,
    without_translations,
)
from rag_support.evaluation.grounding_suite import Count, Outcome, let_through, outcome_table, wilson
from rag_support.types import Embedder

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("guide/03-phone.md", "guide/10-mail-safety.md", "faq/mail-safety.md", "guide/14-reputation.md")


def write_part_of_the_corpus(folder: Path, documents: Sequence[str]) -> Path:
    for name in (*documents, "translations/en.po", "translations/zh.po", "glossary.tsv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "corpus" / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four documents that hold every kind of value of the shipped corpus."""
    return write_part_of_the_corpus(tmp_path_factory.mktemp("suite") / "corpus", DOCUMENTS)


@pytest.fixture(scope="module")
def cases(corpus: Path) -> list[Case]:
    found = suite_of(corpus)
    assert len(found) > 2_000
    assert {case.language for case in found} == {"ja", "en", "zh", "zh-Hant"}
    return found


@pytest.fixture(scope="module")
def gate(shipped_embedder: Embedder) -> GroundingGate:
    return GroundingGate(shipped_embedder, shipped_support())


def part(cases: list[Case], group: str, share: int) -> list[Case]:
    return [case for case in cases if case.group == group][::share]


def stopped(cases: list[Case], gate: GroundingGate) -> list[Case]:
    return [case for case in cases if gate.faults(case.statement, case.citations, case.language, case.sources)]


@pytest.mark.parametrize("translated", [True, False])
def test_every_altered_value_is_caught(cases: list[Case], gate: GroundingGate, translated: bool) -> None:
    changed = part(cases, "value", 3)
    changed = changed if translated else without_translations(changed)
    assert len(changed) > 400
    caught = stopped(changed, gate)
    assert [(case.kind, case.statement) for case in changed if case not in caught] == []


def test_true_statements_are_let_through_but_for_one_in_a_hundred(cases: list[Case], gate: GroundingGate) -> None:
    true = part(cases, "true", 2)
    assert len(true) > 500
    assert len(stopped(true, gate)) <= 0.01 * len(true)


@pytest.mark.parametrize(
    ("kind", "share"),
    [("denied", 0.9), ("affirmed", 0.75), ("another citation", 0.9), ("a sentence of another section", 0.9),
     ("another language", 0.95), ("no citation", 1.0), ("unknown citation", 1.0)],
)  # fmt: skip
def test_changed_meanings_are_caught_as_often_as_is_said(
    cases: list[Case], gate: GroundingGate, kind: str, share: float
) -> None:
    changed = [case for case in cases if case.kind == kind][::3]
    assert len(changed) > 40
    assert len(stopped(changed, gate)) >= share * len(changed)


def test_the_same_corpus_gives_the_same_cases(corpus: Path, cases: list[Case]) -> None:
    assert suite_of(corpus) == cases


def test_a_corrupted_statement_is_not_the_true_one(cases: list[Case]) -> None:
    for case in cases:
        if case.group == "value":
            assert all(case.statement != source.readings[case.language] for source in case.sources.values())


def test_every_statement_by_hand_stands_over_a_span_of_the_corpus() -> None:
    rows = BY_HAND.read_text(encoding="utf-8").splitlines()[1:]
    assert len(cases_by_hand(ROOT / BY_HAND, chunks_of(ROOT / "corpus"))) == 6 * len(rows)


def test_a_quote_that_the_corpus_does_not_hold_is_named(tmp_path: Path) -> None:
    file = tmp_path / "reworded.jsonl"
    lines = (ROOT / BY_HAND).read_text(encoding="utf-8").splitlines()[:2]
    file.write_text("\n".join(lines).replace("未出荷", "出荷前"), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"no statement of faq/cancel-and-change.md reads '出荷前"):
        cases_by_hand(file, [])


def test_a_table_tells_shares_with_intervals_and_counts() -> None:
    counts = (
        Count("true", "untouched", "ja", "test", 100, 1, {"value": 1}),
        Count("true", "untouched", "ja", "dev", 100, 99, {"value": 99}),
        Count("value", "number altered", "ja", "dev", 10, 9, {"value": 9}),
    )
    outcome = Outcome("x", True, counts, 0.5)
    table = outcome_table(outcome)
    assert "| untouched | 1.0 [0, 5] (100) |" in table
    assert "| number altered | 90.0 (10) |" in table
    assert let_through(outcome) == 1


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = wilson(0, 10)
    assert (low, round(high, 4)) == (0.0, round(1.96**2 / (10 + 1.96**2), 4))
    assert wilson(10, 10)[1] == 1.0


def test_the_command_writes_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no unseen texts are
    corpus = write_part_of_the_corpus(tmp_path / "corpus", DOCUMENTS[:1])
    monkeypatch.setenv("RAG_SUPPORT_CORPUS", str(corpus))
    monkeypatch.setattr("rag_support.evaluation.corruptions.OF_A_KIND", 5)  # cases of a kind, for speed
    result = CliRunner().invoke(main, ["eval", "grounding", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "values changed, caught" in (tmp_path / "out" / "measured.md").read_text(encoding="utf-8")
    measured = json.loads((tmp_path / "out" / "measured.json").read_text(encoding="utf-8"))
    values = [count for counts in measured.values() for count in counts if count["group"] == "value"]
    assert values
    assert all(count["cases"] == count["stopped"] for count in values)
