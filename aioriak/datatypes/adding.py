"""The staged adds of sets and HyperLogLogs."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from aioriak.datatypes.base import NO_REMOVAL, Change, Datatype
from aioriak.datatypes.text import canonical, shown
from aioriak.operations.names import Name

V = TypeVar("V")


class Adding(Datatype[V]):
    """A data type with members that can be added."""

    _what: ClassVar[str] = "a member"

    def _begin(self) -> None:
        self.clear()

    @property
    def modified(self) -> bool:
        """Whether any change is staged."""
        return bool(self._adds)

    def add(self, element: Name) -> None:
        """Stage adding a member, text or bytes."""
        self._adds.add(canonical(self._what, element))

    def clear(self) -> None:
        """Forget the staged changes."""
        self._adds: set[Name] = set()

    def _change(self, afresh: bool) -> Change:
        return {"adds": list(self._adds)}, set(self._adds), NO_REMOVAL

    def _settle(self, snapshot: Any) -> None:
        self._adds -= snapshot

    def _staged(self) -> str:
        return f"add {shown(self._adds)}"
