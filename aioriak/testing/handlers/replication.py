"""Replication queues: fetch, push, real-time enqueue."""

from __future__ import annotations

import zlib
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbFetchReq, RpbFetchResp, RpbPushReq, RpbPushResp, RpbRTEReq
from aioriak.testing.context import Context, Handler
from aioriak.testing.erlang import print_term
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.handlers.kv import fetch as fetch_object
from aioriak.testing.handlers.kv import given
from aioriak.testing.replication import Reference, encode_envelope, encode_object
from aioriak.testing.tictac import fingerprint, locate
from aioriak.testing.vclock import InvalidClock, VClock
from aioriak.wire.operation import QUEUE_FETCH, QUEUE_PUSH, REAL_TIME_ENQUEUE, Operation

_ENCODINGS = (b"internal", b"internal_aaehash")


def fetch(context: Context, request: RpbFetchReq) -> RpbFetchResp:
    """Return the next object of a queue in its present state; references to missing objects are skipped."""
    queue = context.cluster.queues.get(request.queuename)
    if queue is None:
        raise Refusal("queue_not_defined")
    encoding = request.encoding if request.HasField("encoding") else b"internal"
    if encoding not in _ENCODINGS:
        raise HangUp.crash(f"error:{{case_clause,{print_term(encoding)}}}")
    while (reference := queue.pop()) is not None:
        obj = context.database.get(reference.type, reference.bucket, reference.key)
        if obj is None:
            continue
        payload = encode_envelope(reference, encode_object(obj))
        reply = RpbFetchResp(
            queue_empty=False,
            deleted=obj.is_tombstone,
            replencoded_object=payload,
            crc_check=zlib.crc32(payload),
        )
        if obj.is_tombstone:
            reply.deleted_vclock = obj.vclock.encode()
        if encoding == b"internal_aaehash":
            name = b"\0".join((reference.type, reference.bucket, reference.key))
            reply.segment_id = locate(name)
            reply.segment_hash = fingerprint(name, obj.vclock.encode())
        return reply
    return RpbFetchResp(queue_empty=True)


def push(context: Context, request: RpbPushReq) -> RpbPushResp:
    """Put references on a queue and return its lengths."""
    queue = context.cluster.queues.get(request.queuename)
    if queue is None:
        raise HangUp.crash("error:badarg:[{erlang,binary_to_existing_atom,[]}]")
    references = []
    for row in request.keys_value:
        try:
            clock = VClock.decode(row.value)
        except InvalidClock:
            raise HangUp.crash("error:data_error:[{zlib,inflate_nif,[]}]") from None
        type = row.type if row.HasField("type") else b"default"
        references.append(Reference(type, row.bucket, row.key, clock))
    for reference in references:
        queue.push_sync(reference)
    return RpbPushResp(
        queue_exists=True,
        queuename=request.queuename,
        foldq_length=len(queue.fold),
        fsync_length=len(queue.sync),
        realt_length=len(queue.real_time),
    )


def enqueue(context: Context, request: RpbRTEReq) -> None:
    """Put an object's current version on the real-time part of every queue."""
    type = request.type if request.HasField("type") else b"default"
    obj = fetch_object(context, type, request.bucket, request.key, given(request))
    if obj is None:
        raise Refusal("notfound")
    for queue in context.cluster.queues.values():
        queue.push_real_time(Reference(type, request.bucket, request.key, obj.vclock))


HANDLERS: dict[Operation[Any, Any], Handler] = {QUEUE_FETCH: fetch, QUEUE_PUSH: push}
REAL_TIME_HANDLERS: dict[Operation[Any, Any], Handler] = {REAL_TIME_ENQUEUE: enqueue}
