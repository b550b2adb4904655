"""Typed buckets: views of a bucket whose methods return one kind of value.

:meth:`Bucket.of <aioriak.bucket.Bucket.of>` makes them.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, cast

from aioriak import many
from aioriak.datatypes.base import Datatype, fetch
from aioriak.datatypes.handles import TYPES, Edit
from aioriak.error import InvalidRequest, NotADatatype, RiakError
from aioriak.models.model import Model
from aioriak.models.query import ModelQuery
from aioriak.operations.cluster import BucketFoldOptions
from aioriak.operations.datatypes import DatatypeReadOptions, DatatypeWriteOptions
from aioriak.operations.names import Name, encode_key
from aioriak.operations.options import NOT_GIVEN, DeleteOptions, ReadOptions, Timeout, WriteOptions
from aioriak.queries.index import PAGE
from aioriak.queries.scan import BucketFold
from aioriak.riak_object import RiakObject

if TYPE_CHECKING:
    from aioriak.bucket import Bucket

H = TypeVar("H")
D = TypeVar("D", bound=Datatype[Any])
M = TypeVar("M")


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
        return many.stored(datatypes, concurrency, options)

    def edit(self, key: Name, **options: Unpack[DatatypeWriteOptions]) -> AbstractAsyncContextManager[D]:
        """Fetch a data type, and store its changes at the end of ``async with carts.edit(key) as cart``.

        ``options`` are those of the store.  Nothing is stored without changes, or after an exception.
        Entering raises as :meth:`get` does, leaving as
        :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`.
        """
        return Edit(partial(self._fetch, key), options)


class UpdateOptions(ReadOptions, total=False):
    """Options of :meth:`Bucket.update <aioriak.bucket.Bucket.update>`, those of its fetch included."""

    if_not_modified: bool
    attempts: int


class ModelBucket(TypedBucket[RiakObject[M]]):
    """A bucket whose objects have instances of a class as their ``data``: ``client.bucket("users").of(User)``.

    Documents are validated when they are read, and values before they are sent;
    :class:`~aioriak.error.ContentError` says what does not fit.  At every store the entries of the indexes that the
    class declares are replaced by those of the value; other index entries stay.
    """

    def __init__(self, bucket: Bucket[Any], handle: Bucket[RiakObject[M]], model: Model[M]) -> None:
        super().__init__(bucket)
        self._handle = handle
        self._model = model

    @property
    def model(self) -> type[M]:
        """The class of the values."""
        return self._model.kind

    @property
    def _kind(self) -> type[M]:
        return self._model.kind

    @property
    def resolver(self) -> Callable[[RiakObject[M]], Any]:
        """The conflict resolver: that of :meth:`Bucket.of <aioriak.bucket.Bucket.of>`, or else the bucket's."""
        return self._handle.resolver

    # -- one object ---------------------------------------------------------------------------

    def new(
        self, data: M, key: Name | None = None, *, content_type: str | None = "application/json"
    ) -> RiakObject[M]:
        """Make an object of an instance.  Nothing is sent.

        Without ``key`` it has the key in the instance's field that is marked with
        :class:`~aioriak.models.Key`.  For a class without such a field the server chooses one at the first
        ``store()``.

        Raises :class:`~aioriak.error.InvalidRequest` for a bad key, an empty key field, and a ``key`` that is not
        the one in the field.
        """
        if not isinstance(data, self._model.kind if isinstance(self._model.kind, type) else object):
            raise InvalidRequest(f"{self!r} holds {self.model.__name__}, not {type(data).__name__}")
        own = self._model.key_of(data)
        if own is not None and key is not None and encode_key(key) != encode_key(own):
            raise InvalidRequest(f"the key is {key!r}, and the value has the key {own!r}")
        robject = self._handle.new_object(own if key is None else key, data, content_type)
        return cast("RiakObject[M]", robject)

    async def put(self, data: M, key: Name | None = None, **options: Unpack[WriteOptions]) -> RiakObject[M]:
        """Store an instance without reading what is stored; return its object.

        The key is that of :meth:`new`.  If something is stored under the key, the instance becomes a sibling or
        replaces it, as the bucket's ``allow_mult`` says; ``if_none_match=True`` refuses it instead.  :meth:`update`
        changes what is stored.

        Raises as :meth:`new` and :meth:`RiakObject.store <aioriak.riak_object.RiakObject.store>` do.
        """
        robject: Any = self.new(data, key)  # its store() names some of the options
        return cast("RiakObject[M]", await robject.store(**options))

    async def get(self, key: Name, **options: Unpack[ReadOptions]) -> RiakObject[M]:
        """Fetch an object.  One that is not found is no error: its ``exists`` is false and its ``data`` ``None``.

        A value that does not fit the class raises :class:`~aioriak.error.ContentError` when ``data`` is read.

        Raises :class:`~aioriak.error.InvalidRequest` when the bucket type holds data types; otherwise as
        :meth:`Bucket.get <aioriak.bucket.Bucket.get>` does.
        """
        return await self._fetch(key, options)

    async def _fetch(self, key: Name, options: Mapping[str, Any]) -> RiakObject[M]:
        if self._handle.bucket_type.wire_name is not None:
            await self._handle._require_objects()
        return await self._handle.get(key, **cast(ReadOptions, options))

    async def update(
        self, key: Name, change: Callable[[RiakObject[M]], Any], **options: Unpack[UpdateOptions]
    ) -> RiakObject[M]:
        """Fetch an object, change it with ``change(obj)`` and store it; see :meth:`Bucket.update
        <aioriak.bucket.Bucket.update>`.

        Where nothing is stored, ``obj.exists`` is false and the function sets ``obj.data``.
        """
        return cast("RiakObject[M]", await self._handle.update(key, change, **options))

    # -- many objects ---------------------------------------------------------------------------

    def get_many(
        self,
        keys: Iterable[Name] | AsyncIterable[Name],
        *,
        concurrency: int = 64,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[tuple[Name, RiakObject[M] | RiakError]]:
        """Fetch many keys: yields each key with its object, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``keys`` is read only as requests finish.  A key whose
        request failed comes with the :class:`~aioriak.error.RiakError` in place of the object.
        """
        return self._get_many(keys, concurrency, options)

    def put_many(
        self,
        items: Iterable[M | RiakObject[M]] | AsyncIterable[M | RiakObject[M]],
        *,
        concurrency: int = 64,
        **options: Unpack[WriteOptions],
    ) -> AsyncIterator[tuple[M | RiakObject[M], RiakError | None]]:
        """Store many instances or objects: yields each with ``None``, or with its error, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``items`` is read only as requests finish.  Instances are
        stored as :meth:`put` does.
        """

        async def work(item: M | RiakObject[M]) -> None:
            robject: Any = item if isinstance(item, RiakObject) else self.new(item)
            await robject.store(**options)

        return many.each(work, items, concurrency)

    def query(
        self,
        index: Name,
        start: Any = None,
        end: Any = None,
        *,
        page_size: int = PAGE,
        limit: int | None = None,
        term_regex: Name | None = None,
        timeout: Timeout | None = NOT_GIVEN,
        concurrency: int = 16,
    ) -> ModelQuery[M]:
        """Query an index for objects: ``async for user in users.query("age", 18, 30)``.

        ``index`` is the name of a declared field or method, or that of an index.  ``start`` and ``end`` are terms,
        or values as the field has them, such as a ``date``.  The other parameters are those of :meth:`Bucket.query
        <aioriak.bucket.Bucket.query>`; objects are fetched with ``concurrency`` requests in flight.

        Raises :class:`~aioriak.error.InvalidRequest` for an invalid query; nothing is sent then.
        """
        first, last = (None if value is None else self._model.term(value) for value in (start, end))
        query = self._handle.query(
            self._model.index_name(index), first, last,
            page_size=page_size, limit=limit, term_regex=term_regex, timeout=timeout,
        )  # fmt: skip
        return ModelQuery(query, self._fetch, concurrency)

    def fold(self, **options: Unpack[BucketFoldOptions]) -> BucketFold[RiakObject[M]]:
        """Stream the bucket's objects in the order of their keys, which reads the whole cluster.

        Options: :class:`~aioriak.operations.cluster.BucketFoldOptions`.
        """
        return cast("BucketFold[RiakObject[M]]", self._handle.fold(**options))

    def scan(self, *, concurrency: int = 4, min_partitions: int | None = None) -> AsyncIterator[RiakObject[M]]:
        """Stream the bucket's objects, in no order; see :meth:`Bucket.scan <aioriak.bucket.Bucket.scan>`."""
        return cast(
            "AsyncIterator[RiakObject[M]]", self._handle.scan(concurrency=concurrency, min_partitions=min_partitions)
        )


def _is_field_only(kind: type[Datatype[Any]]) -> bool:
    return kind.type_name in ("flag", "register")
