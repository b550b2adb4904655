"""The ring: which node owns a key, so that its requests spare the server a hop.

Riak hashes the SHA-1 of the external term format of ``{Bucket, Key}`` (``{{Type, Bucket}, Key}``
outside the default type) onto a ring of partitions.  Which node owns which partition is learned
from preflists, asked for random keys until all partitions are known; it is learned anew now and
then, when a node comes, goes, or turns out to own something else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from random import Random
from struct import pack
from typing import Any

from aioriak.cluster.health import ask, learn_name
from aioriak.cluster.node import Node
from aioriak.cluster.supervisor import supervise
from aioriak.error import RiakError
from aioriak.riak_pb import kv
from aioriak.transport.connection import Connection
from aioriak.wire.operation import PREFLIST

logger: logging.Logger = logging.getLogger("aioriak.ring")

_RELEARN = 60.0  # seconds between two checks of the ring
_SIZES = [2**power for power in range(17)]
_MOST = 4096  # the maximum number of preflists requested in one run
_SAMPLE = 8  # the number of preflists that are compared to detect a change
_BUCKET = b"aioriak"


def key_hash(kind: bytes | None, bucket: bytes, key: bytes) -> int:
    """Return the place of a key on a ring of 2**160."""
    where = _binary(bucket) if kind is None else b"h\x02" + _binary(kind) + _binary(bucket)
    return int.from_bytes(hashlib.sha1(b"\x83h\x02" + where + _binary(key), usedforsecurity=False).digest())


def _binary(value: bytes) -> bytes:
    return b"m" + pack("!I", len(value)) + value


def first_partition(position: int, ring_size: int) -> int:
    """Return the number of the first partition of a preflist, 0 to ring size - 1."""
    return ((position * ring_size >> 160) + 1) % ring_size


class KeyRouter:
    """Knows the owner of each partition, and so the node for each key."""

    def __init__(self, up: Callable[[], Sequence[Node]], timeout: float, rng: Random | None = None) -> None:
        """``up`` returns the nodes that are up; each question to one of them takes ``timeout`` seconds at most."""
        self.ring_size: int = 0
        """The number of partitions; 0 while unknown."""
        self.owners: dict[int, str] = {}
        """Partition number to the name of the node that owns it."""
        self._up = up
        self._timeout = timeout
        self._rng = rng or Random()
        self._stale = asyncio.Event()
        self._indexed: Sequence[Node] | None = None
        self._by_name: dict[str, Node] = {}  # the nodes in _indexed by name

    def owner(self, request: Any, up: Sequence[Node]) -> Node | None:
        """Return the node that owns a request's key, if that is known and the node is up.

        ``up`` must be a new list whenever the nodes that are up change.
        """
        size = self.ring_size
        bucket, key = getattr(request, "bucket", None), getattr(request, "key", None)
        if not size or not bucket or not key or isinstance(request, kv.RpbIndexReq):  # an index request's key is a term
            return None
        kind = getattr(request, "type", None)
        if kind == b"default":
            kind = None
        if up is not self._indexed:
            self._indexed = up
            self._by_name = {node.riak_name: node for node in up if node.riak_name is not None}
        name = self.owners.get(first_partition(key_hash(kind or None, bucket, key), size))
        return None if name is None else self._by_name.get(name)

    def mark_stale(self) -> None:
        """Fetch the ring again soon."""
        self._stale.set()

    async def run(self) -> None:
        """Learn, now and then."""
        await supervise(self._learn_at_intervals, "learning the ring")

    async def _learn_at_intervals(self) -> None:
        while True:
            self._stale.clear()  # later changes are not covered by this run
            try:
                await self.learn()
            except RiakError as error:
                logger.info("the ring could not be learned: %s", error)
            try:
                async with asyncio.timeout(_RELEARN):
                    await self._stale.wait()
            except TimeoutError:
                pass

    async def learn(self) -> None:
        """Verify the known owners with a few preflists, or request preflists until every partition's owner is known.

        Raises :class:`~aioriak.error.RiakError` when the node fails to answer; the known owners stay.
        """
        up = self._up()
        if not up:
            return
        node = self._rng.choice(up)
        await self._learn_names()
        connection = await node.connect()
        try:
            if not self.ring_size or not await self._still_true(connection):
                await self._learn_all(connection)
        finally:
            connection.close()

    async def _still_true(self, connection: Connection) -> bool:
        for _ in range(_SAMPLE):
            position, owners = await self._ask(connection, self._rng.randbytes(12))
            first = first_partition(position, self.ring_size)
            if not owners or any(self.owners.get(number) != owner for number, owner in owners.items()):
                return False
            if first not in owners:
                return False
        return True

    async def _learn_all(self, connection: Connection) -> None:
        owners: dict[int, str] = {}
        sizes = list(_SIZES)
        for _ in range(_MOST):
            key = self._key_of_unknown(sizes, owners)
            position, found = await self._ask(connection, key)
            if not found:
                return  # no primary is up: there is nothing to learn now
            sizes = [size for size in sizes if first_partition(position, size) in found and max(found) < size]
            owners.update(found)
            if not sizes:
                logger.info("keys are not hashed the standard way here: no routing by key")
                self.ring_size, self.owners = 0, {}
                return
            if len(sizes) == 1 and len(owners) == sizes[0]:
                break
        if len(sizes) > 1:
            return
        logger.info("the ring has %d partitions on %d nodes", sizes[0], len(set(owners.values())))
        self.ring_size, self.owners = sizes[0], owners

    def _key_of_unknown(self, sizes: Sequence[int], owners: Mapping[int, str]) -> bytes:
        """Return a key of a partition whose owner is not known, once the ring's size is."""
        key = self._rng.randbytes(12)
        if len(sizes) == 1 and len(owners) < sizes[0]:
            while first_partition(key_hash(None, _BUCKET, key), sizes[0]) in owners:
                key = self._rng.randbytes(12)
        return key

    async def _ask(self, connection: Connection, key: bytes) -> tuple[int, dict[int, str]]:
        """Fetch a key's preflist; return its place on the ring, and its primary partitions with their owners."""
        request = kv.RpbGetBucketKeyPreflistReq(bucket=_BUCKET, key=key)
        reply = await ask(connection, PREFLIST, request, self._timeout)
        owners = {item.partition: item.node.decode("utf-8", "replace") for item in reply.preflist if item.primary}
        return key_hash(None, _BUCKET, key), owners

    async def _learn_names(self) -> None:
        timeout = self._timeout
        for node in list(self._up()):
            if node.riak_name is None:
                try:
                    connection = await node.connect()
                    try:
                        await learn_name(node, connection, timeout)
                        self._indexed = None
                    finally:
                        connection.close()
                except RiakError as error:
                    logger.debug("%s did not tell its name: %s", node.name, error)
