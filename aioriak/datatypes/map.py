"""Maps, nested to any depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from aioriak.datatypes.base import CONTEXT_NEEDED, NO_REMOVAL, Datatype, Field
from aioriak.datatypes.counter import Counter
from aioriak.datatypes.flag import Flag
from aioriak.datatypes.register import Register
from aioriak.datatypes.set import Set
from aioriak.datatypes.text import canonical
from aioriak.error import InvalidType
from aioriak.operations.names import Name

D = TypeVar("D", bound=Datatype[Any])
T = TypeVar("T")

_set_attribute = object.__setattr__  # super() takes three times as long, and an update sets a dozen attributes


class Map(Datatype[dict[Field, Any]], Mapping[Field, Datatype[Any]]):
    """Fields that are counters, flags, maps, registers and sets.

    ``m.registers["name"]`` and ``m["name", "register"]`` are the same field, there or not: changing it
    makes it.  ``del`` stages the removal of a field.  Later changes of the field start from an empty
    value, and earlier staged ones are forgotten.  As a mapping, and through ``counters``, ``flags``,
    ``maps``, ``registers`` and ``sets``, a map shows its fields with the staged changes; ``value``
    is plain data, without them.
    """

    type_name = "map"

    def _begin(self) -> None:
        self._children: dict[Field, Datatype[Any]] = {}
        self._present = set()
        self._removed = set()

    if not TYPE_CHECKING:  # type checkers know the attributes of the class

        def __setattr__(self, name, value):
            if name not in _ATTRIBUTES and type(self) is Map:
                raise AttributeError(
                    f"a map has no attribute {name!r}; change a field: m.registers[{name!r}].assign(…), "
                    "or m.counters, m.flags, m.maps, m.sets"
                )
            _set_attribute(self, name, value)

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
        if child is not None:
            return child
        field = _field(key)  # the key may not have been in the canonical form
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
        only_staged = not is_sent and field not in self._present and child is not None and child.modified
        if not self._gone and not only_staged:
            if not is_sent:  # the reply to the update brings the context
                self._require_context()
            self._removed.add(field)
            if is_sent:
                self._removed_since |= {field}
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
        return field in self._present and field not in self._removed and not self._gone

    def __iter__(self) -> Iterator[Field]:
        fields = [field for field in self._present if field in self]
        fields += [field for field, child in self._children.items() if child.modified and field not in self._present]
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

    def _default(self) -> dict[Field, Any]:
        return {}

    def _set_value(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise InvalidType(f"a map takes a mapping of (name, type) to value, not {value!r}")
        # fields that are there already are in the canonical form
        children = self._children
        known = type(value) is dict and value.keys() <= children.keys()
        given = value if known else {_field(key): inner for key, inner in value.items()}
        self._present = set(given)
        if len(given) < len(children) or not known:
            for field in children.keys() - given.keys():
                children[field]._set_value(children[field]._default())
        for field, inner in given.items():
            child = children.get(field)
            if child is None:
                child = self[field]
            child._set_value(inner)

    @property
    def value(self) -> dict[Field, Any]:
        """The fields as they were last fetched or stored: (name, type) to plain value."""
        return {field: self._children[field].value for field in _ordered(self._present)}

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

    def _changed(self) -> dict[Field, Datatype[Any]]:
        return {field: child for field, child in self._children.items() if child.modified}

    def _removal(self) -> int:
        if self._removed:
            return CONTEXT_NEEDED
        most = NO_REMOVAL
        for child in self._children.values():
            of_child = child._removal()
            if of_child > most:
                most = of_child
        return most

    def _op(self, afresh: bool) -> Any:
        changed = self._changed()
        # A field that is removed and then changed is sent as one change, which undoes all it held
        removed = self._present if afresh else self._removed
        ops: list[Any] = [("remove", field) for field in _ordered(removed - changed.keys())] if removed else []
        for field in _ordered(changed):
            ops.append(("update", field, changed[field]._op(afresh or field in self._removed)))
        return ops

    def _snapshot(self) -> Any:
        if self._removed_since:
            self._removed_since = frozenset()
        changed = {field: child._snapshot() for field, child in self._children.items() if child.modified}
        return set(self._removed), changed

    def _settle(self, snapshot: Any) -> None:
        removed, changed = snapshot
        # a field that was removed while its change was in flight, and all that is staged in it now, is still to be sent
        self._removed.difference_update(removed - self._removed_since)
        for field, sent in changed.items():
            if field not in self._removed_since:
                self._children[field]._settle(sent)

    def _shown(self) -> str:
        fields = _ordered(self._present)
        return "{" + ", ".join(f"{_words(field)}: {self._children[field]._shown()}" for field in fields) + "}"

    def _staged(self) -> str:
        changed = self._changed()
        said = [f"remove {_words(field)}" for field in _ordered(self._removed - changed.keys())]
        for field in _ordered(changed):
            inner = changed[field]._staged()
            said.append(f"{_words(field)}: " + (f"({inner})" if field[1] == "map" else inner))
        return "; ".join(said)


_ATTRIBUTES = frozenset(
    ("_children", "_context", "_exists", "_field", "_parent", "_present", "_removed", "_removed_since", "_sent",
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

    def __init__(self, parent: Map, kind: type[D]) -> None:
        self._map = parent
        self._kind = kind

    def __getitem__(self, name: Name) -> D:
        field: Any = self._map[name, self._kind.type_name]  # not cast(), which would be called for each
        return field  # type: ignore[no-any-return]

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
