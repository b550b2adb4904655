"""Buckets: handles to name things with; making one sends nothing."""

from __future__ import annotations

import asyncio
import inspect
import mimetypes
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Unpack

from aioriak import many
from aioriak.bucket_type import BucketType
from aioriak.codec import Codecs, Decoder, Encoder
from aioriak.content import RiakContent
from aioriak.datatypes import handles
from aioriak.error import (
    ContentError,
    InvalidRequest,
    NotADatatype,
    PreconditionFailed,
    RiakError,
    TooManyConflicts,
)
from aioriak.operations import datatypes, kv, listing, properties
from aioriak.operations.datatypes import CounterReadOptions, CounterWriteOptions, DatatypeWriteOptions, GetOptions
from aioriak.operations.names import Name, encode, encode_key, show
from aioriak.operations.options import DeleteOptions, ReadOptions, WriteOptions
from aioriak.operations.properties import BucketProperties
from aioriak.operations.stream import Stream
from aioriak.querying import BucketQueries
from aioriak.resolver import Resolver, checked, resolve
from aioriak.riak_object import RiakObject

__all__ = ["Bucket", "BucketType"]

if TYPE_CHECKING:
    from aioriak.client import RiakClient


class Awaited:
    """A property that has to be asked for: ``await bucket.allow_mult``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, holder: Bucket, kind: type) -> PropertyOf:
        return PropertyOf(holder, self.name)

    def __set__(self, holder: Bucket, value: Any) -> None:
        raise AttributeError(f"say: await bucket.set_property({self.name!r}, {value!r})")


class PropertyOf:
    """What ``await`` asks one property of a bucket with."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._name = name

    def __await__(self) -> Generator[Any, None, Any]:
        return self._bucket.get_property(self._name).__await__()

    def __repr__(self) -> str:
        return f"<property {self._name} of {self._bucket!r}; await it>"


class Bucket(BucketQueries):
    """A bucket: where objects and data types live.

    Riak's documentation: "Buckets".
    """

    def __init__(self, client: RiakClient, name: Name, bucket_type: BucketType) -> None:
        if not isinstance(bucket_type, BucketType):
            raise InvalidRequest(f"a bucket type is a BucketType, not {bucket_type!r}")
        self.client = client
        self.name = name
        self.bucket_type = bucket_type
        self.wire_name = encode("bucket", name)
        """The name as it is sent."""
        self.codecs = client.codecs
        """Encoders and decoders: the client's, or this bucket's own once it has been given one."""
        self._resolver: Resolver | None = None

    @property
    def path(self) -> str:
        """``type/bucket``, for people to read."""
        return f"{show(self.bucket_type.name)}/{show(self.name)}"

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver: this bucket's own, or its type's, or the client's."""
        return self._resolver or self.bucket_type.resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._resolver = checked(value)

    # -- encoders and decoders ------------------------------------------------------------

    def get_encoder(self, content_type: str) -> Encoder | None:
        """The encoder for a content type: this bucket's, or the client's."""
        return self.codecs.encoders.get(content_type)

    def set_encoder(self, content_type: str, encoder: Encoder) -> Bucket:
        """Use ``encoder(value) -> bytes or str`` for a content type in this bucket; returns the bucket."""
        self._own_codecs().encoders.set(content_type, encoder)
        return self

    def get_decoder(self, content_type: str) -> Decoder | None:
        """The decoder for a content type: this bucket's, or the client's."""
        return self.codecs.decoders.get(content_type)

    def set_decoder(self, content_type: str, decoder: Decoder) -> Bucket:
        """Use ``decoder(bytes) -> value`` for a content type in this bucket; returns the bucket."""
        self._own_codecs().decoders.set(content_type, decoder)
        return self

    def _own_codecs(self) -> Codecs:
        if self.codecs is self.client.codecs:
            self.codecs = Codecs(self.client.codecs)
        return self.codecs

    # -- objects -----------------------------------------------------------------------------

    async def new(
        self,
        key: Name | None = None,
        data: Any = None,
        content_type: str | None = "application/json",
        encoded_data: bytes | str | None = None,
    ) -> Any:
        """A new object, or a new data type where the bucket type has one; nothing is stored yet.

        Without a key the server makes one at the first ``store()``.
        """
        if self.bucket_type.wire_name is not None:
            datatype = await self.bucket_type.get_datatype()
            if datatype is not None:
                return handles.new(datatype, self, key)
        return self.new_object(key, data, content_type, encoded_data)

    def new_object(
        self,
        key: Name | None = None,
        data: Any = None,
        content_type: str | None = "application/json",
        encoded_data: bytes | str | None = None,
    ) -> RiakObject:
        """A new object, without asking for the bucket type's data type first."""
        if key is not None:
            encode_key(key)
        robject = RiakObject._absent(self.client, self, key)
        content = RiakContent(robject, data, content_type=content_type)
        if encoded_data is not None:
            content.encoded_data = encoded_data
        robject.siblings = [content]
        return robject

    async def new_from_file(self, key: Name | None, filename: str | os.PathLike[str]) -> RiakObject:
        """A new object with a file's bytes, its content type by the file's name; nothing is stored yet.

        The file is read in the event loop's default executor.
        """
        path = os.fspath(filename)
        guessed, encoding = mimetypes.guess_type(path)

        def read() -> bytes:
            with open(path, "rb") as file:
                return file.read()

        data = await self.client.loop.run_in_executor(None, read)
        robject = self.new_object(key, None, guessed or "application/octet-stream", data)
        robject.content_encoding = encoding
        return robject

    async def get(self, key: Name, **options: Unpack[GetOptions]) -> Any:
        """Read what is under a key: a :class:`~aioriak.riak_object.RiakObject`, or a data type where the type has one.

        Nothing found is no error: look at ``exists``.  A conflict is settled by the resolver.

        Raises as :meth:`RiakObject.reload <aioriak.riak_object.RiakObject.reload>` does.
        """
        kind = self.bucket_type.wire_name
        if kind is not None and (self.client.datatypes.get(kind) or await self.bucket_type.get_datatype()):
            try:
                return await handles.fetch(self, key, options)
            except NotADatatype:  # what was remembered was wrong, and is forgotten now
                if await self.bucket_type.get_datatype() is not None:
                    raise
        reply = await kv.get(self.client.dispatcher, kind, self.wire_name, encode_key(key), options)
        robject = RiakObject._absent(self.client, self, key)
        if robject._take(reply, options):
            await resolve(robject)
        return robject

    async def delete(self, key: Name, **options: Unpack[DeleteOptions]) -> RiakObject:
        """Delete what is under a key without reading it first; returns an empty object."""
        return await RiakObject(self.client, self, key).delete(**options)

    def get_many(
        self, keys: Iterable[Name] | AsyncIterable[Name], *, concurrency: int = 64, **options: Unpack[ReadOptions]
    ) -> AsyncIterator[tuple[Name, Any]]:
        """Read many keys: pairs of a key and its object, or its error, in the order they come.

        ``concurrency`` requests are under way at most, and ``keys`` is read no faster than needed.
        A key whose read failed comes with the :class:`~aioriak.error.RiakError` in place of the object.
        """

        async def one(key: Name) -> Any:
            return await self.get(key, **options)

        return many.each(one, keys, concurrency)

    def put_many(
        self, objects: Iterable[Any] | AsyncIterable[Any], *, concurrency: int = 64, **options: Unpack[WriteOptions]
    ) -> AsyncIterator[tuple[Any, RiakError | None]]:
        """Store many objects: pairs of an object and ``None``, or its error, in the order they come.

        ``concurrency`` requests are under way at most, and ``objects`` is read no faster than needed.
        """
        return self.client.put_many(objects, concurrency=concurrency, **options)

    async def multiget(self, keys: Iterable[Name], **options: Unpack[ReadOptions]) -> list[Any]:
        """Read many keys at once: a list in the order of the keys.

        An entry is the object, or a tuple of bucket type, bucket, key and the error.
        """
        return await self.client.multiget(
            [(self.bucket_type.name, self.name, key) for key in keys], **options
        )

    async def update(
        self,
        key: Name,
        change: Callable[[RiakObject], Any],
        *,
        if_not_modified: bool = False,
        attempts: int = 10,
        **options: Unpack[ReadOptions],
    ) -> RiakObject:
        """Fetch, resolve, change, store; and again from the top when somebody else was faster.

        ``change(obj)`` gets the object, new and empty where nothing is stored, and changes it; it may be
        a coroutine function and is called again for each attempt.  The object as it was stored is returned.

        With ``if_not_modified`` the server refuses the write when the object has changed meanwhile, and
        all is done again.  Without it both writes are kept as siblings, and the resolver settles them:
        ``change`` is called again only if the resolver left it out, or may have.  A change that must not
        be made twice to one value, such as counting, needs ``if_not_modified``, or a data type.
        Between attempts it waits as the client's retry policy says.  ``options`` are those of the read.

        Raises :class:`~aioriak.error.TooManyConflicts` after ``attempts``;
        :class:`~aioriak.error.ConflictError` for siblings when no resolver is set; else as
        :meth:`get` and :meth:`RiakObject.store <aioriak.riak_object.RiakObject.store>` do.
        """
        for lost in range(attempts):
            if lost:
                # writers that all started again at once would all meet again
                await asyncio.sleep(self.client.settings.retry.backoff.delay(lost))
            robject = RiakObject._absent(self.client, self, key)
            await robject._read(self.client.dispatcher, encode_key(key), options)
            conditions: WriteOptions = {}
            if if_not_modified:
                conditions = {"if_not_modified": True} if robject.siblings else {"if_none_match": True}
            outcome = change(robject)
            if inspect.isawaitable(outcome):
                await outcome
            written = robject.encoded_data
            try:
                await robject._write(self.client.dispatcher, {"return_body": True, **conditions})
            except PreconditionFailed:
                continue
            if await self._settle(robject, written):
                return robject
        raise TooManyConflicts(f"somebody else was faster {attempts} times: {self.path}/{show(key)}")

    async def _settle(self, robject: RiakObject, written: bytes | None) -> bool:
        """Resolve a conflict and store that, once; false when the resolver dropped what was written.

        Once is enough: what was written is stored, others under way settle the rest, and writers
        that all insisted on the last word would never end.
        """
        for again in (True, False):
            if len(robject.siblings) == 1:
                break
            before = [(one, one.encoded_data) for one in robject.siblings]
            await resolve(robject)
            survivor = robject._content()
            for one, value in before:
                left_out = value != written or [stored for _, stored in before].count(written) > 1
                if one is survivor and left_out and _same_value(one, value):
                    return False
            if again:
                written = survivor.encoded_data
                await robject._write(self.client.dispatcher, {"return_body": True})
        return True

    # -- data types -------------------------------------------------------------------------------

    def edit(self, key: Name, **options: Unpack[DatatypeWriteOptions]) -> handles.Edit:
        """Fetch a data type, change it, store it once: ``async with bucket.edit(key) as datatype``.

        It is stored with these options on leaving, unless nothing was changed; not after an exception.
        Entering raises as :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does, leaving as
        :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`.
        """
        return handles.Edit(self, key, options)

    async def get_counter(self, key: Name, **options: Unpack[CounterReadOptions]) -> int | None:
        """The value of a counter of Riak 1.4, ``None`` where there is none.

        Such counters live in buckets of the default type with ``allow_mult``; new ones are better data types.
        Raises as :meth:`get` does, and :class:`~aioriak.error.InvalidRequest` for another bucket type.
        """
        self._for_counters()
        return await datatypes.counter_get(self.client.dispatcher, self.wire_name, encode_key(key), options)

    async def update_counter(self, key: Name, value: int, **options: Unpack[CounterWriteOptions]) -> int | None:
        """Count a counter of Riak 1.4 by ``value``, which may be negative; its new value with ``returnvalue=True``.

        Never sent twice by itself: :class:`~aioriak.error.OutcomeUnknown` when its answer was lost.
        """
        self._for_counters()
        return await datatypes.counter_update(
            self.client.dispatcher, self.wire_name, encode_key(key), value, options
        )

    def _for_counters(self) -> None:
        if not self.bucket_type.is_default():
            raise InvalidRequest(f"counters of Riak 1.4 live in the default bucket type, not in {self.path}")

    # -- properties -------------------------------------------------------------------------------

    allow_mult = Awaited("allow_mult")
    n_val = Awaited("n_val")
    r = Awaited("r")
    pr = Awaited("pr")
    w = Awaited("w")
    dw = Awaited("dw")
    pw = Awaited("pw")
    rw = Awaited("rw")

    async def get_properties(self) -> BucketProperties:
        """The bucket's properties."""
        return await properties.get_bucket(self.client.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def set_properties(self, props: BucketProperties) -> None:
        """Change the properties named; the other nodes of a cluster learn of it some time after.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown or ill-typed one, before sending.
        """
        await properties.set_bucket(self.client.dispatcher, self.bucket_type.wire_name, self.wire_name, props)

    async def clear_properties(self) -> None:
        """Give the bucket its type's properties back."""
        await properties.reset_bucket(self.client.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def get_property(self, key: str) -> Any:
        """One of the bucket's properties. Raises ``KeyError`` when the server does not name it."""
        return (await self.get_properties())[key]  # type: ignore[literal-required]

    async def set_property(self, key: str, value: Any) -> None:
        """Change one of the bucket's properties."""
        await self.set_properties({key: value})  # type: ignore[misc]

    # -- listing -----------------------------------------------------------------------------------

    async def get_keys(self, timeout: int | None = None) -> list[Name]:
        """All keys; reads the whole cluster. ``timeout`` in milliseconds."""
        return [key async for chunk in self.stream_keys(timeout).chunks() for key in chunk]

    def stream_keys(self, timeout: int | None = None) -> Stream[Name]:
        """All keys as they come; reads the whole cluster. ``timeout`` in milliseconds.

        Raises :class:`~aioriak.error.ListingDisallowed` with ``allow_listing="error"``.
        """
        self.client.check_listing(f"the keys of {self.path}")
        return listing.stream_keys(self.client.dispatcher, self.bucket_type.wire_name, self.wire_name, timeout)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bucket):
            return NotImplemented
        return self.wire_name == other.wire_name and self.bucket_type == other.bucket_type

    def __hash__(self) -> int:
        return hash((self.wire_name, self.bucket_type))

    def __repr__(self) -> str:
        return f"<Bucket {show(self.name)}>" if self.bucket_type.is_default() else f"<Bucket {self.path}>"


def _same_value(content: RiakContent, encoded: bytes | None) -> bool:
    """Whether a content still has the value that was stored as ``encoded``."""
    original = content.copy()
    original.encoded_data = encoded
    try:
        return content.encoded_data == encoded or bool(original.data == content.data)
    except ContentError:
        return False
