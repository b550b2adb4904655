"""From the types of fields to indexes, and from their values to terms."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from aioriak.error import InvalidRequest
from aioriak.models.fields import Index, IndexKind, Key, kind_of
from aioriak.operations.contents import IndexEntry, encode_index
from aioriak.operations.indexes import Term

_COLLECTIONS = (list, set, frozenset, tuple)
_ABSTRACT = (Sequence, Set, Collection, Iterable)


def term(value: Any) -> Term:
    """Return the index term of a value.

    Numbers, ``str`` and ``bytes`` stay what they are, and booleans are 0 and 1.  Dates and aware datetimes are in
    ISO 8601, datetimes in UTC with microseconds, so that terms are in the order of time.

    Raises :class:`~aioriak.error.InvalidRequest` for other values.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidRequest("a datetime without a time zone has no place among the terms of an index")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise InvalidRequest(
        f"{type(value).__name__} is no index term: use int, str, bytes, bool, datetime, date, UUID or Enum"
    )


_KINDS: dict[type, IndexKind] = {bool: "int", int: "int", str: "bin", bytes: "bin", date: "bin", UUID: "bin"}


def _kind(hint: Any, where: str) -> IndexKind | None:
    """Return the index kind of the terms of a type; ``None`` where the type does not say."""
    if hint is Any or hint is object:
        return None
    if typing.get_origin(hint) is typing.Literal:
        return _only({_kind(type(choice), where) for choice in typing.get_args(hint)}, hint, where)
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return _only({_kind(type(member.value), where) for member in hint}, hint, where)
        for known, kind in _KINDS.items():
            if issubclass(hint, known):
                return kind
    raise InvalidRequest(
        f"{where}: {_name(hint)} has no index term; index int, str, bytes, bool, datetime, date, UUID or Enum, "
        "or a method that returns one of them (indexed)"
    )


def _only(kinds: set[IndexKind | None], hint: Any, where: str) -> IndexKind | None:
    if len(kinds) > 1:
        raise InvalidRequest(f"{where}: the values of {_name(hint)} fit different kinds of index")
    return next(iter(kinds), None)


def _name(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)


def unwrapped(hint: Any) -> tuple[Any, list[Any]]:
    """Return a type without ``Annotated``, ``NewType`` and aliases, and the metadata found on the way."""
    metadata: list[Any] = []
    while True:
        if hasattr(hint, "__metadata__"):
            metadata.extend(hint.__metadata__)
            hint = hint.__origin__
        elif hasattr(hint, "__supertype__"):  # NewType
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":  # type X = int, from Python 3.12 on
            hint = hint.__value__
        elif typing.get_origin(hint) in (typing.Final, typing.Required, typing.NotRequired):
            (hint,) = typing.get_args(hint)
        else:
            return hint, metadata


def is_union(hint: Any) -> bool:
    """Whether a type is a union."""
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the type of a field says about its terms."""

    types: list[Any]
    is_collection: bool
    markers: list[Any]


def _shape(hint: Any) -> _Shape:
    """Look through ``Optional``, collections and ``Annotated`` to the types of the terms."""
    hint, markers = unwrapped(hint)
    if is_union(hint):
        parts = [_shape(part) for part in typing.get_args(hint) if part is not type(None)]
        return _Shape(
            [inner for part in parts for inner in part.types],
            any(part.is_collection for part in parts),
            markers + [marker for part in parts for marker in part.markers],
        )
    origin = typing.get_origin(hint) or hint
    if origin in _COLLECTIONS or origin in _ABSTRACT:
        parts = [_shape(part) for part in typing.get_args(hint) if part is not Ellipsis] or [_Shape([Any], False, [])]
        return _Shape(
            [inner for part in parts for inner in part.types],
            True,
            markers + [marker for part in parts for marker in part.markers],
        )
    return _Shape([hint], False, markers)


def markers(hint: Any, metadata: Iterable[Any] = ()) -> tuple[list[Index], bool]:
    """Return the indexes that a field declares by its type and its metadata, and whether it is the key."""
    found = [*metadata, *_shape(hint).markers]
    indexes = [Index() if marker is Index else marker for marker in found]
    is_key = any(marker is Key or isinstance(marker, Key) for marker in found)
    return [index for index in indexes if isinstance(index, Index)], is_key


class DeclaredIndex:
    """An index that a model declares: a name, and how its terms follow from an instance."""

    __slots__ = ("_is_collection", "_read", "field", "name")

    def __init__(self, index: Index, field: str, hint: Any, where: str, read: Callable[[Any], Any]) -> None:
        shape = _shape(hint)
        kinds = {_kind(inner, where) for inner in shape.types}
        derived = kinds.pop() if len(kinds) == 1 else None
        stated = kind_of(index.name) or index.kind
        if stated is None and derived is None:
            raise InvalidRequest(f"{where}: the type does not tell the kind of index; state it: Index(kind='bin')")
        if stated == "int" and derived == "bin":
            raise InvalidRequest(f"{where}: an _int index has whole numbers, not {_name(shape.types[0])}")
        name = index.name or field
        self.name: str = name if kind_of(name) else f"{name}_{stated or derived}"
        encode_index(self.name, 0)  # raises for a name that cannot be sent
        self.field: str = field
        self._read = read
        self._is_collection = shape.is_collection

    def entries(self, instance: Any) -> Iterator[IndexEntry]:
        """Yield the index entries of an instance.  Raises :class:`~aioriak.error.InvalidRequest`."""
        try:
            value = self._read(instance)
        except Exception as error:
            said = f"{self.field} raised {type(error).__name__}: {error}"
            raise InvalidRequest(f"the index {self.name}: {said}") from error
        if value is None:
            return
        if isinstance(value, (list, tuple, set, frozenset)) or (
            self._is_collection and isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
        ):
            for one in value:
                if one is not None:
                    yield self._entry(one)
        else:
            yield self._entry(value)

    def _entry(self, value: Any) -> IndexEntry:
        try:
            entry = self.name, term(value)
            encode_index(*entry)
        except InvalidRequest as error:
            error.value = f"the index {self.name} of {self.field}: {error.value}"
            raise
        return entry
