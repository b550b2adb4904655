"""Secondary index queries: single pages, streams, and an iterator over all pages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, Unpack

from aioriak.error import InvalidRequest, ProtocolError
from aioriak.operations import indexes
from aioriak.operations.indexes import IndexAnswer, IndexQuery, IndexRow, Result, Term
from aioriak.operations.names import Name, show
from aioriak.operations.options import NOT_GIVEN, ReadOptions, Timeout, positive
from aioriak.operations.stream import Stream
from aioriak.runtime import BucketView

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    V_co = TypeVar("V_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    V_co = TypeVar("V_co", covariant=True)

T = TypeVar("T")
R = TypeVar("R")

PAGE = 1000
"""The default number of rows of a page."""


class _Bucket(BucketView, Protocol[V_co]):
    """A bucket whose objects can be read."""

    async def get(self, key: Name, **options: Unpack[ReadOptions]) -> V_co: ...


class IndexPage(tuple[list[Result], bytes | None]):
    """A page of results: ``results, continuation = page``.

    ``results`` are keys, or with ``return_terms`` tuples of term and key.  ``continuation`` fetches the next
    page, and is ``None`` on the last one.
    """

    _bucket: BucketView
    _query: tuple[Name, Term | None, Term | None, dict[str, Any]]

    @classmethod
    def _from_reply(cls, bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any],
            answer: IndexAnswer[Result]) -> Self:
        page = cls((answer.matches, answer.continuation))
        page._bucket = bucket
        page._query = (index, start, end, options)
        return page

    @property
    def results(self) -> list[Result]:
        """The keys, or with ``return_terms`` the tuples of term and key."""
        return self[0]

    @property
    def continuation(self) -> bytes | None:
        """An opaque value to pass to the next query; ``None`` on the last page."""
        return self[1]

    def has_next_page(self) -> bool:
        """Whether there may be another page, which can be empty."""
        return self[1] is not None

    async def next_page(self, timeout: Timeout | None = None) -> IndexPage:
        """Fetch the next page.  Raises ``ValueError`` on the last page.

        ``timeout`` is a ``timedelta`` or milliseconds.
        """
        if self[1] is None:
            raise ValueError("this is the last page")
        index, start, end, options = self._query
        more = {**options, "continuation": self[1]}
        if timeout is not None:
            more["timeout"] = timeout
        return await get_page(self._bucket, index, start, end, more)


def index_query(
    bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
) -> IndexQuery:
    """Return a checked query.  Raises :class:`~aioriak.error.InvalidRequest`."""
    if options.get("timeout") is NOT_GIVEN:
        options = {**options, "timeout": bucket.defaults.timeout}
    return IndexQuery(bucket.bucket_type.wire_name, bucket.wire_name, index, start, end, options)


async def get_page(
    bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
) -> IndexPage:
    """Fetch one page of an index query.  Raises :class:`~aioriak.error.InvalidRequest`."""
    answer = await indexes.get(bucket._runtime.dispatcher, index_query(bucket, index, start, end, options))
    return IndexPage._from_reply(bucket, index, start, end, options, answer)


class IndexStream(Stream[Result]):
    """A stream of results: keys, or with ``return_terms`` tuples of term and key.

    ``continuation`` is set when the stream has ended and there may be more results.
    """

    def __init__(
        self, bucket: BucketView, index: Name, start: Term | None, end: Term | None, options: dict[str, Any]
    ) -> None:
        stream = indexes.IndexStream(bucket._runtime.dispatcher, index_query(bucket, index, start, end, options))
        super().__init__(stream.messages, stream.results)
        self._stream = stream

    @property
    def continuation(self) -> bytes | None:
        """An opaque value to pass to the next query; ``None`` until the stream has ended, and on the last page."""
        return self._stream.continuation


class Query(Generic[V_co]):
    """All rows of an index query, an async iterable that fetches page after page.

    ::

        async for row in bucket.query("age_int", 18, 30):
            print(row.key, row.term)

    Each ``async for`` starts a new query.  No connection is held between pages, and each page is retried as
    any read is.  Rows are sorted by term, then by key.  A key has one row for each of its matching terms.
    """

    def __init__(
        self,
        bucket: _Bucket[V_co],
        index: Name,
        start: Term | None = None,
        end: Term | None = None,
        *,
        page_size: int = PAGE,
        limit: int | None = None,
        term_regex: Name | None = None,
        timeout: Timeout | None = NOT_GIVEN,
    ) -> None:
        self.bucket = bucket
        self.page_size: int = positive("page_size", page_size)
        self.limit: int | None = None if limit is None else positive("limit", limit)
        self._range = (index, start, end)
        self._options: dict[str, Any] = {"term_regex": term_regex, "timeout": timeout}
        self._first_page()  # an invalid query fails here, not at the first step

    def _first_page(self) -> IndexQuery:
        query = index_query(self.bucket, *self._range, {**self._options, "max_results": self.page_size})
        if not query.is_equality:
            query.fields["return_terms"] = True
        return query

    async def pages(self) -> AsyncIterator[list[IndexRow]]:
        """Yield the rows in lists of 1 to ``page_size``."""
        query = self._first_page()
        left = self.limit
        while left is None or left > 0:
            if left is not None:
                query.fields["max_results"] = min(self.page_size, left)
            rows, continuation = await indexes.run(self.bucket._runtime.dispatcher, query)
            if rows:
                yield rows
            if left is not None:
                left -= len(rows)
            if continuation is None:
                return
            if continuation == query.fields.get("continuation"):
                raise ProtocolError("the server's reply has the continuation that it was asked with, which never ends")
            query.after(continuation)

    def __aiter__(self) -> AsyncIterator[IndexRow]:
        return self._rows()

    async def _rows(self) -> AsyncIterator[IndexRow]:
        async for rows in self.pages():
            for row in rows:
                yield row

    async def all(self) -> list[IndexRow]:
        """Fetch all rows into one list."""
        return [row async for rows in self.pages() for row in rows]

    async def objects(self, *, concurrency: int = 16, **options: Unpack[ReadOptions]) -> AsyncIterator[V_co]:
        """Fetch the object of each row, and yield the objects in the order of the rows.

        At most ``concurrency`` requests are in flight.  Objects that were deleted in the meantime are left out.
        ``options`` are those of :meth:`Bucket.get <aioriak.bucket.Bucket.get>`.
        """

        async def fetch(row: IndexRow) -> V_co:
            return await self.bucket.get(row.key, **options)

        async for found in in_order(fetch, self, concurrency):
            if getattr(found, "exists", True):
                yield found

    def __repr__(self) -> str:
        index, start, end = self._range
        terms = f"{start!r}" if end is None else f"{start!r} to {end!r}"
        return f"<Query of {self.bucket.path}: {show(index)} {terms}>"


async def in_order(
    work: Callable[[T], Awaitable[R]], source: AsyncIterable[T], concurrency: int
) -> AsyncIterator[R]:
    """Yield ``await work(item)`` for each item, in order, with at most ``concurrency`` calls at a time.

    The first error is raised.  Calls that still run then, or when the iteration is left, are cancelled.
    """
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidRequest(f"concurrency must be a positive whole number, not {concurrency!r}")

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
