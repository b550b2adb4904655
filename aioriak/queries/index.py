"""Secondary index queries as users hold them: pages, and an iterator that turns them by itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, Self, TypeVar, Unpack

from aioriak.error import InvalidRequest
from aioriak.operations import indexes
from aioriak.operations.indexes import IndexAnswer, IndexQuery, IndexRow, Result, Term
from aioriak.operations.names import Name, show
from aioriak.operations.options import ReadOptions, positive
from aioriak.operations.stream import Stream
from aioriak.runtime import BucketView

T = TypeVar("T")
R = TypeVar("R")

PAGE = 1000
"""Rows that a page has unless said otherwise."""


class _Bucket(BucketView, Protocol):
    """A bucket whose objects can be read."""

    async def get(self, key: Name, **options: Unpack[ReadOptions]) -> Any: ...


class IndexPage(tuple[list[Result], bytes | None]):
    """A page of results: ``results, continuation = page``, or by name.

    ``results``: keys, or with ``return_terms`` tuples of term and key.  ``continuation``: what
    fetches the next page, ``None`` when there is none.
    """

    _bucket: BucketView
    _asked: tuple[Name, Term | None, Term | None, dict[str, Any]]

    @classmethod
    def _of(cls, bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any],
            answer: IndexAnswer[Result]) -> Self:
        page = cls((answer.matches, answer.continuation))
        page._bucket = bucket
        page._asked = (index, start, end, options)
        return page

    @property
    def results(self) -> list[Result]:
        """Keys, or with ``return_terms`` tuples of term and key."""
        return self[0]

    @property
    def continuation(self) -> bytes | None:
        """Opaque; give it to the next query."""
        return self[1]

    def has_next_page(self) -> bool:
        """Whether there may be more; the last page can be an empty one."""
        return self[1] is not None

    async def next_page(self, timeout: int | None = None) -> IndexPage:
        """The page after this one; ``timeout`` in milliseconds. Raises ``ValueError`` when there is none."""
        if self[1] is None:
            raise ValueError("there is no next page")
        index, start, end, options = self._asked
        more = {**options, "continuation": self[1]}
        if timeout is not None:
            more["timeout"] = timeout
        return await get_page(self._bucket, index, start, end, more)


def checked(
    bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
) -> IndexQuery:
    """A query that may be sent. Raises :class:`~aioriak.error.InvalidRequest`."""
    return IndexQuery(bucket.bucket_type.wire_name, bucket.wire_name, index, start, end, options)


async def get_page(
    bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
) -> IndexPage:
    """Ask once."""
    answer = await indexes.get(bucket._runtime.dispatcher, checked(bucket, index, start, end, options))
    return IndexPage._of(bucket, index, start, end, options, answer)


class IndexStream(Stream[Result]):
    """Results as they come: keys, or with ``return_terms`` tuples of term and key.

    ``continuation`` is there once the stream has ended, if there may be more.
    """

    def __init__(
        self, bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
    ) -> None:
        found = indexes.IndexStream(bucket._runtime.dispatcher, checked(bucket, index, start, end, options))
        super().__init__(found.messages, found.results)
        self._found = found

    @property
    def continuation(self) -> bytes | None:
        """Opaque; give it to the next query."""
        return self._found.continuation


class Query:
    """All matches of an index query, page by page as they are needed; an async iterable.

    ::

        async for row in bucket.query("age_int", 18, 30):
            print(row.key, row.term)

    Each ``async for`` asks anew.  No connection is held between pages, and each page is attempted
    again like any read.  Rows come sorted by term, then by key; a key comes once for each of its
    terms that match.
    """

    def __init__(
        self,
        bucket: _Bucket,
        index: Name,
        start: Term | None = None,
        end: Term | None = None,
        *,
        page_size: int = PAGE,
        limit: int | None = None,
        term_regex: Name | None = None,
        timeout: int | None = None,
    ) -> None:
        self.bucket = bucket
        self.page_size = positive("page_size", page_size)
        self.limit = None if limit is None else positive("limit", limit)
        self._asked = (index, start, end)
        self._options: dict[str, Any] = {"term_regex": term_regex, "timeout": timeout}
        self._checked()  # what cannot be asked is refused here, not at the first step

    def _checked(self) -> IndexQuery:
        query = checked(self.bucket, *self._asked, {**self._options, "max_results": self.page_size})
        if not query.is_equality:
            query.request.return_terms = True
        return query

    async def pages(self) -> AsyncIterator[list[IndexRow]]:
        """The rows in lists of up to ``page_size``; none is empty."""
        query = self._checked()
        left = self.limit
        while left is None or left > 0:
            if left is not None:
                query.request.max_results = min(self.page_size, left)
            rows, continuation = await indexes.run(self.bucket._runtime.dispatcher, query)
            if rows:
                yield rows
            if left is not None:
                left -= len(rows)
            if continuation is None:
                return
            query.after(continuation)

    def __aiter__(self) -> AsyncIterator[IndexRow]:
        return self._rows()

    async def _rows(self) -> AsyncIterator[IndexRow]:
        async for rows in self.pages():
            for row in rows:
                yield row

    async def all(self) -> list[IndexRow]:
        """Every row, in one list."""
        return [row async for rows in self.pages() for row in rows]

    async def objects(self, *, concurrency: int = 16, **options: Unpack[ReadOptions]) -> AsyncIterator[Any]:
        """The objects that the rows name, in the order of the rows.

        They are read as they are needed, ``concurrency`` at a time; those that were deleted meanwhile
        are left out.  ``options`` are those of :meth:`Bucket.get <aioriak.bucket.Bucket.get>`.
        """

        async def read(row: IndexRow) -> Any:
            return await self.bucket.get(row.key, **options)

        async for found in in_order(read, self, concurrency):
            if getattr(found, "exists", True):
                yield found

    def __repr__(self) -> str:
        index, start, end = self._asked
        asked = f"{start!r}" if end is None else f"{start!r} to {end!r}"
        return f"<Query of {self.bucket.path}: {show(index)} {asked}>"


async def in_order(
    work: Callable[[T], Awaitable[R]], source: AsyncIterable[T], concurrency: int
) -> AsyncIterator[R]:
    """What ``work(item)`` gives for each item, in order, ``concurrency`` of them under way at most.

    The first error ends it, and what is under way is cancelled; so it is when the iteration is left.
    """
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequest(f"concurrency is a whole number from 1 up, not {concurrency!r}")

    async def one(item: T) -> R:
        return await work(item)

    running: deque[asyncio.Task[R]] = deque()
    try:
        async for item in source:
            running.append(asyncio.create_task(one(item)))
            if len(running) >= concurrency:
                result = await running[0]
                running.popleft()
                yield result
        while running:
            result = await running[0]
            running.popleft()
            yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
