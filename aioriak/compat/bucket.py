"""Bucket and bucket type methods of aioriak 0.2 and riak 2.7 that another method has replaced."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar, Unpack

from aioriak import many
from aioriak.error import InvalidRequest, RiakError
from aioriak.operations import datatypes, search
from aioriak.operations.datatypes import CounterReadOptions, CounterWriteOptions, GetOptions
from aioriak.operations.indexes import Term
from aioriak.operations.names import Name, encode_key
from aioriak.operations.options import NOT_GIVEN, ReadOptions, Timeout
from aioriak.operations.search import SearchOptions, SearchResults
from aioriak.queries.index import PAGE, IndexPage, IndexStream
from aioriak.runtime import BucketView, HasRuntime

_CONCURRENCY = 64


class _HasProperties(Protocol):
    """The method of a bucket that fetches an awaited property."""

    async def get_property(self, key: str) -> Any: ...


class _Object(Protocol):
    """The attribute of an object that is used here."""

    content_encoding: str | None


R_co = TypeVar("R_co", bound=_Object, covariant=True)
R = TypeVar("R", bound=_Object)
Item = TypeVar("Item")
K = TypeVar("K", bound=Name)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class _MakesObjects(HasRuntime, Protocol[R_co]):
    """The method of a bucket that makes an object."""

    def new_object(
        self, key: Name | None, data: None, content_type: str, encoded_data: bytes
    ) -> R_co: ...


class _Readable(BucketView, Protocol[V_co]):
    """The method of a bucket that fetches what a key holds."""

    async def get(self, key: Name, **options: Unpack[GetOptions]) -> V_co: ...


class _Bucket(BucketView, Protocol):
    """The attributes and methods of a bucket that are used here."""

    async def get_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = ...,
        return_terms: bool | None = ...,
        max_results: int | None = ...,
        continuation: Name | None = ...,
        timeout: Timeout | None = ...,
        term_regex: Name | None = ...,
    ) -> IndexPage: ...
    def stream_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = ...,
        return_terms: bool | None = ...,
        max_results: int | None = ...,
        continuation: Name | None = ...,
        timeout: Timeout | None = ...,
        term_regex: Name | None = ...,
    ) -> IndexStream: ...


class AwaitedProperty:
    """A bucket property that is fetched from the server: ``await bucket.allow_mult``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, bucket: _HasProperties, owner: type) -> PropertyRequest:
        return PropertyRequest(bucket, self._name)

    def __set__(self, bucket: _HasProperties, value: Any) -> None:
        raise AttributeError(f"use: await bucket.set_property({self._name!r}, {value!r})")


class PropertyRequest:
    """The request for one property of a bucket, sent when it is awaited."""

    def __init__(self, bucket: _HasProperties, name: str) -> None:
        self._bucket = bucket
        self._name = name

    def __await__(self) -> Generator[Any, None, Any]:
        return self._bucket.get_property(self._name).__await__()

    def __repr__(self) -> str:
        return f"<property {self._name} of {self._bucket!r}; await it>"


class CompatBucket:
    """Methods that another method of the bucket has replaced, and the counters of Riak 1.4."""

    allow_mult: AwaitedProperty = AwaitedProperty("allow_mult")
    n_val: AwaitedProperty = AwaitedProperty("n_val")
    r: AwaitedProperty = AwaitedProperty("r")
    pr: AwaitedProperty = AwaitedProperty("pr")
    w: AwaitedProperty = AwaitedProperty("w")
    dw: AwaitedProperty = AwaitedProperty("dw")
    pw: AwaitedProperty = AwaitedProperty("pw")
    rw: AwaitedProperty = AwaitedProperty("rw")

    async def multiget(
        self: _Readable[V], keys: Iterable[K], **options: Unpack[ReadOptions]
    ) -> list[V | tuple[Name, Name, K, RiakError]]:
        """Fetch many keys; return a list in the order of the keys.

        An entry is the object, or a tuple of bucket type, bucket, key and the error.
        """

        async def read(key: K) -> V:
            return await self.get(key, **options)

        kind, name = self.bucket_type.name, self.name
        found = await in_order(read, list(keys))
        return [(kind, name, key, result) if isinstance(result, RiakError) else result for key, result in found]

    async def new_from_file(self: _MakesObjects[R], key: Name | None, filename: str | os.PathLike[str]) -> R:
        """Make an object of a file's bytes; its content type follows from the file's name.  Nothing is stored.

        The file is read in the event loop's default executor.  Raises ``OSError`` when it cannot be read.
        """
        import mimetypes  # not above: few programs need it

        path = os.fspath(filename)
        guessed, encoding = mimetypes.guess_type(path)

        def read() -> bytes:
            with open(path, "rb") as file:
                return file.read()

        data = await self._runtime.loop.run_in_executor(None, read)
        robject = self.new_object(key, None, guessed or "application/octet-stream", data)
        robject.content_encoding = encoding
        return robject

    async def paginate_index(
        self: _Bucket,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        max_results: int = PAGE,
        return_terms: bool | None = None,
        continuation: Name | None = None,
        timeout: Timeout | None = NOT_GIVEN,
        term_regex: Name | None = None,
    ) -> AsyncIterator[IndexPage]:
        """Yield the pages of :meth:`Bucket.get_index <aioriak.bucket.Bucket.get_index>`, one after the other."""
        page = await self.get_index(
            index, startkey, endkey, return_terms, max_results, continuation, timeout, term_regex
        )
        yield page
        while page.has_next_page():
            page = await page.next_page()
            yield page

    async def paginate_stream_index(
        self: _Bucket,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        max_results: int = PAGE,
        return_terms: bool | None = None,
        continuation: Name | None = None,
        timeout: Timeout | None = NOT_GIVEN,
        term_regex: Name | None = None,
    ) -> AsyncIterator[IndexStream]:
        """Yield the pages of an index query as streams.  A page that is not read to its end is the last."""
        following: Name | None = continuation
        while True:
            page = self.stream_index(
                index, startkey, endkey, return_terms, max_results, following, timeout, term_regex
            )
            yield page
            following = page.continuation
            if following is None:
                return

    async def search(
        self: _Bucket, query: str, index: Name | None = None, **options: Unpack[SearchOptions]
    ) -> SearchResults:
        """Call :meth:`Search.query <aioriak.queries.search.Search.query>`; the default index has the bucket's name."""
        return await search.query(self._runtime.dispatcher, self.name if index is None else index, query, options)

    # -- counters of Riak 1.4 -----------------------------------------------------------------

    async def get_counter(self: _Bucket, key: Name, **options: Unpack[CounterReadOptions]) -> int | None:
        """Fetch the value of a counter of Riak 1.4, ``None`` where there is none.

        Such counters are in buckets of the default type with ``allow_mult``; a new counter should be a data type.

        Raises as :meth:`Bucket.get <aioriak.bucket.Bucket.get>` does, and
        :class:`~aioriak.error.InvalidRequest` for another bucket type.
        """
        _require_default_type(self)
        given = {**self.defaults.counter_read, **options}
        return await datatypes.counter_get(self._runtime.dispatcher, self.wire_name, encode_key(key), given)

    async def update_counter(
        self: _Bucket, key: Name, value: int, **options: Unpack[CounterWriteOptions]) -> int | None:
        """Add ``value``, which may be negative, to a counter of Riak 1.4; return its value with ``returnvalue=True``.

        The request is never retried once it may have been received: a lost reply raises
        :class:`~aioriak.error.OutcomeUnknown`.
        """
        _require_default_type(self)
        given = {**self.defaults.counter_write, **options}
        return await datatypes.counter_update(self._runtime.dispatcher, self.wire_name, encode_key(key), value, given)


class _BucketType(Protocol):
    """The method of a bucket type that is used here."""

    async def get_datatype(self) -> str | None: ...


class CompatBucketType:
    """Properties that a method of the bucket type has replaced."""

    @property
    def datatype(self: _BucketType) -> Awaitable[str | None]:
        """Call :meth:`BucketType.get_datatype <aioriak.bucket.BucketType.get_datatype>`, to be awaited."""
        return self.get_datatype()


async def in_order(work: Callable[[Item], Awaitable[V]], items: list[Item]) -> list[tuple[Item, V | RiakError]]:
    """Return each item with its result or error, in the order of the items."""
    found: list[Any] = [None] * len(items)

    async def one(position: int) -> Any:
        return await work(items[position])

    async for position, result in many.each(one, range(len(items)), _CONCURRENCY):
        found[position] = items[position], result
    return found


def _require_default_type(bucket: _Bucket) -> None:
    if bucket.bucket_type.wire_name is not None:
        raise InvalidRequest(f"counters of Riak 1.4 are in the default bucket type only, not in {bucket.path}")
