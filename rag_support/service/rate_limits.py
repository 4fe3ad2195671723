"""How many requests one caller may make: a moving window per API key, or per address where there is no key.

Counted in memory, for each worker process by itself. The oldest callers are forgotten when too many are remembered, so
that no number of addresses fills the memory; an IPv6 caller is its /64, which is what one customer is given.
"""

import ipaddress
import time
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from limits import parse_many
from limits.storage import MovingWindowSupport
from limits.storage.base import Storage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import Scope

MAX_TIMES = 100_000  # requests remembered, of all callers together: about 30 MB at worst


@dataclass(frozen=True, slots=True)
class Taken:
    allowed: bool
    wait_seconds: int  # until one more is allowed; 0 where it is now
    headers: list[tuple[bytes, bytes]]  # draft-ietf-httpapi-ratelimit-headers-10, and Retry-After


class RateLimit:
    def __init__(self, text: str, max_times: int = MAX_TIMES) -> None:
        """`text` as in "120/minute" or "10/second;1000/hour"."""
        self._limits = parse_many(text)
        self._limiter = MovingWindowRateLimiter(_BoundedStorage(max_times))
        policies = (f'"{limit}";q={limit.amount};w={limit.get_expiry()}' for limit in self._limits)
        self._policy = (b"ratelimit-policy", ", ".join(policies).encode())

    def take(self, scope: Scope, key_name: str | None) -> Taken:
        """Count one request of a key, or of an address without one; where one of the limits is used up, none counts."""
        caller = f"key {key_name}" if key_name else _address(scope)
        used_up = [limit for limit in self._limits if not self._limiter.test(limit, caller)]
        allowed = not used_up
        wait_seconds = 0
        states = []
        for limit in self._limits:
            if allowed:
                self._limiter.hit(limit, caller)
            window = self._limiter.get_window_stats(limit, caller)
            reset_seconds = max(1, ceil(window.reset_time - time.monotonic()))
            states.append(f'"{limit}";r={window.remaining};t={reset_seconds}')
            if limit in used_up:
                wait_seconds = max(wait_seconds, reset_seconds)
        headers = [self._policy, (b"ratelimit", ", ".join(states).encode())]
        if not allowed:
            headers.append((b"retry-after", str(wait_seconds).encode()))
        return Taken(allowed, wait_seconds, headers)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


@lru_cache(4096)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


class _BoundedStorage(Storage, MovingWindowSupport):
    """Times of requests by caller. The library's own memory storage keeps every caller that it ever saw, and starts a
    thread to clear up after nearly every request.
    """

    STORAGE_SCHEME = None

    def __init__(self, max_times: int) -> None:
        super().__init__()
        self._max_times = max_times
        self._held = 0
        self._times: OrderedDict[str, list[float]] = OrderedDict()  # each ascending; the callers by their last request

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.monotonic()
        times = self._in_window(key, now - expiry)
        if len(times) + amount > limit:
            return False
        times.extend([now] * amount)
        self._times[key] = times
        self._times.move_to_end(key)
        self._held += amount
        while self._held > self._max_times:
            self._held -= len(self._times.popitem(last=False)[1])
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        now = time.monotonic()
        times = self._in_window(key, now - expiry)
        return (times[0], len(times)) if times else (now, 0)

    def _in_window(self, key: str, start: float) -> list[float]:
        times = self._times.get(key, [])
        gone = bisect_right(times, start)
        del times[:gone]
        self._held -= gone
        return times

    def check(self) -> bool:
        return True

    def clear(self, key: str) -> None:
        self._held -= len(self._times.pop(key, ()))

    def reset(self) -> int:
        forgotten = len(self._times)
        self._times.clear()
        self._held = 0
        return forgotten

    @property
    def base_exceptions(self) -> type[Exception]:
        return KeyError

    # what a fixed window would need
    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError
