"""Tictac AAE trees: two levels of 32-bit hashes over all keys of a range.

A tree has ``branches`` nodes on its first level, each the exclusive or of its 256
segments on the second; a key and its clock count into one segment.  Two trees
of one size differ exactly in the segments whose keys differ, whatever the hash,
so the hashes here are this server's own.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

SEGMENTS = 256
"""Segments a branch."""

BRANCHES = (16, 64, 256, 1024, 4096, 16384)
"""First-level nodes by tree size, from xxsmall to xlarge."""

LARGE = 4
"""The size of the trees that Riak keeps for each n_val."""


def locate(name: bytes) -> int:
    """Return the 32-bit place of a key in trees of any size; its low bits choose the segment."""
    return int.from_bytes(blake2b(name, digest_size=4).digest(), "big")


def segment_of(name: bytes, size: int) -> int:
    """Return the segment of a key in a tree of a size."""
    return locate(name) % (BRANCHES[size] * SEGMENTS)


def fingerprint(name: bytes, clock: bytes, salt: int | None = None) -> int:
    """Return the 32-bit hash of a key with its clock; another salt gives another hash."""
    key = b"" if salt is None else salt.to_bytes(8, "big", signed=True)
    return int.from_bytes(blake2b(name + b"\0" + clock, digest_size=4, key=key).digest(), "big") or 1


@dataclass(slots=True)
class Tree:
    """A tree of a size, empty until something is added."""

    size: int
    _branches: dict[int, array[int]] = field(default_factory=dict)

    def add(self, name: bytes, clock: bytes, salt: int | None = None) -> None:
        """Count a key with its clock in."""
        branch, segment = divmod(segment_of(name, self.size), SEGMENTS)
        hashes = self._branches.get(branch)
        if hashes is None:
            hashes = self._branches[branch] = array("Q", bytes(8 * SEGMENTS))
        hashes[segment] ^= fingerprint(name, clock, salt)

    def root(self) -> bytes:
        """Return the first level: four bytes a branch."""
        nodes = bytearray(4 * BRANCHES[self.size])
        for branch, hashes in self._branches.items():
            together = 0
            for each in hashes:
                together ^= each
            nodes[4 * branch : 4 * branch + 4] = together.to_bytes(4, "big")
        return bytes(nodes)

    def branch(self, number: int) -> bytes:
        """Return one branch of the second level: four bytes a segment."""
        hashes = self._branches.get(number)
        if hashes is None:
            return bytes(4 * SEGMENTS)
        return b"".join(each.to_bytes(4, "big") for each in hashes)

    def export(self, numbers: Iterable[int] | None = None) -> list[bytes]:
        """Encode branches for a reply: four bytes of number, then the branch, compressed."""
        wanted = range(BRANCHES[self.size]) if numbers is None else numbers
        return [number.to_bytes(4, "big") + zlib.compress(self.branch(number)) for number in wanted]
