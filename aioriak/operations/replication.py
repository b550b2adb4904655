"""Replication queues: fetch queued objects, and queue objects for replication."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import ContentError, InvalidRequest, NotSupported
from aioriak.operations.names import Name, encode, encode_key, encode_type, show, text
from aioriak.operations.options import READ, apply
from aioriak.riak_pb import kv
from aioriak.wire.operation import QUEUE_FETCH, QUEUE_PUSH, REAL_TIME_ENQUEUE

Encoding = Literal["internal", "internal_aaehash"]


class QueueItem(NamedTuple):
    """One object off a queue, as clusters hand it to each other.

    ``payload`` is Riak's own encoding, with the names in front; its checksum was right.  ``deleted``:
    the object is a tombstone, ``deleted_vclock`` its vclock.  ``reap``: an order to forget a tombstone.
    ``compressed``: the object within is.  ``segment_id`` and ``segment_hash`` come with the encoding
    ``internal_aaehash``.  Names are ``None`` where the payload's version is not known.
    """

    payload: bytes
    crc: int
    bucket_type: Name | None
    bucket: Name | None
    key: Name | None
    deleted: bool
    reap: bool
    compressed: bool
    deleted_vclock: bytes | None
    segment_id: int | None
    segment_hash: int | None


class QueueLengths(NamedTuple):
    """The lengths of a queue, by priority; all ``0`` if ``exists`` is false."""

    exists: bool
    real_time: int
    sync: int
    fold: int


async def fetch(dispatcher: Dispatcher, queue: Name, encoding: Encoding, timeout: float | None) -> QueueItem | None:
    """Take the next object off a queue; ``None`` when it is empty.

    Raises :class:`~aioriak.error.ContentError` when the checksum is wrong: the reference is off the
    queue then, and the object still where it was.
    """
    if encoding not in ("internal", "internal_aaehash"):
        raise InvalidRequest(f"encoding is internal or internal_aaehash, not {encoding!r}")
    request = kv.RpbFetchReq(queuename=encode("queue", queue), encoding=encoding.encode())
    reply = await dispatcher.call(QUEUE_FETCH, request, timeout)
    if reply.queue_empty:
        return None
    payload = reply.replencoded_object
    if zlib.crc32(payload) != reply.crc_check:
        raise ContentError(f"what came off the queue {show(queue)} has a wrong checksum")
    flags, names = _names(payload)
    return QueueItem(
        payload=payload,
        crc=reply.crc_check,
        bucket_type=names[0],
        bucket=names[1],
        key=names[2],
        deleted=reply.deleted,
        reap=bool(flags & 0b0100),
        compressed=bool(flags & 0b1000),
        deleted_vclock=reply.deleted_vclock or None,
        segment_id=reply.segment_id if reply.HasField("segment_id") else None,
        segment_hash=reply.segment_hash if reply.HasField("segment_hash") else None,
    )


def _names(payload: bytes) -> tuple[int, tuple[Name | None, Name | None, Name | None]]:
    """Decode the flags in a payload's first byte, and the type, bucket and key that follow."""
    if not payload or payload[0] >> 4 != 1:
        return 0, (None, None, None)
    found: list[Name] = []
    at = 1
    for _ in range(3):
        end = at + 4 + int.from_bytes(payload[at : at + 4], "big")
        if at + 4 > len(payload) or end > len(payload):
            raise ContentError("the names of an object off a queue cannot be read")
        found.append(text(payload[at + 4 : end]))
        at = end
    return payload[0], (found[0] or "default", found[1], found[2])


async def push(
    dispatcher: Dispatcher, queue: Name, references: Iterable[tuple[Name, Name, Name, bytes]], timeout: float | None
) -> QueueLengths:
    """Put references (bucket type, bucket, key, vclock) on a queue."""
    request = kv.RpbPushReq(queuename=encode("queue", queue))
    for reference in references:
        if not isinstance(reference, tuple) or len(reference) != 4:
            raise InvalidRequest(f"a reference is bucket type, bucket, key and vclock, not {reference!r}")
        kind, bucket, key, vclock = reference
        if not isinstance(vclock, bytes) or not vclock:
            raise InvalidRequest(f"a vclock is bytes as they came from Riak, not {vclock!r}")
        request.keys_value.add(
            type=encode_type(kind), bucket=encode("bucket", bucket), key=encode_key(key), value=vclock
        )
    reply = await dispatcher.call(QUEUE_PUSH, request, timeout)
    return QueueLengths(reply.queue_exists, reply.realt_length, reply.fsync_length, reply.foldq_length)


async def enqueue(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, key: Name, options: Mapping[str, Any]
) -> None:
    """Put an object's current version on the real-time queues."""
    request = kv.RpbRTEReq(bucket=bucket, key=encode_key(key))
    if kind is not None:
        request.type = kind
    timeout = apply(request, options, _READ)
    try:
        await dispatcher.call(REAL_TIME_ENQUEUE, request, timeout)
    except NotSupported as error:
        raise NotSupported(
            f"real-time enqueue is not supported by this server's protocol buffers interface ({error.text})",
            node=error.node,
            operation=error.operation,
        ) from None


_READ = {
    name: READ[name]
    for name in ("r", "pr", "basic_quorum", "notfound_ok", "timeout", "sloppy_quorum", "n_val")
}
