"""Get, put and delete, and their parts that other families use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aioriak.riak_pb.riak_kv_pb2 import RpbDelReq, RpbGetReq, RpbGetResp, RpbPutReq, RpbPutResp
from aioriak.testing import contents
from aioriak.testing.context import Context, Handler
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.properties import Properties
from aioriak.testing.quorum import check_read, check_write
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import FRESH, InvalidClock, VClock
from aioriak.wire.operation import DELETE, GET, PUT, Operation

MAX_KEY = 65536
"""The longest key, in bytes."""
_WRITE_ONCE_ACTOR = b"\0"


def given(request: Any) -> dict[str, Any]:
    """Return the fields that a request sets, by name."""
    return {field.name: value for field, value in request.ListFields()}


def get(context: Context, request: RpbGetReq) -> RpbGetResp:
    """Return the object; for a tombstone its clock, if requested; or an empty answer."""
    options = given(request)
    type, bucket, key = _where(options)
    obj = fetch(context, type, bucket, key, options)
    if obj is None:
        return RpbGetResp()
    if obj.is_tombstone:
        return RpbGetResp(vclock=obj.vclock.encode()) if request.deletedvclock else RpbGetResp()
    if "if_modified" in options and clock_of(options["if_modified"]) == obj.vclock:
        return RpbGetResp(unchanged=True)
    return RpbGetResp(content=contents.to_messages(obj.contents, head=request.head), vclock=obj.vclock.encode())


def put(context: Context, request: RpbPutReq) -> RpbPutResp:
    """Store one content, on top of what its vector clock has seen."""
    options = given(request)
    type, bucket, key = _where(options)
    if "content" not in options:
        raise HangUp.crash("error:function_clause:[{riak_pb_kv_codec,decode_content,[undefined],[]}]")
    if options.get("if_none_match") or options.get("if_not_modified"):
        _check_condition(context, type, bucket, key, options)
    generated = None
    if key is None:
        key = generated = contents.new_id(context.random, 160)
    elif len(key) > MAX_KEY:
        raise HangUp.crash("throw:{error,key_too_large}:[{riak_object,new_int,4,[]}]")
    clock = clock_of(options.get("vclock", b""))
    content = contents.from_message(request.content, context.now(), context.random)
    stored = coordinate(context, type, bucket, key, RiakObj([content], clock), options)
    if request.return_body or request.return_head:
        return RpbPutResp(
            content=contents.to_messages(stored.contents, head=request.return_head),
            vclock=stored.vclock.encode(),
            key=generated,
        )
    return RpbPutResp(key=generated)


def delete(context: Context, request: RpbDelReq) -> None:
    """Put a tombstone, unless nothing is stored and the request has no vector clock."""
    options = given(request)
    type, bucket, key = _where(options)
    if "rw" in options:
        options.setdefault("r", options["rw"])
        options.setdefault("w", options["rw"])
    if "vclock" in options:
        clock = clock_of(options["vclock"])
    else:
        obj = fetch(context, type, bucket, key, options)
        if obj is None or obj.is_tombstone:
            return
        clock = obj.vclock
    second, micros = divmod(int(context.now() * 1_000_000), 1_000_000)
    tombstone = Content(
        vtag=contents.new_id(context.random), last_mod=second, last_mod_usecs=micros, deleted=True
    )
    coordinate(context, type, bucket, key or b"", RiakObj([tombstone], clock), options)


def fetch(
    context: Context, type: bytes, bucket: bytes, key: bytes | None, options: Mapping[str, Any]
) -> RiakObj | None:
    """Read one key as Riak does, quorums checked: the object, which may be a tombstone, or ``None``.

    ``options`` are the request's fields, by name.
    """
    properties = context.database.properties(type, bucket)
    check_read(context, properties, type, bucket, key or b"", options)
    return None if key is None else context.database.get(type, bucket, key)


def coordinate(
    context: Context, type: bytes, bucket: bytes, key: bytes, incoming: RiakObj, options: Mapping[str, Any]
) -> RiakObj:
    """Write one object as Riak does: quorums, clocks, siblings, limits; gives back what is stored now.

    ``incoming`` has one content, and the vector clock that its writer had seen.
    ``options`` are the request's fields, by name.
    """
    database = context.database
    properties = database.properties(type, bucket)
    confirmed = check_write(context, properties, type, bucket, key, options)
    old = database.get(type, bucket, key)
    stored = _merged(context, type, properties, old, incoming, asis=bool(options.get("asis")))
    cluster = context.cluster
    if len(stored.contents) > cluster.max_siblings:
        raise Refusal(f"{{too_many_siblings,{len(stored.contents)}}}")
    size = sum(len(content.value) for content in stored.contents)
    if size > cluster.max_object_size:
        raise Refusal(f"{{too_large,{size}}}")
    database.put(type, bucket, key, stored)
    if confirmed is not None:
        raise confirmed
    return stored


def _merged(
    context: Context, type: bytes, properties: Properties, old: RiakObj | None, new: RiakObj, *, asis: bool
) -> RiakObj:
    if properties.write_once:
        # written blindly, every writer at the same clock: whoever writes twice sees the later value
        return RiakObj(new.contents, VClock({_WRITE_ONCE_ACTOR: (1, 0)}))
    second = int(context.now())
    if properties.last_write_wins:
        return new.written_over(None, context.node.actor, second)
    if asis:
        merged = new if old is None else new.merged_with(old)
    else:
        actor = context.cluster.actor(context.node, old, new.vclock)
        merged = new.written_over(old, actor, second, dotted=type != b"default")
    if not properties.allow_mult:
        merged = merged.without_siblings()
    if len(merged.vclock.entries) > properties.small_vclock:
        clock = merged.vclock.prune(
            second,
            small=properties.small_vclock,
            big=properties.big_vclock,
            young=properties.young_vclock,
            old=properties.old_vclock,
        )
        merged = RiakObj(merged.contents, clock)
    return merged


def clock_of(data: bytes) -> VClock:
    """Decode a client's vector clock; an invalid one closes the connection."""
    if not data:
        return FRESH
    try:
        return VClock.decode(data)
    except InvalidClock:
        raise HangUp.crash("error:data_error:[{zlib,inflate_nif,4,[]}]") from None


def _where(options: Mapping[str, Any]) -> tuple[bytes, bytes, bytes | None]:
    bucket, key, type = options.get("bucket"), options.get("key"), options.get("type", b"default")
    if not bucket:
        raise Refusal("Bucket cannot be zero-length")
    if key is not None and not key:
        raise Refusal("Key cannot be zero-length")
    if not type:
        raise Refusal("Type cannot be zero-length")
    return type, bucket, key


def check_condition(context: Context, request: RpbPutReq) -> None:
    """Raise :class:`Refusal` if the condition of a conditional put is not met."""
    options = given(request)
    _check_condition(context, *_where(options), options)


def _check_condition(
    context: Context, type: bytes, bucket: bytes, key: bytes | None, options: Mapping[str, Any]
) -> None:
    reading = {name: options[name] for name in ("n_val", "sloppy_quorum") if name in options}
    obj = fetch(context, type, bucket, key, reading)
    there = obj is not None and not obj.is_tombstone
    if options.get("if_none_match"):
        if there:
            raise Refusal("match_found")
    elif not there:
        raise Refusal("notfound")
    elif obj is not None and clock_of(options.get("vclock", b"")) != obj.vclock:
        raise Refusal("modified")


HANDLERS: dict[Operation[Any, Any], Handler] = {GET: get, PUT: put, DELETE: delete}
