"""Keys and buckets, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbListBucketsReq, RpbListBucketsResp, RpbListKeysReq, RpbListKeysResp
from aioriak.testing.context import Answer, Context, Handler
from aioriak.testing.errors import Refusal
from aioriak.testing.quorum import check_coverage
from aioriak.wire.operation import LIST_BUCKETS, LIST_KEYS, Operation


def list_keys(context: Context, request: RpbListKeysReq) -> Iterator[RpbListKeysResp]:
    """List every key of a bucket, those of tombstones too, until they are reaped."""
    type = _type(context, request)
    return _keys(context.database.keys(type, request.bucket), context.cluster.chunk)


def _keys(keys: list[bytes], chunk: int) -> Iterator[RpbListKeysResp]:
    for start in range(0, len(keys), chunk):
        yield RpbListKeysResp(keys=keys[start : start + chunk])
    yield RpbListKeysResp(done=True)


def list_buckets(context: Context, request: RpbListBucketsReq) -> Answer:
    """List every bucket of a type that has keys."""
    type = _type(context, request)
    buckets = context.database.buckets(type)
    if not request.stream:
        return RpbListBucketsResp(buckets=buckets)
    return _buckets(buckets, context.cluster.chunk)


def _buckets(buckets: list[bytes], chunk: int) -> Iterator[RpbListBucketsResp]:
    for start in range(0, len(buckets), chunk):
        yield RpbListBucketsResp(buckets=buckets[start : start + chunk])
    yield RpbListBucketsResp(done=True)


def _type(context: Context, request: RpbListKeysReq | RpbListBucketsReq) -> bytes:
    type: bytes = request.type if request.HasField("type") else b"default"
    if type not in context.database.bucket_types:
        raise Refusal(b"No bucket-type named '%b'" % type)
    check_coverage(context, context.database.bucket_types[type])
    return type


HANDLERS: dict[Operation[Any, Any], Handler] = {LIST_KEYS: list_keys, LIST_BUCKETS: list_buckets}
