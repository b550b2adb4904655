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
from typing import Any, NamedTuple, TypedDict

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.error import InvalidRequest
from aioriak.operations.names import Name, text, to_bytes
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
from aioriak.wire.operation import COUNTER_GET, COUNTER_UPDATE, DT_FETCH, DT_UPDATE


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

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""What a counter can be changed by in one update."""


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
    type_name = dt.DtFetchResp.DataType.Name(reply.type).lower()
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
    request = dt.DtUpdateReq(bucket=bucket, key=key, type=kind or b"default", context=context)
    timeout = apply(request, options, DATATYPE_WRITE)
    returns = returns_value(type_name, options)
    if not returns:
        request.ClearField("return_body")
    _fill(request.op, type_name, operation)
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
    request = kv.RpbCounterUpdateReq(bucket=bucket, key=key, amount=_amount(amount))
    apply(request, options, COUNTER_WRITE)
    reply = await dispatcher.call(COUNTER_UPDATE, request)
    return reply.value if reply.HasField("value") else None


# -- encoding operations ----------------------------------------------------------------


def _amount(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not SMALLEST <= value <= LARGEST:
        raise InvalidRequest(f"a counter changes by a whole number of at most 64 bits, not {value!r}")
    return value


def _fill(message: Any, type_name: str, operation: Any) -> None:
    """Write an operation into the field of its type."""
    if type_name == "counter":
        message.counter_op.increment = _amount(operation[1])
    elif type_name == "register":
        message.register_op = to_bytes("the value of a register", operation[1])
    elif type_name == "flag":
        message.flag_op = operation.upper()
    elif type_name == "map":
        _fill_map(message.map_op, operation)
    else:
        part = getattr(message, f"{type_name}_op")
        part.SetInParent()
        for field, members in operation.items():
            getattr(part, field).extend(to_bytes("a member", member) for member in members)


def _fill_map(message: dt.MapOp, operation: Any) -> None:
    message.SetInParent()
    for what, (name, type_name), *change in operation:
        field = dt.MapField(name=to_bytes("the name of a field", name), type=type_name.upper())
        if what == "remove":
            message.removes.append(field)
        else:
            _fill(message.updates.add(field=field), type_name, change[0])


# -- decoding values --------------------------------------------------------------------


def _names(values: Any) -> frozenset[Name]:
    return frozenset(text(value) for value in values)


def _fields(entries: Any) -> dict[tuple[Name, str], Any]:
    value: dict[tuple[Name, str], Any] = {}
    for entry in entries:
        type_name = dt.MapField.MapFieldType.Name(entry.field.type).lower()
        value[text(entry.field.name), type_name] = _VALUES[type_name](entry)
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
