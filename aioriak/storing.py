"""What a client has of objects, buckets, bucket types and data types."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Unpack

from aioriak import many
from aioriak.bucket import Bucket
from aioriak.bucket_type import BucketType
from aioriak.datatypes import Datatype, handles
from aioriak.error import RiakError
from aioriak.operations import listing
from aioriak.operations.datatypes import (
    CounterReadOptions,
    CounterWriteOptions,
    DatatypeReadOptions,
    DatatypeWriteOptions,
)
from aioriak.operations.names import Name, show
from aioriak.operations.options import DeleteOptions, MoreWriteOptions, Quorum, ReadOptions, WriteOptions, written
from aioriak.operations.properties import BucketProperties
from aioriak.operations.stream import Stream
from aioriak.resolver import resolve
from aioriak.riak_object import RiakObject

if TYPE_CHECKING:
    from aioriak.cluster.dispatcher import Dispatcher


class ClientObjects:
    """A client's objects, buckets and data types."""

    if TYPE_CHECKING:

        @property
        def dispatcher(self) -> Dispatcher: ...

        def bucket(self, name: Name, bucket_type: Name | BucketType = "default") -> Bucket: ...
        def bucket_type(self, name: Name) -> BucketType: ...
        def check_listing(self, what: str) -> None: ...

    # -- objects ------------------------------------------------------------------------------------

    async def get(self, robj: RiakObject, **options: Unpack[ReadOptions]) -> RiakObject:
        """Read an object again: :meth:`RiakObject.reload <aioriak.riak_object.RiakObject.reload>`."""
        return await robj._reload(self.dispatcher, options)

    async def put(
        self,
        robj: RiakObject,
        w: Quorum | None = None,
        dw: Quorum | None = None,
        pw: Quorum | None = None,
        return_body: bool = True,
        if_none_match: bool = False,
        timeout: int | None = None,
        **options: Unpack[MoreWriteOptions],
    ) -> RiakObject:
        """Write an object: :meth:`RiakObject.store <aioriak.riak_object.RiakObject.store>`."""
        write = written(options, w, dw, pw, return_body, if_none_match, timeout)
        if await robj._write(self.dispatcher, write):
            await resolve(robj)
        return robj

    async def delete(self, robj: RiakObject, **options: Unpack[DeleteOptions]) -> RiakObject:
        """Delete an object: :meth:`RiakObject.delete <aioriak.riak_object.RiakObject.delete>`."""
        return await robj._delete(self.dispatcher, options)

    def put_many(
        self, objects: Iterable[Any] | AsyncIterable[Any], *, concurrency: int = 64, **options: Unpack[WriteOptions]
    ) -> AsyncIterator[tuple[Any, RiakError | None]]:
        """Store many objects: pairs of an object and ``None``, or its error, in the order they come.

        ``concurrency`` requests are under way at most, and ``objects`` is read no faster than needed.
        """

        async def one(robject: Any) -> None:
            await robject.store(**options)

        return many.each(one, objects, concurrency)

    async def multiget(
        self, pairs: Iterable[tuple[Name, Name, Name]], **options: Unpack[ReadOptions]
    ) -> list[Any]:
        """Read many (bucket type, bucket, key) at once: a list in their order.

        An entry is the object, or a tuple of bucket type, bucket, key and the error.
        """
        wanted = list(pairs)
        found: list[Any] = [None] * len(wanted)

        async def one(position: int) -> Any:
            kind, bucket, key = wanted[position]
            return await self.bucket(bucket, kind).get(key, **options)

        async for position, result in many.each(one, range(len(wanted)), 64):
            found[position] = (*wanted[position], result) if isinstance(result, RiakError) else result
        return found

    async def multiput(self, objs: Iterable[Any], **options: Unpack[WriteOptions]) -> list[Any]:
        """Store many objects at once: a list in their order.

        An entry is the object, or a tuple of the object and the error.
        """
        wanted = list(objs)
        stored: list[Any] = list(wanted)

        async def one(position: int) -> None:
            await wanted[position].store(**options)

        async for position, error in many.each(one, range(len(wanted)), 64):
            if error is not None:
                stored[position] = (wanted[position], error)
        return stored

    # -- buckets and types ------------------------------------------------------------------------

    async def get_buckets(
        self, bucket_type: Name | BucketType | None = None, timeout: int | None = None
    ) -> list[Bucket]:
        """The buckets of a type that hold a key; reads the whole cluster. ``timeout`` in milliseconds."""
        kind = self._kind(bucket_type)
        names = self.stream_buckets(kind, timeout)
        return [self.bucket(name, kind) async for chunk in names.chunks() for name in chunk]

    def stream_buckets(
        self, bucket_type: Name | BucketType | None = None, timeout: int | None = None
    ) -> Stream[Name]:
        """The names of a type's buckets as they come. ``timeout`` in milliseconds.

        Raises :class:`~aioriak.error.ListingDisallowed` with ``allow_listing="error"``.
        """
        kind = self._kind(bucket_type)
        self.check_listing(f"the buckets of the type {show(kind.name)}")
        return listing.stream_buckets(self.dispatcher, kind.wire_name, timeout)

    async def get_keys(self, bucket: Bucket, timeout: int | None = None) -> list[Name]:
        """All keys of a bucket; reads the whole cluster. ``timeout`` in milliseconds."""
        return await bucket.get_keys(timeout)

    def stream_keys(self, bucket: Bucket, timeout: int | None = None) -> Stream[Name]:
        """All keys of a bucket as they come. ``timeout`` in milliseconds."""
        return bucket.stream_keys(timeout)

    async def get_bucket_props(self, bucket: Bucket) -> BucketProperties:
        """A bucket's properties."""
        return await bucket.get_properties()

    async def set_bucket_props(self, bucket: Bucket, props: BucketProperties) -> None:
        """Change a bucket's properties."""
        await bucket.set_properties(props)

    async def clear_bucket_props(self, bucket: Bucket) -> None:
        """Give a bucket its type's properties back."""
        await bucket.clear_properties()

    async def get_bucket_type_props(self, bucket_type: Name | BucketType) -> BucketProperties:
        """A bucket type's properties."""
        return await self._kind(bucket_type).get_properties()

    async def set_bucket_type_props(self, bucket_type: Name | BucketType, props: BucketProperties) -> None:
        """Change a bucket type's properties."""
        await self._kind(bucket_type).set_properties(props)

    # -- data types ------------------------------------------------------------------------------------

    async def fetch_datatype(
        self, bucket: Bucket, key: Name, **options: Unpack[DatatypeReadOptions]
    ) -> Datatype[Any]:
        """The data type under a key, of whatever type the server says.

        Raises as :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does.
        """
        return await handles.fetch(bucket, key, options)

    async def update_datatype(
        self, datatype: Datatype[Any], **options: Unpack[DatatypeWriteOptions]
    ) -> Datatype[Any]:
        """Send a data type's staged changes: :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`."""
        return await datatype.store(**options)

    async def get_counter(self, bucket: Bucket, key: Name, **options: Unpack[CounterReadOptions]) -> int | None:
        """The value of a counter of Riak 1.4: :meth:`Bucket.get_counter <aioriak.bucket.Bucket.get_counter>`."""
        return await bucket.get_counter(key, **options)

    async def update_counter(
        self, bucket: Bucket, key: Name, value: int, **options: Unpack[CounterWriteOptions]
    ) -> int | None:
        """Count one of them: :meth:`Bucket.update_counter <aioriak.bucket.Bucket.update_counter>`."""
        return await bucket.update_counter(key, value, **options)

    def _kind(self, bucket_type: Name | BucketType | None) -> BucketType:
        return bucket_type if isinstance(bucket_type, BucketType) else self.bucket_type(bucket_type or "default")
