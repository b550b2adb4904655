"""Bucket types that a server starts with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aioriak.testing import properties
from aioriak.testing.properties import ALL, ONE, QUORUM, Properties

_SYMBOLS = {"one": ONE, "quorum": QUORUM, "all": ALL}
_WORDS: dict[str, bool] = {"true": True, "false": False}


class BucketType:
    """A bucket type to make: its name and the properties in which it differs from a new type.

    ::

        BucketType("maps", datatype="map")
        BucketType("fast", n_val=1, allow_mult=False)
    """

    __slots__ = ("name", "properties")

    def __init__(self, name: str | bytes, /, **given: Any) -> None:
        self.name = name.encode() if isinstance(name, str) else name
        self.properties: Properties = properties.create({key: _value(value) for key, value in given.items()})

    @classmethod
    def parse(cls, text: str) -> BucketType:
        """From ``name`` or ``name=property:value,property:value``, as the command line has it."""
        name, _, rest = text.partition("=")
        given: dict[str, Any] = {}
        for part in filter(None, rest.split(",")):
            key, colon, value = part.partition(":")
            if not colon:
                raise ValueError(f"not a property and its value: {part!r}")
            given[key] = _parsed(key, value)
        if not name:
            raise ValueError(f"a bucket type without a name: {text!r}")
        return cls(name, **given)

    def __repr__(self) -> str:
        return f"<BucketType {self.name.decode('utf-8', 'replace')}>"


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _SYMBOLS.get(value, value.encode())
    return value


def _parsed(key: str, value: str) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    return int(value) if value.isdigit() else value


STANDARD = (
    BucketType("siblings", allow_mult=True),
    BucketType("nosiblings", allow_mult=False),
    BucketType("lww", last_write_wins=True, allow_mult=False),
    BucketType("maps", datatype="map"),
    BucketType("sets", datatype="set"),
    BucketType("counters", datatype="counter"),
    BucketType("hlls", datatype="hll"),
    BucketType("gsets", datatype="gset"),
    BucketType("writeonce", write_once=True),
)
"""One bucket type for each way in which Riak stores objects."""

BucketTypes = str | BucketType | Mapping[str, Mapping[str, Any]] | Iterable["BucketTypes"] | None
"""``"standard"``, ``"name=property:value,…"``, a mapping of names to properties, or several of these."""


def named(types: BucketTypes) -> dict[bytes, Properties]:
    """Return the properties of the given bucket types, by name."""
    if types == "standard":
        return {each.name: each.properties for each in STANDARD}
    if isinstance(types, str):
        each = BucketType.parse(types)
        return {each.name: each.properties}
    if isinstance(types, BucketType):
        return {types.name: types.properties}
    found: dict[bytes, Properties] = {}
    if isinstance(types, Mapping):
        for name, given in types.items():
            each = BucketType(name, **given)
            found[each.name] = each.properties
    elif types is not None:
        for item in types:
            found.update(named(item))
    return found

