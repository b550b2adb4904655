"""Operations on data types, encoded without an object for each part of a message.

What the message classes make of the same operation is the same, byte for byte (``tests/properties/test_changes.py``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from aioriak.error import InvalidRequest
from aioriak.operations.names import Name, to_bytes
from aioriak.riak_pb import dt
from aioriak.wire.varint import ONE_BYTE, varint

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""What a counter can be changed by in one update."""

_BYTES = (FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE)


def tags(kind: type[Message]) -> dict[str, bytes]:
    """Return what stands before each field of a message: its number, and whether a length or a number follows."""
    return {
        name: varint(field.number << 3 | (2 if field.type in _BYTES else 0))
        for name, field in kind.DESCRIPTOR.fields_by_name.items()
    }


_OP_TAGS: dict[str, bytes] = {name.removesuffix("_op"): tag for name, tag in tags(dt.DtOp).items()}
_UPDATE_TAGS: dict[str, bytes] = {name.removesuffix("_op"): tag for name, tag in tags(dt.MapUpdate).items()}
_INCREMENT = tags(dt.CounterOp)["increment"]
_MEMBERS = tuple(tags(dt.SetOp).items())  # those of grow-only sets and HyperLogLogs are numbered alike
_REMOVE, _UPDATE, _FIELD = tags(dt.MapOp)["removes"], tags(dt.MapOp)["updates"], tags(dt.MapUpdate)["field"]
_NAME = tags(dt.MapField)["name"]
_FIELD_TYPES: dict[str, bytes] = {
    name.lower(): tags(dt.MapField)["type"] + varint(number) for name, number in dt.MapField.MapFieldType.items()
}
_FLAG_OPS: dict[str, bytes] = {name.lower(): varint(number) for name, number in dt.MapUpdate.FlagOp.items()}


def amount(value: Any) -> int:
    """Return what a counter changes by.  Raises :class:`~aioriak.error.InvalidRequest`."""
    if isinstance(value, bool) or not isinstance(value, int) or not SMALLEST <= value <= LARGEST:
        raise InvalidRequest(f"a counter changes by a whole number of at most 64 bits, not {value!r}")
    return value


def encode(type_name: str, operation: Any) -> bytes:
    """Return an operation as a ``DtOp``."""
    return _encode(_OP_TAGS, type_name, operation)


def _encode(fields: dict[str, bytes], type_name: str, operation: Any) -> bytes:
    """Return an operation as the field of its type."""
    if type_name == "register":
        body = to_bytes("the value of a register", operation[1])
    elif type_name == "flag":
        return fields["flag"] + _FLAG_OPS[operation]
    elif type_name == "counter":
        number = amount(operation[1])
        body = _INCREMENT + varint(number << 1 if number >= 0 else ~(number << 1))
    elif type_name == "map":
        body = _map(operation)
    else:
        body = b"".join([
            tag + varint(len(member)) + member
            for field, tag in _MEMBERS
            for member in [to_bytes("a member", one) for one in operation.get(field, ())]
        ])  # fmt: skip
    size = len(body)
    return fields[type_name] + (ONE_BYTE[size] if size < 128 else varint(size)) + body


def _map(operation: Any) -> bytes:
    removes, updates = [], []
    for change in operation:
        name, type_name = change[1]
        field = _field(name, type_name)
        if change[0] == "remove":
            removes.append(_REMOVE + field)
        else:
            update = _FIELD + field + _encode(_UPDATE_TAGS, type_name, change[2])
            size = len(update)
            updates.append(_UPDATE + (ONE_BYTE[size] if size < 128 else varint(size)) + update)
    return b"".join(removes + updates)


@lru_cache(maxsize=256)  # a program changes the same few fields again and again
def _field(name: Name, type_name: str) -> bytes:
    """Return a field as a ``MapField``, its length in front."""
    encoded = to_bytes("the name of a field", name)
    field = _NAME + varint(len(encoded)) + encoded + _FIELD_TYPES[type_name]
    return varint(len(field)) + field
