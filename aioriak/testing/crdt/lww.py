"""Registers, fields of maps, in which the last writer wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from aioriak.testing.crdt.changes import Edit, Path
from aioriak.testing.crdt.clock import Clock, Dot, in_order, surviving
from aioriak.testing.crdt.codec import Reader, Writer

Assigned = tuple[int, bytes]
"""The time in microseconds, and the value."""


class Register:
    """The assignments that hold, each at its dot; the latest is the value, and of two at once the greater."""

    __slots__ = ("_assigned",)

    def __init__(self, assigned: Mapping[Dot, Assigned] | None = None) -> None:
        self._assigned = dict(assigned or {})

    def __bool__(self) -> bool:
        return bool(self._assigned)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Register) and self._assigned == other._assigned

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def value(self) -> bytes:
        """Return the last value assigned; empty if there is none."""
        return max(self._assigned.values())[1] if self._assigned else b""

    def change(self, change: bytes, edit: Edit, path: Path) -> Self:
        """Assign, unless what is there was assigned later by some other clock."""
        latest = max(self._assigned.values(), default=(0, b""))
        return type(self)({edit.dot: (edit.now, change) if edit.now >= latest[0] else latest})

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the assignments that ``context`` has not seen."""
        return type(self)(
            {}
            if context is None
            else {dot: assigned for dot, assigned in self._assigned.items() if not context.sees(dot)}
        )

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return the assignments that neither side removed or replaced."""
        both = {**other._assigned, **self._assigned}
        return type(self)({dot: both[dot] for dot in surviving(self._assigned, seen, other._assigned, other_seen)})

    def write(self, writer: Writer) -> None:
        """Write the dots in order, each with its time and value."""
        writer.number(len(self._assigned))
        for (actor, number), (when, value) in sorted(self._assigned.items()):
            writer.blob(actor)
            writer.number(number)
            writer.number(when)
            writer.blob(value)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the form that ``write`` makes."""
        assigned: dict[Dot, Assigned] = {}
        before: Dot | None = None
        for _ in range(reader.count()):
            dot = reader.blob(), reader.positive()
            in_order(before, dot)
            assigned[dot] = reader.number(), reader.blob()
            before = dot
        return cls(assigned)
