"""Sets in which an add wins over a concurrent removal (ORSWOT)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from aioriak.testing.crdt.causal import Causal
from aioriak.testing.crdt.changes import Edit, NotPresent, Path, SetChange
from aioriak.testing.crdt.clock import Clock, Dot, in_order, read_dots, surviving, write_dots
from aioriak.testing.crdt.codec import Junk, Reader, Writer

_NONE: frozenset[Dot] = frozenset()


class Members:
    """Each member with the dots of the adds that hold it.  A set as a field of a map, and the inside of a set."""

    __slots__ = ("_dots",)

    def __init__(self, dots: Mapping[bytes, frozenset[Dot]] | None = None) -> None:
        self._dots = dict(dots or {})

    def __bool__(self) -> bool:
        return bool(self._dots)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and self._dots == other._dots

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def value(self) -> list[bytes]:
        """Return the members, sorted."""
        return sorted(self._dots)

    def change(self, change: SetChange, edit: Edit, path: Path) -> Self:
        """Apply adds, then removals."""
        dots = dict(self._dots)
        for member in change.adds:
            dots[member] = frozenset((edit.dot,))
        for member in change.removes:
            if edit.context is None:
                if dots.pop(member, None) is None:
                    raise NotPresent(member)
            else:
                edit.removed.append((*path, member))
                _remove(dots, member, edit.context)
        return type(self)(dots)

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the set without the adds that ``context`` has seen, of the member that ``path`` names or of all."""
        dots = dict(self._dots)
        for member in path or self._dots:
            _remove(dots, member, context)
        return type(self)(dots)

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return each member with the adds that neither side removed."""
        dots = {
            member: surviving(self._dots.get(member, _NONE), seen, other._dots.get(member, _NONE), other_seen)
            for member in self._dots.keys() | other._dots.keys()
        }
        return type(self)({member: kept for member, kept in dots.items() if kept})

    def write(self, writer: Writer) -> None:
        """Write the members in order, each with its dots."""
        writer.number(len(self._dots))
        for member in sorted(self._dots):
            writer.blob(member)
            write_dots(writer, self._dots[member])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the form that ``write`` makes."""
        dots: dict[bytes, frozenset[Dot]] = {}
        before: bytes | None = None
        for _ in range(reader.count()):
            member = reader.blob()
            in_order(before, member)
            dots[member] = read_dots(reader)
            if not dots[member]:
                raise Junk("a member that nobody added")
            before = member
        return cls(dots)


def _remove(dots: dict[bytes, frozenset[Dot]], member: Any, context: Clock | None) -> None:
    kept = frozenset(dot for dot in dots.get(member, _NONE) if context is not None and not context.sees(dot))
    if kept:
        dots[member] = kept
    else:
        dots.pop(member, None)


class ORSet(Causal[Members]):
    """Riak's set: :class:`~aioriak.testing.crdt.changes.SetChange` in, a sorted list of members out."""

    KIND: ClassVar[bytes] = b"s"
    STORE = Members
    __slots__ = ()

    @staticmethod
    def counts(change: SetChange) -> bool:
        """Return whether the change needs a dot: an add does, a removal does not."""
        return bool(change.adds)
