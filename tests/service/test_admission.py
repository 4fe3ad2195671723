"""Who is let in: a burst, turns in order, a short line under overload, and the long one again after it."""

import asyncio
from collections.abc import Awaitable, Callable

from rag_support.service.admission import Admission

LINE = 8


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

    async def overload(self) -> None:
        """Fill the line and be refused for a while; nobody is in line afterwards."""
        await self.ask(*"abcdefgh", *"too many")
        assert self.refused == list("too many")
        self.now += 0.3
        await self.answer(LINE)
        await self.ask("last of them")
        await self.answer()
        self.answered.clear()
        self.refused.clear()


async def settled() -> None:
    for _ in range(20):
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


def test_requests_that_come_together_fill_the_line_before_one_is_answered():
    async def scenario(service: Service) -> None:
        await service.ask(*"abcdefghij")
        assert service.refused == ["i", "j"]
        assert service.answered == []
        await service.answer(LINE)
        assert service.answered == list("abcdefgh")

    serving(scenario)


def test_full_line_alone_is_no_overload():
    async def scenario(service: Service) -> None:
        await service.ask(*"abcdefgh", "too many")
        await service.answer(LINE)
        await service.ask(*"calm")
        await service.answer(4)
        service.now += 0.3
        await service.ask(*"abcdefgh")
        assert service.refused == ["too many"]

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


def test_line_stays_short_while_much_is_refused():
    async def scenario(service: Service) -> None:
        await service.overload()
        for _ in range(3):
            service.refused.clear()
            await service.ask("a", "b", "c", "d")
            assert service.refused == ["c", "d"]
            await service.answer(2)
            service.now += 0.3

    serving(scenario)


def test_line_may_be_long_again_when_little_was_refused():
    async def scenario(service: Service) -> None:
        await service.overload()
        for _ in range(10):
            await service.ask("calm")
            await service.answer()
        service.now += 0.3
        await service.ask(*"abcdefgh")
        assert service.refused == []

    serving(scenario)


def test_long_pause_ends_the_overload():
    async def scenario(service: Service) -> None:
        await service.overload()
        service.now += 60
        await service.ask(*"abcdefgh")
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
