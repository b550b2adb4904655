"""AAE folds: ``client.aae``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.operations import folds
from aioriak.operations.folds import (
    BucketName,
    FilteredRange,
    KeyClock,
    KeyCount,
    Method,
    ObjectStats,
    Range,
    Tree,
    TreeSize,
    When,
)
from aioriak.operations.names import Name
from aioriak.operations.options import Timeout
from aioriak.runtime import BucketView, Runtime

__all__ = ["BucketName", "Folds", "KeyClock", "KeyCount", "ObjectStats", "Tree"]


class Folds:
    """Queries of the key store of active anti-entropy, and jobs over their results.

    The server must have ``tictacaae_active = active``.  A fold reads no values, but can take minutes: it has a
    connection of its own, and the time limit ``timeouts.fold`` (an hour), or ``timeout``: a ``timedelta`` or
    milliseconds.

    A range is given by ``keys=(first, last)`` and ``modified=(from, until)``, datetimes or seconds since 1970;
    for some folds also by ``segments`` of a tree.

    Riak's documentation: "Tictac AAE Folds".
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    # -- queries ------------------------------------------------------------------------------

    async def list_buckets(self, n_val: int | None = None, timeout: Timeout | None = None) -> list[BucketName]:
        """List the buckets that hold keys, with their types.

        ``n_val`` is the smallest number of replicas of any bucket; it decides how much of the cluster is read.
        """
        return await folds.list_buckets(self._runtime.dispatcher, n_val, timeout)

    async def object_stats(self, bucket: BucketView, **options: Unpack[Range]) -> ObjectStats:
        """Count the objects of a range, by order of magnitude of their sizes and by number of siblings."""
        return await folds.object_stats(*self._target(bucket), options)

    async def find_siblings(self, bucket: BucketView, more_than: int = 1, **options: Unpack[Range]) -> list[KeyCount]:
        """Find the keys with more than ``more_than`` siblings."""
        return await folds.find_keys(*self._target(bucket), "sibling_count", more_than, options)

    async def find_large(self, bucket: BucketView, more_than: int, **options: Unpack[Range]) -> list[KeyCount]:
        """Find the keys with more than ``more_than`` bytes, as the key store counts them."""
        return await folds.find_keys(*self._target(bucket), "object_size", more_than, options)

    async def find_tombstones(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> list[KeyClock]:
        """Find the tombstones of a range, with their vclocks.

        Riak finds them with the leveled backend or with ``tictacaae_storeheads`` enabled, and none otherwise.
        """
        return await folds.find_tombstones(*self._target(bucket), options)

    async def count_tombstones(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> int:
        """Count the tombstones of a range."""
        return await folds.reap_tombstones(*self._target(bucket), "count", None, options)

    async def count_keys(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> int:
        """Count the objects of a range, without tombstones."""
        return await folds.erase_keys(*self._target(bucket), "count", None, options)

    # -- jobs ---------------------------------------------------------------------------------

    async def reap_tombstones(
        self,
        bucket: BucketView,
        *,
        method: Method = "local",
        job_id: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> int:
        """Start the removal of the tombstones of a range; return their number.

        ``method``: ``"local"`` distributes the work over the nodes, ``"job"`` gives it to one process named
        ``job_id``.  The work continues after the reply.
        """
        return await folds.reap_tombstones(*self._target(bucket), method, job_id, options)

    async def erase_keys(
        self,
        bucket: BucketView,
        *,
        method: Method = "local",
        job_id: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> int:
        """Start the deletion of the objects of a range, by default the whole bucket; return their number.

        ``method`` and ``job_id`` as for :meth:`reap_tombstones`.
        """
        return await folds.erase_keys(*self._target(bucket), method, job_id, options)

    async def repair_keys(self, bucket: BucketView, **options: Unpack[Range]) -> int:
        """Start read repair of the objects of a range; return their number."""
        return await folds.repair_keys(*self._target(bucket), options)

    async def replicate_keys(self, bucket: BucketView, queue: Name, **options: Unpack[Range]) -> int:
        """Start putting the objects of a range on a replication queue; return their number.

        The server does not report whether the queue exists.
        """
        return await folds.replicate_keys(*self._target(bucket), queue, options)

    # -- trees --------------------------------------------------------------------------------

    async def merge_root(self, n_val: int = 3, timeout: Timeout | None = None) -> Tree:
        """Fetch the root of the cached tree of all buckets with this n_val.  Fast."""
        return await folds.merge_root(self._runtime.dispatcher, n_val, timeout)

    async def merge_branches(self, branches: Iterable[int], n_val: int = 3, timeout: Timeout | None = None) -> Tree:
        """Fetch branches, by number, of the cached tree of all buckets with this n_val.  Fast."""
        return await folds.merge_branches(self._runtime.dispatcher, n_val, branches, timeout)

    async def merge_trees(
        self,
        bucket: BucketView,
        size: TreeSize = "small",
        *,
        rehash: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> Tree:
        """Build a tree of a range.

        ``rehash`` is a number to hash the vclocks with.  Only trees with the same number can be compared.
        """
        return await folds.merge_trees(*self._target(bucket), size, rehash, options)

    async def fetch_clocks(
        self,
        segments: Iterable[int],
        n_val: int = 3,
        *,
        modified: tuple[When | None, When | None] | None = None,
        timeout: Timeout | None = None,
    ) -> list[KeyClock]:
        """Find the keys in segments of the cached tree of all buckets with this n_val, with their vclocks."""
        return await folds.fetch_clocks(self._runtime.dispatcher, n_val, segments, modified, timeout)

    async def fetch_clocks_range(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> list[KeyClock]:
        """Find the keys of a range, with their vclocks."""
        return await folds.fetch_clocks_range(*self._target(bucket), options)

    def _target(self, bucket: BucketView) -> tuple[Dispatcher, bytes | None, bytes]:
        return self._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name
