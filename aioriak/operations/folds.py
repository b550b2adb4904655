"""AAE folds: queries of the key store of active anti-entropy, and jobs over their results.

They answer once, after seconds or minutes, on a connection of their own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import InvalidRequest, ProtocolError
from aioriak.operations.names import Name, encode, text, to_bytes
from aioriak.operations.options import Timeout, count, positive, seconds
from aioriak.riak_pb import kv
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

When = datetime | float
"""A moment: a datetime with a time zone, or seconds since 1970."""

TreeSize = Literal["xxsmall", "xsmall", "small", "medium", "large", "xlarge"]
Method = Literal["local", "job", "count"]

SIZES: tuple[TreeSize, ...] = ("xxsmall", "xsmall", "small", "medium", "large", "xlarge")
BRANCHES: dict[TreeSize, int] = {size: 16 * 4**number for number, size in enumerate(SIZES)}
"""First-level nodes of a tree, by its size; each has 256 segments."""
SEGMENTS = 256
# Below small, Riak's filter misses keys; above large, its fold crashes and no reply is sent.
_FILTERS = ("small", "medium", "large")
_NODE = 4  # bytes of a hash
_ENDLESS = 2**32 - 1
_WEEK = 7 * 86_400.0  # for ever, as far as a fold goes


class Range(TypedDict, total=False):
    """The range of a fold within its bucket; ``None``, or a missing field, means all.

    ``keys``: first and last key, both included.  ``modified``: from when to when it was last
    written, both included; either may be ``None``.
    """

    keys: tuple[Name, Name] | None
    modified: tuple[When | None, When | None] | None
    timeout: Timeout | None


class FilteredRange(Range, total=False):
    """A range that segments of a tree may narrow.

    ``segments``: numbers of segments (as :meth:`Tree.differing_segments` gives them) of a tree of
    ``segment_tree_size``: ``"small"``, ``"medium"`` or ``"large"`` (which it is unless said otherwise).
    Riak cannot find keys by the segments of smaller or larger trees.
    """

    segments: Iterable[int] | None
    segment_tree_size: Literal["small", "medium", "large"]


class BucketName(NamedTuple):
    """A bucket and its type."""

    bucket_type: Name
    bucket: Name


class KeyClock(NamedTuple):
    """A key and its vclock."""

    bucket_type: Name
    bucket: Name
    key: Name
    vclock: bytes


class KeyCount(NamedTuple):
    """A key and its number of siblings or bytes."""

    key: Name
    amount: int


class ObjectStats(NamedTuple):
    """The number of objects in a range.

    ``sizes`` counts objects by order of magnitude of their bytes (``{2: 5}``: five of 100 to 999),
    ``siblings`` by their number of siblings.
    """

    total_count: int
    total_size: int
    sizes: dict[int, int]
    siblings: dict[int, int]


class Tree(NamedTuple):
    """A Tictac tree, or some of it.

    ``root``: a hash for each branch, empty when only branches were asked for.  ``branches``: the 256
    segments' hashes of each branch that came, by the branch's number.
    """

    size: TreeSize
    root: tuple[int, ...]
    branches: dict[int, tuple[int, ...]]

    def differing_branches(self, other: Tree) -> list[int]:
        """Return the numbers of the branches that differ.  Raises ``ValueError`` for trees of different sizes."""
        self._comparable(other)
        if len(self.root) != len(other.root):
            raise ValueError("one of the trees came without its root")
        return [number for number, (mine, theirs) in enumerate(zip(self.root, other.root, strict=True))
                if mine != theirs]

    def differing_segments(self, other: Tree) -> list[int]:
        """Return the numbers of the segments that differ, in the branches that both trees have.

        Raises ``ValueError`` for trees of different sizes.
        """
        self._comparable(other)
        return [
            number * SEGMENTS + segment
            for number in sorted(self.branches.keys() & other.branches.keys())
            if self.branches[number] != other.branches[number]
            for segment, (mine, theirs) in enumerate(
                zip(self.branches[number], other.branches[number], strict=True)
            )
            if mine != theirs
        ]

    def _comparable(self, other: Tree) -> None:
        if self.size != other.size:
            raise ValueError(f"a tree of size {self.size} cannot be compared with one of size {other.size}")


async def list_buckets(dispatcher: Dispatcher, n_val: int | None, timeout: Timeout | None) -> list[BucketName]:
    """List the buckets that hold keys."""
    request = kv.RpbAaeFoldListBucketsReq()
    if n_val is not None:
        request.n_val = positive("n_val", n_val)
    reply = await _call(dispatcher, AAE_LIST_BUCKETS, request, timeout)
    return [BucketName(_type(each), text(each.bucket)) for each in reply.bucket_list]


async def object_stats(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, options: Range) -> ObjectStats:
    """Count the objects of a range, and their sizes."""
    reply = await _ranged(dispatcher, OBJECT_STATS, kv.RpbAaeFoldObjectStatsReq(), kind, bucket, options)
    totals = {row.tag: row.count for row in reply.keys_count if not row.HasField("order")}
    histograms: dict[bytes, dict[int, int]] = {b"sizes": {}, b"siblings": {}}
    for row in reply.keys_count:
        if row.HasField("order"):
            histograms.setdefault(row.tag, {})[row.order] = row.count
    return ObjectStats(
        totals.get(b"total_count", 0), totals.get(b"total_size", 0), histograms[b"sizes"], histograms[b"siblings"]
    )


async def find_keys(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    finder: Literal["sibling_count", "object_size"],
    more_than: int,
    options: Range,
) -> list[KeyCount]:
    """Find keys with more siblings, or more bytes, than a limit."""
    request = kv.RpbAaeFoldFindKeysReq(
        finder=finder, find_limit=count("the limit", more_than)
    )
    reply = await _ranged(dispatcher, FIND_KEYS, request, kind, bucket, options)
    return [KeyCount(text(row.tag), row.count) for row in reply.keys_count]


async def find_tombstones(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, options: FilteredRange
) -> list[KeyClock]:
    """Find the tombstones of a range."""
    return _clocks(await _ranged(dispatcher, FIND_TOMBSTONES, kv.RpbAaeFoldFindTombsReq(), kind, bucket, options))


async def fetch_clocks_range(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, options: FilteredRange
) -> list[KeyClock]:
    """Fetch the keys of a range and their vclocks."""
    request = kv.RpbAaeFoldFetchClocksRangeReq()
    return _clocks(await _ranged(dispatcher, FETCH_CLOCKS_RANGE, request, kind, bucket, options))


async def fetch_clocks(
    dispatcher: Dispatcher,
    n_val: int,
    segments: Iterable[int],
    modified: tuple[When | None, When | None] | None,
    timeout: Timeout | None,
) -> list[KeyClock]:
    """Fetch the keys, and their vclocks, in some segments of the large tree of all buckets with an n_val."""
    request = kv.RpbAaeFoldFetchClocksNValReq(n_val=positive("n_val", n_val))
    request.id_filter.extend(_numbers("segments", segments, BRANCHES["large"] * SEGMENTS))
    if modified is not None:
        _write_modified(request, modified)
    return _clocks(await _call(dispatcher, FETCH_CLOCKS, request, timeout))


async def merge_root(dispatcher: Dispatcher, n_val: int, timeout: Timeout | None) -> Tree:
    """Fetch the root of the large tree of all buckets with an n_val."""
    request = kv.RpbAaeFoldMergeRootNValReq(n_val=positive("n_val", n_val))
    return _tree(await _call(dispatcher, MERGE_ROOT, request, timeout))


async def merge_branches(dispatcher: Dispatcher, n_val: int, branches: Iterable[int], timeout: Timeout | None) -> Tree:
    """Fetch some branches of the large tree of all buckets with an n_val."""
    request = kv.RpbAaeFoldMergeBranchNValReq(n_val=positive("n_val", n_val))
    request.id_filter.extend(_numbers("branches", branches, BRANCHES["large"]))
    return _tree(await _call(dispatcher, MERGE_BRANCHES, request, timeout))


async def merge_trees(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    size: TreeSize,
    rehash: int | None,
    options: FilteredRange,
) -> Tree:
    """Fetch a tree of a range; ``rehash`` is a seed to hash with instead of the stored hashes."""
    request = kv.RpbAaeFoldMergeTreesRangeReq(use_prehash=rehash is None)
    request.tree_size = _size("size", size)
    if rehash is not None:
        request.init_vector = count("rehash", rehash)
    return _tree(await _ranged(dispatcher, MERGE_TREES, request, kind, bucket, options))


async def reap_tombstones(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    method: Method,
    job_id: int | None,
    options: FilteredRange,
) -> int:
    """Reap the tombstones of a range, or only count them."""
    request = kv.RpbAaeFoldReapTombsReq()
    _write_method(request, method, job_id)
    return _dispatched(await _ranged(dispatcher, REAP_TOMBSTONES, request, kind, bucket, options))


async def erase_keys(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    method: Method,
    job_id: int | None,
    options: FilteredRange,
) -> int:
    """Delete the objects of a range, or only count them."""
    request = kv.RpbAaeFoldEraseKeysReq()
    _write_method(request, method, job_id)
    return _dispatched(await _ranged(dispatcher, ERASE_KEYS, request, kind, bucket, options))


async def repair_keys(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, options: Range) -> int:
    """Have the server read the objects of a range, so that read repair mends their replicas."""
    return _dispatched(
        await _ranged(dispatcher, REPAIR_KEYS, kv.RpbAaeFoldRepairKeysReq(), kind, bucket, options)
    )


async def replicate_keys(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, queue: Name, options: Range
) -> int:
    """Queue the objects of a range for replication."""
    request = kv.RpbAaeFoldReplKeysReq(queuename=encode("queue", queue))
    return _dispatched(await _ranged(dispatcher, REPLICATE_KEYS, request, kind, bucket, options))


async def _call(dispatcher: Dispatcher, operation: Operation[Any, Any], request: Any, timeout: Timeout | None) -> Any:
    limit = dispatcher.cluster.settings.timeouts.fold if timeout is None else seconds(timeout)
    return await dispatcher.call(operation, request, _WEEK if limit is None else limit)


async def _ranged(
    dispatcher: Dispatcher,
    operation: Operation[Any, Any],
    request: Any,
    kind: bytes | None,
    bucket: bytes,
    options: Range | FilteredRange,
) -> Any:
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    request.bucket = bucket
    if kind is not None:
        request.type = kind
    keys = given.pop("keys", None)
    request.key_range = keys is not None
    if keys is not None:
        _write_keys(request, keys)
    modified = given.pop("modified", None)
    request.modified_range = False
    if modified is not None:
        _write_modified(request, modified)
    timeout = given.pop("timeout", None)
    if "segment_filter" in request.DESCRIPTOR.fields_by_name:
        segments = given.pop("segments", None)
        size = given.pop("segment_tree_size", "large")
        request.segment_filter = segments is not None
        if segments is not None:
            if size not in _FILTERS:
                raise InvalidRequest(f"segment_tree_size is one of {', '.join(_FILTERS)}, not {size!r}")
            request.filter_tree_size = SIZES.index(size)
            request.id_filter.extend(_numbers("segments", segments, BRANCHES[size] * SEGMENTS))
    if given:
        raise TypeError(f"{operation.name} has no option {', '.join(sorted(given))}")
    return await _call(dispatcher, operation, request, timeout)


def _write_keys(request: Any, keys: Any) -> None:
    if not isinstance(keys, tuple) or len(keys) != 2 or not all(isinstance(key, (str, bytes)) for key in keys):
        raise InvalidRequest(f"keys are a first and a last key, not {keys!r}")
    first, last = to_bytes("the first key", keys[0]), to_bytes("the last key", keys[1])
    if first > last:
        raise InvalidRequest(f"the first key {keys[0]!r} is greater than the last, {keys[1]!r}")
    request.start_key, request.end_key = first, last


def _write_modified(request: Any, modified: Any) -> None:
    if not isinstance(modified, tuple) or len(modified) != 2:
        raise InvalidRequest(f"modified is a moment from which and one until which, not {modified!r}")
    first, last = _second(modified[0], 0), _second(modified[1], _ENDLESS)
    if first > last:
        raise InvalidRequest(f"modified ends before it begins: {modified!r}")
    request.modified_range = True
    request.last_mod_start, request.last_mod_end = first, last


def _second(moment: Any, otherwise: int) -> int:
    if moment is None:
        return otherwise
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise InvalidRequest(f"a datetime needs a time zone to be a moment: {moment!r}")
        moment = moment.timestamp()
    if isinstance(moment, bool) or not isinstance(moment, (int, float)) or not 0 <= moment <= _ENDLESS:
        raise InvalidRequest(f"a moment is a datetime or seconds since 1970, not {moment!r}")
    return int(moment)


def _write_method(request: Any, method: Any, job_id: int | None) -> None:
    if method not in ("local", "job", "count"):
        raise InvalidRequest(f"method is local, job or count, not {method!r}")
    if (method == "job") != (job_id is not None):
        raise InvalidRequest("method='job' and job_id go together")
    request.change_method = kv.RpbAaeFoldReapTombsReq.ChangeMethod.Value(method)
    if job_id is not None:
        request.job_id = positive("job_id", job_id)


def _size(name: str, size: Any) -> Any:
    if size not in BRANCHES:
        raise InvalidRequest(f"{name} is one of {', '.join(SIZES)}, not {size!r}")
    return SIZES.index(size)


def _numbers(name: str, numbers: Any, limit: int) -> list[int]:
    found = sorted({count(name, number) for number in numbers})
    if found and found[-1] >= limit:
        raise InvalidRequest(f"{name} are numbers below {limit}, not {found[-1]}")
    return found


def _type(row: Any) -> Name:
    return text(row.type) if row.HasField("type") else "default"


def _clocks(reply: kv.RpbAaeFoldKeyValueResp) -> list[KeyClock]:
    return [KeyClock(_type(row), text(row.bucket), text(row.key), row.value) for row in reply.keys_value]


def _dispatched(reply: kv.RpbAaeFoldKeyCountResp) -> int:
    return sum(row.count for row in reply.keys_count if row.tag == b"dispatched_count")


def _tree(reply: kv.RpbAaeFoldTreeResp) -> Tree:
    size = SIZES[reply.size]
    if reply.level_one and len(reply.level_one) != BRANCHES[size] * _NODE:
        raise ProtocolError(f"a tree of size {size} has a root of {len(reply.level_one)} bytes")
    return Tree(size, _hashes(reply.level_one), dict(map(_branch, reply.level_two)))


def _branch(exported: bytes) -> tuple[int, tuple[int, ...]]:
    """Decode a branch: its number and its hashes, which may be compressed."""
    payload = exported[4:]
    whole = SEGMENTS * _NODE
    try:
        unpacked = zlib.decompressobj().decompress(payload, whole + 1)
    except zlib.error:
        unpacked = payload
    if len(exported) < 4 or len(unpacked) != whole:
        raise ProtocolError("a branch of a tree cannot be read")
    return int.from_bytes(exported[:4], "big"), _hashes(unpacked)


def _hashes(data: Sequence[int] | bytes) -> tuple[int, ...]:
    octets = bytes(data)
    return tuple(int.from_bytes(octets[at : at + _NODE], "big") for at in range(0, len(octets), _NODE))
