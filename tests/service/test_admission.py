"""Who is let in: turns in order, a burst, clients that wait, a short line under overload, a long one after it."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from rag_support.service.admission import Admission

LINE = 64


class Service:
    """Requests that need a turn each; the first in line has its turn until `answer`."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        self._admission = Admission(LINE, lambda: self.now)
        self._finish = asyncio.Semaphore(0)
        self._requests: list[asyncio.Task[None]] = []
        self.working: list[str] = []
        self.answered: list[str] = []
        self.refused: list[str] = []

    async def ask(self, *names: str) -> None:
        self._requests += [asyncio.create_task(self._request(name)) for name in names]
        await settled()

    async def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self._finish.release()
            await settled()

    async def _request(self, name: str) -> None:
        if not self._admission.admits():
            self.refused.append(name)
            return
        with self._admission.request():
            async with self._admission.turn():
                self.working.append(name)
                await self._finish.acquire()
                self.working.remove(name)
                self.answered.append(name)

    async def overload(self, turns: int = 60) -> None:
        """Three more ask with each answer; nobody is in line afterwards."""
        for turn in range(turns):
            await self.ask(*(f"{turn}{name}" for name in "abc"))
            await self.answer()
        while self.working:
            await self.answer()
        self.answered.clear()
        self.refused.clear()


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def serving(scenario: Callable[[Service], Awaitable[None]]) -> None:
    async def main() -> None:
        service = Service()
        await scenario(service)
        await service.answer(100)

    asyncio.run(main())


def test_turns_are_taken_one_at_a_time_in_order():
    async def scenario(service: Service) -> None:
        await service.ask("a", "b", "c")
        for name in "abc":
            assert service.working == [name]
            await service.answer()
        assert service.answered == ["a", "b", "c"]

    serving(scenario)


def test_line_is_bounded():
    async def scenario(service: Service) -> None:
        await service.ask(*names(LINE), "too many", "another")
        assert service.refused == ["too many", "another"]
        assert service.answered == []
        await service.answer(LINE)
        assert service.answered == names(LINE)

    serving(scenario)


def test_burst_is_no_overload():
    async def scenario(service: Service) -> None:
        for _ in range(3):
            await service.ask(*names(40))
            await service.answer(40)
        assert service.refused == []

    serving(scenario)


def test_few_dozen_in_quick_succession_are_no_overload():
    async def scenario(service: Service) -> None:
        for number in range(10):
            await service.ask(*(f"{number}{name}" for name in "abcd"))
            await service.answer()
        assert service.refused == []

    serving(scenario)


def test_clients_that_wait_for_their_answers_are_never_refused():
    async def scenario(service: Service) -> None:
        for _ in range(5):
            idle = 31
            while idle > 0:  # four ask in each turn, who was answered among them
                await service.ask(*names(min(4, idle)))
                await service.answer()
                idle -= 4 - 1
            while service.working:
                await service.answer()
        assert service.refused == []

    serving(scenario)


def test_under_overload_one_waits_behind_the_one_that_is_answered():
    async def scenario(service: Service) -> None:
        await service.overload()
        await service.ask("a", "b", "c", "d")
        assert service.refused == ["c", "d"]
        await service.answer()
        await service.ask("e", "f")
        assert service.refused == ["c", "d", "f"]

    serving(scenario)


def test_overload_is_seen_before_many_wait():
    async def scenario(service: Service) -> None:
        turns = 0
        while not service.refused:
            await service.ask("a", "b", "c")
            await service.answer()
            turns += 1
        # each turn adds 3 - 1.1 to the sum but for the first, whose first one found nobody in line
        assert turns == 1 + -(-(30 - 0.9) // 1.9) + 1

    serving(scenario)


def test_three_times_too_many_wait_no_longer_than_twice_as_long_as_half_of_what_can_be_answered():
    def p99(asked_per_turn: float) -> int:
        """Turns that 99 of 100 of those let in waited for, in as many turns as there are in a minute."""
        waits: list[int] = []

        async def scenario(service: Service) -> None:
            chance = np.random.default_rng(1)
            for turn in range(6_000):
                await service.ask(*[str(turn)] * chance.poisson(asked_per_turn))
                if service.working:
                    await service.answer()
                    waits.append(turn + 1 - int(service.answered[-1]))

        serving(scenario)
        return sorted(waits)[len(waits) * 99 // 100]

    assert p99(3.0) <= 2 * p99(0.5)


def test_line_stays_short_while_too_many_ask():
    async def scenario(service: Service) -> None:
        await service.overload()
        for _ in range(30):
            await service.ask("a", "b", "c")
            await service.answer()
        assert len(service.refused) == 30 * 2 - 1

    serving(scenario)


def test_line_may_be_long_again_when_few_ask():
    async def scenario(service: Service) -> None:
        await service.overload()
        for _ in range(20):
            await service.ask("calm")
            await service.answer()
        assert service.refused == []
        await service.ask(*names(40))
        assert service.refused == []

    serving(scenario)


def test_pause_ends_the_overload():
    async def scenario(service: Service) -> None:
        await service.overload()
        service.now += 0.6
        await service.ask(*names(40))
        assert service.refused == []

    serving(scenario)


def test_turn_is_given_back_by_work_that_fails():
    async def main() -> None:
        admission = Admission(LINE)

        async def fail() -> None:
            with admission.request():
                async with admission.turn():
                    raise ValueError

        await asyncio.gather(fail(), fail(), return_exceptions=True)
        async with asyncio.timeout(60), admission.turn():
            pass

    asyncio.run(main())
