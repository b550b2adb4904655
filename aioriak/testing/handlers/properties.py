"""Properties of buckets and bucket types."""

from __future__ import annotations

from typing import Any

from aioriak.riak_pb.riak_pb2 import (
    RpbGetBucketReq,
    RpbGetBucketResp,
    RpbGetBucketTypeReq,
    RpbResetBucketReq,
    RpbSetBucketReq,
    RpbSetBucketTypeReq,
)
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import Refusal
from aioriak.testing.properties import LATER, from_message, to_message, update
from aioriak.wire.operation import (
    GET_BUCKET,
    GET_BUCKET_TYPE,
    RESET_BUCKET,
    SET_BUCKET,
    SET_BUCKET_TYPE,
    Operation,
)


def get_bucket(context: Context, request: RpbGetBucketReq) -> RpbGetBucketResp:
    """Return the bucket's properties, its own or its type's."""
    type = _type(context, request)
    return RpbGetBucketResp(props=to_message(context.database.properties(type, request.bucket)))


def set_bucket(context: Context, request: RpbSetBucketReq) -> None:
    """Change some properties; all of them are the bucket's own from then on."""
    type = _type(context, request)
    old = context.database.properties(type, request.bucket)
    new = update(old, _given(context, request), typed=type != b"default")
    context.database.set_properties(type, request.bucket, new)


def reset_bucket(context: Context, request: RpbResetBucketReq) -> None:
    """Reset the bucket's properties to those of its type."""
    context.database.set_properties(_type(context, request), request.bucket, None)


def get_type(context: Context, request: RpbGetBucketTypeReq) -> RpbGetBucketResp:
    """Return the bucket type's properties."""
    properties = context.database.bucket_types.get(request.type)
    if properties is None:
        raise Refusal(b'Invalid bucket type: <<"%b">>' % request.type)
    return RpbGetBucketResp(props=to_message(properties))


def set_type(context: Context, request: RpbSetBucketTypeReq) -> None:
    """Change some, for every bucket of the type that has none of its own; the type ``default`` is read-only."""
    if request.type == b"default":
        raise Refusal("Invalid bucket properties: no_default_update")
    old = context.database.bucket_types.get(request.type)
    if old is None:
        raise Refusal("Invalid bucket properties: not_active")
    new = update(old, _given(context, request), typed=True)
    context.database.set_bucket_type(request.type, new)


def _given(context: Context, request: RpbSetBucketReq | RpbSetBucketTypeReq) -> dict[str, Any]:
    """Decode the properties of a request; releases before 3.4 ignore those that came later."""
    given = from_message(request.props)
    if not context.cluster.version.startswith((b"3.4", b"3.5")):
        for name in LATER:
            given.pop(name, None)
    return given


def _type(context: Context, request: RpbGetBucketReq | RpbSetBucketReq | RpbResetBucketReq) -> bytes:
    type: bytes = request.type if request.HasField("type") else b"default"
    if type not in context.database.bucket_types:
        raise Refusal(b"No bucket-type named '%b'" % type)
    return type


HANDLERS: dict[Operation[Any, Any], Handler] = {
    GET_BUCKET: get_bucket,
    SET_BUCKET: set_bucket,
    RESET_BUCKET: reset_bucket,
    GET_BUCKET_TYPE: get_type,
    SET_BUCKET_TYPE: set_type,
}
