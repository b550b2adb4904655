"""The ring: which partitions a key belongs to, and which node owns each.

Riak hashes the external term format of the bucket and key with SHA-1; the ring
cuts that space into ``size`` equal partitions (Riak KV documentation, "Clusters").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from struct import pack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aioriak.testing.node import Node


@dataclass(frozen=True, slots=True)
class Vnode:
    """A replica's place: the partition's number, the node that serves it, and whether it is the owner."""

    partition: int
    node: Node
    primary: bool


class Ring:
    """``size`` partitions, dealt to the nodes in turn."""

    def __init__(self, size: int, nodes: Sequence[Node]) -> None:
        self.size = size
        self._nodes = nodes

    def owner(self, partition: int) -> Node:
        """The node that a partition belongs to, up or not."""
        return self._nodes[partition % len(self._nodes)]

    def first_partition(self, type: bytes, bucket: bytes, key: bytes) -> int:
        """The number of the first partition that a key belongs to."""
        return ((hashed(type, bucket, key) * self.size >> 160) + 1) % self.size

    def primaries(self, type: bytes, bucket: bytes, key: bytes, n_val: int) -> list[Vnode]:
        """The ``n_val`` partitions of a key and their owners, up or not."""
        first = self.first_partition(type, bucket, key)
        partitions = [(first + step) % self.size for step in range(n_val)]
        return [Vnode(partition, self.owner(partition), True) for partition in partitions]

    def preflist(self, type: bytes, bucket: bytes, key: bytes, n_val: int, *, sloppy: bool = True) -> list[Vnode]:
        """The ``n_val`` partitions of a key, each with a node that is up.

        A node further along the ring stands in for an owner that is down; not
        ``sloppy``, nobody does.
        """
        primaries = self.primaries(type, bucket, key, n_val)
        if all(vnode.node.serving for vnode in primaries):
            return primaries
        found = [vnode for vnode in primaries if vnode.node.serving]
        if sloppy:
            first = primaries[0].partition
            following = [self.owner((first + step) % self.size) for step in range(n_val, self.size)]
            up = [node for node in following if node.serving] or [node for node in self._nodes if node.serving]
            down = [vnode for vnode in primaries if not vnode.node.serving]
            if up:
                found += [
                    Vnode(vnode.partition, up[number % len(up)], False) for number, vnode in enumerate(down)
                ]
        return found


def hashed(type: bytes, bucket: bytes, key: bytes) -> int:
    """The place of a key on the ring, from 0 to 2**160 - 1."""
    name = _binary(bucket) if type == b"default" else b"h\x02" + _binary(type) + _binary(bucket)
    return int.from_bytes(sha1(b"\x83h\x02" + name + _binary(key), usedforsecurity=False).digest(), "big")


def _binary(value: bytes) -> bytes:
    return b"m" + pack("!I", len(value)) + value
