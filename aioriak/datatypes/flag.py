"""Flags: fields of maps that are on or off."""

from __future__ import annotations

from typing import Any

from aioriak.datatypes.base import CONTEXT_HELPS, NO_REMOVAL, Change, Datatype
from aioriak.error import InvalidType


class Flag(Datatype[bool]):
    """On or off.  If a flag is enabled and disabled concurrently, it is on.

    To disable needs no context, so that a new map can have a flag that is off; where there is one it
    is sent, and an enable that it had not seen stays.
    """

    type_name = "flag"
    _empty = False
    _wanted: bool | None = None

    @classmethod
    def _checked(cls, value: Any) -> bool:
        return _switch(value)

    @property
    def dirty_value(self) -> bool:
        """On or off, with the staged change."""
        if self._wanted is not None:
            return self._wanted
        return self._value and not self._gone

    @property
    def modified(self) -> bool:
        """Whether a change is staged."""
        return self._wanted is not None

    def enable(self) -> None:
        """Stage enabling the flag; the last call counts."""
        self._wanted = True

    def disable(self) -> None:
        """Stage disabling the flag; the last call counts."""
        self._wanted = False

    def _become(self, value: Any) -> None:
        self._wanted = _switch(value)

    def clear(self) -> None:
        """Forget the staged change."""
        self._wanted = None

    def _change(self, afresh: bool) -> Change:
        wanted = self._wanted
        return "enable" if wanted else "disable", wanted, CONTEXT_HELPS if wanted is False else NO_REMOVAL

    def _settle(self, snapshot: bool | None) -> None:
        if self._wanted is snapshot:
            self._wanted = None

    def _staged(self) -> str:
        return "enable" if self._wanted else "disable"

    def __bool__(self) -> bool:
        return self.dirty_value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidType(f"a flag is True or False, not {value!r}")
    return value
