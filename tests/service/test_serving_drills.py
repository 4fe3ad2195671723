"""The drills of the running service with small counts; how long things take is left to the full ones."""

from pathlib import Path

import pytest
from small_parts import write_corpus

from drills.deaths import deaths
from drills.overload import SLOW, overload
from drills.restarts import restarts
from drills.soak import soak
from drills.swaps import swaps
from rag_support.evaluation.dataset import load_needs

NEEDS = load_needs(Path(__file__).parents[2] / "eval" / "questions" / "dev.jsonl")
QUESTIONS = [text for need in NEEDS[::10] for text in need.questions.values()]


def test_swaps_lose_no_answer_and_mix_none(tmp_path):
    outcome = swaps(tmp_path, write_corpus(tmp_path / "small"), ["電話番号は？", "返品は何日以内ですか"], 3, 3.0, 4)
    assert outcome.failures == ()
    assert outcome.cases == 3


def test_restarts_lose_no_request(shipped_index, tmp_path):
    outcome = restarts(tmp_path, shipped_index, QUESTIONS, count=2, seed=1, connections=4)
    assert outcome.failures == ()
    assert outcome.figures["answers"] > 0


def test_killed_workers_are_replaced(shipped_index, tmp_path):
    assert deaths(tmp_path, shipped_index, QUESTIONS, count=1, seed=0, connections=4).failures == ()


def test_overload_is_answered_or_refused(shipped_index, tmp_path):
    outcome = overload(tmp_path, shipped_index, QUESTIONS, seconds=2.0, seed=0, measured_seconds=1.0)
    assert [failure for failure in outcome.failures if not failure.startswith(SLOW)] == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_soak_fails_no_request_and_leaves_nothing_open(shipped_index, tmp_path):
    outcome = soak(tmp_path, shipped_index, QUESTIONS, seconds=1.0, warm_seconds=1.0, seed=0)
    assert [failure for failure in outcome.failures if not failure.startswith("memory")] == []
