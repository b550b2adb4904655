"""Vector clocks, and the dots that tell siblings apart.

A clock counts the writes that each actor has coordinated.  A *dot* is one of
those writes: ``(actor, count)``.  Every stored content carries the dot of the
write that made it, so that a write which had not seen a content leaves it
alone as a sibling, and one that had seen it replaces it: dotted version
vectors (Riak KV documentation, "Causal Context").

Clients get a clock as opaque bytes.  The encoding is this server's own, with a
checksum, so that a client that makes clocks up or mixes them with contexts is
found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct, error
from zlib import crc32

Dot = tuple[bytes, int]
"""One write: the actor that coordinated it and its number among that actor's writes."""

_ENTRY = Struct("!BQQ")
_SUM = Struct("!I")
_MAGIC = b"vc1"


class InvalidClock(ValueError):
    """The bytes are no clock of this server."""


class VClock:
    """A vector clock; never changed once made.

    ``entries`` maps each actor to ``(count, second)``: its number of writes and
    when it made the last one.  Two clocks are equal when their counts are.
    """

    __slots__ = ("_encoded", "_entries")

    def __init__(self, entries: Mapping[bytes, tuple[int, int]] | None = None) -> None:
        self._entries: Mapping[bytes, tuple[int, int]] | None = entries or {}
        self._encoded: bytes | None = None

    @property
    def entries(self) -> Mapping[bytes, tuple[int, int]]:
        """The count and the second of each actor."""
        if self._entries is None:
            assert self._encoded is not None
            return _decoded(self._encoded)
        return self._entries

    def compact(self) -> None:
        """Keep only the encoded form, which takes a quarter of the memory, for a clock that is stored."""
        self.encode()
        self._entries = None

    @classmethod
    def decode(cls, data: bytes) -> VClock:
        """Decode a clock that ``encode`` made; no bytes are the fresh clock."""
        if not data:
            return FRESH
        if data[:3] != _MAGIC or len(data) < 7 or _SUM.unpack_from(data, 3)[0] != crc32(data[7:]):
            raise InvalidClock(data)
        try:
            clock = cls(_decoded(data))
        except error:
            raise InvalidClock(data) from None
        clock._encoded = data
        return clock

    def encode(self) -> bytes:
        """Encode the clock for clients."""
        if self._encoded is None:
            entries = self.entries
            body = b"".join([_ENTRY.pack(len(actor), *entries[actor]) + actor for actor in sorted(entries)])
            self._encoded = _MAGIC + _SUM.pack(crc32(body)) + body
        return self._encoded

    def count(self, actor: bytes) -> int:
        """Return how many of the actor's writes this clock has seen."""
        entry = self.entries.get(actor)
        return entry[0] if entry else 0

    def has_seen(self, dot: Dot | None) -> bool:
        """Whether the write is part of what this clock stands for; a content without a dot never is."""
        return dot is not None and self.count(dot[0]) >= dot[1]

    def descends(self, other: VClock) -> bool:
        """Whether this clock has seen all that the other has."""
        entries = self.entries
        for actor, (count, _) in other.entries.items():
            entry = entries.get(actor)
            if entry is None or entry[0] < count:
                return False
        return True

    def dominates(self, other: VClock) -> bool:
        """Whether this clock has seen all that the other has, and more."""
        return self.descends(other) and not other.descends(self)

    def merge(self, other: VClock) -> VClock:
        """Return the smallest clock that descends both."""
        entries, others = self.entries, other.entries
        if not others:
            return self
        if not entries:
            return other
        entries = dict(entries)
        for actor, entry in others.items():
            mine = entries.get(actor)
            if mine is None or mine < entry:
                entries[actor] = entry
        return VClock(entries)

    def increment(self, actor: bytes, second: int) -> VClock:
        """Return the clock after one more write by the actor."""
        entries = self.entries
        count, _ = entries.get(actor, (0, 0))
        return VClock({**entries, actor: (count + 1, second)})

    def prune(self, second: int, *, small: int, big: int, young: int, old: int) -> VClock:
        """Return the clock without its oldest entries, by the ``*_vclock`` bucket properties."""
        entries = self.entries
        if len(entries) <= small:
            return self
        oldest_first = sorted(entries.items(), key=lambda item: item[1][1])
        while len(oldest_first) > small:
            age = second - oldest_first[0][1][1]
            if age < young or (len(oldest_first) <= big and age <= old):
                break
            del oldest_first[0]
        return VClock(dict(oldest_first))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VClock):
            return NotImplemented
        return self.descends(other) and other.descends(self)

    def __hash__(self) -> int:
        return hash(frozenset((actor, count) for actor, (count, _) in self.entries.items()))

    def __repr__(self) -> str:
        return f"VClock({ {actor.hex(): count for actor, (count, _) in self.entries.items()} })"


def _decoded(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Return the entries of an encoded clock; raises ``struct.error``."""
    entries: dict[bytes, tuple[int, int]] = {}
    position = 7
    while position < len(data):
        size, count, second = _ENTRY.unpack_from(data, position)
        position += _ENTRY.size
        entries[data[position : position + size]] = (count, second)
        position += size
    return entries


FRESH = VClock()
"""The clock of what was never written."""
