"""A circuit breaker: after some failures in a row a server is left alone for a while, then tried once.

So that customers do not each wait for a server that is down. Source: Nygard, Release It!, 2nd edition, 2018.
"""

import time
from collections.abc import Callable


class CircuitBreaker:
    def __init__(self, failures: int = 5, rest_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens after `failures` in a row; while it is open, one call every `rest_s` seconds is let through."""
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    def rests_s(self) -> float:
        """0 where a call may be made, else the seconds until one may. A call that may be made has to be."""
        if self._failures < self._limit:
            return 0.0
        left = self._until - self._clock()
        if left > 0:
            return left
        self._until = self._clock() + self._rest_s  # this one tries; should it never end, another may after a rest
        return 0.0

    def failed(self) -> None:
        self._failures += 1
        self._until = self._clock() + self._rest_s

    def succeeded(self) -> None:
        self._failures = 0
