"""The ring: the partitions that a key belongs to, and the node that owns each.

Riak hashes the external term format of the bucket and key with SHA-1; the ring
divides that space into ``size`` equal partitions (Riak KV documentation, "Clusters").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from struct import pack

from aioriak.testing.member import Member


@dataclass(frozen=True, slots=True)
class Vnode:
    """One replica: the partition's number, the node that serves it, and whether that node owns the partition."""

    partition: int
    node: Member
    primary: bool


class Ring:
    """``size`` partitions, assigned to the members in turn."""

    def __init__(self, size: int, members: Sequence[Member]) -> None:
        self.size = size
        self._members = members

    def owner(self, partition: int) -> Member:
        """Return the owner of a partition, up or down."""
        return self._members[partition % len(self._members)]

    def first_partition(self, type: bytes, bucket: bytes, key: bytes) -> int:
        """Return the number of the first partition that a key belongs to."""
        return ((hash_key(type, bucket, key) * self.size >> 160) + 1) % self.size

    def primaries(self, type: bytes, bucket: bytes, key: bytes, n_val: int) -> list[Vnode]:
        """Return the ``n_val`` partitions of a key and their owners, up or down."""
        first = self.first_partition(type, bucket, key)
        partitions = [(first + step) % self.size for step in range(n_val)]
        return [Vnode(partition, self.owner(partition), True) for partition in partitions]

    def preflist(self, type: bytes, bucket: bytes, key: bytes, n_val: int, *, sloppy: bool = True) -> list[Vnode]:
        """Return the ``n_val`` partitions of a key, each with a node that is up.

        A node further along the ring replaces an owner that is down, unless
        ``sloppy`` is false.
        """
        primaries = self.primaries(type, bucket, key, n_val)
        if all(vnode.node.serving for vnode in primaries):
            return primaries
        found = [vnode for vnode in primaries if vnode.node.serving]
        if sloppy:
            first = primaries[0].partition
            following = [self.owner((first + step) % self.size) for step in range(n_val, self.size)]
            up = [member for member in following if member.serving] or [each for each in self._members if each.serving]
            down = [vnode for vnode in primaries if not vnode.node.serving]
            if up:
                found += [
                    Vnode(vnode.partition, up[number % len(up)], False) for number, vnode in enumerate(down)
                ]
        return found


def hash_key(type: bytes, bucket: bytes, key: bytes) -> int:
    """Return the position of a key on the ring, from 0 to 2**160 - 1."""
    name = _binary(bucket) if type == b"default" else b"h\x02" + _binary(type) + _binary(bucket)
    return int.from_bytes(sha1(b"\x83h\x02" + name + _binary(key), usedforsecurity=False).digest(), "big")


def _binary(value: bytes) -> bytes:
    return b"m" + pack("!I", len(value)) + value
