"""Three times as many questions as can be answered: those let in are answered as soon as ever, the rest told at once.

Normal is half of what the service can answer. All questions come at random moments, whatever the service does.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from bench.load import asking, closed_loop, lasting, open_loop, percentile_ms, run
from bench.servers import running
from drills.outcome import SLOW, Outcome, first_few
from drills.results import Control
from drills.servers import serving
from drills.usual import usual

_CONNECTIONS = 16  # that find out how much it can answer
_TIMES = 3
_SLOWER = 2.0  # times the normal p99, at most
_RECOVERED_SECONDS = 2.0
_CONTROL_SECONDS = 0.5  # at least


def overload(
    folder: Path, index: Path, questions: Sequence[str], seconds: float, seed: int, measured_seconds: float = 10.0
) -> Outcome:
    """`seconds` of overload, after so many to measure what it can answer and what is normal."""
    requests = asking(questions)
    with serving(index, folder) as (_, port):
        run(closed_loop(port, islice(requests, len(questions)), 1))
        capacity = answers_per_second(port, requests, measured_seconds)
        normal = run(open_loop(port, lasting(measured_seconds, requests), capacity / 2, seed))
        overloaded = run(open_loop(port, lasting(seconds, requests), capacity * _TIMES, seed))
        after = run(open_loop(port, lasting(measured_seconds, requests), capacity / 2, seed))
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
    broken = [what for what, kept in promises.items() if not kept]
    control = _control(index, requests, capacity * _TIMES, _SLOWER * normal_p99, seed)
    return Outcome("overload", len(overloaded), broken, control, figures)


def answers_per_second(port: int, requests: Iterator[bytes], seconds: float) -> float:
    """As many as it can, found out in so long."""
    return len(run(closed_loop(port, lasting(seconds, requests), _CONNECTIONS))) / seconds


def _control(index: Path, requests: Iterator[bytes], rate: float, soon_ms: float, seed: int) -> Control:
    """All are let in. The last of them waits twice as long as was asked, the others less."""
    seconds = max(_CONTROL_SECONDS, 1.5 * soon_ms / 1000)
    with running(usual(index)) as server:
        replies = run(open_loop(server.port, lasting(seconds, requests), rate, seed))
    late = sum(reply.status != 200 or reply.ms > soon_ms for reply in replies)
    return Control("questions answered late or not at all, as uvicorn alone let all in", len(replies), late)
