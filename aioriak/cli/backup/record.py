"""Records: the objects and data types of a dump, from and to JSON, and their checksums."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from aioriak.operations.names import Name, raw, text

if TYPE_CHECKING:
    from aioriak.content import RiakContent
    from aioriak.datatypes import Datatype
    from aioriak.riak_object import RiakObject

VERSION = 1
"""The version of the format that is written; the only one that is read."""


class BadRecord(ValueError):
    """A line of a dump that cannot be read."""


class Place(NamedTuple):
    """Bucket type, bucket and key, as bytes."""

    type: bytes
    bucket: bytes
    key: bytes


@dataclass(slots=True, kw_only=True)
class Sibling:
    """One content of an object, everything as bytes."""

    value: bytes = b""
    content_type: bytes | None = None
    charset: bytes | None = None
    content_encoding: bytes | None = None
    usermeta: list[tuple[bytes, bytes]] = field(default_factory=list)
    links: list[tuple[bytes | None, bytes | None, bytes | None]] = field(default_factory=list)
    indexes: list[tuple[bytes, bytes]] = field(default_factory=list)
    last_modified: float | None = None
    etag: bytes | None = None
    deleted: bool = False

    @classmethod
    def of(cls, content: RiakContent) -> Sibling:
        """Return the record of a content that was read."""
        return cls(
            value=content.encoded_data or b"",
            content_type=_label(content.content_type),
            charset=_label(content.charset),
            content_encoding=_label(content.content_encoding),
            usermeta=sorted((raw(name), raw(value)) for name, value in content.usermeta.items()),
            links=[(_raw(bucket), _raw(key), _raw(tag)) for bucket, key, tag in content.links],
            indexes=sorted((raw(name), _term(value)) for name, value in content.indexes),
            last_modified=content.last_modified,
            etag=_label(content.etag),
            deleted=not content.exists,
        )

    def fill(self, content: RiakContent) -> None:
        """Write the record into a content that is to be stored."""
        content.content_type = _words(self.content_type)
        content.charset = _words(self.charset)
        content.content_encoding = _words(self.content_encoding)
        content.usermeta = {text(name): text(value) for name, value in self.usermeta}
        content.links = [(_text(bucket), _text(key), _text(tag)) for bucket, key, tag in self.links]
        content.indexes = {(text(name), text(value)) for name, value in self.indexes}
        content.encoded_data = self.value

    def digest(self) -> bytes:
        """Return the SHA-256 of what a load restores of this sibling."""
        return _digest(
            self.value, self.content_type, self.charset, self.content_encoding, *_flat(sorted(self.usermeta)), b"",
            *_flat(self.links), b"", *_flat(sorted(self.indexes)),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return the sibling as JSON has it, without what it does not have."""
        return {
            name: value
            for name, value in (
                ("value", None if self.deleted and not self.value else encode(self.value)),
                ("content_type", encode(self.content_type)),
                ("charset", encode(self.charset)),
                ("content_encoding", encode(self.content_encoding)),
                ("usermeta", [[encode(name), encode(value)] for name, value in self.usermeta] or None),
                ("links", [[encode(part) for part in link] for link in self.links] or None),
                ("indexes", [[encode(name), encode(value)] for name, value in self.indexes] or None),
                ("last_modified", self.last_modified),
                ("etag", encode(self.etag)),
                ("deleted", self.deleted or None),
            )
            if value is not None
        }

    @classmethod
    def from_json(cls, found: Any) -> Sibling:
        """Read a sibling. Raises :class:`BadRecord`."""
        if not isinstance(found, Mapping):
            raise BadRecord(f"a sibling is a JSON object, not {found!r}")
        content_type = decode(found.get("content_type"), "content_type")
        if "data" in found:
            value = json.dumps(found["data"], ensure_ascii=False).encode()
            content_type = content_type or b"application/json"
        else:
            value = decode(found.get("value"), "value") or b""
        modified = found.get("last_modified")
        if modified is not None and (isinstance(modified, bool) or not isinstance(modified, (int, float))):
            raise BadRecord(f"last_modified is a number of seconds, not {modified!r}")
        return cls(
            value=value,
            content_type=content_type,
            charset=decode(found.get("charset"), "charset"),
            content_encoding=decode(found.get("content_encoding"), "content_encoding"),
            usermeta=[(needed(a, "usermeta"), needed(b, "usermeta")) for a, b in _rows(found, "usermeta", 2)],
            links=[
                (decode(a, "links"), decode(b, "links"), decode(c, "links")) for a, b, c in _rows(found, "links", 3)
            ],
            indexes=[
                (needed(a, "indexes"), b"%d" % b if type(b) is int else needed(b, "indexes"))
                for a, b in _rows(found, "indexes", 2)
            ],
            last_modified=modified,
            etag=decode(found.get("etag"), "etag"),
            deleted=found.get("deleted") is True,
        )


@dataclass(slots=True)
class ObjectRecord:
    """An object: its siblings, and the vector clock they had."""

    place: Place
    siblings: list[Sibling]
    vclock: bytes | None = None

    @classmethod
    def of(cls, robject: RiakObject) -> ObjectRecord:
        """Return the record of an object that was read."""
        bucket = robject.bucket
        place = Place(bucket.bucket_type.wire_name or b"default", bucket.wire_name, raw(robject.key or ""))
        return cls(place, [Sibling.of(content) for content in robject.siblings], robject.vclock)

    @property
    def live(self) -> list[Sibling]:
        """The siblings that are not tombstones."""
        return [sibling for sibling in self.siblings if not sibling.deleted]

    @property
    def last_modified(self) -> float:
        """When the newest sibling was written: seconds since 1970."""
        return max((sibling.last_modified or 0.0 for sibling in self.siblings), default=0.0)

    def digest(self) -> bytes:
        """Return the SHA-256 of the key and the live siblings, whatever their order."""
        return _digest(self.place.key, b"object", *sorted(sibling.digest() for sibling in self.live))

    def to_json(self) -> dict[str, Any]:
        """Return the line of a dump."""
        found = _place_json(self.place)
        if self.vclock is not None:
            found["vclock"] = b64encode(self.vclock).decode()
        found["siblings"] = [sibling.to_json() for sibling in self.siblings]
        return found


@dataclass(slots=True)
class DatatypeRecord:
    """A data type: its name, and its value as plain Python data."""

    place: Place
    datatype: str
    value: Any

    @classmethod
    def of(cls, datatype: Datatype[Any]) -> DatatypeRecord:
        """Return the record of a data type that was read."""
        bucket = datatype.bucket
        assert bucket is not None
        place = Place(bucket.bucket_type.wire_name or b"default", bucket.wire_name, raw(datatype.key or ""))
        return cls(place, datatype.type_name, datatype.value)

    def digest(self) -> bytes:
        """Return the SHA-256 of the key and the value."""
        operation = json.dumps(operation_json(self.datatype, self.value), sort_keys=True, ensure_ascii=True)
        return _digest(self.place.key, self.datatype.encode(), operation.encode())

    def to_json(self) -> dict[str, Any]:
        """Return the line of a dump."""
        operation = operation_json(self.datatype, self.value)
        return {**_place_json(self.place), "datatype": self.datatype, "operation": operation}


Record = ObjectRecord | DatatypeRecord


def line_of(record: Record) -> bytes:
    """Return a record as a line of a dump."""
    return json.dumps(record.to_json(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def parse(line: bytes) -> Record | dict[str, Any]:
    """Read a line of a dump: a record, or a line about the dump as it is. Raises :class:`BadRecord`."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadRecord("a line is a JSON object")
    if "key" not in found:
        return found
    place = Place(
        decode(found.get("type"), "type") or b"default",
        needed(found.get("bucket"), "bucket"),
        needed(found["key"], "key"),
    )
    if "datatype" in found:
        kind = found["datatype"]
        if kind not in _TOP_LEVEL:
            raise BadRecord(f"datatype is one of {', '.join(_TOP_LEVEL)}, not {kind!r}")
        return DatatypeRecord(place, kind, value_of(kind, found.get("operation")))
    vclock = found.get("vclock")
    siblings = found.get("siblings", [found])
    if not isinstance(siblings, list) or not siblings:
        raise BadRecord("siblings are a list with at least one member")
    return ObjectRecord(place, list(map(Sibling.from_json, siblings)), _unbase64(vclock) if vclock else None)


# -- data types as operations -------------------------------------------------------------

_TOP_LEVEL = ("counter", "set", "gset", "hll", "map")
_FIELDS = ("counter", "flag", "map", "register", "set")


def operation_json(kind: str, value: Any) -> dict[str, Any]:
    """Return the operation that makes a value where nothing is."""
    if kind == "counter":
        return {"increment": value}
    if kind in ("set", "gset"):
        return {"add": [encode(member) for member in sorted(map(raw, value))]}
    if kind == "register":
        return {"assign": encode(raw(value))}
    if kind == "flag":
        return {"enable": value}
    if kind == "hll":
        return {"estimate": value}
    fields = sorted((raw(name), kind, inner) for (name, kind), inner in value.items())
    return {"update": [[encode(name), kind, operation_json(kind, inner)] for name, kind, inner in fields]}


_MEMBER = {
    "counter": "increment", "set": "add", "gset": "add", "register": "assign", "flag": "enable", "hll": "estimate",
    "map": "update",
}  # fmt: skip


def value_of(kind: str, operation: Any) -> Any:
    """Return the value that an operation makes. Raises :class:`BadRecord`."""
    member = _MEMBER[kind]
    if not isinstance(operation, Mapping) or set(operation) != {member}:
        raise BadRecord(f'the operation of a {kind} is {{"{member}": …}}, not {operation!r}')
    given = operation[member]
    if kind in ("counter", "hll"):
        return _checked(given, int, kind)
    if kind == "flag":
        return _checked(given, bool, kind)
    if kind == "register":
        return text(needed(given, kind))
    if kind in ("set", "gset"):
        return frozenset(text(needed(one, kind)) for one in _checked(given, list, kind))
    value: dict[tuple[Name, str], Any] = {}
    for row in _checked(given, list, kind):
        if not isinstance(row, list) or len(row) != 3 or row[1] not in _FIELDS:
            raise BadRecord(f"a field of a map is a name, a type and an operation, not {row!r}")
        value[text(needed(row[0], "a field")), row[1]] = value_of(row[1], row[2])
    return value


def _checked(given: Any, kind: type, what: str) -> Any:
    if type(given) is not kind:
        raise BadRecord(f"the operation of a {what} holds {kind.__name__}, not {given!r}")
    return given


# -- bytes ------------------------------------------------------------------------------------


def encode(value: bytes | None) -> Any:
    """Return bytes as JSON has them."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def decode(value: Any, what: str) -> bytes | None:
    """Read bytes back. Raises :class:`BadRecord`."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise BadRecord(f"{what}: {error}") from None
    if isinstance(value, Mapping) and set(value) == {"base64"}:
        return _unbase64(value["base64"])
    raise BadRecord(f'{what} is text or {{"base64": …}}, not {value!r}')


def needed(value: Any, what: str) -> bytes:
    """Read bytes that must be there. Raises :class:`BadRecord`."""
    found = decode(value, what)
    if found is None:
        raise BadRecord(f"{what} is missing")
    return found


def _unbase64(value: Any) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        raise BadRecord(f"not base 64: {value!r}") from None


def _place_json(place: Place) -> dict[str, Any]:
    return {"type": encode(place.type), "bucket": encode(place.bucket), "key": encode(place.key)}


def _rows(found: Mapping[str, Any], name: str, columns: int) -> list[Any]:
    rows = found.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == columns for row in rows):
        raise BadRecord(f"{name} is a list of lists of {columns}, not {rows!r}")
    return rows


def _digest(*parts: bytes | None) -> bytes:
    """Hash parts so that no two lists of parts collide: each with its length in front, ``None`` apart from empty."""
    hashed = sha256()
    for part in parts:
        hashed.update(b"-" if part is None else b"%d:" % len(part))
        hashed.update(part or b"")
    return hashed.digest()


def _flat(rows: Iterable[tuple[bytes | None, ...]]) -> list[bytes | None]:
    return [part for row in rows for part in row]


def _label(value: str | None) -> bytes | None:
    return value.encode("utf-8", "surrogateescape") if value else None


def _words(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _term(value: int | Name) -> bytes:
    return b"%d" % value if isinstance(value, int) else raw(value)


def _raw(value: Name | None) -> bytes | None:
    return None if value is None else raw(value)


def _text(value: bytes | None) -> Name | None:
    return None if value is None else text(value)
