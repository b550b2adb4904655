"""Sets that only grow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from aioriak.testing.crdt.clock import Clock, in_order
from aioriak.testing.crdt.codec import Reader, Writer


class GSet:
    """Members that cannot be removed; merging is union.  Immutable."""

    KIND: ClassVar[bytes] = b"g"
    __slots__ = ("_members",)

    def __init__(self, members: Iterable[bytes] = ()) -> None:
        self._members = frozenset(members)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GSet) and self._members == other._members

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<GSet {self.value()}>"

    def value(self) -> list[bytes]:
        """Return the members, sorted."""
        return sorted(self._members)

    def context(self) -> None:
        """Return the empty context: nothing is ever removed from a grow-only set."""

    def update(self, change: Iterable[bytes], actor: bytes, context: Clock | None = None, now: int = 0) -> Self:
        """Add members.  Actor, context and time have no meaning here."""
        return type(self)(self._members | frozenset(change))

    def merge(self, other: Self) -> Self:
        """Return the union of both."""
        return type(self)(self._members | other._members)

    def to_bytes(self) -> bytes:
        """Encode the state."""
        writer = Writer(self.KIND)
        writer.number(len(self._members))
        for member in sorted(self._members):
            writer.blob(member)
        return writer.bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a state back.  Raises :class:`~aioriak.testing.crdt.codec.Junk`."""
        reader = Reader(data, cls.KIND)
        members: list[bytes] = []
        for _ in range(reader.count()):
            member = reader.blob()
            in_order(members[-1] if members else None, member)
            members.append(member)
        reader.end()
        return cls(members)
