"""Maps: fields of other data types, nested to any depth.

A field is held by the update that last changed it, even one that left it empty: a
disabled flag is a field still.  Removing a field removes what is in it as far
as it was seen; what was put there meanwhile keeps the field, and only that is
left in it (reset on remove).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from aioriak.testing.crdt.causal import Causal
from aioriak.testing.crdt.changes import Edit, Field, MapChange, NotPresent, Path
from aioriak.testing.crdt.clock import Clock, Dot, in_order, read_dots, surviving, write_dots
from aioriak.testing.crdt.codec import MAX_DEPTH, Junk, Reader, Writer
from aioriak.testing.crdt.counter import Tally
from aioriak.testing.crdt.flag import Flag
from aioriak.testing.crdt.lww import Register
from aioriak.testing.crdt.orset import Members


class Slot(NamedTuple):
    """A field: the dots of the updates that hold it, and its contents."""

    dots: frozenset[Dot]
    store: Any

    def __bool__(self) -> bool:
        return bool(self.dots) or bool(self.store)


class Fields:
    """The fields of a map.  A map as a field of a map, and the inside of a map."""

    __slots__ = ("_slots",)

    def __init__(self, slots: Mapping[Field, Slot] | None = None) -> None:
        self._slots = dict(slots or {})

    def __bool__(self) -> bool:
        return bool(self._slots)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self._slots == other._slots

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def value(self) -> dict[Field, Any]:
        """Return each field with its value, in order."""
        return {field: self._slots[field].store.value() for field in sorted(self._slots)}

    def change(self, change: MapChange, edit: Edit, path: Path) -> Self:
        """Apply removals, then updates: a field both removed and updated starts empty."""
        slots = dict(self._slots)
        for field in change.removes:
            if edit.context is None:
                if slots.pop(field, None) is None:
                    raise NotPresent(field)
            else:
                edit.removed.append((*path, field))
                _remove(slots, field, edit.context)
        for field, inner in change.updates:
            store = slots[field].store if field in slots else STORES[field[1]]()
            slots[field] = Slot(frozenset((edit.dot,)), store.change(inner, edit, (*path, field)))
        return type(self)(slots)

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the map without what ``context`` has seen, in the field that ``path`` names or in all."""
        slots = dict(self._slots)
        if len(path) > 1:
            field, *rest = path
            if field in slots:
                kept = Slot(slots[field].dots, slots[field].store.without(context, tuple(rest)))
                _keep(slots, field, kept)
        else:
            for field in path or self._slots:
                _remove(slots, field, context)
        return type(self)(slots)

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return each field with the contents that neither side removed."""
        slots: dict[Field, Slot] = {}
        for field in self._slots.keys() | other._slots.keys():
            mine, theirs = (side.get(field) or _empty(field) for side in (self._slots, other._slots))
            dots = surviving(mine.dots, seen, theirs.dots, other_seen)
            _keep(slots, field, Slot(dots, mine.store.join(seen, theirs.store, other_seen)))
        return type(self)(slots)

    def write(self, writer: Writer) -> None:
        """Write the fields in order, each with its dots and its contents."""
        writer.number(len(self._slots))
        for field in sorted(self._slots):
            slot = self._slots[field]
            writer.blob(field[0])
            writer.number(_TYPES.index(field[1]))
            write_dots(writer, slot.dots)
            slot.store.write(writer)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the form that ``write`` makes."""
        slots: dict[Field, Slot] = {}
        before: Field | None = None
        reader.depth += 1
        if reader.depth > MAX_DEPTH:
            raise Junk("nested too deep")
        for _ in range(reader.count()):
            name, number = reader.blob(), reader.number()
            if number >= len(_TYPES):
                raise Junk("a field of no known type")
            field = name, _TYPES[number]
            in_order(before, field)
            slots[field] = Slot(read_dots(reader), STORES[field[1]].read(reader))
            if not slots[field]:
                raise Junk("a field that nobody updated")
            before = field
        reader.depth -= 1
        return cls(slots)


STORES: dict[str, Any] = {"counter": Tally, "flag": Flag, "map": Fields, "register": Register, "set": Members}
"""The class of a field of each type."""

_TYPES = sorted(STORES)


def _empty(field: Field) -> Slot:
    return Slot(frozenset(), STORES[field[1]]())


def _keep(slots: dict[Field, Slot], field: Field, slot: Slot) -> None:
    if slot:
        slots[field] = slot
    else:
        slots.pop(field, None)


def _remove(slots: dict[Field, Slot], field: Field, context: Clock | None) -> None:
    slot = slots.get(field)
    if slot is None:
        return
    dots = frozenset(dot for dot in slot.dots if context is not None and not context.sees(dot))
    _keep(slots, field, Slot(dots, slot.store.without(context)))


class Map(Causal[Fields]):
    """Riak's map: :class:`~aioriak.testing.crdt.changes.MapChange` in, fields with their values out."""

    KIND: ClassVar[bytes] = b"m"
    STORE = Fields
    __slots__ = ()

    @staticmethod
    def counts(change: MapChange) -> bool:
        """Return whether the change needs a dot: an update does, a removal does not."""
        return bool(change.updates)
