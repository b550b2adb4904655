"""HyperLogLogs: estimates of the number of distinct members."""

from __future__ import annotations

from typing import Any

from aioriak.datatypes.adding import Adding
from aioriak.error import InvalidType


class Hll(Adding[int]):
    """An estimate of the number of distinct members added; the members themselves are not kept.

    The server's bucket type says how exact it is (``hll_precision``, 14 unless set: 0.8 % in most cases).
    """

    type_name = "hll"
    _what = "what is added to a HyperLogLog"
    _empty = 0

    @classmethod
    def _checked(cls, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidType(f"an estimate is a whole number, not {value!r}")
        return value

    @property
    def dirty_value(self) -> int:
        """The same as ``value``: only the server knows which of the staged members are new."""
        return self.value

    def _shown(self) -> str:
        return f"about {self._value}"
