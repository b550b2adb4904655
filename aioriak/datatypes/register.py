"""Registers: fields of maps that hold a value."""

from __future__ import annotations

from typing import Any

from aioriak.datatypes.base import Datatype
from aioriak.datatypes.text import canonical
from aioriak.operations.names import Name, to_bytes


class Register(Datatype[Name]):
    """A value, text or bytes; of concurrent assignments the latest is kept.

    Text comes back as ``str``, as do bytes that are UTF-8; other bytes come back as ``bytes``.
    """

    type_name = "register"
    _value: Name = ""
    _assigned: Name | None = None

    def _default(self) -> Name:
        return ""

    def _set_value(self, value: Any) -> None:
        self._value = canonical("the value of a register", value)

    @property
    def value(self) -> Name:
        """The value as it was last fetched or stored; empty if there is none."""
        return self._value

    @property
    def dirty_value(self) -> Name:
        """The value assigned, or else the one fetched."""
        if self._assigned is not None:
            return self._assigned
        return "" if self._gone else self._value

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

    def _op(self, afresh: bool) -> Any:
        return "assign", self._assigned

    def _snapshot(self) -> Name | None:
        return self._assigned

    def _settle(self, snapshot: Name | None) -> None:
        if self._assigned == snapshot:
            self._assigned = None

    def _staged(self) -> str:
        return f"assign {self._assigned!r}"

    def __len__(self) -> int:
        """Return the length of the value in bytes."""
        return len(to_bytes("the value of a register", self.dirty_value))
