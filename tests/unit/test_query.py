"""Work in order, a bounded number of pieces at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aioriak.error import InvalidRequest
from aioriak.queries.index import in_order


class Work:
    """Pieces of work that end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ends: dict[int, asyncio.Future[None]] = {}
        self.cancelled: list[int] = []
        self._more = asyncio.Event()

    async def source(self) -> AsyncIterator[int]:
        for number in range(10):
            yield number

    async def __call__(self, number: int) -> str:
        self.begun.append(number)
        self._more.set()
        self.ends[number] = asyncio.get_running_loop().create_future()
        try:
            await self.ends[number]
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        return f"done {number}"

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.begun) < count:
                self._more.clear()
                await self._more.wait()

    def end(self, *numbers: int) -> None:
        for number in numbers:
            self.ends[number].set_result(None)


async def test_results_come_in_order_and_no_more_is_begun_than_allowed() -> None:
    work = Work()
    results = in_order(work, work.source(), 3)
    first = asyncio.create_task(anext(results))  # type: ignore[arg-type]
    await work.until_begun(3)
    work.end(2, 1)
    await asyncio.sleep(0)
    assert work.begun == [0, 1, 2]
    assert not first.done()
    work.end(0)
    assert await first == "done 0"
    assert await anext(results) == "done 1"
    assert await anext(results) == "done 2"
    await work.until_begun(5)
    assert work.begun == [0, 1, 2, 3, 4]
    await results.aclose()  # type: ignore[attr-defined]


async def test_leaving_early_cancels_what_is_under_way() -> None:
    work = Work()
    before = asyncio.all_tasks()
    results = in_order(work, work.source(), 3)
    first = asyncio.create_task(anext(results))  # type: ignore[arg-type]
    await work.until_begun(3)
    work.end(0)
    await first
    await results.aclose()  # type: ignore[attr-defined]
    assert work.cancelled == [1, 2]
    assert asyncio.all_tasks() == before


async def test_an_error_ends_it_and_cancels_the_rest() -> None:
    work = Work()
    results = in_order(work, work.source(), 3)
    first = asyncio.create_task(anext(results))  # type: ignore[arg-type]
    await work.until_begun(3)
    work.ends[0].set_exception(OSError("broken"))
    with pytest.raises(OSError, match="broken"):
        await first
    assert work.cancelled == [1, 2]


async def test_everything_is_done_when_there_is_less_than_allowed() -> None:
    async def double(number: int) -> int:
        return 2 * number

    work = Work()
    assert [result async for result in in_order(double, work.source(), 100)] == [2 * number for number in range(10)]


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
async def test_the_bound_is_a_whole_number(concurrency: int) -> None:
    work = Work()
    with pytest.raises(InvalidRequest):
        await anext(in_order(work, work.source(), concurrency))
