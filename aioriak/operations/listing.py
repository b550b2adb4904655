"""Listing keys and buckets: streams of names."""

from __future__ import annotations

from typing import Any

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.operations.names import Name, texts
from aioriak.operations.options import Timeout, milliseconds, seconds
from aioriak.operations.stream import Stream
from aioriak.riak_pb import kv
from aioriak.wire.operation import LIST_BUCKETS, LIST_KEYS


def stream_keys(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, timeout: Timeout | None = None
) -> Stream[Name]:
    """Stream the keys of a bucket."""
    request = kv.RpbListKeysReq(bucket=bucket)
    if kind is not None:
        request.type = kind
    return Stream(dispatcher.stream(LIST_KEYS, request, _timeout(request, timeout)), _keys)


def stream_buckets(dispatcher: Dispatcher, kind: bytes | None, timeout: Timeout | None = None) -> Stream[Name]:
    """Stream the buckets of a type that hold a key."""
    request = kv.RpbListBucketsReq(stream=True)
    if kind is not None:
        request.type = kind
    return Stream(dispatcher.stream(LIST_BUCKETS, request, _timeout(request, timeout)), _buckets)


def _timeout(request: Any, timeout: Timeout | None) -> float | None:
    if timeout is not None:
        request.timeout = milliseconds("timeout", timeout)
    return seconds(timeout)


def _keys(message: kv.RpbListKeysResp) -> list[Name]:
    return texts(message.keys)


def _buckets(message: kv.RpbListBucketsResp) -> list[Name]:
    return texts(message.buckets)
