"""Client methods of aioriak 0.2 and riak 2.7 that another method has replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, Unpack

from aioriak.bucket import Bucket, BucketType
from aioriak.cluster.retry import ATTEMPTS
from aioriak.compat.bucket import in_order
from aioriak.config import RetryPolicy
from aioriak.datatypes import Datatype, handles
from aioriak.error import RiakError
from aioriak.operations import server
from aioriak.operations.cluster import PreflistItem
from aioriak.operations.datatypes import (
    CounterReadOptions,
    CounterWriteOptions,
    DatatypeReadOptions,
    DatatypeWriteOptions,
)
from aioriak.operations.indexes import MoreIndexOptions, Term
from aioriak.operations.mapreduce import Inputs, PhaseResult
from aioriak.operations.names import Name
from aioriak.operations.options import (
    NOT_GIVEN,
    DeleteOptions,
    MoreWriteOptions,
    Quorum,
    ReadOptions,
    Timeout,
    WriteOptions,
    written,
)
from aioriak.operations.properties import BucketProperties
from aioriak.operations.search import SearchIndex, SearchOptions, SearchResults, SearchSchema
from aioriak.operations.stream import Stream
from aioriak.queries.index import IndexPage, IndexStream
from aioriak.queries.mapreduce import MapReduce
from aioriak.queries.search import Search
from aioriak.resolver import resolve
from aioriak.riak_object import RiakObject
from aioriak.runtime import Runtime

D = TypeVar("D", bound=Datatype[Any])
P = TypeVar("P", bound=RiakObject[Any] | Datatype[Any])
T = TypeVar("T")


class _Client(Protocol):
    """The attributes and methods of a client that are used here."""

    @property
    def _runtime(self) -> Runtime: ...
    @property
    def search(self) -> Search: ...
    @property
    def mapreduce(self) -> MapReduce: ...
    def bucket(self, name: Name, bucket_type: Name | BucketType) -> Bucket: ...
    def bucket_type(self, name: Name) -> BucketType: ...
    async def ping(self) -> bool: ...


class CompatClient:
    """Methods that call one of a bucket, an object or a namespace of the client."""

    # -- objects ------------------------------------------------------------------------------

    async def get(self: _Client, robj: RiakObject[T], **options: Unpack[ReadOptions]) -> RiakObject[T]:
        """Fetch an object again: :meth:`RiakObject.reload <aioriak.riak_object.RiakObject.reload>`."""
        return await robj._reload(self._runtime.dispatcher, options)

    async def put(
        self: _Client,
        robj: RiakObject[T],
        w: Quorum | None = NOT_GIVEN,
        dw: Quorum | None = NOT_GIVEN,
        pw: Quorum | None = NOT_GIVEN,
        return_body: bool = NOT_GIVEN,
        if_none_match: bool = False,
        timeout: Timeout | None = NOT_GIVEN,
        **options: Unpack[MoreWriteOptions],
    ) -> RiakObject[T]:
        """Store an object: :meth:`RiakObject.store <aioriak.riak_object.RiakObject.store>`."""
        write = written(robj.bucket.defaults.write, options, w, dw, pw, return_body, if_none_match, timeout)
        if await robj._write(self._runtime.dispatcher, write):
            await resolve(robj, after_write=True)
        return robj

    async def delete(self: _Client, robj: RiakObject[T], **options: Unpack[DeleteOptions]) -> RiakObject[T]:
        """Delete an object: :meth:`RiakObject.delete <aioriak.riak_object.RiakObject.delete>`."""
        return await robj._delete(self._runtime.dispatcher, options)

    async def multiget(
        self: _Client, pairs: Iterable[tuple[Name, Name, Name]], **options: Unpack[ReadOptions]
    ) -> list[Any]:
        """Fetch many triples of bucket type, bucket and key; return a list in their order.

        An entry is the object, or a tuple of bucket type, bucket, key and the error.
        """

        async def read(place: tuple[Name, Name, Name]) -> Any:
            kind, bucket, key = place
            return await self.bucket(bucket, kind).get(key, **options)

        found = await in_order(read, list(pairs))
        return [(*place, result) if isinstance(result, RiakError) else result for place, result in found]

    async def multiput(
        self, objs: Iterable[P], **options: Unpack[WriteOptions]
    ) -> list[P | tuple[P, RiakError]]:
        """Store many objects; return a list in their order.

        An entry is the object, or a tuple of the object and the error.
        """

        async def store(robject: P) -> None:
            storable: Any = robject  # a data type takes other options than an object
            await storable.store(**options)

        stored = await in_order(store, list(objs))
        return [robject if error is None else (robject, error) for robject, error in stored]

    # -- buckets and bucket types -------------------------------------------------------------

    async def get_buckets(
        self: _Client, bucket_type: Name | BucketType | None = None, timeout: Timeout | None = None
    ) -> list[Bucket]:
        """Call :meth:`BucketType.get_buckets <aioriak.bucket.BucketType.get_buckets>`."""
        return await _bucket_type(self, bucket_type).get_buckets(timeout)

    def stream_buckets(
        self: _Client, bucket_type: Name | BucketType | None = None, timeout: Timeout | None = None
    ) -> Stream[Name]:
        """Call :meth:`BucketType.stream_buckets <aioriak.bucket.BucketType.stream_buckets>`."""
        return _bucket_type(self, bucket_type).stream_buckets(timeout)

    async def get_bucket_type_props(self: _Client, bucket_type: Name | BucketType) -> BucketProperties:
        """Call :meth:`BucketType.get_properties <aioriak.bucket.BucketType.get_properties>`."""
        return await _bucket_type(self, bucket_type).get_properties()

    async def set_bucket_type_props(self: _Client, bucket_type: Name | BucketType, props: BucketProperties) -> None:
        """Call :meth:`BucketType.set_properties <aioriak.bucket.BucketType.set_properties>`."""
        await _bucket_type(self, bucket_type).set_properties(props)

    async def get_bucket_props(self, bucket: Bucket) -> BucketProperties:
        """Call :meth:`Bucket.get_properties <aioriak.bucket.Bucket.get_properties>`."""
        return await bucket.get_properties()

    async def set_bucket_props(self, bucket: Bucket, props: BucketProperties) -> None:
        """Call :meth:`Bucket.set_properties <aioriak.bucket.Bucket.set_properties>`."""
        await bucket.set_properties(props)

    async def clear_bucket_props(self, bucket: Bucket) -> None:
        """Call :meth:`Bucket.clear_properties <aioriak.bucket.Bucket.clear_properties>`."""
        await bucket.clear_properties()

    async def get_keys(self, bucket: Bucket, timeout: Timeout | None = None) -> list[Name]:
        """Call :meth:`Bucket.get_keys <aioriak.bucket.Bucket.get_keys>`."""
        return await bucket.get_keys(timeout)

    def stream_keys(self, bucket: Bucket, timeout: Timeout | None = None) -> Stream[Name]:
        """Call :meth:`Bucket.stream_keys <aioriak.bucket.Bucket.stream_keys>`."""
        return bucket.stream_keys(timeout)

    async def get_preflist(self, bucket: Bucket, key: Name) -> list[PreflistItem]:
        """Call :meth:`Bucket.get_preflist <aioriak.bucket.Bucket.get_preflist>`."""
        return await bucket.get_preflist(key)

    # -- data types ---------------------------------------------------------------------------

    async def fetch_datatype(
        self, bucket: Bucket, key: Name, **options: Unpack[DatatypeReadOptions]
    ) -> Datatype[Any]:
        """Fetch the data type under a key, of whatever type the server reports.

        Raises as :meth:`Datatype.reload <aioriak.datatypes.Datatype.reload>` does.
        """
        return await handles.fetch(bucket, key, options)

    async def update_datatype(
        self, datatype: D, **options: Unpack[DatatypeWriteOptions]
    ) -> D:
        """Call :meth:`Datatype.store <aioriak.datatypes.Datatype.store>`."""
        return await datatype.store(**options)

    async def get_counter(self, bucket: Bucket, key: Name, **options: Unpack[CounterReadOptions]) -> int | None:
        """Call :meth:`Bucket.get_counter <aioriak.bucket.Bucket.get_counter>`."""
        return await bucket.get_counter(key, **options)

    async def update_counter(
        self, bucket: Bucket, key: Name, value: int, **options: Unpack[CounterWriteOptions]
    ) -> int | None:
        """Call :meth:`Bucket.update_counter <aioriak.bucket.Bucket.update_counter>`."""
        return await bucket.update_counter(key, value, **options)

    # -- secondary indexes --------------------------------------------------------------------

    async def get_index(
        self,
        bucket: Bucket,
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
        """Call :meth:`Bucket.get_index <aioriak.bucket.Bucket.get_index>`."""
        return await bucket.get_index(
            index, startkey, endkey, return_terms, max_results, continuation, timeout, term_regex, **options
        )

    def stream_index(self, bucket: Bucket, *args: Any, **options: Any) -> IndexStream:
        """Call :meth:`Bucket.stream_index <aioriak.bucket.Bucket.stream_index>`."""
        return bucket.stream_index(*args, **options)

    def paginate_index(self, bucket: Bucket, *args: Any, **options: Any) -> AsyncIterator[IndexPage]:
        """Call :meth:`Bucket.paginate_index <aioriak.bucket.Bucket.paginate_index>`."""
        return bucket.paginate_index(*args, **options)

    def paginate_stream_index(self, bucket: Bucket, *args: Any, **options: Any) -> AsyncIterator[IndexStream]:
        """Call :meth:`Bucket.paginate_stream_index <aioriak.bucket.Bucket.paginate_stream_index>`."""
        return bucket.paginate_stream_index(*args, **options)

    # -- map/reduce ---------------------------------------------------------------------------

    async def mapred(
        self: _Client, inputs: Inputs, query: Sequence[Mapping[str, object]], timeout: Timeout | None = None
    ) -> Any:
        """Call :meth:`MapReduce.run <aioriak.queries.mapreduce.MapReduce.run>`."""
        return await self.mapreduce.run(inputs, query, timeout)

    async def stream_mapred(
        self: _Client, inputs: Inputs, query: Sequence[Mapping[str, object]], timeout: Timeout | None = None
    ) -> Stream[PhaseResult]:
        """Call :meth:`MapReduce.stream <aioriak.queries.mapreduce.MapReduce.stream>`."""
        return self.mapreduce.stream(inputs, query, timeout)

    # -- search -------------------------------------------------------------------------------

    async def create_search_index(
        self: _Client, index: Name, schema: Name | None = None, n_val: int | None = None, timeout: Timeout | None = None
    ) -> None:
        """Call :meth:`Search.create_index <aioriak.queries.search.Search.create_index>`."""
        await self.search.create_index(index, schema, n_val, timeout)

    async def get_search_index(self: _Client, index: Name) -> SearchIndex:
        """Call :meth:`Search.get_index <aioriak.queries.search.Search.get_index>`."""
        return await self.search.get_index(index)

    async def list_search_indexes(self: _Client) -> list[SearchIndex]:
        """Call :meth:`Search.list_indexes <aioriak.queries.search.Search.list_indexes>`."""
        return await self.search.list_indexes()

    async def delete_search_index(self: _Client, index: Name) -> None:
        """Call :meth:`Search.delete_index <aioriak.queries.search.Search.delete_index>`."""
        await self.search.delete_index(index)

    async def create_search_schema(self: _Client, schema: Name, content: Name) -> None:
        """Call :meth:`Search.create_schema <aioriak.queries.search.Search.create_schema>`."""
        await self.search.create_schema(schema, content)

    async def get_search_schema(self: _Client, schema: Name) -> SearchSchema:
        """Call :meth:`Search.get_schema <aioriak.queries.search.Search.get_schema>`."""
        return await self.search.get_schema(schema)

    async def fulltext_search(self: _Client, index: Name, query: str, **params: Unpack[SearchOptions]) -> SearchResults:
        """Call :meth:`Search.query <aioriak.queries.search.Search.query>`."""
        return await self.search.query(index, query, **params)

    # -- the server ---------------------------------------------------------------------------

    async def is_alive(self: _Client) -> bool:
        """Call :meth:`RiakClient.ping <aioriak.client.RiakClient.ping>`."""
        return await self.ping()

    async def get_client_id(self: _Client) -> bytes:
        """Fetch the client id of one of the connections."""
        return await server.get_client_id(self._runtime.dispatcher)

    async def set_client_id(self: _Client, client_id: str | bytes) -> None:
        """Set the client id of every connection, open now or later."""
        await server.set_client_id(self._runtime.dispatcher, client_id)

    @contextmanager
    def retry_count(self, retries: int) -> Iterator[None]:
        """Limit the requests of this task to ``n`` attempts inside ``with client.retry_count(n):``.

        :meth:`RiakClient.with_options <aioriak.client.RiakClient.with_options>` makes a copy that does the same.
        Raises :class:`~aioriak.error.InvalidRequest`.
        """
        token = ATTEMPTS.set(RetryPolicy(attempts=retries).attempts)
        try:
            yield
        finally:
            ATTEMPTS.reset(token)


def _bucket_type(client: _Client, bucket_type: Name | BucketType | None) -> BucketType:
    return bucket_type if isinstance(bucket_type, BucketType) else client.bucket_type(bucket_type or "default")
