"""Many requests at once, a bounded number of them at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sized,
)
from functools import partial
from typing import Any, Protocol, TypeVar

from aioriak.error import InvalidRequest, InvalidType, RiakError
from aioriak.operations.datatypes import DatatypeWriteOptions
from aioriak.operations.options import WriteOptions

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Begun(Protocol):
    """Work under way without a task."""

    @property
    def future(self) -> asyncio.Future[None]:
        """Done when the work can go on."""

    def cancel(self) -> None:
        """Give the work up."""


B = TypeVar("B", bound=Begun)


class Work(Protocol[T_contra, B, R_co]):
    """What :func:`each_begun` does with an item, most of it without a task."""

    def begin(self, item: T_contra, /) -> B | None:
        """Begin the work; ``None`` where it takes :meth:`whole`.  An error means the same, which raises it anew."""

    def end(self, item: T_contra, begun: B, /) -> R_co | None:
        """Return the result, once ``begun.future`` is done; ``None`` where it takes :meth:`rest`."""

    def rest(self, item: T_contra, begun: B, /) -> Coroutine[Any, Any, R_co]:
        """Do what is left of the work."""

    def whole(self, item: T_contra, /) -> Coroutine[Any, Any, R_co]:
        """Do all of the work."""


async def _items(source: AsyncIterable[T]) -> AsyncGenerator[T, None]:
    try:
        async for item in source:
            yield item
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def each(
    work: Callable[[T], Awaitable[R]], source: Iterable[T] | AsyncIterable[T], concurrency: int
) -> AsyncIterator[tuple[T, R | RiakError]]:
    """Yield each item with the result of ``work(item)``, or its :class:`RiakError`, as they arrive.

    Every item that was read comes back.  What ``work`` raises besides a ``RiakError`` is the cause of one, a
    cancellation from inside included.  An error of the source is raised after the items read before it.

    ``concurrency`` items are in progress at most; the source is read no faster than results are taken, and is
    closed at the end if it is an asynchronous generator.
    """
    _check(concurrency)
    if isinstance(source, Sized):
        concurrency = max(1, min(concurrency, len(source)))
    awaited: AsyncGenerator[T, None] | None = None
    at_once: Iterator[T] = iter(())
    if isinstance(source, AsyncIterable):
        awaited = _items(source)
    else:
        at_once = iter(source)
    loop = asyncio.get_running_loop()
    # A deque, a future of the reader and one of each worker that waits for room: asyncio.Queue costs an item five
    # calls more.
    done: deque[tuple[T, R | RiakError]] = deque()
    reader: asyncio.Future[None] | None = None
    blocked: deque[asyncio.Future[None]] = deque()
    reading = asyncio.Lock()
    broken: list[BaseException] = []  # the source's own error
    leaving = False
    running = concurrency

    def wake_reader() -> None:
        if reader is not None and not reader.done():
            reader.set_result(None)

    async def worker() -> None:
        nonlocal running
        try:
            while not broken and not leaving:
                try:
                    if awaited is None:
                        item = next(at_once)
                    else:
                        async with reading:
                            item = await anext(awaited)
                except (StopIteration, StopAsyncIteration):
                    return
                except (Exception, asyncio.CancelledError) as error:
                    if leaving:
                        raise
                    broken.append(error)
                    return
                try:
                    result: R | RiakError = await work(item)
                except RiakError as error:
                    result = error
                except (Exception, asyncio.CancelledError) as cause:
                    if leaving:
                        raise
                    result = _failed(cause)
                if len(done) >= concurrency:
                    await wait_for_room()
                done.append((item, result))
                if reader is not None:
                    wake_reader()
        finally:
            running -= 1
            wake_reader()

    async def wait_for_room() -> None:
        while len(done) >= concurrency and not leaving:
            room = loop.create_future()
            blocked.append(room)
            try:
                await room
            except asyncio.CancelledError:
                if leaving:
                    raise
                return  # the item comes back all the same

    workers = [asyncio.create_task(worker()) for _ in range(concurrency)]
    try:
        while True:
            while done:
                pair = done.popleft()
                while blocked:
                    room = blocked.popleft()
                    if not room.done():
                        room.set_result(None)
                        break
                yield pair
            if not running:
                break
            reader = loop.create_future()
            await reader
            reader = None
        if broken:
            raise broken[0]
    finally:
        leaving = True
        left = [task for task in workers if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)
        if awaited is not None:
            await awaited.aclose()


async def each_begun(
    work: Work[T, B, R], source: Iterable[T], concurrency: int
) -> AsyncIterator[tuple[T, R | RiakError]]:
    """Yield what :func:`each` yields, without a task for the items whose work needs none.

    An item costs one callback, as the resumption of a task does, and no task has to be made for it.
    """
    _check(concurrency)
    begin, end = work.begin, work.end
    items = iter(source)
    loop = asyncio.get_running_loop()
    done: deque[tuple[T, R | RiakError]] = deque()
    reader: asyncio.Future[None] | None = None
    under_way: set[B] = set()
    tasks: set[asyncio.Task[None]] = set()
    running = 0  # items begun and not done
    broken: list[BaseException] = []  # the source's own error
    exhausted = filling = leaving = False

    def fill() -> None:
        """Begin as many items as there is room for."""
        nonlocal exhausted, filling, running
        if filling:
            return  # an item ended at once
        filling = True
        while not exhausted and running < concurrency and len(done) < concurrency:
            try:
                item = next(items)
            except StopIteration:
                exhausted = True
                break
            except (Exception, asyncio.CancelledError) as error:
                broken.append(error)
                exhausted = True
                break
            running += 1
            try:
                begun = begin(item)
            except Exception:
                begun = None
            if begun is None:
                go_on(item, None)
            else:
                under_way.add(begun)
                begun.future.add_done_callback(partial(ended, item, begun))
        filling = False

    def ended(item: T, begun: B, future: asyncio.Future[None]) -> None:
        under_way.discard(begun)
        if leaving:
            return
        try:
            result: R | RiakError | None = end(item, begun)
        except RiakError as error:
            result = error
        except Exception as cause:
            result = _failed(cause)
        if result is None:
            go_on(item, begun)
        else:
            deliver(item, result)

    def go_on(item: T, begun: B | None) -> None:
        task = loop.create_task(finish(item, begun))
        if not task.done():  # as a task of an eager task factory may be
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def finish(item: T, begun: B | None) -> None:
        try:
            result: R | RiakError = await (work.whole(item) if begun is None else work.rest(item, begun))
        except RiakError as error:
            result = error
        except (Exception, asyncio.CancelledError) as cause:
            if leaving:
                raise
            result = _failed(cause)
        deliver(item, result)

    def deliver(item: T, result: R | RiakError) -> None:
        nonlocal running
        running -= 1
        done.append((item, result))
        if reader is not None and not reader.done():
            reader.set_result(None)
        if not exhausted:
            fill()

    try:
        fill()
        while True:
            while done:
                pair = done.popleft()
                if running < concurrency and not exhausted:
                    fill()
                yield pair
            if not running:
                break
            reader = loop.create_future()
            await reader
            reader = None
        if broken:
            raise broken[0]
    finally:
        leaving = exhausted = True
        for begun in list(under_way):
            begun.cancel()
        left = list(tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)


def stored(
    objects: Iterable[T] | AsyncIterable[T], concurrency: int, options: WriteOptions | DatatypeWriteOptions
) -> AsyncIterator[tuple[T, RiakError | None]]:
    """Store each object, and yield it with ``None`` or its error, as :func:`each` does."""

    async def store(item: Any) -> None:
        if not hasattr(item, "store"):
            hint = "; await bucket.new(…) first" if asyncio.iscoroutine(item) else ""
            raise InvalidType(f"objects and data types are stored, not {type(item).__name__}{hint}")
        await item.store(**options)

    return each(store, objects, concurrency)


def _check(concurrency: int) -> None:
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequest(f"concurrency is a whole number from 1 up, not {concurrency!r}")


def _failed(cause: BaseException) -> RiakError:
    """Make the error of an item whose work raised another exception."""
    if isinstance(cause, asyncio.CancelledError):
        error = RiakError("the work for this item was cancelled")
    else:
        error = RiakError(f"the work for this item raised {type(cause).__name__}: {cause}")
    error.__cause__ = cause
    return error
