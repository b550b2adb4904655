"""Bucket types that a server starts with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aioriak.testing import properties
from aioriak.testing.errors import Refusal
from aioriak.testing.properties import ALL, ONE, QUORUM, Properties

_SYMBOLS = {"one": ONE, "quorum": QUORUM, "all": ALL}
_WORDS: dict[str, bool] = {"true": True, "false": False}


class BucketType:
    """A bucket type to make: its name and the properties in which it differs from a new type.

    ::

        BucketType("maps", datatype="map")
        BucketType("fast", n_val=1, allow_mult=False)
    """

    __slots__ = ("given", "name", "properties")

    def __init__(self, name: str | bytes, /, **given: Any) -> None:
        self.name: bytes = name.encode() if isinstance(name, str) else name
        self.given: dict[str, Any] = given
        self.properties: Properties = properties.create({key: _value(value) for key, value in given.items()})

    @classmethod
    def parse(cls, text: str) -> BucketType:
        """Parse ``name`` or ``name=property:value,property:value``, the form of the command line.

        Raises ``ValueError``.
        """
        name, _, rest = text.partition("=")
        given: dict[str, Any] = {}
        for part in filter(None, rest.split(",")):
            key, colon, value = part.partition(":")
            if not colon:
                raise ValueError(f"not a property and its value: {part!r}")
            given[key] = _parsed(key, value)
        if not name:
            raise ValueError(f"a bucket type without a name: {text!r}")
        try:
            return cls(name, **given)
        except Refusal as refusal:
            raise ValueError(refusal.text.decode("utf-8", "replace")) from None
        except (AttributeError, TypeError):
            raise ValueError(f"a property has a value of the wrong type: {text!r}") from None

    def admin_commands(self) -> str:
        """Return the ``riak admin`` commands that make this bucket type on a real Riak, one a line."""
        given = {key: value.decode() if isinstance(value, bytes) else value for key, value in self.given.items()}
        if given.get("last_write_wins"):
            given["dvv_enabled"] = False  # Riak refuses the type otherwise
        name = self.name.decode("utf-8", "backslashreplace")
        properties = json.dumps({"props": given}, separators=(",", ":"))
        return f"riak admin bucket-type create {name} '{properties}'\nriak admin bucket-type activate {name}"

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


def collect(types: BucketTypes) -> list[BucketType]:
    """Return the given bucket types; of two with one name the later."""
    if types is None:
        return []
    if types == "standard":
        return list(STANDARD)
    if isinstance(types, str):
        return [BucketType.parse(types)]
    if isinstance(types, BucketType):
        return [types]
    found: dict[bytes, BucketType] = {}
    if isinstance(types, Mapping):
        for name, given in types.items():
            each = BucketType(name, **given)
            found[each.name] = each
    else:
        for item in types:
            found.update((each.name, each) for each in collect(item))
    return list(found.values())


def named(types: BucketTypes) -> dict[bytes, Properties]:
    """Return the properties of the given bucket types, by name."""
    return {each.name: each.properties for each in collect(types)}
