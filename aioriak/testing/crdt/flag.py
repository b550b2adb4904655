"""Flags, fields of maps, in which an enable wins over a concurrent disable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from aioriak.testing.crdt.changes import Edit, Path
from aioriak.testing.crdt.clock import Clock, Dot, read_dots, surviving, write_dots
from aioriak.testing.crdt.codec import Reader, Writer


class Flag:
    """The dots of the enables that hold; none, and the flag is off."""

    __slots__ = ("_dots",)

    def __init__(self, dots: Iterable[Dot] = ()) -> None:
        self._dots = frozenset(dots)

    def __bool__(self) -> bool:
        return bool(self._dots)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flag) and self._dots == other._dots

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def value(self) -> bool:
        """Return whether the flag is enabled."""
        return bool(self._dots)

    def change(self, change: bool, edit: Edit, path: Path) -> Self:
        """Enable with true, disable with false; to disable what is off is no error."""
        if change:
            return type(self)((edit.dot,))
        if edit.context is not None:
            edit.removed.append((*path, None))
        return self.without(edit.context)

    def without(self, context: Clock | None, path: Path = ()) -> Self:
        """Return the enables that ``context`` has not seen."""
        return type(self)(() if context is None else (dot for dot in self._dots if not context.sees(dot)))

    def join(self, seen: Clock, other: Self, other_seen: Clock) -> Self:
        """Return the enables that neither side disabled."""
        return type(self)(surviving(self._dots, seen, other._dots, other_seen))

    def write(self, writer: Writer) -> None:
        """Write the dots."""
        write_dots(writer, self._dots)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the form that ``write`` makes."""
        return cls(read_dots(reader))
