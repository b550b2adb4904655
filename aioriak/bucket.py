"""Buckets and bucket types: handles, which are made without a request."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, Unpack, cast, overload

from aioriak import datatypes, many, updates
from aioriak.cluster.dispatcher import Begun, Dispatcher
from aioriak.codec import Codecs, Decoder, Encoder
from aioriak.compat.bucket import CompatBucket, CompatBucketType
from aioriak.content import RiakContent
from aioriak.datatypes import handles
from aioriak.error import (
    InvalidRequest,
    InvalidType,
    NotADatatype,
    PermissionDenied,
    RiakError,
)
from aioriak.operations import cluster, kv, properties
from aioriak.operations.cluster import BucketFoldOptions, CoverageEntry, FoldedObject, PreflistItem
from aioriak.operations.datatypes import DatatypeWriteOptions, GetOptions
from aioriak.operations.defaults import NO_DEFAULTS, BucketOptions, Defaults
from aioriak.operations.indexes import MoreIndexOptions, Term
from aioriak.operations.names import Name, encode, encode_key, encode_type, show
from aioriak.operations.options import NOT_GIVEN, DeleteOptions, ReadOptions, Timeout, WriteOptions
from aioriak.operations.properties import BucketProperties
from aioriak.operations.stream import Stream
from aioriak.queries import listing
from aioriak.queries.index import PAGE, IndexPage, IndexStream, Query, get_page
from aioriak.queries.scan import BucketFold, scan
from aioriak.resolver import Resolver, checked, default_resolver, resolve
from aioriak.riak_object import RiakObject
from aioriak.runtime import DetachedRuntime, Place, Runtime

__all__ = ["Bucket", "BucketType"]

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from aioriak.client import RiakClient
    from aioriak.datatypes.base import Datatype
    from aioriak.models.buckets import DatatypeBucket, ModelBucket
    from aioriak.models.model import Model, Upgrade

    D = TypeVar("D", bound=Datatype[Any])
    K = TypeVar("K", bound=Name)
    M = TypeVar("M")
    P = TypeVar("P", bound=RiakObject[Any] | Datatype[Any])
    V_co = TypeVar("V_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    M = TypeVar("M")
    V_co = TypeVar("V_co", covariant=True)


class Handle:
    """The part that buckets and bucket types share: what is set on their name, and the options of a handle.

    A resolver, an encoder and a decoder belong to the client under the name, not to a handle: all handles of the
    name have them, older ones too, and so have those of the client's copies (:meth:`RiakClient.with_options
    <aioriak.client.RiakClient.with_options>`).  Options belong to one handle: :meth:`with_options` returns another.
    """

    client: RiakClient
    """The client; ``None`` if the handle was made without one, and can send no requests."""
    defaults: Defaults
    """The options of this handle's requests."""
    _runtime: Runtime
    _place: Place

    def with_options(self, **options: Unpack[BucketOptions]) -> Self:
        """Return another handle of the same name, whose requests have these options.

        This handle stays as it is.  The objects and data types of the new handle have its options too, and so
        have the buckets of a bucket type.  Options that this handle has stay, unless they are given here, and
        ``None`` removes one.  An option that a request is given itself counts, ``None`` included.

        Raises ``TypeError`` for an unknown option, :class:`~aioriak.error.InvalidRequest` for a bad value.
        """
        other = copy(self)
        other.defaults = self.defaults.replaced(options)
        return other

    def _shown_options(self) -> str:
        return f" with {self.defaults!r}" if self.defaults.given else ""

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver of this name: that of the bucket, its type or the client; the nearest one counts.

        ``None`` removes it.
        """
        return self._runtime.preferences.resolver_of(self._place) or default_resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._runtime.preferences.set_resolver(self._place, checked(value))

    @property
    def codecs(self) -> Codecs:
        """The encoders and decoders of this name."""
        preferences = self._runtime.preferences
        return preferences.codecs_of(self._place) if preferences.own_codecs else preferences.codecs

    def get_encoder(self, content_type: str) -> Encoder | None:
        """Return the encoder of a content type: that of the bucket, its type or the client."""
        return self.codecs.encoders.get(content_type)

    def set_encoder(self, content_type: str, encoder: Encoder) -> Self:
        """Encode values of a content type under this name with ``encoder(value) -> bytes or str``; return the handle.

        Raises :class:`~aioriak.error.InvalidRequest` for an encoder that cannot be called.
        """
        self._runtime.preferences.make_codecs(self._place).encoders.set(content_type, encoder)
        return self

    def get_decoder(self, content_type: str) -> Decoder | None:
        """Return the decoder of a content type: that of the bucket, its type or the client."""
        return self.codecs.decoders.get(content_type)

    def set_decoder(self, content_type: str, decoder: Decoder) -> Self:
        """Decode values of a content type under this name with ``decoder(bytes) -> value``; return the handle.

        Raises :class:`~aioriak.error.InvalidRequest` for a decoder that cannot be called.
        """
        self._runtime.preferences.make_codecs(self._place).decoders.set(content_type, decoder)
        return self


class BucketType(CompatBucketType, Handle):
    """A bucket type: a namespace of buckets that share properties.

    Riak's documentation: "Bucket Types".
    """

    def __init__(self, client: RiakClient | None, name: Name) -> None:
        self.name: Name = name
        self.wire_name: bytes | None = encode_type(name)
        """The name in bytes, as it is sent; ``None`` for the type ``default``."""
        self.client: RiakClient = cast("RiakClient", client)
        self._runtime = DetachedRuntime() if client is None else client._runtime
        self._place = (self.wire_name,)
        self.defaults: Defaults = NO_DEFAULTS

    def is_default(self) -> bool:
        """Whether this is the type ``default``."""
        return self.wire_name is None

    def bucket(self, name: Name, **options: Unpack[BucketOptions]) -> Bucket:
        """Return a bucket of this type, as :meth:`RiakClient.bucket <aioriak.client.RiakClient.bucket>` does."""
        client: RiakClient | None = self.client
        if client is not None:
            return client.bucket(name, self, **options)
        bucket: Bucket = Bucket(None, name, self)
        return bucket.with_options(**options) if options else bucket

    async def get_properties(self) -> BucketProperties:
        """Fetch the properties of this type."""
        return await properties.get_type(self._runtime.dispatcher, self.wire_name or b"default")

    async def set_properties(self, props: BucketProperties) -> None:
        """Change some properties.  Other nodes of the cluster see the change a little later.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown name or a value of the wrong type; nothing
        is sent then.
        """
        await properties.set_type(self._runtime.dispatcher, self.wire_name or b"default", props)

    async def get_property(self, key: str) -> Any:
        """Fetch one property.  Raises ``KeyError`` when the server does not send it."""
        found: Mapping[str, object] = await self.get_properties()
        return found[key]

    async def set_property(self, key: str, value: object) -> None:
        """Change one property.  Raises as :meth:`set_properties` does."""
        await self.set_properties(cast(BucketProperties, {key: value}))

    async def get_buckets(self, timeout: Timeout | None = None) -> list[Bucket]:
        """List the buckets of this type that hold a key, which reads the whole cluster.

        ``timeout`` is a ``timedelta`` or milliseconds.  Raises :class:`~aioriak.error.ListingDisallowed` with
        ``allow_listing="error"``.
        """
        names = self.stream_buckets(timeout)
        return [self.bucket(name) async for chunk in names.chunks() for name in chunk]

    def stream_buckets(self, timeout: Timeout | None = None) -> Stream[Name]:
        """Stream the names of the buckets of this type that hold a key, which reads the whole cluster.

        ``timeout`` is a ``timedelta`` or milliseconds.  Raises :class:`~aioriak.error.ListingDisallowed` with
        ``allow_listing="error"``.
        """
        return listing.buckets(self._runtime, self, timeout)

    async def get_datatype(self) -> str | None:
        """Return the data type of this type: ``"counter"``, ``"set"``, ``"map"``, ``"hll"``, ``"gset"`` or ``None``.

        It is fetched once for all handles of a client.
        """
        known = self._runtime.datatypes
        if self.wire_name is None:
            return None
        if self.wire_name not in known:
            try:
                known[self.wire_name] = (await self.get_properties()).get("datatype")
            except PermissionDenied:
                # A user without the permission to read properties may still have the one to read and write.
                known[self.wire_name] = None
        return known[self.wire_name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BucketType):
            return NotImplemented
        return self.wire_name == other.wire_name and self._runtime.shares_connections(other._runtime)

    def __hash__(self) -> int:
        return hash(self.wire_name)

    def __repr__(self) -> str:
        return f"<BucketType {show(self.name)}{self._shown_options()}>"


class Bucket(CompatBucket, Handle, Generic[V_co]):
    """A bucket: a namespace of keys, with objects or data types under them.

    For type checkers it is generic in what its keys hold.  ``client.bucket(name)`` is a ``Bucket[RiakObject]``,
    because the bucket type ``default`` holds objects.  Buckets of other types are ``Bucket[Any]``, because only the
    server knows what they hold; :meth:`of` states it.

    Riak's documentation: "Buckets".
    """

    def __init__(self, client: RiakClient | None, name: Name, bucket_type: BucketType) -> None:
        self.name: Name = name
        self.wire_name: bytes = encode("bucket", name)
        """The name in bytes, as it is sent."""
        if not isinstance(bucket_type, BucketType):
            raise InvalidType(f"bucket_type must be a BucketType, not {bucket_type!r}; client.bucket() takes a name")
        self.bucket_type: BucketType = bucket_type
        self.client: RiakClient = bucket_type.client if client is None else client
        self._runtime = bucket_type._runtime if client is None else client._runtime
        self._place = (bucket_type.wire_name, self.wire_name)
        self._gets = kv.GetEncoder(bucket_type.wire_name, self.wire_name)
        self._puts = kv.PutEncoder(bucket_type.wire_name, self.wire_name)
        self.defaults: Defaults = bucket_type.defaults

    @property
    def path(self) -> str:
        """``type/bucket``, for messages."""
        return f"{show(self.bucket_type.name)}/{show(self.name)}"

    # -- objects -----------------------------------------------------------------------------

    @overload
    def of(self, kind: type[D]) -> DatatypeBucket[D]: ...  # type: ignore[overload-overlap]  # the first one counts
    @overload
    def of(
        self,
        kind: type[M],
        *,
        upgrade: Upgrade | None = None,
        resolver: Callable[[RiakObject[M]], Any] | None = None,
    ) -> ModelBucket[M]: ...

    def of(self, kind: Any, *, upgrade: Upgrade | None = None, resolver: Resolver | None = None) -> Any:
        """Return a view of this bucket whose methods return one kind of value.

        ``client.bucket("carts", "maps").of(Map)`` returns maps: a
        :class:`~aioriak.models.buckets.DatatypeBucket`.  ``Set``, ``Counter``, ``Hll`` and ``GSet`` likewise.

        ``client.bucket("users").of(User)`` returns objects whose ``data`` is a ``User``: a
        :class:`~aioriak.models.buckets.ModelBucket`.  ``User`` is a dataclass, a pydantic model, a msgspec struct
        or an attrs class.  ``upgrade(document)`` gets each stored document when it is read, and returns it as
        ``User`` has it now.  ``resolver`` resolves the conflicts of these objects in place of the bucket's.

        Raises :class:`~aioriak.error.InvalidRequest` for a class that no bucket, or not this one, can hold.
        """
        from aioriak.models import buckets  # few programs need it
        from aioriak.models.model import Model

        if isinstance(kind, type) and issubclass(kind, datatypes.Datatype):
            if upgrade is not None or resolver is not None:
                raise InvalidRequest("upgrade and resolver are for objects, not for data types")
            return buckets.DatatypeBucket(self, kind)
        model = Model(kind, upgrade)
        return buckets.ModelBucket(self, _ModelHandle(self, model, checked(resolver)), model)

    _model: Model[Any] | None = None  # set for the handles of a ModelBucket

    async def _require_objects(self) -> None:
        """Raise :class:`~aioriak.error.InvalidRequest` if the bucket type has a data type."""
        datatype = await self.bucket_type.get_datatype()
        if datatype is not None:
            found = datatypes.TYPES.get(datatype)
            raise InvalidRequest(
                f"the type of {self.path} holds {datatype}s, not objects"
                + ("" if found is None else f": use of({found.__name__})")
            )

    async def new(
        self,
        key: Name | None = None,
        data: object = None,
        content_type: str | None = "application/json",
        encoded_data: bytes | str | None = None,
    ) -> V_co:
        """Make an object, or a data type where the bucket type has one.  Nothing is stored.

        The first call for a bucket type fetches its data type.  Without a key the server chooses one at the
        first ``store()``.
        """
        if self.bucket_type.wire_name is not None:
            datatype = await self.bucket_type.get_datatype()
            if datatype is not None:
                if data is not None or encoded_data is not None:
                    raise InvalidRequest(
                        f"{self.path} holds data types ({datatype}), which are not made of data: "
                        "make it with new(key), change it with its methods, and store() it"
                    )
                return cast(V_co, handles.new(datatype, self, key))
        return cast(V_co, self.new_object(key, data, content_type, encoded_data))

    def new_object(
        self,
        key: Name | None = None,
        data: object = None,
        content_type: str | None = "application/json",
        encoded_data: bytes | str | None = None,
    ) -> RiakObject:
        """Make an object, whatever the data type of the bucket type.  Nothing is sent.

        Raises :class:`~aioriak.error.InvalidRequest` for a bad key.
        """
        if key is not None:
            encode_key(key)
        robject = RiakObject._absent(self.client, self, key)
        content = RiakContent(robject, data, content_type=content_type)
        if encoded_data is not None:
            content.encoded_data = encoded_data
        robject._siblings = [content]
        return robject

    async def get(self, key: Name, **options: Unpack[GetOptions]) -> V_co:
        """Fetch what a key holds: an object, or a data type where the bucket type has one.

        A key that is not found is no error: its object's ``exists`` is false.  The resolver resolves a conflict.

        Raises as :meth:`RiakObject.reload <aioriak.riak_object.RiakObject.reload>` does.
        """
        kind = self.bucket_type.wire_name
        if kind is not None and (self._runtime.datatypes.get(kind) or await self.bucket_type.get_datatype()):
            try:
                return cast(V_co, await handles.fetch(self, key, options))
            except NotADatatype:  # the cached data type was wrong and is now dropped
                if await self.bucket_type.get_datatype() is not None:
                    raise
        if self.defaults.read:
            options = cast(GetOptions, {**self.defaults.read, **options})
        if not options:
            reply = await kv.get_plain(self._runtime.dispatcher, self._gets, encode_key(key))
            if len(reply.content) == 1:  # the usual case
                usual: Any = RiakObject._fetched(self.client, self, key, reply)
                return usual  # type: ignore[no-any-return]
        else:
            reply = await kv.get(self._runtime.dispatcher, kind, self.wire_name, encode_key(key), options)
        robject = RiakObject._absent(self.client, self, key)
        if robject._take(reply, options):
            await resolve(robject)
        found: Any = robject  # not cast(), which would be called for each read
        return found  # type: ignore[no-any-return]

    async def delete(self, key: Name, **options: Unpack[DeleteOptions]) -> RiakObject:
        """Delete a key without reading it first; return an object without siblings.

        Raises as :meth:`RiakObject.delete <aioriak.riak_object.RiakObject.delete>` does.
        """
        return await RiakObject(self.client, self, key).delete(**options)

    def get_many(
        self, keys: Iterable[K] | AsyncIterable[K], *, concurrency: int = 64, **options: Unpack[ReadOptions]
    ) -> AsyncIterator[tuple[K, V_co | RiakError]]:
        """Fetch many keys: yields each key with its object, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``keys`` is read only as requests finish.  A key whose
        request failed comes with the :class:`~aioriak.error.RiakError` in place of the object.
        """
        if options or self.defaults.read or isinstance(keys, AsyncIterable):
            return many.each(partial(self.get, **options) if options else self.get, keys, concurrency)
        found: Any = many.each_begun(_Reads(self), keys, concurrency)  # which is one of RiakObjects only
        return found  # type: ignore[no-any-return]

    def put_many(
        self, objects: Iterable[P] | AsyncIterable[P], *, concurrency: int = 64, **options: Unpack[WriteOptions]
    ) -> AsyncIterator[tuple[P, RiakError | None]]:
        """Store many objects or data types: yields each with ``None``, or with its error, as the replies arrive.

        At most ``concurrency`` requests are in flight.  ``objects`` is read only as requests finish.
        """
        return many.stored(objects, concurrency, options)

    async def update(
        self,
        key: Name,
        change: Callable[[RiakObject], object],
        *,
        if_not_modified: bool = True,
        attempts: int | None = None,
        **options: Unpack[ReadOptions],
    ) -> RiakObject:
        """Fetch an object, resolve it, change it and store it, without losing what others change meanwhile.

        ``change(obj)`` modifies the object, which has no siblings where nothing is stored; its result is ignored.
        It may be a coroutine function.  Returns the object as it was stored.

        Updates of one key by one client are combined: those that wait while one is under way share one fetch and
        one store.  Their changes are made in order, each on what the one before left, and each in its caller's
        task.  One that raises fails alone and leaves no trace.  Updates with different options take turns.

        The server refuses the write if another client has changed the object since the fetch.  Then everything is
        done again, ``attempts`` times at most, or as often as the time allows.  So ``change`` may be called
        several times.  Attempts are spaced by the back-off of the client's retry policy.  With
        ``if_not_modified=False`` the server refuses nothing, and writes at the same moment become siblings.

        Where writes of several clients became siblings nevertheless, the resolver resolves them, and a change that
        it dropped is made again.

        ``options`` are those of the fetch; ``timeout`` (a ``timedelta`` or milliseconds) limits the whole
        update, the wait for others included; without it the client's ``request_timeout`` does.

        Raises :class:`~aioriak.error.TooManyConflicts` if each attempt was refused: nothing was written;
        :class:`~aioriak.error.StoredAsSibling` if the write is one of several siblings that were not resolved;
        :class:`~aioriak.error.InvalidRequest` for a function that sets no value, for a bucket of data types, and
        for an update of the same key inside ``change``; what ``change`` raises; otherwise as :meth:`get` and
        :meth:`RiakObject.store <aioriak.riak_object.RiakObject.store>` do.
        """
        robject = RiakObject._absent(self.client, self, key)
        return await updates.update(
            robject, change, if_not_modified=if_not_modified, attempts=attempts, options=options
        )

    # -- data types -------------------------------------------------------------------------------

    def edit(self: Bucket[D], key: Name, **options: Unpack[DatatypeWriteOptions]) -> handles.Edit[D]:
        """Fetch a data type, and store its changes at the end of ``async with bucket.edit(key) as datatype``.

        ``options`` are those of the store.  Nothing is stored without changes, or after an exception.
        Entering raises as :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does, leaving as
        :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`.
        """
        return handles.Edit(partial(handles.fetch, self, key), options)

    # -- properties -------------------------------------------------------------------------------

    async def get_properties(self) -> BucketProperties:
        """Fetch the bucket's properties."""
        return await properties.get_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def set_properties(self, props: BucketProperties) -> None:
        """Change some properties.  Other nodes of the cluster see the change a little later.

        Raises :class:`~aioriak.error.InvalidRequest` for an unknown name or a value of the wrong type; nothing
        is sent then.
        """
        await properties.set_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, props)

    async def clear_properties(self) -> None:
        """Reset the bucket's properties to those of its type."""
        await properties.reset_bucket(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name)

    async def get_property(self, key: str) -> Any:
        """Fetch one property.  Raises ``KeyError`` when the server does not send it."""
        found: Mapping[str, object] = await self.get_properties()
        return found[key]

    async def set_property(self, key: str, value: object) -> None:
        """Change one property.  Raises as :meth:`set_properties` does."""
        await self.set_properties(cast(BucketProperties, {key: value}))

    # -- listing -----------------------------------------------------------------------------------

    async def get_keys(self, timeout: Timeout | None = None) -> list[Name]:
        """List all keys, which reads the whole cluster.

        ``timeout`` is a ``timedelta`` or milliseconds.  Raises :class:`~aioriak.error.ListingDisallowed` with
        ``allow_listing="error"``.
        """
        return [key async for chunk in self.stream_keys(timeout).chunks() for key in chunk]

    def stream_keys(self, timeout: Timeout | None = None) -> Stream[Name]:
        """Stream all keys, which reads the whole cluster.

        ``timeout`` is a ``timedelta`` or milliseconds.  Raises :class:`~aioriak.error.ListingDisallowed` with
        ``allow_listing="error"``.
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
        timeout: Timeout | None = NOT_GIVEN,
    ) -> Query[V_co]:
        """Query a secondary index: ``async for row in bucket.query("age_int", 18, 30)``.

        Matches the term ``start``, or with ``end`` the terms from ``start`` to ``end``, both included, and with
        ``term_regex`` only those that match it.  ``limit`` is the maximum number of rows.  Rows are fetched
        ``page_size`` at a time, each page within ``timeout``, a ``timedelta`` or milliseconds.  ``$key`` and
        ``$bucket`` are indexes of every bucket.

        Raises :class:`~aioriak.error.InvalidRequest` for an invalid query; nothing is sent then.
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
        timeout: Timeout | None = NOT_GIVEN,
        term_regex: Name | None = None,
        **options: Unpack[MoreIndexOptions],
    ) -> IndexPage:
        """Fetch one page of an index query: ``results, continuation = await bucket.get_index(...)``.

        Results are keys, or with ``return_terms`` tuples of term and key.  Without ``max_results`` the page has
        all of them, in no order.  :meth:`query` fetches page after page itself.

        Raises :class:`~aioriak.error.InvalidRequest` for a query on which the server would close the connection.
        """
        more = _index_options(return_terms, max_results, continuation, timeout, term_regex, options)
        return await get_page(self, index, startkey, endkey, more)

    def stream_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        return_terms: bool | None = None,
        max_results: int | None = None,
        continuation: Name | None = None,
        timeout: Timeout | None = NOT_GIVEN,
        term_regex: Name | None = None,
        **options: Unpack[MoreIndexOptions],
    ) -> IndexStream:
        """Stream the results of :meth:`get_index`."""
        more = _index_options(return_terms, max_results, continuation, timeout, term_regex, options)
        return IndexStream(self, index, startkey, endkey, more)

    async def get_preflist(self, key: Name) -> list[PreflistItem]:
        """Fetch the preference list of a key: the partitions that hold it and their nodes, owners first."""
        return await cluster.preflist(self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, key)

    async def get_coverage(
        self,
        min_partitions: int | None = None,
        *,
        replace: bytes | None = None,
        unavailable: Sequence[bytes] = (),
    ) -> list[CoverageEntry]:
        """Fetch a coverage plan, by which the bucket can be read in pieces.

        ``replace`` is the coverage context of a piece that failed, to get others in its place.

        Raises :class:`~aioriak.error.NotSupported` on Riak 3, which has no coverage plans.
        """
        return await cluster.coverage(
            self._runtime.dispatcher, self.bucket_type.wire_name, self.wire_name, min_partitions, replace, unavailable
        )

    def fold(self, **options: Unpack[BucketFoldOptions]) -> BucketFold[RiakObject]:
        """Stream the bucket's objects in the order of their keys, which reads the whole cluster.

        Options: :class:`~aioriak.operations.cluster.BucketFoldOptions`.
        """
        return BucketFold(self, options)

    async def _folded(self, found: FoldedObject) -> RiakObject:
        """Make an object of the reply of a fold, and resolve its conflict."""
        robject = RiakObject._absent(self.client, self, found.key)
        robject.vclock = found.vclock
        if robject._set_contents(found.contents):
            await resolve(robject)
        return robject

    def scan(self, *, concurrency: int = 4, min_partitions: int | None = None) -> AsyncIterator[RiakObject]:
        """Stream the bucket's objects, in no order, by a coverage plan: from many nodes at once.

        Raises :class:`~aioriak.error.NotSupported` on Riak 3, which has no coverage plans; :meth:`fold` works
        everywhere.
        """
        return scan(self, concurrency, min_partitions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bucket):
            return NotImplemented
        return self.wire_name == other.wire_name and self.bucket_type == other.bucket_type

    def __hash__(self) -> int:
        return hash((self.wire_name, self.bucket_type))

    def __repr__(self) -> str:
        path = show(self.name) if self.bucket_type.is_default() else self.path
        return f"<Bucket {path}{self._shown_options()}>"


class _Reads:
    """The gets of one bucket, without options, as the work of :func:`aioriak.many.each_begun`."""

    __slots__ = ("_bucket", "_dispatcher", "_encoder", "_kind", "whole")

    _dispatcher: Dispatcher
    """Set at the first get."""

    def __init__(self, bucket: Bucket[Any]) -> None:
        self._bucket = bucket
        self._encoder = bucket._gets
        self._kind = bucket.bucket_type.wire_name
        self.whole: Callable[[Name], Coroutine[Any, Any, Any]] = bucket.get

    def begin(self, key: Name) -> Begun | None:
        """Send a get; ``None`` where the data type of the bucket type is unknown, or there is one."""
        runtime = self._bucket._runtime
        if self._kind is not None and runtime.datatypes.get(self._kind, "unknown") is not None:
            return None
        dispatcher = self._dispatcher = runtime.dispatcher
        return kv.begin_get(dispatcher, self._encoder, encode_key(key))

    def end(self, key: Name, begun: Begun) -> RiakObject | None:
        """Return the object of a reply; ``None`` for an error, and for siblings, which are to be resolved."""
        reply: kv.Fetched | None = begun.reply
        if reply is None:
            return None
        bucket = self._bucket
        count = len(reply.content)
        if count == 1:
            self._dispatcher.ended(begun)
            return RiakObject._fetched(bucket.client, bucket, key, reply)
        if count:
            return None
        self._dispatcher.ended(begun)
        robject: RiakObject = RiakObject._absent(bucket.client, bucket, key)
        robject._take(reply, {})
        return robject

    async def rest(self, key: Name, begun: Begun) -> RiakObject:
        """Await the reply, in further attempts where they are needed, and have siblings resolved."""
        bucket = self._bucket
        reply = await kv.go_on_with_get(self._dispatcher, self._encoder, encode_key(key), begun)
        robject: RiakObject = RiakObject._absent(bucket.client, bucket, key)
        if robject._take(reply, {}):
            await resolve(robject)
        return robject


class _ModelHandle(Bucket[RiakObject[M]]):
    """A bucket whose objects have instances of a model as their values."""

    def __init__(self, bucket: Bucket[Any], model: Model[M], resolver: Resolver | None) -> None:
        self.__dict__.update(bucket.__dict__)
        self._model = model
        self._own_resolver = resolver

    @property
    def resolver(self) -> Resolver:
        """The conflict resolver: that of this handle, or else the bucket's."""
        return self._own_resolver or super().resolver

    @resolver.setter
    def resolver(self, value: Resolver | None) -> None:
        self._own_resolver = checked(value)


def _index_options(
    return_terms: bool | None,
    max_results: int | None,
    continuation: Name | None,
    timeout: Timeout | None,
    term_regex: Name | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "return_terms": return_terms, "max_results": max_results, "continuation": continuation,
        "timeout": timeout, "term_regex": term_regex, **options,
    }  # fmt: skip
