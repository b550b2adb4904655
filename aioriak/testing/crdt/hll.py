"""HyperLogLog: an estimate of the number of distinct members in a few kilobytes.

The estimate is Otmar Ertl's "improved raw estimator" ("New cardinality
estimation algorithms for HyperLogLog sketches", 2017): one formula for few and
for many, with a standard error of 1.04 / sqrt(2 ** precision).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from hashlib import sha1
from typing import ClassVar, Self

from aioriak.testing.crdt.clock import Clock
from aioriak.testing.crdt.codec import Junk, Reader, Writer

DEFAULT_PRECISION = 14
"""Riak's ``hll_precision`` where the bucket says nothing; 4 to 16."""

_BITS = 64
_SPARSE, _DENSE = range(2)


class HyperLogLog:
    """2 ** precision registers, each the longest run of zero bits seen by it, plus one.  Immutable."""

    KIND: ClassVar[bytes] = b"h"
    __slots__ = ("_registers", "precision")

    def __init__(self, precision: int = DEFAULT_PRECISION, registers: bytes | None = None) -> None:
        if not 4 <= precision <= 16:
            raise ValueError("precision must be from 4 to 16")
        self.precision: int = precision
        self._registers = bytes(1 << precision) if registers is None else registers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HyperLogLog) and self._registers == other._registers

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<HyperLogLog of about {self.value()}>"

    def value(self) -> int:
        """Return the estimate, rounded."""
        size = 1 << self.precision
        longest = _BITS - self.precision
        counts = Counter(self._registers)
        if counts[0] == size:
            return 0
        z = size * _tau(1 - counts[longest + 1] / size)
        for run in range(longest, 0, -1):
            z = (z + counts[run]) / 2
        z += size * _sigma(counts[0] / size)
        return round(size * size / (2 * math.log(2) * z))

    def context(self) -> None:
        """Return the empty context: nothing is ever removed from a HyperLogLog."""

    def update(self, change: Iterable[bytes], actor: bytes, context: Clock | None = None, now: int = 0) -> Self:
        """Add members.  Actor, context and time have no meaning here."""
        registers = bytearray(self._registers)
        longest = _BITS - self.precision
        for thing in change:
            bits = int.from_bytes(sha1(thing, usedforsecurity=False).digest()[: _BITS // 8], "big")
            index = bits >> longest
            run = longest - (bits & ((1 << longest) - 1)).bit_length() + 1
            registers[index] = max(registers[index], run)
        return type(self)(self.precision, bytes(registers))

    def merge(self, other: Self) -> Self:
        """Return the larger value of each register, at the lower precision of the two."""
        precision = min(self.precision, other.precision)
        mine, theirs = self.reduced(precision)._registers, other.reduced(precision)._registers
        return type(self)(precision, bytes(map(max, mine, theirs)))

    def reduced(self, precision: int) -> Self:
        """Return the registers at a lower precision, as if the members had been added there."""
        if precision >= self.precision:
            return self
        dropped = self.precision - precision
        registers = bytearray(1 << precision)
        for index, run in enumerate(self._registers):
            if run:
                low = index & ((1 << dropped) - 1)
                longer = dropped - low.bit_length() + 1 if low else dropped + run
                registers[index >> dropped] = max(registers[index >> dropped], longer)
        return type(self)(precision, bytes(registers))

    def to_bytes(self) -> bytes:
        """Encode the registers: sparse while few are in use, dense later."""
        writer = Writer(self.KIND)
        writer.number(self.precision)
        used = [(index, run) for index, run in enumerate(self._registers) if run]
        if len(used) * 4 < len(self._registers):
            writer.number(_SPARSE)
            writer.number(len(used))
            last = -1
            for index, run in used:
                writer.number(index - last)
                writer.number(run)
                last = index
        else:
            writer.number(_DENSE)
            writer.raw(self._registers)
        return writer.bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a state back.  Raises :class:`~aioriak.testing.crdt.codec.Junk`."""
        reader = Reader(data, cls.KIND)
        precision, form = reader.number(), reader.number()
        if not 4 <= precision <= 16 or form not in (_SPARSE, _DENSE):
            raise Junk("no such precision")
        size = 1 << precision
        registers = bytearray(size)
        if form == _DENSE:
            registers[:] = reader.raw(size)
        else:
            index = -1
            for _ in range(reader.count()):
                index += reader.positive()
                run = reader.positive()
                if index >= size or run > _BITS:
                    raise Junk("no such register")
                registers[index] = run
        reader.end()
        if max(registers) > _BITS - precision + 1:
            raise Junk("a run longer than there are bits")
        state = cls(precision, bytes(registers))
        if state.to_bytes() != data:
            raise Junk("not the form that is written here")
        return state


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y /= 2
        z -= (1 - x) ** 2 * y
    return z / 3
