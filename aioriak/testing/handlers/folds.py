"""AAE folds: queries of the key store of anti-entropy, and jobs over their results."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from aioriak.riak_pb.riak_kv_pb2 import (
    RpbAaeFoldBucket,
    RpbAaeFoldFetchClocksNValReq,
    RpbAaeFoldFetchClocksRangeReq,
    RpbAaeFoldFindKeysReq,
    RpbAaeFoldFindTombsReq,
    RpbAaeFoldKeyCountResp,
    RpbAaeFoldKeyValueResp,
    RpbAaeFoldListBucketsReq,
    RpbAaeFoldListBucketsResp,
    RpbAaeFoldMergeBranchNValReq,
    RpbAaeFoldMergeRootNValReq,
    RpbAaeFoldMergeTreesRangeReq,
    RpbAaeFoldObjectStatsReq,
    RpbAaeFoldReapTombsReq,
    RpbAaeFoldRepairKeysReq,
    RpbAaeFoldReplKeysReq,
    RpbAaeFoldTreeResp,
    RpbKeysCount,
    RpbKeysValue,
)
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.handlers.kv import coordinate
from aioriak.testing.replication import Reference, encode_object
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.tictac import BRANCHES, LARGE, Tree, segment_of
from aioriak.wire.operation import (
    AAE_LIST_BUCKETS,
    ERASE_KEYS,
    FETCH_CLOCKS,
    FETCH_CLOCKS_RANGE,
    FIND_KEYS,
    FIND_TOMBSTONES,
    MERGE_BRANCHES,
    MERGE_ROOT,
    MERGE_TREES,
    OBJECT_STATS,
    REAP_TOMBSTONES,
    REPAIR_KEYS,
    REPLICATE_KEYS,
    Operation,
)


class Found(NamedTuple):
    """A key that a fold found."""

    type: bytes
    bucket: bytes
    key: bytes
    obj: RiakObj

    @property
    def name(self) -> bytes:
        """The name that decides its place in a tree."""
        return b"\0".join((self.type, self.bucket, self.key))


def list_buckets(context: Context, request: RpbAaeFoldListBucketsReq) -> RpbAaeFoldListBucketsResp:
    """List every bucket with keys, typed ones first, whatever its n_val: the store does not tell them apart."""
    database = context.database
    found = []
    for type in sorted(database.bucket_types, key=lambda type: (type == b"default", type)):
        for bucket in sorted(database.buckets(type)):
            found.append(RpbAaeFoldBucket(type=_shown(type), bucket=bucket))
    return RpbAaeFoldListBucketsResp(bucket_list=found)


def object_stats(context: Context, request: RpbAaeFoldObjectStatsReq) -> RpbAaeFoldKeyCountResp:
    """Count objects, by order of magnitude of their size and by their number of siblings."""
    count = total = 0
    sizes: Counter[int] = Counter()
    siblings: Counter[int] = Counter()
    for found in _range(context, request):
        size = _size(found.obj)
        count += 1
        total += size
        sizes[len(str(size)) - 1] += 1
        siblings[len(found.obj.contents)] += 1
    rows = [RpbKeysCount(tag=b"total_count", count=count), RpbKeysCount(tag=b"total_size", count=total)]
    for tag, histogram in ((b"sizes", sizes), (b"siblings", siblings)):
        rows += [RpbKeysCount(tag=tag, order=order, count=histogram[order]) for order in sorted(histogram)]
    return RpbAaeFoldKeyCountResp(response_type=b"stats", keys_count=rows)


def find_keys(context: Context, request: RpbAaeFoldFindKeysReq) -> RpbAaeFoldKeyCountResp:
    """Find keys with more siblings, or more bytes, than a limit."""
    rows = []
    for found in _range(context, request):
        by_siblings = request.finder == RpbAaeFoldFindKeysReq.sibling_count
        measure = len(found.obj.contents) if by_siblings else _size(found.obj)
        if measure > request.find_limit:
            rows.append(RpbKeysCount(tag=found.key, count=measure))
    return RpbAaeFoldKeyCountResp(response_type=b"find_keys", keys_count=rows)


def find_tombstones(context: Context, request: RpbAaeFoldFindTombsReq) -> RpbAaeFoldKeyValueResp:
    """Find the tombstones of a range, with their clocks."""
    return _clocks(found for found in _range(context, request) if found.obj.is_tombstone)


def fetch_clocks_range(context: Context, request: RpbAaeFoldFetchClocksRangeReq) -> RpbAaeFoldKeyValueResp:
    """Return the keys of a range, with their clocks."""
    return _clocks(_range(context, request))


def fetch_clocks(context: Context, request: RpbAaeFoldFetchClocksNValReq) -> RpbAaeFoldKeyValueResp:
    """Return the keys, with their clocks, in some segments of the large tree of all buckets with an n_val."""
    wanted = set(request.id_filter)
    low, high = _modified(request)
    return _clocks(
        found
        for found in _with_n_val(context, request.n_val)
        if segment_of(found.name, LARGE) in wanted and low <= found.obj.latest.last_mod <= high
    )


def merge_root(context: Context, request: RpbAaeFoldMergeRootNValReq) -> RpbAaeFoldTreeResp:
    """Return the first level of the large tree of all buckets with an n_val."""
    tree = _tree(_with_n_val(context, request.n_val), LARGE)
    return RpbAaeFoldTreeResp(size=RpbAaeFoldTreeResp.large, level_one=tree.root())


def merge_branches(context: Context, request: RpbAaeFoldMergeBranchNValReq) -> RpbAaeFoldTreeResp:
    """Return some branches of the large tree of all buckets with an n_val."""
    for number in request.id_filter:
        if number >= BRANCHES[LARGE]:
            raise HangUp.crash("error:badarg")
    tree = _tree(_with_n_val(context, request.n_val), LARGE)
    return RpbAaeFoldTreeResp(size=RpbAaeFoldTreeResp.large, level_one=b"", level_two=tree.export(request.id_filter))


def merge_trees(context: Context, request: RpbAaeFoldMergeTreesRangeReq) -> RpbAaeFoldTreeResp:
    """Return a tree of a range, of the requested size."""
    salt = None if request.use_prehash else request.init_vector
    tree = _tree(_range(context, request), request.tree_size, salt)
    return RpbAaeFoldTreeResp(size=request.tree_size, level_one=tree.root(), level_two=tree.export())


def reap_tombstones(context: Context, request: RpbAaeFoldReapTombsReq) -> RpbAaeFoldKeyCountResp:
    """Forget the tombstones of a range at once, or only count them."""
    doomed = [found for found in _range(context, request) if found.obj.is_tombstone]
    if request.change_method != RpbAaeFoldReapTombsReq.count:
        for found in doomed:
            context.database.delete(found.type, found.bucket, found.key)
    return _dispatched(b"reap_tombs", len(doomed))


def erase_keys(context: Context, request: Any) -> RpbAaeFoldKeyCountResp:
    """Delete the objects of a range, or only count them."""
    doomed = [found for found in _range(context, request) if not found.obj.is_tombstone]
    if request.change_method != RpbAaeFoldReapTombsReq.count:
        second, micros = divmod(int(context.now() * 1_000_000), 1_000_000)
        for found in doomed:
            tombstone = Content(last_mod=second, last_mod_usecs=micros, deleted=True)
            coordinate(context, found.type, found.bucket, found.key, RiakObj([tombstone], found.obj.vclock), {})
    return _dispatched(b"erase_keys", len(doomed))


def repair_keys(context: Context, request: RpbAaeFoldRepairKeysReq) -> RpbAaeFoldKeyCountResp:
    """Read repair of a range: here all replicas agree, so it is a count."""
    return _dispatched(b"repair_keys", sum(1 for _ in _range(context, request)))


def replicate_keys(context: Context, request: RpbAaeFoldReplKeysReq) -> RpbAaeFoldKeyCountResp:
    """Put a range on a replication queue; a queue that does not exist is ignored without an error."""
    queue = context.cluster.queues.get(request.queuename)
    count = 0
    for found in _range(context, request):
        count += 1
        if queue is not None:
            queue.push_fold(Reference(found.type, found.bucket, found.key, found.obj.vclock))
    return _dispatched(b"repl_keys", count)


def _range(context: Context, request: Any) -> Iterator[Found]:
    """Return the keys in the range of a request, in order."""
    database = context.database
    type = request.type if request.HasField("type") else b"default"
    if type not in database.bucket_types:
        raise HangUp.crash("error:function_clause:[{proplists,get_value,[n_val,{error,no_type},undefined]}]")
    low_key = request.start_key if request.key_range else b""
    high_key = request.end_key if request.key_range else None
    if high_key is not None and high_key < low_key:
        raise Refusal("Invalid AAE fold definition")
    filtered = "segment_filter" in request.DESCRIPTOR.fields_by_name and request.segment_filter
    segments = set(request.id_filter) if filtered else None
    low, high = _modified(request)
    for key, obj in sorted(database.items(type, request.bucket), key=lambda item: item[0]):
        if key < low_key or (high_key is not None and key > high_key):
            continue
        found = Found(type, request.bucket, key, obj)
        if segments is not None and segment_of(found.name, request.filter_tree_size) not in segments:
            continue
        if low <= obj.latest.last_mod <= high:
            yield found


def _modified(request: Any) -> tuple[int, float]:
    if not request.modified_range:
        return 0, float("inf")
    if request.last_mod_start > request.last_mod_end:
        raise Refusal("Invalid AAE fold definition")
    return request.last_mod_start, request.last_mod_end


def _with_n_val(context: Context, n_val: int) -> Iterator[Found]:
    database = context.database
    for type in sorted(database.bucket_types):
        for bucket in sorted(database.buckets(type)):
            if database.properties(type, bucket).n_val == n_val:
                for key, obj in sorted(database.items(type, bucket), key=lambda item: item[0]):
                    yield Found(type, bucket, key, obj)


def _tree(found: Iterator[Found], size: int, salt: int | None = None) -> Tree:
    tree = Tree(size)
    for each in found:
        tree.add(each.name, each.obj.vclock.encode(), salt)
    return tree


def _clocks(found: Iterator[Found]) -> RpbAaeFoldKeyValueResp:
    return RpbAaeFoldKeyValueResp(
        response_type=b"clock",
        keys_value=[
            RpbKeysValue(type=_shown(each.type), bucket=each.bucket, key=each.key, value=each.obj.vclock.encode())
            for each in found
        ],
    )


def _dispatched(what: bytes, count: int) -> RpbAaeFoldKeyCountResp:
    return RpbAaeFoldKeyCountResp(
        response_type=what, keys_count=[RpbKeysCount(tag=b"dispatched_count", count=count)]
    )


def _shown(type: bytes) -> bytes | None:
    return None if type == b"default" else type


def _size(obj: RiakObj) -> int:
    """Return the size of an object on disk: the leveled backend compresses values, the key store keeps that size."""
    head = RiakObj([replace(content, value=b"") for content in obj.contents], obj.vclock)
    return len(encode_object(head)) + sum(_compressed(content.value) for content in obj.contents)


def _compressed(value: bytes) -> int:
    return min(len(value), len(zlib.compress(value, 1)))


HANDLERS: dict[Operation[Any, Any], Handler] = {
    MERGE_ROOT: merge_root,
    MERGE_BRANCHES: merge_branches,
    FETCH_CLOCKS: fetch_clocks,
    MERGE_TREES: merge_trees,
    FETCH_CLOCKS_RANGE: fetch_clocks_range,
    FIND_KEYS: find_keys,
    OBJECT_STATS: object_stats,
    REPLICATE_KEYS: replicate_keys,
    FIND_TOMBSTONES: find_tombstones,
    REPAIR_KEYS: repair_keys,
    AAE_LIST_BUCKETS: list_buckets,
    REAP_TOMBSTONES: reap_tombstones,
    ERASE_KEYS: erase_keys,
}
