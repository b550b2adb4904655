"""Replication queues as users hold them: ``client.replication``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Unpack

from aioriak.operations import replication
from aioriak.operations.names import Name, encode, show
from aioriak.operations.options import ReadOptions, positive
from aioriak.operations.replication import Encoding, QueueItem, QueueLengths
from aioriak.riak_object import RiakObject
from aioriak.runtime import Runtime

__all__ = ["QueueItem", "QueueLengths", "Replication", "ReplicationQueue"]


class ReplicationQueue:
    """One of the queues that a node keeps for other clusters to take objects from (Riak 3.0.7 on).

    Queues belong to nodes: ask each node for its own.  Riak's documentation: "Next Generation Replication".
    """

    def __init__(self, runtime: Runtime, name: Name) -> None:
        encode("queue", name)
        self._runtime = runtime
        self.name = name

    async def fetch(self, encoding: Encoding = "internal", timeout: int | None = None) -> QueueItem | None:
        """Take the next object off the queue; ``None`` when it is empty. ``timeout`` in milliseconds.

        ``"internal_aaehash"`` brings the object's place and hash in AAE trees too.

        Raises :class:`~aioriak.error.ContentError` when its checksum is wrong;
        :class:`~aioriak.error.ServerError` when there is no such queue;
        :class:`~aioriak.error.OutcomeUnknown` when the answer was lost: the reference may be off the queue.
        """
        return await replication.fetch(self._runtime.dispatcher, self.name, encoding, _seconds(timeout))

    async def drain(self, encoding: Encoding = "internal", timeout: int | None = None) -> AsyncIterator[QueueItem]:
        """Take objects off the queue until it is empty. ``timeout`` in milliseconds, for each."""
        while (item := await self.fetch(encoding, timeout)) is not None:
            yield item

    async def push(
        self, references: Iterable[tuple[Name, Name, Name, bytes]], timeout: int | None = None
    ) -> QueueLengths:
        """Put references on the queue: tuples of bucket type, bucket, key and vclock, as AAE folds give them.

        Returns how much waits there now.  ``timeout`` in milliseconds.
        """
        return await replication.push(self._runtime.dispatcher, self.name, references, _seconds(timeout))

    def __repr__(self) -> str:
        return f"<ReplicationQueue {show(self.name)}>"


class Replication:
    """Replication between clusters, as far as clients take part in it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def queue(self, name: Name) -> ReplicationQueue:
        """A queue by its name; nothing is sent."""
        return ReplicationQueue(self._runtime, name)

    async def enqueue(self, robject: RiakObject, **options: Unpack[ReadOptions]) -> None:
        """Put an object's present version on the real-time queues.

        The protocol has this message; servers whose protocol-buffers interface does not know it raise
        :class:`~aioriak.error.NotSupported`.
        """
        key = robject.key if robject.key is not None else ""
        bucket = robject.bucket
        await replication.enqueue(
            self._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, key, options
        )


def _seconds(timeout: int | None) -> float | None:
    return None if timeout is None else positive("timeout", timeout) / 1000
