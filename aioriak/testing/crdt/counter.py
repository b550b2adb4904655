"""Counters: one for a key of its own, one for a field of a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from aioriak.testing.crdt.changes import Edit, Path
from aioriak.testing.crdt.clock import Clock, Dot, in_order, surviving
from aioriak.testing.crdt.codec import Reader, Writer

Totals = tuple[int, int]
"""What an actor has added and what it has taken away."""


def _count(totals: Totals, by: int) -> Totals:
    return (totals[0] + by, totals[1]) if by > 0 else (totals[0], totals[1] - by)


class PNCounter:
    """A counter of a key: each actor's totals, of which merging takes the greater.  Immutable."""

    KIND: ClassVar[bytes] = b"c"
    __slots__ = ("_totals",)

    def __init__(self, totals: Mapping[bytes, Totals] | None = None) -> None:
        self._totals = dict(totals or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PNCounter) and self._totals == other._totals

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<PNCounter {self.value()}>"

    def value(self) -> int:
        """Return the sum over all actors."""
        return sum(up - down for up, down in self._totals.values())

    def context(self) -> None:
        """Return the empty context: nothing is ever removed from a counter."""

    def update(self, change: int, actor: bytes, context: Clock | None = None, now: int = 0) -> Self:
        """Count by ``change``, which may be negative.  Context and time have no meaning here."""
        if not change:
            return self
        return type(self)({**self._totals, actor: _count(self._totals.get(actor, (0, 0)), change)})

    def merge(self, other: Self) -> Self:
        """Return the larger totals of each actor."""
        totals = dict(self._totals)
        for actor, (up, down) in other._totals.items():
            mine = totals.get(actor, (0, 0))
            totals[actor] = max(up, mine[0]), max(down, mine[1])
        return type(self)(totals)

    def to_bytes(self) -> bytes:
        """Encode the state."""
        writer = Writer(self.KIND)
        writer.number(len(self._totals))
        for actor, (up, down) in sorted(self._totals.items()):
            writer.blob(actor)
            writer.number(up)
            writer.number(down)
        return writer.bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a state back.  Raises :class:`~aioriak.testing.crdt.codec.Junk`."""
        reader = Reader(data, cls.KIND)
        totals: dict[bytes, Totals] = {}
        before: bytes | None = None
        for _ in range(reader.count()):
            actor = reader.blob()
            in_order(before, actor)
            totals[actor] = reader.number(), reader.number()
            before = actor
        reader.end()
        return cls(totals)


class Tally:
    """A counter in a map: each actor's totals at the dot of its last update.

    Removing the field takes away the totals that were seen.  An actor that counted
    on without having seen the removal keeps its totals whole: so it is in Riak.
    """

    __slots__ = ("_totals",)

    def __init__(self, totals: Mapping[Dot, Totals] | None = None) -> None:
        self._totals = dict(totals or {})

    def __bool__(self) -> bool:
        return bool(self._totals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and self._totals == other._totals

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def value(self) -> int:
        """Return the sum over all actors."""
        return sum(up - down for up, down in self._totals.values())

    def change(self, change: int, edit: Edit, path: Path) -> Self:
        """Count by ``change``; the actor's totals move to this update's dot."""
        actor = edit.dot[0]
        before: Totals = next((totals for dot, totals in self._totals.items() if dot[0] == actor), (0, 0))
        totals = {dot: kept for dot, kept in self._totals.items() if dot[0] != actor}
        totals[edit.dot] = _count(before, change)
        return type(self)(totals)

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the totals that ``context`` has not seen."""
        return type(self)(
            {} if context is None else {dot: kept for dot, kept in self._totals.items() if not context.sees(dot)}
        )

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return the totals that neither side removed or replaced."""
        both = {**other._totals, **self._totals}
        return type(self)({dot: both[dot] for dot in surviving(self._totals, seen, other._totals, other_seen)})

    def write(self, writer: Writer) -> None:
        """Write the dots in order, each with its totals."""
        writer.number(len(self._totals))
        for (actor, number), (up, down) in sorted(self._totals.items()):
            writer.blob(actor)
            writer.number(number)
            writer.number(up)
            writer.number(down)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the form that ``write`` makes."""
        totals: dict[Dot, Totals] = {}
        before: Dot | None = None
        for _ in range(reader.count()):
            dot = reader.blob(), reader.positive()
            in_order(before, dot)
            totals[dot] = reader.number(), reader.number()
            before = dot
        return cls(totals)
