"""Maps, nested to any depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from aioriak.datatypes.base import CONTEXT_NEEDED, NO_REMOVAL, Change, Datatype, Field, put
from aioriak.datatypes.counter import Counter
from aioriak.datatypes.flag import Flag
from aioriak.datatypes.register import Register
from aioriak.datatypes.set import Set
from aioriak.datatypes.text import canonical
from aioriak.error import InvalidType
from aioriak.operations.names import Name

D = TypeVar("D", bound=Datatype[Any])
T = TypeVar("T")


class Map(Datatype[dict[Field, Any]], Mapping[Field, Datatype[Any]]):
    """Fields that are counters, flags, maps, registers and sets.

    ``m.registers["name"]`` and ``m["name", "register"]`` are the same field, there or not: changing it
    makes it.  ``del`` stages the removal of a field.  Later changes of the field start from an empty
    value, and earlier staged ones are forgotten.  As a mapping, and through ``counters``, ``flags``,
    ``maps``, ``registers`` and ``sets``, a map shows its fields with the staged changes; ``value``
    is plain data, without them.
    """

    type_name = "map"
    _empty = MappingProxyType({})
    _children: dict[Field, Datatype[Any]]  # made when they are looked at

    def _begin(self) -> None:
        put(self, "_children", {})
        put(self, "_removed", set())

    if not TYPE_CHECKING:  # type checkers know the attributes of the class

        def __setattr__(self, name, value):
            if name not in _ATTRIBUTES and type(self) is Map:
                raise AttributeError(
                    f"a map has no attribute {name!r}; change a field: m.registers[{name!r}].assign(…), "
                    "or m.counters, m.flags, m.maps, m.sets"
                )
            put(self, name, value)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    # -- fields ---------------------------------------------------------------------------

    @property
    def counters(self) -> View[Counter]:
        """The fields that are counters, by name."""
        return View(self, Counter)

    @property
    def flags(self) -> View[Flag]:
        """The fields that are flags, by name."""
        return View(self, Flag)

    @property
    def maps(self) -> View[Map]:
        """The fields that are maps, by name."""
        return View(self, Map)

    @property
    def registers(self) -> View[Register]:
        """The fields that are registers, by name."""
        return View(self, Register)

    @property
    def sets(self) -> View[Set]:
        """The fields that are sets, by name."""
        return View(self, Set)

    def __getitem__(self, key: Field) -> Datatype[Any]:
        try:
            child = self._children.get(key)
        except TypeError:  # not hashable
            child = None
        return self._made(_field(key)) if child is None else child

    def _made(self, field: Field) -> Datatype[Any]:
        """Return a field, and make it where it has not been looked at; ``field`` is in the canonical form."""
        child = self._children.get(field)
        if child is None:
            child = self._children[field] = FIELDS[field[1]]()
            child._parent = self
            child._field = field
        return child

    def __delitem__(self, key: Field) -> None:
        field = _field(key)
        child = self._children.get(field)
        in_flight = self._in_flight
        is_sent = in_flight is not None and field in in_flight[1]
        only_staged = not is_sent and field not in self._value and child is not None and child.modified
        if not self._gone and not only_staged:
            if not is_sent:  # the reply to the update brings the context
                self._require_context()
            self._removed.add(field)
            if is_sent:
                in_flight[2].add(field)
        if child is not None:
            child.clear()

    def __contains__(self, key: object) -> bool:
        try:
            field = _field(key)
        except (TypeError, ValueError):
            return False
        child = self._children.get(field)
        if child is not None and child.modified:
            return True
        return field in self._value and field not in self._removed and not self._gone

    def __iter__(self) -> Iterator[Field]:
        present = self._value
        fields = [field for field in present if field in self]
        fields += [field for field, child in self._children.items() if child.modified and field not in present]
        return iter(fields)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def get(self, key: Field) -> Datatype[Any] | None: ...
    @overload
    def get(self, key: Field, default: T) -> Datatype[Any] | T: ...
    def get(self, key: Field, default: object = None) -> object:
        """Return the field if the map has it, else ``default``.  No field is made."""
        return self[key] if key in self else default  # noqa: SIM401 - this is it

    # -- as a data type --------------------------------------------------------------------

    @classmethod
    def _checked(cls, value: Any) -> dict[Field, Any]:
        if not isinstance(value, Mapping):
            raise InvalidType(f"a map takes a mapping of (name, type) to value, not {value!r}")
        fields = ((_field(key), inner) for key, inner in value.items())
        return {field: FIELDS[field[1]]._checked(inner) for field, inner in fields}

    @property
    def value(self) -> dict[Field, Any]:
        """The fields as they were last fetched or stored: (name, type) to plain value."""
        return _copied(self._value)

    @property
    def dirty_value(self) -> dict[Field, Any]:
        """The fields with the staged changes."""
        return {field: self[field].dirty_value for field in _ordered(self)}

    @property
    def modified(self) -> bool:
        """Whether any change is staged, at any depth."""
        if self._removed:
            return True
        for child in self._children.values():  # noqa: SIM110 - any() with a generator takes twice as long
            if child.modified:
                return True
        return False

    def clear(self) -> None:
        """Forget the staged changes, at every depth; nothing is removed."""
        self._removed.clear()
        for child in self._children.values():
            child.clear()

    def _changed(self) -> list[Field]:
        return _ordered([field for field, child in self._children.items() if child.modified])

    def _change(self, afresh: bool) -> Change:
        children = self._children
        changed = self._changed()
        # A field that is removed and then changed is sent as one change, which undoes all it held
        removed = self._value.keys() if afresh else self._removed
        operation: list[Any] = [("remove", field) for field in _ordered(removed - set(changed))] if removed else []
        most = CONTEXT_NEEDED if self._removed else NO_REMOVAL
        snapshots = {}
        for field in changed:
            inner, snapshots[field], removal = children[field]._change(afresh or field in self._removed)
            operation.append(("update", field, inner))
            if removal > most:
                most = removal
        # the last set is for the fields that are removed while the update is in flight
        return operation, (set(self._removed), snapshots, set()), most

    def _settle(self, snapshot: Any) -> None:
        removed, changed, since = snapshot
        # a field that was removed while its change was in flight, and all that is staged in it now, is still to be sent
        if removed:
            self._removed.difference_update(removed - since)
        for field, sent in changed.items():
            if field not in since:
                self._children[field]._settle(sent)

    def _shown(self) -> str:
        fields = _ordered(self._value)
        return "{" + ", ".join(f"{_words(field)}: {self[field]._shown()}" for field in fields) + "}"

    def _staged(self) -> str:
        changed = self._changed()
        said = [f"remove {_words(field)}" for field in _ordered(self._removed - set(changed))]
        for field in changed:
            inner = self._children[field]._staged()
            said.append(f"{_words(field)}: " + (f"({inner})" if field[1] == "map" else inner))
        return "; ".join(said)


_ATTRIBUTES = frozenset(
    ("_children", "_context", "_exists", "_fetched", "_field", "_parent", "_removed", "_sent",
     "_stale", "_storing", "bucket", "key", "value", "modified", "context")
)  # fmt: skip

FIELDS: dict[str, type[Datatype[Any]]] = {
    kind.type_name: kind for kind in cast(tuple[type[Datatype[Any]], ...], (Counter, Flag, Map, Register, Set))
}
"""The types that fields can have."""


class View(MutableMapping[Name, D], Generic[D]):
    """The fields of one type in a map, by name: a mapping that shows the map as it is.

    ``view[name]`` is the field, there or not; changing it makes it.  ``view[name] = value`` assigns a
    register, sets a flag, or adds and discards members until a set is equal.
    """

    __slots__ = ("_kind", "_map")

    def __init__(self, parent: Map, kind: type[D]) -> None:
        self._map = parent
        self._kind = kind

    def __getitem__(self, name: Name) -> D:
        field: Any = self._map._made((canonical("the name of a field", name), self._kind.type_name))
        return field  # type: ignore[no-any-return]  # not cast(), which would be called for each

    def __setitem__(self, name: Name, value: object) -> None:
        field = self[name]
        if value is not field:
            field._become(value)

    def __delitem__(self, name: Name) -> None:
        del self._map[name, self._kind.type_name]

    def __contains__(self, name: object) -> bool:
        return (name, self._kind.type_name) in self._map

    def __iter__(self) -> Iterator[Name]:
        return (name for name, kind in self._map if kind == self._kind.type_name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def get(self, name: Name) -> D | None: ...
    @overload
    def get(self, name: Name, default: T) -> D | T: ...
    def get(self, name: Name, default: object = None) -> object:
        """Return the field if the map has it, else ``default``.  No field is made."""
        return self[name] if name in self else default  # noqa: SIM401 - this is it

    def pop(self, name: Name, *default: object) -> Any:
        """Stage the removal of a field and return its value.  Raises ``KeyError`` when the map has no such field."""
        if name not in self:
            if default:
                return default[0]
            raise KeyError(name)
        value = self[name].dirty_value
        del self[name]
        return value

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {self[name]!r}' for name in self)}}}"


def _field(key: object) -> Field:
    if not isinstance(key, tuple) or len(key) != 2:
        raise InvalidType(f"a field of a map is a name and a type, not {key!r}")
    name, kind = key
    if kind not in FIELDS:
        raise InvalidType(f"a field of a map is one of {', '.join(FIELDS)}, not {kind!r}")
    return canonical("the name of a field", name), kind


def _copied(value: Mapping[Field, Any]) -> dict[Field, Any]:
    """Return a copy of a map's value with its fields in order; the values of all other types cannot be changed."""
    return {field: _copied(value[field]) if field[1] == "map" else value[field] for field in _ordered(value)}


def _words(field: Field) -> str:
    return f"{field[1]} {field[0]!r}"


def _ordered(fields: Iterable[Field]) -> list[Field]:
    """Return the fields in the order of the bytes of their names."""
    try:
        return sorted(fields)  # UTF-8 has the order of the characters
    except TypeError:  # names of both kinds
        return sorted(fields, key=_order)


def _order(field: Field) -> tuple[bytes, str]:
    name, kind = field
    return name if isinstance(name, bytes) else name.encode(), kind
