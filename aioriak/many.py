"""Many requests at once, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sized
from typing import TypeVar

from aioriak.error import InvalidRequest, RiakError

T = TypeVar("T")
R = TypeVar("R")


async def _items(source: AsyncIterable[T]) -> AsyncGenerator[T, None]:
    async for item in source:
        yield item


async def each(
    work: Callable[[T], Awaitable[R]], source: Iterable[T] | AsyncIterable[T], concurrency: int
) -> AsyncIterator[tuple[T, R | RiakError]]:
    """Pairs of an item and what ``work(item)`` gave, or its :class:`RiakError`, in the order they come.

    ``concurrency`` of them are under way at most; the source is read no faster than results are taken.
    """
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequest(f"concurrency is a whole number from 1 up, not {concurrency!r}")
    if isinstance(source, Sized):
        concurrency = max(1, min(concurrency, len(source)))
    awaited: AsyncGenerator[T, None] | None = None
    at_once: Iterator[T] = iter(())
    if isinstance(source, AsyncIterable):
        awaited = _items(source)
    else:
        at_once = iter(source)
    done: asyncio.Queue[tuple[T, R | RiakError] | BaseException | None] = asyncio.Queue(concurrency)
    reading = asyncio.Lock()

    async def worker() -> None:
        while True:
            try:
                if awaited is None:
                    item = next(at_once)
                else:
                    async with reading:
                        item = await anext(awaited)
            except (StopIteration, StopAsyncIteration):
                return
            except Exception as error:  # the source's own
                await done.put(error)
                return
            try:
                result: R | RiakError = await work(item)
            except RiakError as error:
                result = error
            except Exception as error:
                await done.put(error)
                return
            if done.full():
                await done.put((item, result))
            else:
                done.put_nowait((item, result))

    async def finish() -> None:
        await asyncio.wait(workers)
        await done.put(None)

    workers = [asyncio.create_task(worker()) for _ in range(concurrency)]
    finisher = asyncio.create_task(finish())
    try:
        while (pair := await done.get() if done.empty() else done.get_nowait()) is not None:
            if isinstance(pair, BaseException):
                raise pair
            yield pair
    finally:
        for task in (*workers, finisher):
            task.cancel()
        await asyncio.gather(*workers, finisher, return_exceptions=True)
        if awaited is not None:
            await awaited.aclose()
