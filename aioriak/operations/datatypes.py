"""Data types: fetch and update, and the counters of Riak 1.4.

Values are plain: an ``int``, a ``frozenset`` of names, a ``dict`` of (name, type) to value.  So are
operations:

========  =========================================================================
counter   ``("increment", 3)``
set       ``{"adds": [...], "removes": [...]}``
gset      ``{"adds": [...]}``
hll       ``{"adds": [...]}``
map       ``[("remove", (name, type)), ("update", (name, type), operation)]``
register  ``("assign", "value")``
flag      ``"enable"`` or ``"disable"``
========  =========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.operations import changes
from aioriak.operations.names import Name, text, texts
from aioriak.operations.options import (
    Check,
    Quorum,
    ReadOptions,
    Timeout,
    apply,
    count,
    flag,
    milliseconds,
    positive,
    quorum,
)
from aioriak.riak_pb import dt, kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import COUNTER_GET, COUNTER_UPDATE, DT_FETCH, DT_UPDATE
from aioriak.wire.varint import ONE_BYTE, varint


class DatatypeReadOptions(TypedDict, total=False):
    """Options of a data type's fetch.

    ``r``, ``pr``, ``basic_quorum``, ``notfound_ok``, ``n_val``, ``sloppy_quorum``, ``node_confirms``
    as for any read.  ``include_context``: ``False`` leaves out the context that removals need.
    ``timeout``: a ``timedelta``, or milliseconds, for the server and for the whole call.

    Riak's documentation: "Protocol Buffers Client API", "Data Type Fetch".
    """

    r: Quorum | None
    pr: Quorum | None
    basic_quorum: bool | None
    notfound_ok: bool | None
    n_val: int | None
    sloppy_quorum: bool | None
    node_confirms: int | None
    include_context: bool | None
    timeout: Timeout | None


class DatatypeWriteOptions(TypedDict, total=False):
    """Options of a data type's update.

    ``w``, ``dw``, ``pw``, ``n_val``, ``sloppy_quorum``, ``node_confirms`` as for any write.
    ``return_body``: the new value comes back.  ``include_context``: ``False`` leaves out its context.
    ``timeout``: a ``timedelta``, or milliseconds, for the server and for the whole call.

    Riak's documentation: "Protocol Buffers Client API", "Data Type Store".
    """

    w: Quorum | None
    dw: Quorum | None
    pw: Quorum | None
    return_body: bool | None
    n_val: int | None
    sloppy_quorum: bool | None
    node_confirms: Quorum | None
    include_context: bool | None
    timeout: Timeout | None


class GetOptions(ReadOptions, total=False):
    """Options of a get that may find an object or a data type; ``include_context`` is for data types alone."""

    include_context: bool | None


class CounterReadOptions(TypedDict, total=False):
    """Options of reading a counter of Riak 1.4: ``r``, ``pr``, ``basic_quorum``, ``notfound_ok``, ``node_confirms``."""

    r: Quorum | None
    pr: Quorum | None
    basic_quorum: bool | None
    notfound_ok: bool | None
    node_confirms: int | None


class CounterWriteOptions(TypedDict, total=False):
    """Options of counting a counter of Riak 1.4: quorums, and ``returnvalue``: the new value comes back."""

    w: Quorum | None
    dw: Quorum | None
    pw: Quorum | None
    node_confirms: Quorum | None
    returnvalue: bool | None


_TUNING: dict[str, Check] = {
    "n_val": positive, "sloppy_quorum": flag, "include_context": flag, "timeout": milliseconds
}  # fmt: skip
COUNTER_READ: dict[str, Check] = {
    "r": quorum, "pr": quorum, "basic_quorum": flag, "notfound_ok": flag, "node_confirms": count
}  # fmt: skip
COUNTER_WRITE: dict[str, Check] = {
    "w": quorum, "dw": quorum, "pw": quorum, "node_confirms": quorum, "returnvalue": flag
}  # fmt: skip
DATATYPE_READ: dict[str, Check] = {**COUNTER_READ, **_TUNING}
DATATYPE_WRITE: dict[str, Check] = {
    "w": quorum, "dw": quorum, "pw": quorum, "node_confirms": quorum, "return_body": flag, **_TUNING
}  # fmt: skip

_RETURN_BODY = {"return_body"}
_CONTEXT, _OP = (changes.tags(dt.DtUpdateReq)[name] for name in ("context", "op"))


class UpdateRequest(NamedTuple):
    """An update of a key without other options than ``return_body``."""

    type: bytes
    bucket: bytes
    key: bytes
    context: bytes | None
    op: bytes
    """The operation, encoded."""
    return_body: bool

    def message(self) -> dt.DtUpdateReq:
        """Return the request as a message, without a timeout."""
        message = dt.DtUpdateReq(bucket=self.bucket, key=self.key, type=self.type, context=self.context)
        message.op.MergeFromString(self.op)
        if self.return_body:
            message.return_body = True
        return message

    def frame(self, timeout: int) -> bytes:
        """Return the frame of the request; ``timeout`` in milliseconds, 0 for none.

        It is what the message class makes of :meth:`message`, byte for byte (``tests/properties/test_changes.py``).
        """
        kind, bucket, key, context, op, return_body = self
        head, middle, tail = _prepared(kind, bucket, len(key), return_body, timeout)
        if context is not None:
            middle += _CONTEXT + varint(len(context)) + context
        size = len(op)
        op_size = ONE_BYTE[size] if size < 128 else varint(size)
        return encode_frame(DT_UPDATE.request_code, b"".join((head, key, middle, _OP, op_size, op, tail)))


@lru_cache(maxsize=256)
def _prepared(kind: bytes, bucket: bytes, key: int, return_body: bool, timeout: int) -> tuple[bytes, bytes, bytes]:
    """Return what stands before a key of this length, between it and the context, and behind the operation."""
    names = dt.DtUpdateReq(bucket=bucket, key=bytes(key)).SerializePartialToString()
    middle = dt.DtUpdateReq(type=kind).SerializePartialToString()
    rest = dt.DtUpdateReq()
    if return_body:
        rest.return_body = True
    if timeout:
        rest.timeout = timeout
    return names[: len(names) - key], middle, rest.SerializePartialToString()


class Fetched(NamedTuple):
    """The reply to a fetch: the type, and the value, ``None`` if nothing is stored."""

    type_name: str
    value: Any
    context: bytes | None


class Updated(NamedTuple):
    """The reply to an update: a value only with ``return_body``, a key if the server generated one."""

    key: Name | None
    value: Any
    context: bytes | None


async def fetch(
    dispatcher: Dispatcher, kind: bytes | None, bucket: bytes, key: bytes, options: Mapping[str, Any]
) -> Fetched:
    """Fetch a data type; ``options`` are those of :class:`DatatypeReadOptions`."""
    request = dt.DtFetchReq(bucket=bucket, key=key, type=kind or b"default")
    timeout = apply(request, options, DATATYPE_READ)
    reply = await dispatcher.call(DT_FETCH, request, timeout)
    type_name = _TYPES[reply.type]
    value = _VALUES[type_name](reply.value) if reply.HasField("value") else None
    return Fetched(type_name, value, reply.context or None)


def returns_value(type_name: str, options: Mapping[str, Any]) -> bool:
    """Whether an update with these options brings the new value back."""
    return bool(options.get("return_body")) and type_name != "gset"


async def update(
    dispatcher: Dispatcher,
    kind: bytes | None,
    bucket: bytes,
    key: bytes | None,
    type_name: str,
    operation: Any,
    context: bytes | None,
    options: Mapping[str, Any],
) -> Updated:
    """Carry out an operation, in one update; ``options`` are those of :class:`DatatypeWriteOptions`.

    A gset is updated without ``return_body``, which makes servers hang up: fetch it afterwards.
    """
    returns = returns_value(type_name, options)
    encoded = changes.encode(type_name, operation)
    if key is not None and options.keys() == _RETURN_BODY and type(options["return_body"]) is bool:
        # tuple's own constructor takes a third of the time of NamedTuple's
        plain = tuple.__new__(UpdateRequest, (kind or b"default", bucket, key, context, encoded, returns))
        reply = await dispatcher.call(DT_UPDATE, plain, None, plain.frame(dispatcher.usual_timeout))
    else:
        request = dt.DtUpdateReq(bucket=bucket, key=key, type=kind or b"default", context=context)
        timeout = apply(request, options, DATATYPE_WRITE)
        if not returns:
            request.ClearField("return_body")
        request.op.MergeFromString(encoded)
        reply = await dispatcher.call(DT_UPDATE, request, timeout)
    value = _VALUES[type_name](reply) if returns else None
    return Updated(text(reply.key) if reply.key else None, value, reply.context or None)


async def counter_get(
    dispatcher: Dispatcher, bucket: bytes, key: bytes, options: Mapping[str, Any]
) -> int | None:
    """Fetch a counter of Riak 1.4; ``None`` if it is not found."""
    request = kv.RpbCounterGetReq(bucket=bucket, key=key)
    apply(request, options, COUNTER_READ)
    reply = await dispatcher.call(COUNTER_GET, request)
    return reply.value if reply.HasField("value") else None


async def counter_update(
    dispatcher: Dispatcher, bucket: bytes, key: bytes, amount: int, options: Mapping[str, Any]
) -> int | None:
    """Count a counter of Riak 1.4 up or down; its value with ``returnvalue``."""
    request = kv.RpbCounterUpdateReq(bucket=bucket, key=key, amount=changes.amount(amount))
    apply(request, options, COUNTER_WRITE)
    reply = await dispatcher.call(COUNTER_UPDATE, request)
    return reply.value if reply.HasField("value") else None


# -- decoding values --------------------------------------------------------------------


_TYPES: dict[int, str] = {number: name.lower() for name, number in dt.DtFetchResp.DataType.items()}
_FIELD_TYPES: dict[int, str] = {number: name.lower() for name, number in dt.MapField.MapFieldType.items()}


def _names(values: Any) -> frozenset[Name]:
    return frozenset(texts(values))


def _fields(entries: Any) -> dict[tuple[Name, str], Any]:
    value: dict[tuple[Name, str], Any] = {}
    for entry in entries[:]:  # a list is iterated in a quarter of the time that a message's field takes
        field = entry.field
        type_name = _FIELD_TYPES[field.type]
        value[text(field.name), type_name] = _VALUES[type_name](entry)
    return value


_VALUES: dict[str, Callable[[Any], Any]] = {
    "counter": lambda message: message.counter_value,
    "set": lambda message: _names(message.set_value),
    "gset": lambda message: _names(message.gset_value),
    "hll": lambda message: message.hll_value,
    "map": lambda message: _fields(message.map_value),
    "register": lambda message: text(message.register_value),
    "flag": lambda message: message.flag_value,
}
