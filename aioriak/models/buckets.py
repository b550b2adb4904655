"""Typed buckets: views of a bucket whose methods return one kind of value."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from aioriak import many
from aioriak.datatypes.base import Datatype, fetch
from aioriak.datatypes.handles import TYPES
from aioriak.error import InvalidRequest, NotADatatype, RiakError
from aioriak.operations.datatypes import DatatypeReadOptions, DatatypeWriteOptions
from aioriak.operations.names import Name, encode_key
from aioriak.operations.options import DeleteOptions

if TYPE_CHECKING:
    from aioriak.bucket import Bucket

H = TypeVar("H")
D = TypeVar("D", bound=Datatype[Any])


class TypedBucket(Generic[H]):
    """A bucket whose keys all hold one kind of value, and a view of that bucket."""

    def __init__(self, bucket: Bucket[Any]) -> None:
        self.bucket = bucket
        """The bucket itself, for properties, listings and everything that is not about values."""

    async def _fetch(self, key: Name, options: Mapping[str, Any]) -> H:
        """Fetch what a key holds."""
        raise NotImplementedError

    def _get_many(
        self, keys: Iterable[Name] | AsyncIterable[Name], concurrency: int, options: Mapping[str, Any]
    ) -> AsyncIterator[tuple[Name, H | RiakError]]:
        async def work(key: Name) -> H:
            return await self._fetch(key, dict(options))

        return many.each(work, keys, concurrency)

    async def delete(self, key: Name, **options: Unpack[DeleteOptions]) -> None:
        """Delete a key without reading it first.

        Raises as :meth:`RiakObject.delete <aioriak.riak_object.RiakObject.delete>` does.
        """
        await self.bucket.delete(key, **options)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TypedBucket):
            return NotImplemented
        return (type(self), self._kind, self.bucket) == (type(other), other._kind, other.bucket)

    def __hash__(self) -> int:
        return hash((self._kind, self.bucket))

    @property
    def _kind(self) -> Any:
        """The class of the values."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.bucket.path} of {getattr(self._kind, '__qualname__', self._kind)}>"


class DatatypeBucket(TypedBucket[D]):
    """A bucket whose type has a data type: ``client.bucket("carts", "maps").of(Map)``."""

    def __init__(self, bucket: Bucket[Any], datatype: type[D]) -> None:
        if datatype not in TYPES.values():
            kinds = ", ".join(sorted(kind.__name__ for kind in TYPES.values() if not _is_field_only(kind)))
            raise InvalidRequest(f"a bucket type holds one of {kinds}, not {datatype.__name__}")
        if _is_field_only(datatype):
            raise InvalidRequest(f"a {datatype.type_name} is a field of a map: use of(Map)")
        if bucket.bucket_type.is_default():
            raise InvalidRequest(
                f"the bucket type default holds objects, not {datatype.type_name}s: "
                f"name the bucket type, as in client.bucket({bucket.name!r}, bucket_type).of({datatype.__name__})"
            )
        super().__init__(bucket)
        self.datatype = datatype
        """The class of the values."""

    @property
    def _kind(self) -> type[D]:
        return self.datatype

    def new(self, key: Name | None = None) -> D:
        """Make an empty data type.  Nothing is sent; without a key the server chooses one at the first ``store()``.

        Raises :class:`~aioriak.error.InvalidRequest` for a bad key.
        """
        return self.datatype(self.bucket, key)

    async def get(self, key: Name, **options: Unpack[DatatypeReadOptions]) -> D:
        """Fetch a data type.  One that is not found is no error: its ``exists`` is false.

        Raises :class:`~aioriak.error.InvalidRequest` when the bucket type holds another data type, and
        :class:`~aioriak.error.NotADatatype` when it holds objects; otherwise as
        :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does.
        """
        return await self._fetch(key, options)

    async def _fetch(self, key: Name, options: Mapping[str, Any]) -> D:
        expected = self.datatype.type_name
        encode_key(key)
        try:
            found = await fetch(self.bucket, key, options)
        except NotADatatype as error:
            error.value = f"the type of {self.bucket.path} holds objects, not {expected}s; Riak's answer: {error.value}"
            raise
        if found.type_name != expected:
            right = TYPES[found.type_name].__name__
            raise InvalidRequest(
                f"the type of {self.bucket.path} holds {found.type_name}s, not {expected}s: use of({right})"
            )
        return self.datatype(self.bucket, key, found.value, found.context)

    def get_many(
        self,
        keys: Iterable[Name] | AsyncIterable[Name],
        *,
        concurrency: int = 64,
        **options: Unpack[DatatypeReadOptions],
    ) -> AsyncIterator[tuple[Name, D | RiakError]]:
        """Fetch many keys: yields each key with its data type, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``keys`` is read only as requests finish.  A key whose
        request failed comes with the :class:`~aioriak.error.RiakError` in place of the data type.
        """
        return self._get_many(keys, concurrency, options)

    def put_many(
        self,
        datatypes: Iterable[D] | AsyncIterable[D],
        *,
        concurrency: int = 64,
        **options: Unpack[DatatypeWriteOptions],
    ) -> AsyncIterator[tuple[D, RiakError | None]]:
        """Store many data types: yields each with ``None``, or with its error, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``datatypes`` is read only as requests finish.
        """

        async def work(datatype: D) -> None:
            await datatype.store(**options)

        return many.each(work, datatypes, concurrency)

    def edit(self, key: Name, **options: Unpack[DatatypeWriteOptions]) -> AbstractAsyncContextManager[D]:
        """Fetch a data type, and store its changes at the end of ``async with carts.edit(key) as cart``.

        ``options`` are those of the store.  Nothing is stored without changes, or after an exception.
        Entering raises as :meth:`get` does, leaving as
        :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`.
        """
        return self._edit(key, options)

    @asynccontextmanager
    async def _edit(self, key: Name, options: DatatypeWriteOptions) -> AsyncIterator[D]:
        datatype = await self._fetch(key, {"timeout": options.get("timeout")})
        yield datatype
        if datatype.modified:
            await datatype.store(**options)


def _is_field_only(kind: type[Datatype[Any]]) -> bool:
    return kind.type_name in ("flag", "register")
