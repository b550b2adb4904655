"""What buckets and clients have of queries, search, scans and the cluster."""

from __future__ import annotations

import sys
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from aioriak import mapreduce
from aioriak.config import Address
from aioriak.error import InvalidRequest, ListingDisallowed, ListingWarning
from aioriak.operations import cluster, search
from aioriak.operations.cluster import BucketFoldOptions, CoverageEntry, PreflistItem
from aioriak.operations.indexes import MoreIndexOptions, Term
from aioriak.operations.mapreduce import PhaseResult
from aioriak.operations.names import Name
from aioriak.operations.search import SearchIndex, SearchOptions, SearchResults, SearchSchema
from aioriak.operations.stream import Stream
from aioriak.query import PAGE, IndexPage, IndexStream, Query, get_page
from aioriak.scan import BucketFold, scan

if TYPE_CHECKING:
    from aioriak.bucket import Bucket
    from aioriak.client import RiakClient
    from aioriak.cluster.dispatcher import Dispatcher
    from aioriak.folds import Folds
    from aioriak.replication import Replication

AllowListing = Literal["warn", "error", "silent"]


def checked_listing(value: AllowListing) -> AllowListing:
    """One of the three words. Raises :class:`~aioriak.error.InvalidRequest`."""
    if value not in ("warn", "error", "silent"):
        raise InvalidRequest(f"allow_listing is warn, error or silent, not {value!r}")
    return value


class BucketQueries:
    """A bucket's queries."""

    if TYPE_CHECKING:
        client: RiakClient
        name: Name

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
            self,  # type: ignore[arg-type]
            index, start, end, page_size=page_size, limit=limit, term_regex=term_regex, timeout=timeout,
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
        return await get_page(self, index, startkey, endkey, asked)  # type: ignore[arg-type]

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
        return IndexStream(self, index, startkey, endkey, asked)  # type: ignore[arg-type]

    async def paginate_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        max_results: int = PAGE,
        return_terms: bool | None = None,
        continuation: Name | None = None,
        timeout: int | None = None,
        term_regex: Name | None = None,
    ) -> AsyncIterator[IndexPage]:
        """The pages of :meth:`get_index`, one after the other."""
        page = await self.get_index(
            index, startkey, endkey, return_terms, max_results, continuation, timeout, term_regex
        )
        yield page
        while page.has_next_page():
            page = await page.next_page()
            yield page

    async def paginate_stream_index(
        self,
        index: Name,
        startkey: Term,
        endkey: Term | None = None,
        max_results: int = PAGE,
        return_terms: bool | None = None,
        continuation: Name | None = None,
        timeout: int | None = None,
        term_regex: Name | None = None,
    ) -> AsyncIterator[IndexStream]:
        """The pages of :meth:`stream_index`, one after the other; one that is left early is the last."""
        following: Name | None = continuation
        while True:
            page = self.stream_index(
                index, startkey, endkey, return_terms, max_results, following, timeout, term_regex
            )
            yield page
            following = page.continuation
            if following is None:
                return

    async def search(self, query: str, index: Name | None = None, **options: Unpack[SearchOptions]) -> SearchResults:
        """Search an index, by default that with the bucket's name (Riak 2.x).

        Raises :class:`~aioriak.error.NotSupported` on Riak 3.
        """
        return await search.query(self.client.dispatcher, self.name if index is None else index, query, options)

    async def get_preflist(self, key: Name) -> list[PreflistItem]:
        """Which partitions of which nodes hold a key, owners first."""
        kind, name = _wire(self)
        return await cluster.preflist(self.client.dispatcher, kind, name, key)

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
        kind, name = _wire(self)
        return await cluster.coverage(self.client.dispatcher, kind, name, min_partitions, replace, unavailable)

    def fold(self, **options: Unpack[BucketFoldOptions]) -> BucketFold:
        """The bucket's objects in the order of their keys, as they come.

        Options: :class:`~aioriak.operations.cluster.BucketFoldOptions`.  Reads the whole cluster once.
        """
        return BucketFold(self, options)  # type: ignore[arg-type]

    def scan(self, *, concurrency: int = 4, min_partitions: int | None = None) -> AsyncIterator[Any]:
        """The bucket's objects, in no order, read by a coverage plan from many nodes at once.

        Raises :class:`~aioriak.error.NotSupported` where the server has no such plans (Riak 3): :meth:`fold`
        works everywhere.
        """
        return scan(self, concurrency, min_partitions)  # type: ignore[arg-type]


class ClientQueries:
    """A client's queries."""

    if TYPE_CHECKING:

        @property
        def dispatcher(self) -> Dispatcher:
            """What sends requests."""

    allow_listing: AllowListing = "warn"
    """What happens when keys or buckets are listed."""

    def check_listing(self, what: str) -> None:
        """Warn of a listing, or refuse it, as ``allow_listing`` says.

        Raises :class:`~aioriak.error.ListingDisallowed`.
        """
        if self.allow_listing == "silent":
            return
        words = f"listing {what} reads the whole cluster"
        if self.allow_listing == "error":
            raise ListingDisallowed(f'{words}; this client has allow_listing="error"')
        words += '; say allow_listing="silent" where that is meant'
        warnings.warn(words, ListingWarning, stacklevel=_caller())

    @property
    def aae(self) -> Folds:
        """AAE folds: questions to anti-entropy's key store, and jobs over what they find."""
        from aioriak.folds import Folds  # most programs never do

        return Folds(self)  # type: ignore[arg-type]

    @property
    def replication(self) -> Replication:
        """Replication queues."""
        from aioriak.replication import Replication  # most programs never do

        return Replication(self)  # type: ignore[arg-type]

    # -- secondary indexes ----------------------------------------------------------------------

    async def get_index(
        self,
        bucket: Bucket,
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
        """Ask an index of a bucket: :meth:`Bucket.get_index <aioriak.bucket.Bucket.get_index>`."""
        return await bucket.get_index(
            index, startkey, endkey, return_terms, max_results, continuation, timeout, term_regex, **options
        )

    def stream_index(self, bucket: Bucket, *args: Any, **options: Any) -> IndexStream:
        """:meth:`Bucket.stream_index <aioriak.bucket.Bucket.stream_index>`."""
        return bucket.stream_index(*args, **options)

    def paginate_index(self, bucket: Bucket, *args: Any, **options: Any) -> AsyncIterator[IndexPage]:
        """:meth:`Bucket.paginate_index <aioriak.bucket.Bucket.paginate_index>`."""
        return bucket.paginate_index(*args, **options)

    def paginate_stream_index(self, bucket: Bucket, *args: Any, **options: Any) -> AsyncIterator[IndexStream]:
        """:meth:`Bucket.paginate_stream_index <aioriak.bucket.Bucket.paginate_stream_index>`."""
        return bucket.paginate_stream_index(*args, **options)

    # -- map/reduce -------------------------------------------------------------------------------

    async def mapred(self, inputs: Any, query: Sequence[Mapping[str, Any]], timeout: int | None = None) -> Any:
        """Run a map/reduce job: a list of results, or with several kept phases a dict of lists by phase.

        ``inputs`` and ``query`` are as JSON has them; :class:`~aioriak.mapreduce.RiakMapReduce` builds
        them.  ``timeout`` in milliseconds.

        Raises :class:`~aioriak.error.MapReduceError` with the phase and the reason.
        """
        return await mapreduce.mapred(self, inputs, query, timeout)  # type: ignore[arg-type]

    async def stream_mapred(
        self, inputs: Any, query: Sequence[Mapping[str, Any]], timeout: int | None = None
    ) -> Stream[PhaseResult]:
        """The same, results as they come: ``async for phase, data in await client.stream_mapred(...)``."""
        return mapreduce.stream_mapred(self, inputs, query, timeout)  # type: ignore[arg-type]

    # -- search -------------------------------------------------------------------------------------

    async def create_search_index(
        self, index: Name, schema: Name | None = None, n_val: int | None = None, timeout: int | None = None
    ) -> None:
        """Make a search index (Riak 2.x); nothing happens when there is one. ``timeout`` in milliseconds."""
        await search.create_index(self.dispatcher, index, schema, n_val, timeout)

    async def get_search_index(self, index: Name) -> SearchIndex:
        """A search index. Raises :class:`~aioriak.error.NotFound`."""
        return (await search.get_indexes(self.dispatcher, index))[0]

    async def list_search_indexes(self) -> list[SearchIndex]:
        """All search indexes."""
        return await search.get_indexes(self.dispatcher, None)

    async def delete_search_index(self, index: Name) -> None:
        """Delete a search index that no bucket uses. Raises :class:`~aioriak.error.NotFound`."""
        await search.delete_index(self.dispatcher, index)

    async def create_search_schema(self, schema: Name, content: Name) -> None:
        """Store a schema, XML as Solr takes it."""
        await search.put_schema(self.dispatcher, schema, content)

    async def get_search_schema(self, schema: Name) -> SearchSchema:
        """A schema. Raises :class:`~aioriak.error.NotFound`."""
        return await search.get_schema(self.dispatcher, schema)

    async def fulltext_search(self, index: Name, query: str, **params: Unpack[SearchOptions]) -> SearchResults:
        """Search an index (Riak 2.x).

        Raises :class:`~aioriak.error.NotSupported` on Riak 3, :class:`~aioriak.error.NotFound` for an
        index that does not exist.
        """
        return await search.query(self.dispatcher, index, query, params)

    # -- the cluster ----------------------------------------------------------------------------------

    async def get_preflist(self, bucket: Bucket, key: Name) -> list[PreflistItem]:
        """Which partitions of which nodes hold a key, owners first."""
        return await bucket.get_preflist(key)

    async def get_members(self) -> list[Address]:
        """The addresses of the nodes that are up, as the node that answers knows them (Riak 3.0.10 on)."""
        return await cluster.members(self.dispatcher)


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


def _wire(bucket: Any) -> tuple[bytes | None, bytes]:
    return bucket.bucket_type.wire_name, bucket.wire_name


def _caller() -> int:
    """The ``stacklevel`` of the nearest frame outside this package, for whoever calls this."""
    frame, level = sys._getframe(1).f_back, 2
    while frame is not None and frame.f_globals.get("__name__", "").startswith("aioriak."):
        frame, level = frame.f_back, level + 1
    return level
