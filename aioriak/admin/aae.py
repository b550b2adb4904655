"""AAE folds as users hold them: ``client.aae``."""

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
from aioriak.runtime import BucketView, Runtime

__all__ = ["BucketName", "Folds", "KeyClock", "KeyCount", "ObjectStats", "Tree"]


class Folds:
    """Questions to the key store of active anti-entropy, and jobs over what they find.

    They need a server with ``tictacaae_active = active``, read no values, and can take minutes: each
    has a connection of its own, and ``timeouts.fold`` (an hour) unless ``timeout`` in milliseconds is
    given.  What a fold is about: ``keys=(first, last)``, ``modified=(from, until)`` with datetimes or
    seconds since 1970, and where it says so ``segments`` of a tree.

    Riak's documentation: "Tictac AAE Folds".
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    # -- questions ----------------------------------------------------------------------------

    async def list_buckets(self, n_val: int | None = None, timeout: int | None = None) -> list[BucketName]:
        """The buckets that hold keys, with their types.

        ``n_val`` is how many replicas buckets have at least; it decides how much of the cluster is read.
        """
        return await folds.list_buckets(self._runtime.dispatcher, n_val, timeout)

    async def object_stats(self, bucket: BucketView, **options: Unpack[Range]) -> ObjectStats:
        """How many objects a range has, their sizes by order of magnitude, their numbers of siblings."""
        return await folds.object_stats(*self._where(bucket), options)

    async def find_siblings(self, bucket: BucketView, more_than: int = 1, **options: Unpack[Range]) -> list[KeyCount]:
        """The keys with more siblings than that."""
        return await folds.find_keys(*self._where(bucket), "sibling_count", more_than, options)

    async def find_large(self, bucket: BucketView, more_than: int, **options: Unpack[Range]) -> list[KeyCount]:
        """The keys with more bytes than that, as the key store counts them."""
        return await folds.find_keys(*self._where(bucket), "object_size", more_than, options)

    async def find_tombstones(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> list[KeyClock]:
        """The tombstones of a range, and their vclocks.

        Riak sees them where the backend is leveled or ``tictacaae_storeheads`` is enabled, and none elsewhere.
        """
        return await folds.find_tombstones(*self._where(bucket), options)

    async def count_tombstones(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> int:
        """How many tombstones a range has."""
        return await folds.reap_tombstones(*self._where(bucket), "count", None, options)

    async def count_keys(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> int:
        """How many objects a range has, tombstones not counted."""
        return await folds.erase_keys(*self._where(bucket), "count", None, options)

    # -- jobs ---------------------------------------------------------------------------------

    async def reap_tombstones(
        self,
        bucket: BucketView,
        *,
        method: Method = "local",
        job_id: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> int:
        """Have the tombstones of a range removed; how many there are.

        ``method``: ``"local"`` spreads the work over the nodes, ``"job"`` leaves it to one process named
        by ``job_id``.  The work goes on after the answer.
        """
        return await folds.reap_tombstones(*self._where(bucket), method, job_id, options)

    async def erase_keys(
        self,
        bucket: BucketView,
        *,
        method: Method = "local",
        job_id: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> int:
        """Have the objects of a range deleted; how many there are. Without a range that is all of the bucket.

        ``method`` and ``job_id`` as for :meth:`reap_tombstones`.
        """
        return await folds.erase_keys(*self._where(bucket), method, job_id, options)

    async def repair_keys(self, bucket: BucketView, **options: Unpack[Range]) -> int:
        """Have the objects of a range read, so that their replicas are repaired; how many there are."""
        return await folds.repair_keys(*self._where(bucket), options)

    async def replicate_keys(self, bucket: BucketView, queue: Name, **options: Unpack[Range]) -> int:
        """Have the objects of a range put on a replication queue; how many there are.

        Nothing tells whether the queue exists.
        """
        return await folds.replicate_keys(*self._where(bucket), queue, options)

    # -- trees --------------------------------------------------------------------------------

    async def merge_root(self, n_val: int = 3, timeout: int | None = None) -> Tree:
        """The root of the large tree that is kept for all buckets with this n_val. Quick."""
        return await folds.merge_root(self._runtime.dispatcher, n_val, timeout)

    async def merge_branches(self, branches: Iterable[int], n_val: int = 3, timeout: int | None = None) -> Tree:
        """Some branches of the large tree for this n_val, by their numbers. Quick."""
        return await folds.merge_branches(self._runtime.dispatcher, n_val, branches, timeout)

    async def merge_trees(
        self,
        bucket: BucketView,
        size: TreeSize = "small",
        *,
        rehash: int | None = None,
        **options: Unpack[FilteredRange],
    ) -> Tree:
        """A tree of a range, made for the purpose.

        ``rehash``: hash the vclocks anew with this number; two trees can only be compared when they
        were made with the same.
        """
        return await folds.merge_trees(*self._where(bucket), size, rehash, options)

    async def fetch_clocks(
        self,
        segments: Iterable[int],
        n_val: int = 3,
        *,
        modified: tuple[When | None, When | None] | None = None,
        timeout: int | None = None,
    ) -> list[KeyClock]:
        """The keys in some segments of the large tree for this n_val, and their vclocks."""
        return await folds.fetch_clocks(self._runtime.dispatcher, n_val, segments, modified, timeout)

    async def fetch_clocks_range(self, bucket: BucketView, **options: Unpack[FilteredRange]) -> list[KeyClock]:
        """The keys of a range, and their vclocks."""
        return await folds.fetch_clocks_range(*self._where(bucket), options)

    def _where(self, bucket: BucketView) -> tuple[Dispatcher, bytes | None, bytes]:
        return self._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name
