"""Data types: fetch and update, and the counters of Riak 1.4.

A data type is an object like any other whose value is the type's own state; a
plain get shows it, opaque.  Whatever siblings it has are merged on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aioriak.riak_pb import dt, kv
from aioriak.testing import contents
from aioriak.testing.context import Context, Handler
from aioriak.testing.crdt import TYPES, Clock, Datatype, Field, HyperLogLog, Junk, MapChange, NotPresent, SetChange
from aioriak.testing.errors import HangUp, NoSuchType, Refusal
from aioriak.testing.handlers.kv import MAX_KEY, coordinate, given
from aioriak.testing.handlers.kv import fetch as fetch_object
from aioriak.testing.properties import Properties
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import FRESH
from aioriak.wire.operation import COUNTER_GET, COUNTER_UPDATE, DT_FETCH, DT_UPDATE, Operation

_TAG = b"E"
_INCARNATION = 8
_MODULES = {
    "counter": "riak_dt_emcntr",
    "flag": "riak_dt_od_flag",
    "map": "riak_dt_map",
    "register": "riak_dt_lwwreg",
    "set": "riak_dt_orswot",
}
"""What the server calls the types of fields in its errors."""


class Stored(NamedTuple):
    """A key's data type: its state, who updates it, and what else is stored beside it.

    ``incarnation`` tells a key that was deleted and made anew from its former life,
    so that no update of one is taken for an update of the other.
    """

    state: Datatype
    incarnation: bytes
    others: list[Content]


def fetch(context: Context, request: dt.DtFetchReq) -> dt.DtFetchResp:
    """Return the value and its context; no value if nothing is found."""
    if request.type == b"default":
        return _fetch_legacy(context, request)
    properties = _properties(context, request)
    kind = _kind(properties)
    if kind is None:
        raise Refusal(f"`{_name(properties)}` is not a supported type")
    obj = fetch_object(context, request.type, request.bucket, request.key, given(request))
    return _shown(context, request, obj, kind, properties)


def show(context: Context, request: dt.DtFetchReq) -> dt.DtFetchResp | None:
    """Return the stored value as :func:`fetch` does, whatever nodes are up; ``None`` if the bucket holds no values."""
    properties = _properties(context, request)
    kind = _kind(properties)
    obj = context.database.get(request.type, request.bucket, request.key)
    return None if kind is None else _shown(context, request, obj, kind, properties)


def _shown(
    context: Context, request: dt.DtFetchReq, obj: RiakObj | None, kind: str, properties: Properties
) -> dt.DtFetchResp:
    answer = dt.DtFetchResp(type=kind.upper())
    if obj is None or obj.is_tombstone:
        return answer
    state = _load(context, obj, kind, properties).state
    answer.value.SetInParent()
    _show(state.value(), kind, answer.value)
    token = _context_bytes(state, request.include_context)
    if token:
        answer.context = token
    return answer


def update(context: Context, request: dt.DtUpdateReq) -> dt.DtUpdateResp:
    """Carry out an operation as a whole, or not at all."""
    if request.type == b"default":
        return _update_legacy(context, request)
    properties = _properties(context, request)
    asked, change = _change(request.op)
    kind = _kind(properties)
    if kind is None:
        raise Refusal(f"Bucket datatype `{_name(properties)}` is not a supported type")
    if asked != kind:
        raise Refusal(f"Operation type is `{asked}` but  bucket type is `{kind}`.")
    answer = dt.DtUpdateResp()
    if request.HasField("key"):
        key = request.key
    else:
        key = answer.key = contents.new_id(context.random, 160)
    seen = _seen(request.context) if request.HasField("context") and kind in ("set", "map") else None
    options = given(request)
    state = _apply(context, (request.type, request.bucket, key), kind, properties, change, seen, options)
    if request.return_body:
        if kind == "gset":
            # a fault of Riak: the add is done, and the reply cannot be encoded
            raise HangUp.crash("error:function_clause:[{riak_pb_dt_codec,encode_update_response,[gset],[]}]")
        _show(state.value(), kind, answer)
        token = _context_bytes(state, request.include_context)
        if token:
            answer.context = token
    return answer


def fetch_counter(context: Context, request: kv.RpbCounterGetReq) -> kv.RpbCounterGetResp:
    """Return a counter of Riak 1.4, which is stored in the default bucket type."""
    properties = context.database.properties(b"default", request.bucket)
    obj = fetch_object(context, b"default", request.bucket, request.key, given(request))
    if obj is None or obj.is_tombstone:
        return kv.RpbCounterGetResp()
    return kv.RpbCounterGetResp(value=_signed(_load(context, obj, "counter", properties).state.value()))


def update_counter(context: Context, request: kv.RpbCounterUpdateReq) -> kv.RpbCounterUpdateResp:
    """Increment or decrement a counter of Riak 1.4."""
    properties = context.database.properties(b"default", request.bucket)
    if not properties.allow_mult:
        raise Refusal("\"Counters require bucket property 'allow_mult=true'\"")
    where = b"default", request.bucket, request.key
    state = _apply(context, where, "counter", properties, request.amount, None, given(request))
    return kv.RpbCounterUpdateResp(value=_signed(state.value()) if request.returnvalue else None)


def _fetch_legacy(context: Context, request: dt.DtFetchReq) -> dt.DtFetchResp:
    passed = ("bucket", "key", "r", "pr", "notfound_ok", "basic_quorum")
    old = kv.RpbCounterGetReq(**{name: value for name, value in given(request).items() if name in passed})
    found = fetch_counter(context, old)
    answer = dt.DtFetchResp(type=dt.DtFetchResp.COUNTER)
    if found.HasField("value"):
        answer.value.counter_value = found.value
    return answer


def _update_legacy(context: Context, request: dt.DtUpdateReq) -> dt.DtUpdateResp:
    asked, amount = _change(request.op)
    if asked != "counter":
        raise Refusal('"non-counter operation on default bucket"')
    passed = ("bucket", "key", "w", "dw", "pw")
    options = {name: value for name, value in given(request).items() if name in passed}
    old = kv.RpbCounterUpdateReq(**{"key": b"", **options}, amount=amount, returnvalue=request.return_body)
    counted = update_counter(context, old)
    return dt.DtUpdateResp(counter_value=counted.value if counted.HasField("value") else None)


# -- states in objects ----------------------------------------------------------


def _properties(context: Context, request: dt.DtFetchReq | dt.DtUpdateReq) -> Properties:
    try:
        properties = context.database.properties(request.type, request.bucket)
    except NoSuchType:
        raise Refusal(b"Error no bucket type `%b`" % contents.erlang(request.type)) from None
    if not properties.allow_mult:
        raise Refusal('"Bucket must be allow_mult=true"')
    return properties


def _kind(properties: Properties) -> str | None:
    name = _name(properties)
    return name if name in TYPES else None


def _name(properties: Properties) -> str:
    return "undefined" if properties.datatype is None else properties.datatype.decode("ascii", "replace")


def _load(context: Context, obj: RiakObj | None, kind: str, properties: Properties) -> Stored:
    """Merge all siblings of the type; siblings that are not a state of that type are kept."""
    state: Any = None
    incarnation = b""
    others: list[Content] = []
    for content in obj.live if obj else ():
        try:
            if content.value[:1] != _TAG:
                raise Junk("no data type")
            found = TYPES[kind].from_bytes(content.value[1 + _INCARNATION :])
        except Junk:
            others.append(content)
        else:
            state = found if state is None else state.merge(found)
            incarnation = max(incarnation, content.value[1 : 1 + _INCARNATION])
    precision = properties.hll_precision
    if state is None:
        state = HyperLogLog(precision) if kind == "hll" and precision else TYPES[kind]()
        incarnation = context.random.getrandbits(8 * _INCARNATION).to_bytes(_INCARNATION, "big")
    elif isinstance(state, HyperLogLog) and precision:
        state = state.reduced(precision)
    return Stored(state, incarnation, others)


def _apply(
    context: Context,
    where: tuple[bytes, bytes, bytes],
    kind: str,
    properties: Properties,
    change: Any,
    seen: Clock | None,
    options: Mapping[str, Any],
) -> Datatype:
    if len(where[2]) > MAX_KEY:
        raise HangUp.crash("throw:{error,key_too_large}:[{riak_object,new_int,4,[]}]")
    old = context.database.get(*where)
    stored = _load(context, old, kind, properties)
    state, obj = _changed(context, old, stored, kind, change, seen)
    coordinate(context, *where, obj, options)
    return state


def build(context: Context, type: bytes, bucket: bytes, op: dt.DtOp) -> RiakObj:
    """Return a new object that holds the value made by an operation; :class:`Refusal` if the bucket has another type.

    It is not stored, and no quorum is checked.
    """
    properties = _properties(context, dt.DtUpdateReq(type=type, bucket=bucket))
    asked, change = _change(op)
    kind = _kind(properties)
    if asked != kind:
        raise Refusal(f"Operation type is `{asked}` but  bucket type is `{kind or _name(properties)}`.")
    _, obj = _changed(context, None, _load(context, None, kind, properties), kind, change, None)
    second = int(context.now())
    return obj.written_over(None, context.cluster.actor(context.node, None, FRESH), second)


def _changed(
    context: Context, old: RiakObj | None, stored: Stored, kind: str, change: Any, seen: Clock | None
) -> tuple[Datatype, RiakObj]:
    """Return the state after a change, and the object to write."""
    second, micros = divmod(int(context.now() * 1_000_000), 1_000_000)
    actor = context.node.actor + stored.incarnation
    try:
        state = stored.state.update(change, actor, seen, second * 1_000_000 + micros)
    except NotPresent as absent:
        what = absent.what
        told = contents.erlang(what) if isinstance(what, bytes) else _erlang_field(what)
        raise Refusal(b"{precondition,{not_present,%b}}" % told) from None
    content = Content(
        value=_TAG + stored.incarnation + state.to_bytes(),
        content_type=b"application/riak_" + kind.encode(),
        vtag=contents.new_id(context.random),
        last_mod=second,
        last_mod_usecs=micros,
    )
    clock = FRESH if old is None else old.vclock
    return state, RiakObj([content, *stored.others], clock)


def _seen(token: bytes) -> Clock:
    try:
        return Clock.from_bytes(token)
    except Junk:
        raise HangUp.crash("error:badarg:[{erlang,binary_to_term,1,[]}]") from None


def _context_bytes(state: Datatype, wanted: bool) -> bytes | None:
    seen = state.context()
    return seen.to_bytes() if wanted and seen is not None else None


def _erlang_field(field: Field) -> bytes:
    return b"{%b,%b}" % (contents.erlang(field[0]), _MODULES[field[1]].encode())


# -- operations and values in messages --------------------------------------------


def _change(op: dt.DtOp) -> tuple[str, Any]:
    """Return the type that an operation is for, and its change."""
    if op.HasField("counter_op"):
        return "counter", op.counter_op.increment if op.counter_op.HasField("increment") else 1
    if op.HasField("set_op"):
        return "set", SetChange(list(op.set_op.adds), list(op.set_op.removes))
    if op.HasField("hll_op"):
        return "hll", list(op.hll_op.adds)
    if op.HasField("gset_op"):
        return "gset", list(op.gset_op.adds)
    if op.HasField("map_op"):
        return "map", _map_change(op.map_op)
    raise _no_operation("decode_operation")


def _map_change(op: dt.MapOp) -> MapChange:
    return MapChange([_field(field) for field in op.removes], [_map_update(update) for update in op.updates])


def _map_update(update: dt.MapUpdate) -> tuple[Field, Any]:
    field = _field(update.field)
    kind = field[1]
    if not update.HasField(f"{kind}_op"):
        raise _no_operation("decode_map_update")
    if kind == "counter":
        return field, update.counter_op.increment if update.counter_op.HasField("increment") else 1
    if kind == "set":
        return field, SetChange(list(update.set_op.adds), list(update.set_op.removes))
    if kind == "register":
        return field, update.register_op
    if kind == "flag":
        return field, update.flag_op == dt.MapUpdate.ENABLE
    return field, _map_change(update.map_op)


def _no_operation(function: str) -> HangUp:
    return HangUp.crash(f"error:function_clause:[{{riak_pb_dt_codec,{function},2,[]}}]")


def _field(field: dt.MapField) -> Field:
    return field.name, dt.MapField.MapFieldType.Name(field.type).lower()


def _show(value: Any, kind: str, message: Any) -> None:
    """Put a value into a message with fields ``counter_value``, ``set_value`` …"""
    if kind in ("counter", "hll"):
        setattr(message, f"{kind}_value", _signed(value))
    elif kind in ("set", "gset"):
        getattr(message, f"{kind}_value").extend(value)
    elif kind == "map":
        for field, inner in value.items():
            entry = message.map_value.add(field=dt.MapField(name=field[0], type=field[1].upper()))
            _show(inner, field[1], entry)
    else:
        setattr(message, f"{kind}_value", value)


def _signed(value: Any) -> int:
    """Wrap a number to 64 bits, as Riak's wire does."""
    return int((value + 2**63) % 2**64 - 2**63)


HANDLERS: dict[Operation[Any, Any], Handler] = {
    DT_FETCH: fetch,
    DT_UPDATE: update,
    COUNTER_GET: fetch_counter,
    COUNTER_UPDATE: update_counter,
}
