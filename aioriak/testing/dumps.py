r"""The lines of a dump: JSON, one object a line, as ``aioriak dump`` writes and ``RiakServer.load`` reads it.

An object::

    {"type": "default", "bucket": "users", "key": "ada", "vclock": "a85h…",
     "siblings": [{"value": "{\"age\": 36}", "content_type": "application/json",
                   "usermeta": [["source", "import"]], "links": [["users", "bob", "friend"]],
                   "indexes": [["age_int", "36"]], "last_modified": 1700000000.25}]}

An object with one sibling may have the members of the sibling itself, and JSON may be written as ``data``::

    {"bucket": "users", "key": "ada", "data": {"age": 36}, "indexes": [["age_int", 36]]}

A data type, as the operation that makes it::

    {"type": "maps", "bucket": "carts", "key": "ada", "datatype": "map", "operation": {"update": [
        ["items", "set", {"add": ["tea"]}],
        ["paid", "flag", {"enable": true}],
        ["owner", "register", {"assign": "Ada"}],
        ["total", "counter", {"increment": 3}]]}}

    {"type": "counters", "bucket": "visits", "key": "home", "datatype": "counter", "operation": {"increment": 12}}
    {"type": "sets", "bucket": "tags", "key": "ada", "datatype": "set", "operation": {"add": ["math"]}}

Bytes are strings where they are UTF-8, else ``{"base64": "…"}``.  ``type``
defaults to ``default``; every field of a sibling may be missing.  Other fields of a
sibling: ``charset``, ``content_encoding``, ``etag``, ``deleted`` (``true`` for a
tombstone).  The vector clock, in base 64, is not restored.  A line without ``key``,
such as those that begin and end a dump, holds no object; nor does a blank line.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aioriak.riak_pb import dt


class BadLine(ValueError):
    """A line is not in the format of a dump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedSibling:
    """One value with its metadata; ``None`` where it has none.  ``last_modified`` is in seconds since the epoch."""

    value: bytes = b""
    content_type: bytes | None = None
    charset: bytes | None = None
    content_encoding: bytes | None = None
    usermeta: tuple[tuple[bytes, bytes], ...] = ()
    links: tuple[tuple[bytes | None, bytes | None, bytes | None], ...] = ()
    indexes: tuple[tuple[bytes, bytes], ...] = ()
    last_modified: float | None = None
    etag: bytes | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedObject:
    """An object with all its siblings."""

    type: bytes = b"default"
    bucket: bytes
    key: bytes
    vclock: bytes | None = None
    siblings: tuple[DumpedSibling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedDatatype:
    """A data type and the operation that makes its value."""

    type: bytes
    bucket: bytes
    key: bytes
    operation: dt.DtOp


def encode_line(entry: DumpedObject | DumpedDatatype) -> str:
    """Return the line of an object or a data type, without a newline."""
    line: dict[str, Any] = {"type": _str(entry.type), "bucket": _str(entry.bucket), "key": _str(entry.key)}
    if isinstance(entry, DumpedDatatype):
        kind, part = _operation(entry.operation)
        line["datatype"], line["operation"] = kind, _encode_part(kind, part)
    else:
        if entry.vclock is not None:
            line["vclock"] = base64.b64encode(entry.vclock).decode()
        line["siblings"] = [_encode_sibling(sibling) for sibling in entry.siblings]
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def decode_line(line: str | bytes) -> DumpedObject | DumpedDatatype | None:
    """Return the object or data type of a line; ``None`` for a line that holds none.

    Raises :class:`BadLine`.
    """
    if not line.strip():
        return None
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from None
    if not isinstance(given, dict):
        raise BadLine(f"a line must be a JSON object, not {type(given).__name__}")
    if "key" not in given:
        if "siblings" in given or "operation" in given:
            raise BadLine("key is missing")
        return None
    names = {
        "type": _bytes(given.get("type", "default"), "type"),
        "bucket": _field(given, "bucket"),
        "key": _field(given, "key"),
    }
    if "datatype" in given or "operation" in given:
        _only(given, {"type", "bucket", "key", "datatype", "operation"}, "a data type")
        return DumpedDatatype(**names, operation=_decode_operation(given.get("datatype"), given.get("operation")))
    vclock = _base64(given["vclock"], "vclock") if given.get("vclock") is not None else None
    if "siblings" not in given:
        alone = {name: part for name, part in given.items() if name not in ("type", "bucket", "key", "vclock")}
        return DumpedObject(**names, vclock=vclock, siblings=(_decode_sibling(alone),))
    _only(given, {"type", "bucket", "key", "vclock", "siblings"}, "an object")
    siblings = given["siblings"]
    if not isinstance(siblings, list) or not siblings:
        raise BadLine("siblings must be a list of at least one value")
    return DumpedObject(**names, vclock=vclock, siblings=tuple(_decode_sibling(sibling) for sibling in siblings))


def decode_lines(lines: Iterable[str | bytes]) -> Iterator[DumpedObject | DumpedDatatype]:
    """Iterate over the objects of a dump; :class:`BadLine` names the number of the line."""
    for number, line in enumerate(lines, 1):
        try:
            entry = decode_line(line)
        except BadLine as error:
            raise BadLine(f"line {number}: {error}") from None
        if entry is not None:
            yield entry


def operation_of(reply: dt.DtFetchResp) -> dt.DtOp | None:
    """Return the operation that makes the value of a fetched data type; ``None`` if there is none.

    A HyperLogLog shows only its cardinality, so no operation makes it again.
    """
    kind = dt.DtFetchResp.DataType.Name(reply.type).lower()
    if not reply.HasField("value") or kind == "hll":
        return None
    operation = dt.DtOp()
    value = reply.value
    if kind == "counter":
        operation.counter_op.increment = value.counter_value
    elif kind in ("set", "gset"):
        added = value.set_value if kind == "set" else value.gset_value
        part = getattr(operation, f"{kind}_op")
        part.SetInParent()
        part.adds.extend(added)
    else:
        operation.map_op.SetInParent()
        _update_map(operation.map_op, value.map_value)
    return operation


def _update_map(operation: dt.MapOp, entries: Iterable[dt.MapEntry]) -> None:
    for entry in entries:
        update = operation.updates.add(field=entry.field)
        kind = dt.MapField.MapFieldType.Name(entry.field.type).lower()
        if kind == "counter":
            update.counter_op.increment = entry.counter_value
        elif kind == "set":
            update.set_op.SetInParent()
            update.set_op.adds.extend(entry.set_value)
        elif kind == "register":
            update.register_op = entry.register_value
        elif kind == "flag":
            update.flag_op = dt.MapUpdate.ENABLE if entry.flag_value else dt.MapUpdate.DISABLE
        else:
            update.map_op.SetInParent()
            _update_map(update.map_op, entry.map_value)


# -- bytes in JSON ------------------------------------------------------------------


def _str(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(value: object, what: str) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise BadLine(f"{what} holds a lone surrogate: {value!r}") from None
    if isinstance(value, dict) and value.keys() == {"base64"}:
        return _base64(value["base64"], what)
    raise BadLine(f'{what} must be a string or {{"base64": …}}, not {json.dumps(value)[:80]}')


def _base64(value: object, what: str) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except ValueError:
        pass
    raise BadLine(f"{what} is not base 64: {json.dumps(value)[:80]}")


def _field(given: Mapping[str, Any], name: str) -> bytes:
    if name not in given:
        raise BadLine(f"{name} is missing")
    return _bytes(given[name], name)


def _only(given: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise BadLine(f"{what} has no field {unknown[0]!r}")


# -- siblings ----------------------------------------------------------------------

_LABELS = ("content_type", "charset", "content_encoding", "etag")


def _encode_sibling(sibling: DumpedSibling) -> dict[str, Any]:
    line: dict[str, Any] = {"value": _str(sibling.value)}
    for name in _LABELS:
        label = getattr(sibling, name)
        if label is not None:
            line[name] = _str(label)
    for name in ("usermeta", "links", "indexes"):
        rows = getattr(sibling, name)
        if rows:
            line[name] = [[None if part is None else _str(part) for part in row] for row in rows]
    if sibling.last_modified is not None:
        line["last_modified"] = sibling.last_modified
    if sibling.deleted:
        line["deleted"] = True
    return line


def _decode_sibling(given: object) -> DumpedSibling:
    if not isinstance(given, dict):
        raise BadLine("a sibling must be a JSON object")
    _only(given, {"value", "data", "usermeta", "links", "indexes", "last_modified", "deleted", *_LABELS}, "a sibling")
    modified, deleted = given.get("last_modified"), given.get("deleted", False)
    if isinstance(modified, bool) or not isinstance(modified, (int, float, type(None))):
        raise BadLine(f"last_modified must be seconds since the epoch, not {modified!r}")
    if not isinstance(deleted, bool):
        raise BadLine(f"deleted must be true or false, not {deleted!r}")
    labels: dict[str, Any] = {name: _bytes(given[name], name) for name in _LABELS if given.get(name) is not None}
    value = _bytes(given.get("value", ""), "value")
    if "data" in given:
        value = json.dumps(given["data"], ensure_ascii=False).encode()
        labels.setdefault("content_type", b"application/json")
    return DumpedSibling(
        value=value,
        usermeta=_pairs(given, "usermeta"),
        indexes=_pairs(given, "indexes"),
        links=tuple(
            (_part(bucket), _part(key), _part(tag)) for bucket, key, tag in _rows(given, "links", 3)
        ),
        last_modified=modified,
        deleted=deleted,
        **labels,
    )


def _part(given: object) -> bytes | None:
    return None if given is None else _bytes(given, "links")


def _pairs(given: Mapping[str, Any], name: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (_bytes(first, name), b"%d" % second if type(second) is int else _bytes(second, name))
        for first, second in _rows(given, name, 2)
    )


def _rows(given: Mapping[str, Any], name: str, width: int) -> list[Any]:
    rows = given.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == width for row in rows):
        raise BadLine(f"{name} must be a list of lists of {width}")
    return rows


# -- operations of data types ------------------------------------------------------

_KINDS = ("counter", "set", "gset", "hll", "map")
_FIELDS = ("counter", "set", "register", "flag", "map")


def _operation(operation: dt.DtOp) -> tuple[str, Any]:
    for kind in _KINDS:
        if operation.HasField(f"{kind}_op"):
            return kind, getattr(operation, f"{kind}_op")
    raise ValueError("the operation changes nothing")


def _encode_part(kind: str, part: Any) -> dict[str, Any]:
    if kind == "counter":
        return {"increment": part.increment}
    if kind == "register":
        return {"assign": _str(part)}
    if kind == "flag":
        return {"enable": part == dt.MapUpdate.ENABLE}
    if kind == "map":
        return {"update": [_encode_update(update) for update in part.updates]}
    return {"add": [_str(each) for each in part.adds]}


def _encode_update(update: dt.MapUpdate) -> list[Any]:
    kind = dt.MapField.MapFieldType.Name(update.field.type).lower()
    return [_str(update.field.name), kind, _encode_part(kind, getattr(update, f"{kind}_op"))]


def _decode_operation(kind: object, given: object) -> dt.DtOp:
    if kind not in _KINDS or not isinstance(kind, str):
        raise BadLine(f"datatype must be one of {', '.join(_KINDS)}")
    if kind == "hll" and isinstance(given, dict) and given.keys() == {"estimate"}:
        raise BadLine("a HyperLogLog cannot be made from its estimate")
    operation = dt.DtOp()
    _decode_part(kind, given, operation)
    return operation


def _decode_part(kind: str, given: object, into: Any) -> None:
    """Set the field ``kind_op`` of a message."""
    word = {"counter": "increment", "register": "assign", "flag": "enable", "map": "update"}.get(kind, "add")
    if not isinstance(given, dict) or given.keys() != {word}:
        raise BadLine(f'the operation of a {kind} must be {{"{word}": …}}')
    value = given[word]
    if kind == "register":
        into.register_op = _bytes(value, "assign")
    elif kind == "flag":
        if not isinstance(value, bool):
            raise BadLine(f"enable must be true or false, not {value!r}")
        into.flag_op = dt.MapUpdate.ENABLE if value else dt.MapUpdate.DISABLE
    elif kind == "counter":
        if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
            raise BadLine(f"increment must be a 64-bit integer, not {value!r}")
        into.counter_op.increment = value
    elif not isinstance(value, list):
        raise BadLine(f"{word} must be a list")
    elif kind == "map":
        into.map_op.SetInParent()
        for each in value:
            _decode_update(each, into.map_op)
    else:
        part = getattr(into, f"{kind}_op")
        part.SetInParent()
        part.adds.extend(_bytes(each, "add") for each in value)


def _decode_update(given: object, operation: dt.MapOp) -> None:
    if not isinstance(given, list) or len(given) != 3 or given[1] not in _FIELDS:
        raise BadLine(f"an update must be [name, type, operation], its type one of {', '.join(_FIELDS)}")
    name, kind, part = given
    field = dt.MapField(name=_bytes(name, "name"), type=kind.upper())
    _decode_part(kind, part, operation.updates.add(field=field))
