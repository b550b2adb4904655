"""Index queries whose results are objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from aioriak.error import InvalidRequest
from aioriak.operations.indexes import IndexRow
from aioriak.operations.names import Name
from aioriak.queries.index import Query, in_order
from aioriak.riak_object import RiakObject

M = TypeVar("M")


class ModelQuery(Generic[M]):
    """The objects that an index query finds, an async iterable that fetches page after page.

    ::

        async for user in users.query("age", 18, 30):
            print(user.key, user.data.age)

    Objects are in the order of their terms, then of their keys.  One with several matching terms comes once for
    each.  Objects that were deleted meanwhile are left out.
    """

    def __init__(
        self, rows: Query, fetch: Callable[[Name, Mapping[str, Any]], Awaitable[RiakObject[M]]], concurrency: int
    ) -> None:
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidRequest(f"concurrency must be a positive whole number, not {concurrency!r}")
        self.rows = rows
        """The query itself, whose rows have keys and terms; no object is fetched for them."""
        self._fetch = fetch
        self._concurrency = concurrency

    def __aiter__(self) -> AsyncIterator[RiakObject[M]]:
        return self._objects(self.rows)

    async def _objects(self, rows: Query | _Rows) -> AsyncIterator[RiakObject[M]]:
        async def fetch(row: IndexRow) -> RiakObject[M]:
            return await self._fetch(row.key, {})

        async for found in in_order(fetch, rows, self._concurrency):
            if found.exists:
                yield found

    async def pages(self) -> AsyncIterator[list[RiakObject[M]]]:
        """Yield the objects in lists, one for each page of the query."""
        async for rows in self.rows.pages():
            yield [found async for found in self._objects(_Rows(rows))]

    async def all(self) -> list[RiakObject[M]]:
        """Fetch all objects into one list."""
        return [found async for found in self]

    def __repr__(self) -> str:
        return f"<ModelQuery {self.rows!r}>"


class _Rows:
    """The rows of one page, as an async iterable."""

    def __init__(self, rows: Iterable[IndexRow]) -> None:
        self._rows = rows

    async def __aiter__(self) -> AsyncIterator[IndexRow]:
        for row in self._rows:
            yield row
