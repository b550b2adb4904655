"""The cluster: preflists, members, coverage plans, and bucket folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.config import Address
from aioriak.error import InvalidRequest, NotSupported
from aioriak.operations.contents import WireContent
from aioriak.operations.indexes import LONGEST, is_continuation
from aioriak.operations.names import Name, encode_key, text, to_bytes
from aioriak.operations.options import Timeout, flag, milliseconds, octets, positive, unknown_option
from aioriak.operations.stream import Stream
from aioriak.riak_pb import kv
from aioriak.wire.operation import COVERAGE, CS_BUCKET, MEMBERSHIP, PREFLIST


class PreflistItem(NamedTuple):
    """One replica of a key: the partition's number, the node that serves it, and whether it is the owner."""

    partition: int
    node: str
    primary: bool


class CoverageEntry(NamedTuple):
    """One piece of a coverage plan: which node to ask for it, and what to ask with."""

    address: Address
    keyspace: str
    cover_context: bytes


async def preflist(dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, key: Name) -> list[PreflistItem]:
    """Fetch the replicas of a key, primaries first."""
    request = kv.RpbGetBucketKeyPreflistReq(bucket=bucket, key=encode_key(key))
    if kind is not None:
        request.type = kind
    reply = await dispatcher.call(PREFLIST, request)
    return [
        PreflistItem(item.partition, item.node.decode("utf-8", "replace"), item.primary) for item in reply.preflist
    ]


async def members(dispatcher: Dispatcher) -> list[Address]:
    """Fetch the addresses of the nodes that are up (Riak 3.0.10 and later)."""
    reply = await dispatcher.call(MEMBERSHIP, None)
    return [Address(node.ip.decode("utf-8", "replace"), node.port) for node in reply.up_nodes]


async def coverage(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    min_partitions: int | None = None,
    replace: bytes | None = None,
    unavailable: Sequence[bytes] = (),
) -> list[CoverageEntry]:
    """Fetch a plan to read a bucket in pieces; ``replace`` asks for another piece instead of one that failed."""
    request = kv.RpbCoverageReq(bucket=bucket)
    if kind is not None:
        request.type = kind
    if min_partitions is not None:
        request.min_partitions = positive("min_partitions", min_partitions)
    if replace is not None:
        request.replace_cover = octets("replace", replace)
    request.unavailable_cover.extend(octets("unavailable", each) for each in unavailable)
    try:
        reply = await dispatcher.call(COVERAGE, request)
    except NotSupported as error:
        raise NotSupported(
            f"coverage plans are not supported by this server ({error.text})",
            node=error.node,
            operation=error.operation,
        ) from None
    return [
        CoverageEntry(
            Address(entry.ip.decode("utf-8", "replace"), entry.port),
            entry.keyspace_desc.decode("utf-8", "replace"),
            entry.cover_context,
        )
        for entry in reply.entries
    ]


class FoldedObject(NamedTuple):
    """An object of a bucket fold."""

    key: Name
    contents: Sequence[WireContent]
    vclock: bytes | None


class BucketFoldOptions(TypedDict, total=False):
    """Options of a bucket fold.

    ``start_key``, ``end_key``: from where to where.  ``start_incl`` (yes), ``end_incl`` (no): whether
    they count themselves.  ``max_results``: at most so many, then a continuation.  ``continuation``:
    go on behind the fold that gave it.  ``timeout``: a ``timedelta``, or milliseconds, also for each message.
    ``cover_context``: one piece of a coverage plan.
    """

    start_key: Name | None
    end_key: Name | None
    start_incl: bool | None
    end_incl: bool | None
    max_results: int | None
    continuation: bytes | None
    timeout: Timeout | None
    cover_context: bytes | None


class BucketFold(Stream[FoldedObject]):
    """A bucket's objects in the order of their keys; ``continuation`` is there once it has ended, if there may be more.

    Raises :class:`~aioriak.error.InvalidRequest`.
    """

    def __init__(
        self, dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, options: Mapping[str, Any]
    ) -> None:
        self.continuation: bytes | None = None
        request = kv.RpbCSBucketReq(bucket=bucket, start_key=b"")
        if kind is not None:
            request.type = kind
        limit = dispatcher.request_timeout
        for name, value in options.items():
            if value is None:
                continue
            if name not in _FOLD_CHECKS:
                raise unknown_option(name, _FOLD_CHECKS)
            checked = _FOLD_CHECKS[name](name, value)
            setattr(request, name, checked)
            if name == "timeout":
                limit = checked / 1000
        if not request.HasField("timeout"):  # without one, a missing bucket type is never answered
            request.timeout = LONGEST if limit is None else max(1, int(limit * 1000))
        super().__init__(dispatcher.stream(CS_BUCKET, request, limit), self._objects)

    def _objects(self, message: kv.RpbCSBucketResp) -> list[FoldedObject]:
        if message.continuation:
            self.continuation = message.continuation
        return [
            FoldedObject(text(each.key), each.object.content, each.object.vclock or None) for each in message.objects
        ]


def _key(name: str, value: Any) -> bytes:
    return to_bytes(name, value)


def _position(name: str, value: Any) -> bytes:
    if not isinstance(value, bytes) or not is_continuation(value, paired=False, numeric=False):
        raise InvalidRequest("not a continuation of a bucket fold: take the one that came with the fold before")
    return value


_FOLD_CHECKS: dict[str, Any] = {
    "start_key": _key, "end_key": _key, "start_incl": flag, "end_incl": flag, "max_results": positive,
    "continuation": _position, "timeout": milliseconds, "cover_context": octets,
}  # fmt: skip
