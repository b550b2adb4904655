"""Counters."""

from __future__ import annotations

from typing import Any

from aioriak.datatypes.base import NO_REMOVAL, Change, Datatype
from aioriak.error import InvalidRequest, InvalidType
from aioriak.operations.changes import LARGEST, SMALLEST


class Counter(Datatype[int]):
    """A number that concurrent writers can increment and decrement, and none can set.

    As a field of a map it starts anew when the field is removed.
    """

    type_name = "counter"
    _empty = 0
    _increment = 0
    _clearings = 0

    @classmethod
    def _checked(cls, value: Any) -> int:
        return _whole(value)

    @property
    def dirty_value(self) -> int:
        """The count with the staged change."""
        value: int = 0 if self._gone else self._value
        return value + self._increment

    @property
    def modified(self) -> bool:
        """Whether a change is staged; an increment and an equal decrement cancel out."""
        return bool(self._increment)

    def increment(self, amount: int = 1) -> None:
        """Stage an increment, or with a negative number a decrement.  Riak takes 64 bits in one update."""
        total = self._increment + _whole(amount)
        if not SMALLEST <= total <= LARGEST:
            raise InvalidRequest(f"a counter changes by at most 64 bits in one update, not by {total}")
        self._increment = total

    def decrement(self, amount: int = 1) -> None:
        """Stage a decrement."""
        self.increment(-_whole(amount))

    def clear(self) -> None:
        """Forget the staged change."""
        self._increment = 0
        self._clearings += 1

    def _change(self, afresh: bool) -> Change:
        staged = self._increment
        return ("increment", staged - self._value if afresh else staged), (self._clearings, staged), NO_REMOVAL

    def _settle(self, snapshot: tuple[int, int]) -> None:
        if self._clearings == snapshot[0]:  # else it was forgotten meanwhile, all of it
            self._increment -= snapshot[1]

    def _staged(self) -> str:
        return f"{self._increment:+}"

    def __int__(self) -> int:
        return self.dirty_value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidType(f"a counter counts in whole numbers, not by {value!r}")
    return value
