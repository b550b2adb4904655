"""Version vectors and dots: which updates a replica, or a client, has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from aioriak.testing.crdt.codec import Junk, Reader, Writer

Dot = tuple[bytes, int]
"""One update: the actor that made it and the number it gave it, from 1."""

V = TypeVar("V")

_KIND = b"v"


class Clock:
    """A version vector: for each actor, the number of its last update seen.  Immutable and hashable.

    Whoever has seen an actor's update has seen all its earlier ones.
    """

    __slots__ = ("_hash", "_last")

    def __init__(self, last: Mapping[bytes, int] | None = None) -> None:
        self._last = dict(sorted(last.items())) if last else {}
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clock) and self._last == other._last

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(tuple(self._last.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Clock({self._last})"

    def sees(self, dot: Dot) -> bool:
        """Whether that update has been seen."""
        return self._last.get(dot[0], 0) >= dot[1]

    def descends(self, other: Clock) -> bool:
        """Whether this clock has seen everything that ``other`` has seen."""
        return all(self._last.get(actor, 0) >= last for actor, last in other._last.items())

    def merge(self, other: Clock) -> Clock:
        """Return the least upper bound of both clocks."""
        if self.descends(other):
            return self
        last = dict(self._last)
        for actor, number in other._last.items():
            if number > last.get(actor, 0):
                last[actor] = number
        return Clock(last)

    def advance(self, actor: bytes) -> tuple[Clock, Dot]:
        """Return the clock after one more update by ``actor``, and the dot of that update."""
        dot = actor, self._last.get(actor, 0) + 1
        return Clock({**self._last, actor: dot[1]}), dot

    def write(self, writer: Writer) -> None:
        """Append the binary form."""
        writer.number(len(self._last))
        for actor, last in self._last.items():
            writer.blob(actor)
            writer.number(last)

    @classmethod
    def read(cls, reader: Reader) -> Clock:
        """Take one from a body."""
        last: dict[bytes, int] = {}
        before: bytes | None = None
        for _ in range(reader.count()):
            actor = reader.blob()
            in_order(before, actor)
            last[actor] = reader.positive()
            before = actor
        return cls(last)

    def to_bytes(self) -> bytes:
        """Encode the causal context for a client; it is never empty."""
        writer = Writer(_KIND)
        self.write(writer)
        return writer.bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Clock:
        """Read a context back.  Raises :class:`~aioriak.testing.crdt.codec.Junk`."""
        reader = Reader(data, _KIND)
        clock = cls.read(reader)
        reader.end()
        return clock


def in_order(before: V | None, this: V) -> None:
    """Check that entries are sorted and unique: a state has one binary form."""
    if before is not None and not before < this:  # type: ignore[operator]
        raise Junk("entries out of order")


def surviving(mine: Iterable[Dot], seen: Clock, theirs: Iterable[Dot], their_seen: Clock) -> frozenset[Dot]:
    """Return the dots that a join keeps: those on both sides, and those that the other side has not seen.

    What a side has seen and no longer holds was removed there.
    """
    left, right = frozenset(mine), frozenset(theirs)
    return (
        left & right
        | {dot for dot in left - right if not their_seen.sees(dot)}
        | {dot for dot in right - left if not seen.sees(dot)}
    )


def write_dots(writer: Writer, dots: Iterable[Dot]) -> None:
    """Append a set of dots."""
    ordered = sorted(dots)
    writer.number(len(ordered))
    for actor, number in ordered:
        writer.blob(actor)
        writer.number(number)


def read_dots(reader: Reader) -> frozenset[Dot]:
    """Take a set of dots."""
    dots: list[Dot] = []
    for _ in range(reader.count()):
        dot = reader.blob(), reader.positive()
        in_order(dots[-1] if dots else None, dot)
        dots.append(dot)
    return frozenset(dots)
