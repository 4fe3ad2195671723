"""The circuit breaker, on a clock that the test moves."""

import pytest

from rag_support.answering.backends.breaker import CircuitBreaker

FAILURES, REST_S = 3, 30.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(clock):
    breaker = CircuitBreaker(FAILURES, REST_S, clock)
    for _ in range(FAILURES):
        assert breaker.rests_s() == 0
        breaker.failed()
    return breaker


def test_rests_after_failures_in_a_row(opened, clock):
    assert opened.rests_s() == REST_S
    clock.now += REST_S - 1
    assert opened.rests_s() == 1


def test_failures_with_a_success_between_them_are_not_in_a_row(clock):
    breaker = CircuitBreaker(FAILURES, REST_S, clock)
    for _ in range(3 * FAILURES):
        breaker.failed()
        breaker.succeeded()
    assert breaker.rests_s() == 0


def test_lets_one_call_try_after_the_rest(opened, clock):
    clock.now += REST_S
    assert opened.rests_s() == 0
    assert opened.rests_s() == REST_S


def test_closes_when_the_try_succeeds(opened, clock):
    clock.now += REST_S
    assert opened.rests_s() == 0
    opened.succeeded()
    assert [opened.rests_s(), opened.rests_s()] == [0, 0]


def test_rests_again_when_the_try_fails(opened, clock):
    clock.now += REST_S
    assert opened.rests_s() == 0
    clock.now += 5
    opened.failed()
    assert opened.rests_s() == REST_S


def test_another_call_may_try_when_the_first_try_never_ended(opened, clock):
    clock.now += REST_S
    assert opened.rests_s() == 0
    clock.now += REST_S
    assert opened.rests_s() == 0
