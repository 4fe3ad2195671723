import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rows import a_run, answer_row

from rag_support.errors import EvaluationError
from rag_support.evaluation.bootstrap import Interval
from rag_support.evaluation.compare import Difference, compare, comparison_text, difference_text
from rag_support.evaluation.gate import (
    CROSSLINGUAL,
    LANGUAGE_ID,
    Verdict,
    baseline_of,
    judge_run,
    read_baseline,
    verdict_text,
    write_baseline,
)
from rag_support.evaluation.language_id import LanguageRow
from rag_support.evaluation.metrics import METRICS
from rag_support.evaluation.run import AnswerRow, RetrievalRow, Run
from rag_support.evaluation.summary import RETRIEVAL_FIGURES

NEEDS = 90
PROMISES = [name for name, metric in METRICS.items() if metric.promise]


def needs(right: Callable[[int, str], bool] = lambda *_: True, languages: str = "ja en") -> list[AnswerRow]:
    """A row for each need and language; `right` says which rows show all their facts."""
    return [
        answer_row(f"n{number:02d}", language, full_answer=float(right(number, language)), value_fidelity=1.0)
        for number in range(NEEDS)
        for language in languages.split()
    ]


def told(text: str, right: bool = True, expected: str = "ja") -> LanguageRow:
    return LanguageRow(
        text=text, expected=expected, kind="kanji_ja", detected=expected if right else "en", confidence=1, reason="",
        right=right, confident_error=not right,
    )  # fmt: skip


def found(query: str, recall: float, leg: str = "service") -> RetrievalRow:
    scores = {**dict.fromkeys(RETRIEVAL_FIGURES, 1.0), "recall@5": recall}
    return RetrievalRow(query=query, language="ja", leg=leg, scores=scores)


def verdict_on(after: Run, before: Run) -> Verdict:
    return judge_run(after, baseline_of(before))


def places(differences: tuple[Difference, ...]) -> list[tuple[str, str]]:
    return [(difference.metric, difference.language) for difference in differences]


# ---- compare -------------------------------------------------------------------------------------------------------


def test_a_run_does_not_differ_from_itself() -> None:
    run = a_run(needs())
    compared = compare(run, run)
    assert compared.changed == ()
    assert {(d.interval.low, d.interval.value, d.interval.high) for d in compared.differences} == {(0, 0, 0)}
    assert not any(difference.worse or difference.better for difference in compared.differences)
    assert comparison_text(compared, rows=20) == "no figure differs\n\n0 rows changed"


def test_each_language_is_compared_apart_and_all_together() -> None:
    before, after = a_run(needs()), a_run(needs(lambda number, language: language == "ja" or number >= 9))
    differences = {d.language: d for d in compare(before, after).differences if d.metric == "full_answer"}
    assert {tag: (d.interval.value, d.interval.n) for tag, d in differences.items()} == {
        "ja": (0, 90),
        "en": (pytest.approx(-9 / 90), 90),
        "all": (pytest.approx(-9 / 180), 180),
    }
    assert [tag for tag, d in differences.items() if d.worse] == ["en", "all"]
    assert not any(d.better for d in differences.values())
    back = {d.language: d for d in compare(after, before).differences if d.metric == "full_answer"}
    assert [tag for tag, d in back.items() if d.better] == ["en", "all"]


def test_one_language_has_no_total_of_its_own() -> None:
    run = a_run(needs(languages="zh"))
    assert {difference.language for difference in compare(run, run).differences} == {"zh"}


@pytest.mark.parametrize(("metric", "more_is"), [("full_answer", "better"), ("false_refusal", "worse")])
def test_more_is_better_or_worse_as_the_metric_has_it(metric: str, more_is: str) -> None:
    more = Difference(metric, "ja", Interval(0.2, 0.1, 0.3, 90))
    less = Difference(metric, "ja", Interval(-0.2, -0.3, -0.1, 90))
    chance = Difference(metric, "ja", Interval(0.1, -0.1, 0.3, 90))
    assert (more.better, more.worse) == (less.worse, less.better) == (more_is == "better", more_is == "worse")
    assert not chance.better
    assert not chance.worse


def test_an_interval_that_ends_at_no_difference_is_chance() -> None:
    assert not Difference("full_answer", "ja", Interval(-0.1, -0.2, 0.0, 90)).worse
    assert not Difference("false_refusal", "ja", Interval(0.1, 0.0, 0.2, 90)).worse


def test_rows_that_changed_are_told_with_their_figures() -> None:
    before = [answer_row("n1", text="古い [1]", full_answer=1.0), answer_row("n2"), answer_row("n3", text="a\nb [1]")]
    after = [answer_row("n1", text="古い [1]", full_answer=0.0), answer_row("n2"), answer_row("n3", text="新しい [1]")]
    compared = compare(a_run(before), a_run(after))
    assert [row.after.need for row in compared.changed] == ["n1", "n3"]
    assert compared.changed[0].figures == {"full_answer": (1.0, 0.0)}
    assert compared.changed[1].figures == {}
    told = comparison_text(compared, rows=20)
    assert "worse  ja  full_answer          -100.00 [-100.00, -100.00] over 1 rows" in told
    assert "2 rows changed" in told
    assert "n1 ja: n1 in ja\n  full_answer 1 → 0" in told
    assert "n3 ja: n3 in ja\n  same figures\n  before: a / b [1]\n  after:  新しい [1]" in told
    one = comparison_text(compared, rows=1)
    assert one.count("  before: ") == 1
    assert one.endswith("\n… and 1 more; --rows shows more")


def test_a_length_is_told_in_characters_and_a_share_in_per_cent() -> None:
    interval = Interval(0.5, 0.25, 1.0, 90)
    length, share = (Difference(metric, "ja", interval) for metric in ("answer_chars", "full_answer"))
    assert "+0.50 [+0.25, +1.00]" in difference_text(length)
    assert "+50.00 [+25.00, +100.00]" in difference_text(share)


@pytest.mark.parametrize(
    "other",
    [
        [answer_row("n1"), answer_row("n2", "en")],
        [answer_row("n1")],
        [answer_row("n1"), answer_row("n2").model_copy(update={"question": "Another?"})],
    ],
)
def test_runs_of_different_questions_are_not_compared(other: list[AnswerRow]) -> None:
    before, after = a_run([answer_row("n1"), answer_row("n2")], name="old"), a_run(other, name="new")
    with pytest.raises(EvaluationError, match="old and new asked different questions, so their rows cannot be paired"):
        compare(before, after)


# ---- the gate ------------------------------------------------------------------------------------------------------


def test_the_accepted_run_itself_passes() -> None:
    run = a_run(needs(lambda number, _: number % 3 > 0), [told("届先変更")], [found("0123456789ab", 0.0)])
    verdict = verdict_on(run, run)
    assert verdict == Verdict((), (), (), (), 0)
    assert verdict.passed
    assert verdict_text(verdict) == "gate: passed"


def test_five_of_ninety_answers_lost_in_one_language_fail() -> None:
    verdict = verdict_on(a_run(needs(lambda number, language: language == "ja" or number >= 5)), a_run(needs()))
    assert not verdict.passed
    assert places(verdict.worse) == [("full_answer", "en"), ("full_answer", "all")]
    assert "WORSE   en  full_answer            -5.56" in verdict_text(verdict)
    assert "gate: FAILED, 0 broken promises, 2 figures worse" in verdict_text(verdict)


def test_one_of_ninety_answers_lost_passes_as_chance() -> None:
    verdict = verdict_on(a_run(needs(lambda number, language: language == "ja" or number >= 1)), a_run(needs()))
    assert verdict.passed
    assert verdict.worse == ()


def test_five_lost_and_five_won_pass() -> None:
    before, after = needs(lambda number, _: number >= 5), needs(lambda number, _: number < 85)
    assert verdict_on(a_run(after), a_run(before)).passed


def test_five_answers_won_pass_and_are_named() -> None:
    verdict = verdict_on(a_run(needs()), a_run(needs(lambda number, _: number >= 5)))
    assert verdict.passed
    assert places(verdict.better) == [("full_answer", tag) for tag in ("ja", "en", "all")]
    assert verdict_text(verdict).endswith("gate: passed; better in places: consider `rag-support eval accept`")


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_broken_on_one_row_fails_even_where_the_baseline_broke_it(promise: str) -> None:
    rows = needs()
    broken = rows[7].model_copy(update={"scores": {**rows[7].scores, promise: 0.0}, "missed": ["value not in it: 25"]})
    run = a_run([*rows[:7], broken, *rows[8:]])
    verdict = verdict_on(run, run)
    assert verdict.worse == ()
    assert not verdict.passed
    assert verdict.broken_promises == (f"{METRICS[promise].label}: not so in n03 en: value not in it: 25",)
    assert "BROKEN PROMISE" in verdict_text(verdict)


def test_a_promise_that_does_not_apply_is_not_broken() -> None:
    run = a_run([answer_row("n1")])
    assert run.answers[0].scores["value_fidelity"] is None
    assert verdict_on(run, run).passed


def test_what_is_no_promise_may_be_missed() -> None:
    run = a_run(needs(lambda *_: False))
    assert verdict_on(run, run).passed


def test_language_and_crosslingual_figures_are_held_too() -> None:
    def run(right: Callable[[int], bool]) -> Run:
        return a_run(
            [answer_row("n1")],
            [told(f"語{number}", right(number)) for number in range(NEEDS)],
            [
                found(f"{number:012x}", float(right(number)), leg)
                for number in range(NEEDS)
                for leg in ("service", "dense")
            ],
        )

    accepted = run(lambda _: True)
    assert places(verdict_on(run(lambda number: number >= 5), accepted).worse) == [
        (LANGUAGE_ID, "ja"), (CROSSLINGUAL, "ja"),
    ]  # fmt: skip
    assert verdict_on(run(lambda number: number >= 1), accepted).passed


def test_only_the_services_own_ranking_is_held() -> None:
    def run(recall: float) -> Run:
        return a_run([answer_row("n1")], retrieval=[found(f"{n:012x}", recall, "dense") for n in range(NEEDS)])

    assert verdict_on(run(0.0), run(1.0)).passed


def test_rows_that_are_new_gone_or_asked_otherwise_are_told_and_not_compared() -> None:
    """They got worse, beyond chance; but another question is no measure of what was accepted."""
    accepted = [answer_row(f"{fate} {number}", full_answer=1.0) for fate in ("same", "gone") for number in range(NEEDS)]
    new = [answer_row(f"new {number}", full_answer=0.0) for number in range(NEEDS)]
    reworded = [
        row.model_copy(update={"question": "Another?", "scores": {**row.scores, "full_answer": 0.0}})
        for row in accepted[:10]
    ]
    verdict = verdict_on(a_run([*reworded, *accepted[10:NEEDS], *new]), a_run(accepted))
    assert verdict.passed
    assert verdict.not_compared == 10 + NEEDS + NEEDS
    assert "190 rows are new, gone or asked otherwise than in the baseline, and not compared" in verdict_text(verdict)


def test_a_promise_is_held_on_rows_that_the_baseline_does_not_know() -> None:
    new = a_run([answer_row("n1"), answer_row("new", citation_valid=0.0)])
    assert not verdict_on(new, a_run([answer_row("n1")])).passed


# ---- the baseline file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [[], [told("届先\u2028変更"), told('"quoted"', False, "zh-Hant")]])
def test_a_baseline_is_read_back_as_it_was_written(tmp_path: Path, language: list[LanguageRow]) -> None:
    rows = needs(lambda number, _: number % 4 > 0)
    baseline = baseline_of(a_run(rows, language, [found("0123456789ab", 0.5)]))
    file = tmp_path / "new" / "dev.json"
    write_baseline(file, baseline)
    assert read_baseline(file) == baseline
    text = file.read_text(encoding="utf-8")
    assert json.loads(text) == baseline.model_dump(mode="json")
    assert sum(line.startswith('  "n00": ') for line in text.splitlines()) == 2  # its questions, and its figures
    assert judge_run(a_run(rows, language, [found("0123456789ab", 0.5)]), read_baseline(file)).passed


def test_the_same_baseline_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_baseline(tmp_path / name, baseline_of(a_run(needs())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2], lambda text: text.replace('"questions"', '"asked"'), lambda _: "",
        lambda text: text.replace('"full_answer": 1.0', '"full_answer": "all"'), lambda text: f"<<<<<<< HEAD\n{text}",
        lambda text: text.replace('"questions"', '"of another version": {}, "questions"'),
    ],
)  # fmt: skip
def test_a_damaged_baseline_is_named(tmp_path: Path, damage: Callable[[str], str]) -> None:
    file = tmp_path / "dev.json"
    write_baseline(file, baseline_of(a_run(needs())))
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"dev\.json: the baseline is damaged\. Take it from version control"):
        read_baseline(file)


def test_a_baseline_of_other_bytes_or_none_at_all_is_named(tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    with pytest.raises(
        EvaluationError, match=r"dev\.json: there is no baseline .* Accept a run with `rag-support eval"
    ):
        read_baseline(file)
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(EvaluationError, match=r"dev\.json: the baseline is damaged"):
        read_baseline(file)
