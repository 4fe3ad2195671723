"""How often one caller may ask: counted per key or per address, within bounded memory."""

import itertools

import pytest
from running import is_problem

from rag_support.service import rate_limits
from rag_support.service.keys import add_key
from rag_support.service.rate_limits import RateLimit

QUESTION = {"question": "How do I return an item?"}


@pytest.fixture
def clock(monkeypatch):
    """clock.now is the time that the limits go by, in seconds."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(rate_limits, "time", clock)
    return clock


def at(host: str) -> dict[str, object]:
    return {"client": (host, 1)}


class TestWindow:
    def test_moves_with_each_request(self, clock):
        limit = RateLimit("2/minute")
        taken = []
        for second in (0, 30, 59, 60, 61, 90):
            clock.now = 1000.0 + second
            taken.append(limit.take(at("192.0.2.1"), None).allowed)
        assert taken == [True, True, False, True, False, True]

    def test_refusal_says_when_to_come_back(self, clock):
        limit = RateLimit("1/minute")
        limit.take(at("192.0.2.1"), None)
        clock.now += 18.5
        refused = limit.take(at("192.0.2.1"), None)
        assert (refused.allowed, refused.wait_seconds) == (False, 42)  # 60 - 18.5, rounded up
        assert dict(refused.headers)[b"retry-after"] == b"42"
        clock.now += 41.5
        assert limit.take(at("192.0.2.1"), None).allowed

    def test_refused_request_is_not_counted_by_the_other_limit(self, clock):
        limit = RateLimit("1/second;3/hour")
        for _ in range(5):
            limit.take(at("192.0.2.1"), None)
        for _ in range(2):
            clock.now += 1.5
            assert limit.take(at("192.0.2.1"), None).allowed
        clock.now += 1.5
        refused = limit.take(at("192.0.2.1"), None)
        assert (refused.allowed, refused.wait_seconds) == (False, 3600 - 4)  # the hour began 4.5 s ago

    def test_headers_tell_what_is_left(self, clock):
        limit = RateLimit("3/minute")
        left = [dict(limit.take(at("192.0.2.1"), None).headers)[b"ratelimit"] for _ in range(4)]
        assert left == [b'"3 per 1 minute";r=%d;t=60' % remaining for remaining in (2, 1, 0, 0)]


class TestCallers:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("192.0.2.1", "192.0.2.2", False),
            ("192.0.2.1", "::ffff:192.0.2.1", True),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
            ("fe80::1%eth0", "fe80::2%eth0", True),
            ("unix socket", "unix socket", True),
        ],
    )
    def test_addresses_of_one_network_are_one_caller(self, one, other, same):
        limit = RateLimit("1/hour")
        assert limit.take(at(one), None).allowed
        assert limit.take(at(other), None).allowed is not same

    def test_key_is_a_caller_wherever_it_comes_from(self):
        limit = RateLimit("1/hour")
        assert limit.take(at("192.0.2.1"), "web").allowed
        assert not limit.take(at("192.0.2.2"), "web").allowed
        assert limit.take(at("192.0.2.2"), "shop").allowed
        assert limit.take(at("192.0.2.2"), None).allowed

    def test_key_cannot_be_named_like_an_address(self):
        limit = RateLimit("1/hour")
        assert limit.take(at("192.0.2.1"), "192.0.2.1").allowed
        assert limit.take(at("192.0.2.1"), None).allowed

    def test_any_number_of_addresses_is_remembered_in_bounded_memory(self):
        limit = RateLimit("2/hour", max_times=100)
        for number in range(5_000):
            limit.take(at(f"10.0.{number // 250}.{number % 250}"), None)
        storage = limit._limiter.storage
        assert sum(map(len, storage._times.values())) == storage._held == 100

    def test_callers_that_come_often_are_remembered_longest(self):
        limit = RateLimit("50/hour", max_times=100)
        for number in itertools.count():
            if not limit.take(at("192.0.2.1"), None).allowed:
                break
            limit.take(at(f"10.0.0.{number}"), None)
        assert number == 50


class TestServer:
    def test_caller_over_the_limit_is_told_to_come_back(self, start, shipped_index):
        with start(shipped_index, rate_limit="3/hour").client() as client:
            # whoever it claims to be
            allowed = [
                client.post("/v1/search", json=QUESTION, headers={"X-Forwarded-For": f"192.0.2.{number}"})
                for number in range(3)
            ]
            assert [response.status_code for response in allowed] == [200] * 3
            assert allowed[0].headers["ratelimit-policy"] == '"3 per 1 hour";q=3;w=3600'
            refused = client.post("/v1/search", json=QUESTION)
            assert "Too many requests" in is_problem(refused, 429)["detail"]
            assert 3500 < int(refused.headers["retry-after"]) <= 3600
            assert client.get("/healthz").status_code == client.get("/").status_code == 200
            assert "ratelimit" not in client.get("/healthz").headers

    def test_trusted_proxy_says_who_asks(self, start, shipped_index):
        with start(shipped_index, rate_limit="1/hour", trusted_proxies="127.0.0.0/8").client() as client:
            statuses = [
                # what a caller wrote itself stands before what the proxy added
                client.post("/v1/search", json=QUESTION, headers={"X-Forwarded-For": f"{forged}, {real}"}).status_code
                for forged, real in (("10.0.0.1", "192.0.2.1"), ("10.0.0.2", "192.0.2.1"), ("10.0.0.2", "192.0.2.2"))
            ]
        assert statuses == [200, 429, 200]

    def test_guessing_keys_is_limited_by_address_and_does_not_lock_out_the_key(self, start, shipped_index, tmp_path):
        key = add_key(tmp_path / "keys.json", "web", ["ask"])
        server = start(shipped_index, rate_limit="2/hour", keys_file=tmp_path / "keys.json")
        with server.client() as client:

            def ask(key: str) -> int:
                headers = {"Authorization": f"Bearer {key}"}
                return client.post("/v1/search", json=QUESTION, headers=headers).status_code

            assert [ask(f"guess{number}") for number in range(3)] == [401, 401, 429]
            assert [ask(key) for _ in range(3)] == [200, 200, 429]
