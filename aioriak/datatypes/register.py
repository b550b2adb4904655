"""Registers: fields of maps that hold a value."""

from __future__ import annotations

from typing import Any

from aioriak.datatypes.base import NO_REMOVAL, Change, Datatype
from aioriak.datatypes.text import canonical
from aioriak.operations.names import Name, to_bytes


class Register(Datatype[Name]):
    """A value, text or bytes; of concurrent assignments the latest is kept.

    Text comes back as ``str``, as do bytes that are UTF-8; other bytes come back as ``bytes``.
    """

    type_name = "register"
    _empty = ""
    _assigned: Name | None = None

    @classmethod
    def _checked(cls, value: Any) -> Name:
        return canonical("the value of a register", value)

    @property
    def dirty_value(self) -> Name:
        """The value assigned, or else the one fetched."""
        if self._assigned is not None:
            return self._assigned
        value: Name = "" if self._gone else self._value
        return value

    @property
    def modified(self) -> bool:
        """Whether a value is staged."""
        return self._assigned is not None

    def assign(self, value: Name) -> None:
        """Stage a new value."""
        self._assigned = canonical("the value of a register", value)

    def _become(self, value: Any) -> None:
        self.assign(value)

    def clear(self) -> None:
        """Forget the staged value."""
        self._assigned = None

    def _change(self, afresh: bool) -> Change:
        return ("assign", self._assigned), self._assigned, NO_REMOVAL

    def _settle(self, snapshot: Name | None) -> None:
        if self._assigned == snapshot:
            self._assigned = None

    def _staged(self) -> str:
        return f"assign {self._assigned!r}"

    def __len__(self) -> int:
        """Return the length of the value in bytes."""
        return len(to_bytes("the value of a register", self.dirty_value))
