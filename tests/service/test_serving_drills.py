"""The drills of the running service with small counts; how long things take is left to the full ones."""

from pathlib import Path

import pytest
from small_parts import write_corpus

from drills.deaths import deaths
from drills.outcome import SLOW, Outcome
from drills.overload import overload
from drills.restarts import restarts
from drills.results import Control
from drills.serving_report import write_outcome
from drills.soak import Length, soak
from drills.swaps import swaps
from rag_support.evaluation.dataset import load_needs

NEEDS = load_needs(Path(__file__).parents[2] / "eval" / "questions" / "dev.jsonl")
QUESTIONS = [text for need in NEEDS[::10] for text in need.questions.values()]


def test_swaps_lose_no_answer_and_mix_none(tmp_path):
    outcome = swaps(tmp_path, write_corpus(tmp_path / "small"), ["電話番号は？", "返品は何日以内ですか"], 3, 3.0, 4)
    assert [failure for failure in outcome.failures if not failure.startswith(SLOW)] == []
    assert outcome.cases == 3
    assert outcome.control.lost


def test_restarts_lose_no_request(shipped_index, tmp_path):
    outcome = restarts(tmp_path, shipped_index, QUESTIONS, count=2, seed=1, connections=4)
    assert outcome.failures == ()
    assert outcome.figures["answers"] > 0
    assert outcome.control.lost


def test_killed_workers_are_replaced(shipped_index, tmp_path):
    outcome = deaths(tmp_path, shipped_index, QUESTIONS, count=1, seed=0, connections=4)
    assert outcome.failures == ()
    assert outcome.control.lost


def test_overload_is_answered_or_refused(shipped_index, tmp_path):
    outcome = overload(tmp_path, shipped_index, QUESTIONS, seconds=2.0, seed=0, measured_seconds=1.0)
    assert [failure for failure in outcome.failures if not failure.startswith(SLOW)] == []
    assert outcome.control.lost


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_soak_fails_no_request_leaves_nothing_open_and_tells_on_its_way(shipped_index, tmp_path):
    told: list[Outcome] = []
    length = Length(warm=1.0, slices=2, slice=0.5)
    outcome = soak(tmp_path, shipped_index, QUESTIONS, length, seed=0, rate=20.0, tell=told.append)
    assert [failure for failure in outcome.failures if not failure.startswith("memory")] == []
    assert outcome.control.lost == outcome.control.cases
    assert [so_far.figures["seconds"] for so_far in (*told, outcome)] == [0.5, 1.0]


def test_report_holds_the_last_run_of_every_drill(tmp_path):
    control = Control("questions, as nobody looked", 20, 3)
    write_outcome(tmp_path, "swaps", 1, Outcome("swaps", 9, ["slow"], control, {"p50 ms": 2.5}))
    write_outcome(tmp_path, "soak", 2, Outcome("soak", 8, [], control, {}))
    write_outcome(tmp_path, "swaps", 3, Outcome("swaps", 10, [], control, {"p50 ms": 1.5}))
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| swaps | 10 | nothing | 3 of 20 questions, as nobody looked | p50 ms 1.5 |" in page
    assert "| soak | 8 | nothing |" in page
    assert "slow" not in page
