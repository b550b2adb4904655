"""The compact binary form of states and contexts, and the refusal of everything else.

A blob is one version byte, one byte that says what it holds, and a body of
unsigned LEB128 numbers and length-prefixed byte strings.  Only the one form that
:class:`Writer` makes is read back; anything else is :class:`Junk`.
"""

from __future__ import annotations

VERSION = 1
MAX_DEPTH = 100
"""How deep maps may nest; protobuf itself reads no deeper message."""


class Junk(ValueError):
    """These bytes are no state and no context of ours."""


class Writer:
    """Collects a body."""

    __slots__ = ("_parts",)

    def __init__(self, kind: bytes) -> None:
        self._parts = bytearray((VERSION,))
        self._parts += kind

    def number(self, value: int) -> None:
        """Write an unsigned number of any size."""
        while value > 0x7F:
            self._parts.append(value & 0x7F | 0x80)
            value >>= 7
        self._parts.append(value)

    def blob(self, value: bytes) -> None:
        """Write a byte string with its length."""
        self.number(len(value))
        self._parts += value

    def raw(self, value: bytes) -> None:
        """Write bytes whose number the reader knows."""
        self._parts += value

    def bytes(self) -> bytes:
        """Return the bytes written so far."""
        return bytes(self._parts)


class Reader:
    """Reads a body; every method raises :class:`Junk` where the bytes do not fit."""

    __slots__ = ("_data", "_position", "depth")

    def __init__(self, data: bytes, kind: bytes) -> None:
        if data[:1] != bytes((VERSION,)) or data[1:2] != kind:
            raise Junk("neither a version nor a kind that is known here")
        self._data = data
        self._position = 2
        self.depth: int = 0

    def number(self) -> int:
        """Read an unsigned number in its shortest form."""
        value = shift = 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if not byte and shift:
                    raise Junk("a number with leading zeros")
                return value
            shift += 7

    def positive(self) -> int:
        """Read a number above zero."""
        value = self.number()
        if not value:
            raise Junk("zero where something is counted")
        return value

    def count(self) -> int:
        """Read the number of items that follow, which cannot exceed the number of bytes left."""
        value = self.number()
        if value > len(self._data) - self._position:
            raise Junk("more items than bytes")
        return value

    def blob(self) -> bytes:
        """Read a byte string with its length."""
        return self.raw(self.number())

    def raw(self, size: int) -> bytes:
        """Read this number of bytes."""
        end = self._position + size
        if end > len(self._data):
            raise Junk("cut short")
        value = self._data[self._position : end]
        self._position = end
        return value

    def end(self) -> None:
        """Check that no bytes are left."""
        if self._position != len(self._data):
            raise Junk("bytes after the end")
