"""Three times as many questions as can be answered: those let in are answered as soon as ever, the rest told at once.

Normal is half of what the service can answer. All questions come at random moments, whatever the service does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from drills.load import Reply, asking, closed_loop, open_loop, percentile_ms, run
from drills.outcome import Outcome, first_few
from drills.servers import serving

_CONNECTIONS = 16  # that find out how much it can answer
_TIMES = 3
_SLOWER = 2.0  # times the normal p99, at most
_RECOVERED_SECONDS = 2.0
SLOW = "slow"  # how failures begin that a busy machine may be to blame for


def overload(
    folder: Path, index: Path, questions: Sequence[str], seconds: float, seed: int, measured_seconds: float = 10.0
) -> Outcome:
    """`seconds` of overload, after so many to measure what it can answer and what is normal."""
    requests = asking(questions)
    with serving(index, folder) as (_, port):
        _warm(port, requests, len(questions))
        capacity = _capacity(port, requests, measured_seconds)
        normal = run(open_loop(port, requests, capacity / 2, measured_seconds, seed))
        overloaded = run(open_loop(port, requests, capacity * _TIMES, seconds, seed))
        after = run(open_loop(port, requests, capacity / 2, measured_seconds, seed))
    answered = [reply for reply in overloaded if reply.status == 200]
    refused = [reply for reply in overloaded if reply.status == 503]
    normal_p99 = percentile_ms(normal, 0.99)
    recovered = max((reply.at for reply in after if reply.status != 200), default=0.0)
    figures = {
        "answers/s at full load": round(capacity),
        "answers/s": round(len(answered) / seconds),
        "normal p99 ms": round(normal_p99, 1),
        "p50 ms": round(percentile_ms(answered, 0.5), 1),
        "p99 ms": round(percentile_ms(answered, 0.99), 1),
        "refusals/s": round(len(refused) / seconds),
        "refusal p50 ms": round(percentile_ms(refused, 0.5), 2),
        "refusal p99 ms": round(percentile_ms(refused, 0.99), 2),
        "recovered after s": round(recovered, 2),
    }
    others = [f"status {reply.status} after {reply.at:.2f} s" for reply in overloaded if reply.status not in (200, 503)]
    promises = {
        f"neither answered nor refused: {first_few(others)}": not others,
        "a refusal does not say when to come back": all(reply.retry_after for reply in refused),
        "nothing was refused: this was no overload": bool(refused),
        f"{SLOW} to answer those let in": percentile_ms(answered, 0.99) <= _SLOWER * normal_p99,
        f"{SLOW} to refuse": percentile_ms(refused, 0.99) <= normal_p99,
        f"{SLOW} to recover": recovered <= _RECOVERED_SECONDS,
    }
    return Outcome("overload", len(overloaded), tuple(what for what, kept in promises.items() if not kept), figures)


def _warm(port: int, requests: Iterator[bytes], count: int) -> None:
    left = iter(range(count))
    run(closed_loop(port, requests, 1, lambda: next(left, None) is None))


def _capacity(port: int, requests: Iterator[bytes], seconds: float) -> float:
    """Answers a second."""
    end = perf_counter() + seconds
    replies: list[Reply] = run(closed_loop(port, requests, _CONNECTIONS, lambda: perf_counter() > end))
    return len(replies) / seconds
