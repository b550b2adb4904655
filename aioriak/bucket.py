"""Buckets and bucket types: handles, made without a request."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from aioriak import many
from aioriak.codec import Codecs, Decoder, Encoder
from aioriak.compat.bucket import CompatBucket, CompatBucketType
from aioriak.content import RiakContent
from aioriak.datatypes import handles
from aioriak.error import (
    ContentError,
    InvalidRequest,
    NotADatatype,
    PermissionDenied,
    PreconditionFailed,
    RiakError,
    TooManyConflicts,
)
from aioriak.operations import cluster, kv, properties, search
from aioriak.operations.cluster import BucketFoldOptions, CoverageEntry, FoldedObject, PreflistItem
from aioriak.operations.datatypes import DatatypeWriteOptions, GetOptions
from aioriak.operations.indexes import MoreIndexOptions, Term
from aioriak.operations.names import Name, encode, encode_key, encode_type, show
from aioriak.operations.options import DeleteOptions, ReadOptions, WriteOptions
from aioriak.operations.properties import BucketProperties
from aioriak.operations.search import SearchOptions, SearchResults
from aioriak.operations.stream import Stream
from aioriak.queries import listing
from aioriak.queries.index import PAGE, IndexPage, IndexStream, Query, get_page
from aioriak.queries.scan import BucketFold, scan
from aioriak.resolver import Resolver, checked, resolve
from aioriak.riak_object import RiakObject

__all__ = ["Bucket", "BucketType"]

if TYPE_CHECKING:
    from aioriak.client import RiakClient


class BucketType(CompatBucketType):
    """A bucket type: a namespace of buckets with common properties.

    Riak's documentation: "Bucket Types".
    """

    def __init__(self, client: RiakClient, name: Name) -> None:
        self.client = client
        self._runtime = client._runtime
        self.name = name
        self.wire_name = encode_type(name)
        """The name as it is sent; ``None`` for the default type."""
        self._resolver: Resolver | None = None

    def is_default(self) -> bool:
        """Whether this is the type ``default``."""
        return self.wire_name is None

    def bucket(self, name: Name) -> Bucket:
        """A bucket of this type."""
        return self.client.bucket(name, self)

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver: this type's own, or the client's."""
        return self._resolver or self.client.resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._resolver = checked(value)

    async def get_properties(self) -> BucketProperties:
        """The type's properties."""
        return await properties.get_type(self._runtime.dispatcher, self.wire_name or b"default")

    async def set_properties(self, props: BucketProperties) -> None:
        """Change the properties named; the other nodes of a cluster learn of it some time after.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown or ill-typed one, before sending.
        """
        await properties.set_type(self._runtime.dispatcher, self.wire_name or b"default", props)

    async def get_property(self, key: str) -> Any:
        """One of the type's properties. Raises ``KeyError`` when the server does not name it."""
        found: Mapping[str, object] = await self.get_properties()
        return found[key]

    async def set_property(self, key: str, value: Any) -> None:
        """Change one of the type's properties."""
        await self.set_properties(cast(BucketProperties, {key: value}))

    async def get_buckets(self, timeout: int | None = None) -> list[Bucket]:
        """The buckets of this type that hold a key; reads the whole cluster. ``timeout`` in milliseconds."""
        names = self.stream_buckets(timeout)
        return [self.bucket(name) async for chunk in names.chunks() for name in chunk]

    def stream_buckets(self, timeout: int | None = None) -> Stream[Name]:
        """The names of the buckets of this type as they come. ``timeout`` in milliseconds.

        Raises :class:`~aioriak.error.ListingDisallowed` with ``allow_listing="error"``.
        """
        return listing.buckets(self._runtime, self, timeout)

    async def get_datatype(self) -> str | None:
        """The data type of this type's buckets: ``"counter"``, ``"set"``, ``"map"``, ``"hll"``, ``"gset"`` or ``None``.

        Asked once for all handles of a client, and remembered.
        """
        known = self._runtime.datatypes
        if self.wire_name is None:
            return None
        if self.wire_name not in known:
            try:
                known[self.wire_name] = (await self.get_properties()).get("datatype")
            except PermissionDenied:
                # who may not ask can still read and write: objects, and data types by client.fetch_datatype()
                known[self.wire_name] = None
        return known[self.wire_name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BucketType):
            return NotImplemented
        return self.wire_name == other.wire_name and self._runtime.shares_connections(other._runtime)

    def __hash__(self) -> int:
        return hash(self.wire_name)

    def __repr__(self) -> str:
        return f"<BucketType {show(self.name)}>"


class Bucket(CompatBucket):
    """A bucket: where objects and data types live.

    Riak's documentation: "Buckets".
    """

    def __init__(self, client: RiakClient, name: Name, bucket_type: BucketType) -> None:
        if not isinstance(bucket_type, BucketType):
            raise InvalidRequest(f"a bucket type is a BucketType, not {bucket_type!r}")
        self.client = client
        self._runtime = client._runtime
        self.name = name
        self.bucket_type = bucket_type
        self.wire_name = encode("bucket", name)
        """The name as it is sent."""
        self.codecs = self._runtime.codecs
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
        if self.codecs is self._runtime.codecs:
            self.codecs = Codecs(self._runtime.codecs)
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

    async def get(self, key: Name, **options: Unpack[GetOptions]) -> Any:
        """Read what is under a key: a :class:`~aioriak.riak_object.RiakObject`, or a data type where the type has one.

        Nothing found is no error: look at ``exists``.  A conflict is settled by the resolver.

        Raises as :meth:`RiakObject.reload <aioriak.riak_object.RiakObject.reload>` does.
        """
        kind = self.bucket_type.wire_name
        if kind is not None and (self._runtime.datatypes.get(kind) or await self.bucket_type.get_datatype()):
            try:
                return await handles.fetch(self, key, options)
            except NotADatatype:  # what was remembered was wrong, and is forgotten now
                if await self.bucket_type.get_datatype() is not None:
                    raise
        reply = await kv.get(self._runtime.dispatcher, kind, self.wire_name, encode_key(key), options)
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
                await asyncio.sleep(self._runtime.settings.retry.backoff.delay(lost))
            robject = RiakObject._absent(self.client, self, key)
            await robject._read(self._runtime.dispatcher, encode_key(key), options)
            conditions: WriteOptions = {}
            if if_not_modified:
                conditions = {"if_not_modified": True} if robject.siblings else {"if_none_match": True}
            outcome = change(robject)
            if inspect.isawaitable(outcome):
                await outcome
            written = robject.encoded_data
            try:
                await robject._write(self._runtime.dispatcher, {"return_body": True, **conditions})
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
                await robject._write(self._runtime.dispatcher, {"return_body": True})
        return True

    # -- data types -------------------------------------------------------------------------------

    def edit(self, key: Name, **options: Unpack[DatatypeWriteOptions]) -> handles.Edit:
        """Fetch a data type, change it, store it once: ``async with bucket.edit(key) as datatype``.

        It is stored with these options on leaving, unless nothing was changed; not after an exception.
        Entering raises as :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does, leaving as
        :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`.
        """
        return handles.Edit(self, key, options)

    # -- properties -------------------------------------------------------------------------------

    async def get_properties(self) -> BucketProperties:
        """The bucket's properties."""
        return await properties.get_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def set_properties(self, props: BucketProperties) -> None:
        """Change the properties named; the other nodes of a cluster learn of it some time after.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown or ill-typed one, before sending.
        """
        await properties.set_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, props)

    async def clear_properties(self) -> None:
        """Give the bucket its type's properties back."""
        await properties.reset_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def get_property(self, key: str) -> Any:
        """One of the bucket's properties. Raises ``KeyError`` when the server does not name it."""
        found: Mapping[str, object] = await self.get_properties()
        return found[key]

    async def set_property(self, key: str, value: Any) -> None:
        """Change one of the bucket's properties."""
        await self.set_properties(cast(BucketProperties, {key: value}))

    # -- listing -----------------------------------------------------------------------------------

    async def get_keys(self, timeout: int | None = None) -> list[Name]:
        """All keys; reads the whole cluster. ``timeout`` in milliseconds."""
        return [key async for chunk in self.stream_keys(timeout).chunks() for key in chunk]

    def stream_keys(self, timeout: int | None = None) -> Stream[Name]:
        """All keys as they come; reads the whole cluster. ``timeout`` in milliseconds.

        Raises :class:`~aioriak.error.ListingDisallowed` with ``allow_listing="error"``.
        """
        return listing.keys(self, timeout)

    # -- queries ------------------------------------------------------------------------------------

    def query(
        self,
        index: Name,
        start: Term | None = None,
        end: Term | None = None,
        *,
        page_size: int = PAGE,
        limit: int | None = None,
        term_regex: Name | None = None,
        timeout: int | None = None,
    ) -> Query:
        """All matches of an index query; iterate over it, or over its ``objects()``.

        One term, ``start``, or with ``end`` all terms between the two, both included; with
        ``term_regex`` only terms that match.  ``limit`` rows at most.  ``timeout`` is in milliseconds,
        for each page.  ``$key`` and ``$bucket`` are indexes too.

        Raises :class:`~aioriak.error.InvalidRequest` at once for what cannot be asked.
        """
        return Query(
            self, index, start, end, page_size=page_size, limit=limit, term_regex=term_regex, timeout=timeout,
        )  # fmt: skip

    async def get_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        return_terms: bool | None = None,
        max_results: int | None = None,
        continuation: Name | None = None,
        timeout: int | None = None,
        term_regex: Name | None = None,
        **options: Unpack[MoreIndexOptions],
    ) -> IndexPage:
        """Ask an index: ``results, continuation = await bucket.get_index(...)``.

        Results are keys, or with ``return_terms`` tuples of term and key; without ``max_results`` all
        of them, in no order.  :meth:`query` turns pages by itself.

        Raises :class:`~aioriak.error.InvalidRequest` for what the server would hang up on.
        """
        asked = _asked(return_terms, max_results, continuation, timeout, term_regex, options)
        return await get_page(self, index, startkey, endkey, asked)

    def stream_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        return_terms: bool | None = None,
        max_results: int | None = None,
        continuation: Name | None = None,
        timeout: int | None = None,
        term_regex: Name | None = None,
        **options: Unpack[MoreIndexOptions],
    ) -> IndexStream:
        """The results of :meth:`get_index` as they come."""
        asked = _asked(return_terms, max_results, continuation, timeout, term_regex, options)
        return IndexStream(self, index, startkey, endkey, asked)

    async def search(self, query: str, index: Name | None = None, **options: Unpack[SearchOptions]) -> SearchResults:
        """Search an index, by default that with the bucket's name (Riak 2.x).

        Raises :class:`~aioriak.error.NotSupported` on Riak 3.
        """
        return await search.query(self._runtime.dispatcher, self.name if index is None else index, query, options)

    async def get_preflist(self, key: Name) -> list[PreflistItem]:
        """Which partitions of which nodes hold a key, owners first."""
        return await cluster.preflist(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, key)

    async def get_coverage(
        self,
        min_partitions: int | None = None,
        *,
        replace: bytes | None = None,
        unavailable: Sequence[bytes] = (),
    ) -> list[CoverageEntry]:
        """A plan to read the bucket in pieces; ``replace`` asks for another piece instead of one that failed.

        Raises :class:`~aioriak.error.NotSupported` where the server has no such plans (Riak 3).
        """
        return await cluster.coverage(
            self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, min_partitions, replace, unavailable
        )

    def fold(self, **options: Unpack[BucketFoldOptions]) -> BucketFold[RiakObject]:
        """The bucket's objects in the order of their keys, as they come.

        Options: :class:`~aioriak.operations.cluster.BucketFoldOptions`.  Reads the whole cluster once.
        """
        return BucketFold(self, options)

    async def _folded(self, found: FoldedObject) -> RiakObject:
        """Make an object of what a fold found, and resolve its conflict."""
        robject = RiakObject._absent(self.client, self, found.key)
        robject.vclock = found.vclock
        if robject._show(found.contents):
            await resolve(robject)
        return robject

    def scan(self, *, concurrency: int = 4, min_partitions: int | None = None) -> AsyncIterator[RiakObject]:
        """The bucket's objects, in no order, read by a coverage plan from many nodes at once.

        Raises :class:`~aioriak.error.NotSupported` where the server has no such plans (Riak 3): :meth:`fold`
        works everywhere.
        """
        return scan(self, concurrency, min_partitions)

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


def _asked(
    return_terms: bool | None,
    max_results: int | None,
    continuation: Name | None,
    timeout: int | None,
    term_regex: Name | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "return_terms": return_terms, "max_results": max_results, "continuation": continuation,
        "timeout": timeout, "term_regex": term_regex, **options,
    }  # fmt: skip
