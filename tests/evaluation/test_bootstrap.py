import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag_support.evaluation.bootstrap import RESAMPLES, SEED, Interval, means, paired_difference, parity_gap

FIGURES = st.sampled_from([None, 0.0, 0.25, 0.5, 1.0])
ROWS = st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=1, max_size=6)
LANGUAGES = ("ja", "en", "zh")

Rows = Sequence[Sequence[float | None]]


def table_of(rows: Rows) -> dict[str, dict[str, float | None]]:
    """Need → language → figure, from one row a need."""
    return {f"n{number}": dict(zip(LANGUAGES, row, strict=False)) for number, row in enumerate(rows)}


def plain_mean(rows: Rows, column: int) -> float | None:
    column_values = [row[column] for row in rows if row[column] is not None]
    return sum(value for value in column_values if value is not None) / len(column_values) if column_values else None


def rounded(value: float) -> object:
    return pytest.approx(value, abs=1e-6)


# ---- means ---------------------------------------------------------------------------------------------------------


def test_the_value_is_the_plain_mean_and_lies_in_its_interval() -> None:
    found = means(table_of([(1,)] * 70 + [(0,)] * 30), ["ja"])["ja"]
    assert (found.value, found.n) == (70 / 100, 100)
    # the percentile interval of a share is near the normal one: 1.96 standard errors to each side
    error = 1.96 * (0.7 * 0.3 / 100) ** 0.5
    assert found.low == pytest.approx(0.7 - error, abs=0.011)
    assert found.high == pytest.approx(0.7 + error, abs=0.011)


def test_where_all_are_equal_the_interval_has_no_width() -> None:
    assert means(table_of([(0.1,)] * 7), ["ja"]) == {"ja": Interval(0.1, 0.1, 0.1, 7)}
    assert means(table_of([(1,)]), ["ja"]) == {"ja": Interval(1, 1, 1, 1)}


def test_cells_that_do_not_apply_are_skipped_language_by_language() -> None:
    found = means(table_of([(1, None, None), (0, 1, None), (None, None, None)]), LANGUAGES)
    assert {language: (interval.value, interval.n) for language, interval in found.items()} == {
        "ja": ((1 + 0) / 2, 2),
        "en": (1 / 1, 1),
    }
    assert found["en"] == Interval(1, 1, 1, 1)  # resamples without its only row say nothing about it


def test_a_need_that_lacks_a_language_counts_for_the_others() -> None:
    table = {"n0": {"ja": 1.0, "en": 0.0}, "n1": {"ja": 0.0}}
    assert {language: found.value for language, found in means(table, ["ja", "en"]).items()} == {"ja": 0.5, "en": 0}


def test_no_row_is_no_mean() -> None:
    assert means({}, LANGUAGES) == means(table_of([(None, None, None)]), LANGUAGES) == {}


def test_the_same_table_gives_the_same_interval() -> None:
    table = table_of([(1, 0, 1), (0, 0, 1), (1, None, 0)] * 5)
    assert means(table, LANGUAGES) == means(table, LANGUAGES)
    assert parity_gap(table, LANGUAGES) == parity_gap(table, LANGUAGES)


@given(ROWS)
@hypothesis_settings(max_examples=15)
def test_means_equal_the_resampling_written_out(rows: Rows) -> None:
    found = means(table_of(rows), LANGUAGES)
    with_any = [row for row in rows if any(value is not None for value in row)]
    draws = np.random.default_rng(SEED).integers(0, max(len(with_any), 1), size=(RESAMPLES, len(with_any)))
    for column, language in enumerate(LANGUAGES):
        value = plain_mean(rows, column)
        assert (language in found) == (value is not None)
        if value is not None:
            slow = [plain_mean([with_any[place] for place in draw], column) for draw in draws]
            low, high = np.percentile([mean for mean in slow if mean is not None], [2.5, 97.5])
            assert (found[language].value, found[language].low, found[language].high) == (
                rounded(value), rounded(low), rounded(high),
            )  # fmt: skip


@given(ROWS, st.sampled_from([-0.5, 0.25, 3.0]))
def test_adding_a_constant_shifts_value_and_interval(rows: Rows, shift: float) -> None:
    shifted = [[None if value is None else value + shift for value in row] for row in rows]
    before, after = means(table_of(rows), LANGUAGES), means(table_of(shifted), LANGUAGES)
    assert before.keys() == after.keys()
    for language, old in before.items():
        new = after[language]
        assert (new.value, new.low, new.high, new.n) == (
            rounded(old.value + shift), rounded(old.low + shift), rounded(old.high + shift), old.n,
        )  # fmt: skip


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_needs_changes_no_value(rows: Rows, order: random.Random) -> None:
    table = table_of(rows)
    names = list(table)
    order.shuffle(names)
    shuffled = {name: table[name] for name in names}
    before, after = means(table, LANGUAGES), means(shuffled, LANGUAGES)
    assert {language: (found.value, found.n) for language, found in after.items()} == {
        language: (rounded(found.value), found.n) for language, found in before.items()
    }
    # paired differences sort their needs: not even the interval moves
    raised = {name: {tag: value and 0.0 for tag, value in row.items()} for name, row in table.items()}
    assert paired_difference(shuffled, raised, LANGUAGES) == paired_difference(table, raised, LANGUAGES)


# ---- the gap between languages -------------------------------------------------------------------------------------


def test_the_gap_is_the_best_mean_less_the_worst() -> None:
    gap = parity_gap(table_of([(1, 1, 0), (1, 0, 1), (1, 1, 0), (0, 0, 0)]), LANGUAGES)
    assert gap is not None
    assert (gap.value, gap.n) == (3 / 4 - 1 / 4, 4)
    assert gap.low <= gap.value <= gap.high


def test_what_is_hard_in_all_languages_does_not_widen_the_gap() -> None:
    """Needs are drawn whole: means swing from resample to resample, their difference does not."""
    table = table_of([(hard, hard - 0.2) for hard in (0.2, 1.0)] * 5)
    assert parity_gap(table, ["ja", "en"]) == Interval(0.2, 0.2, 0.2, 10)
    ja = means(table, ["ja"])["ja"]
    assert ja.high - ja.low > 0.3


def test_languages_of_equal_means_have_no_gap_but_may_have_one_by_chance() -> None:
    gap = parity_gap(table_of([(1, 0), (0, 1)] * 5), ["ja", "en"])
    assert gap is not None
    assert gap.value == 0
    assert gap.low < 0 < gap.high


def test_a_gap_needs_two_languages_with_rows() -> None:
    assert parity_gap(table_of([(1,), (0,)]), ["ja"]) is None
    assert parity_gap(table_of([(1, None), (0, None)]), ["ja", "en"]) is None
    assert parity_gap({}, LANGUAGES) is None


@given(ROWS)
def test_the_gap_is_never_negative_and_that_of_the_plain_means(rows: Rows) -> None:
    found = [mean for column in range(3) if (mean := plain_mean(rows, column)) is not None]
    gap = parity_gap(table_of(rows), LANGUAGES)
    assert (gap is None) == (len(found) < 2)
    if gap is not None:
        assert gap.value == rounded(max(found) - min(found))


# ---- paired differences --------------------------------------------------------------------------------------------


@given(ROWS, st.sampled_from([-1.0, 0.0, 0.1]))
def test_a_constant_shift_of_every_row_is_exactly_the_difference(rows: Rows, shift: float) -> None:
    shifted = [[None if value is None else value + shift for value in row] for row in rows]
    counted = sum(value is not None for row in rows for value in row)
    found = paired_difference(table_of(rows), table_of(shifted), LANGUAGES)
    assert found == (Interval(shift, shift, shift, counted) if counted else None)


@given(st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=2, max_size=12))
@hypothesis_settings(max_examples=15)
def test_differences_equal_the_resampling_written_out(rows: Rows) -> None:
    """Needs are drawn in the order of their names, so that the order of a file does not matter."""
    nothing = [[value and 0.0 for value in row] for row in rows]
    found = paired_difference(table_of(nothing), table_of(rows), LANGUAGES)
    by_name = {name: [value for value in row.values() if value is not None] for name, row in table_of(rows).items()}
    counted = [by_name[name] for name in sorted(by_name) if by_name[name]]
    assert (found is None) == (not counted)
    if found is not None:
        draws = np.random.default_rng(SEED).integers(0, len(counted), size=(RESAMPLES, len(counted)))
        pools = [[value for place in draw for value in counted[place]] for draw in draws]
        low, high = np.percentile([sum(pool) / len(pool) for pool in pools], [2.5, 97.5])
        drawn = [value for row in counted for value in row]
        assert (found.value, found.low, found.high, found.n) == (
            rounded(sum(drawn) / len(drawn)), rounded(low), rounded(high), len(drawn),
        )  # fmt: skip


def test_the_difference_is_after_less_before_over_all_rows() -> None:
    before = table_of([(0, 0), (1, 1), (0, 1)])
    after = table_of([(1, 1), (1, 0), (1, 1)])
    found = paired_difference(before, after, ["ja", "en"])
    assert found is not None
    assert (found.value, found.n) == (rounded((1 + 1 + 0 - 1 + 1 + 0) / 6), 6)
    assert found.low < found.value < found.high
    back = paired_difference(after, before, ["ja", "en"])
    assert back is not None
    assert (back.value, back.low, back.high) == (-found.value, rounded(-found.high), rounded(-found.low))


def test_only_rows_that_both_have_are_paired() -> None:
    before = {"n0": {"ja": 0.0, "en": None}, "n1": {"ja": 0.0}, "gone": {"ja": 1.0}}
    after = {"n0": {"ja": 1.0, "en": 1.0}, "n1": {"ja": None}, "new": {"ja": 0.0}}
    assert paired_difference(before, after, ["ja", "en"]) == Interval(1, 1, 1, 1)


def test_without_a_pair_there_is_no_difference() -> None:
    assert paired_difference({}, {}, ["ja"]) is None
    assert paired_difference({"a": {"ja": 1.0}}, {"b": {"ja": 1.0}}, ["ja"]) is None
    assert paired_difference({"a": {"ja": None}}, {"a": {"ja": 1.0}}, ["ja"]) is None


@pytest.mark.parametrize(("lost", "beyond_chance"), [(1, False), (2, False), (4, True), (5, True)])
def test_a_loss_of_a_few_in_ninety_is_told_from_chance(lost: int, beyond_chance: bool) -> None:
    """The share of resamples that draw no lost row is (1 − lost / 90) ** 90: it must be under 2.5 %."""
    before, after = table_of([(1,)] * 90), table_of([(0,)] * lost + [(1,)] * (90 - lost))
    found = paired_difference(before, after, ["ja"])
    assert found is not None
    assert found.value == rounded(-lost / 90)
    assert (found.high < 0) == beyond_chance == ((1 - lost / 90) ** 90 < 0.025)
