"""Replication queues: ``client.replication``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Unpack

from aioriak.operations import replication
from aioriak.operations.names import Name, encode, show
from aioriak.operations.options import ReadOptions, Timeout, seconds
from aioriak.operations.replication import Encoding, QueueItem, QueueLengths
from aioriak.runtime import KeyView, Runtime

__all__ = ["QueueItem", "QueueLengths", "Replication", "ReplicationQueue"]


class ReplicationQueue:
    """A queue from which other clusters fetch objects (Riak 3.0.7 and later).

    Each node has its own queues: use a client for each node.
    Riak's documentation: "Next Generation Replication".
    """

    def __init__(self, runtime: Runtime, name: Name) -> None:
        encode("queue", name)
        self._runtime = runtime
        self.name = name

    async def fetch(self, encoding: Encoding = "internal", timeout: Timeout | None = None) -> QueueItem | None:
        """Remove the next object from the queue and return it, or ``None`` when the queue is empty.

        With ``"internal_aaehash"`` the item also has the object's segment and hash in AAE trees.  ``timeout`` is
        in milliseconds.

        Raises :class:`~aioriak.error.ContentError` for a wrong checksum, :class:`~aioriak.error.ServerError` when
        there is no such queue, :class:`~aioriak.error.OutcomeUnknown` when the reply was lost: the object may
        have been removed from the queue.
        """
        return await replication.fetch(self._runtime.dispatcher, self.name, encoding, seconds(timeout))

    async def drain(self, encoding: Encoding = "internal", timeout: Timeout | None = None) -> AsyncIterator[QueueItem]:
        """Yield objects from the queue until it is empty.

        ``timeout`` is a ``timedelta`` or milliseconds, for each of them.
        """
        while (item := await self.fetch(encoding, timeout)) is not None:
            yield item

    async def push(
        self, references: Iterable[tuple[Name, Name, Name, bytes]], timeout: Timeout | None = None
    ) -> QueueLengths:
        """Put references on the queue; return its lengths.

        A reference is a tuple of bucket type, bucket, key and vclock, as AAE folds return them.  ``timeout`` is
        in milliseconds.
        """
        return await replication.push(self._runtime.dispatcher, self.name, references, seconds(timeout))

    def __repr__(self) -> str:
        return f"<ReplicationQueue {show(self.name)}>"


class Replication:
    """The replication queues of a cluster."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def queue(self, name: Name) -> ReplicationQueue:
        """Return a queue by its name.  Nothing is sent."""
        return ReplicationQueue(self._runtime, name)

    async def enqueue(self, robject: KeyView, **options: Unpack[ReadOptions]) -> None:
        """Put the current version of an object on the real-time queues.

        Raises :class:`~aioriak.error.NotSupported` where the server does not implement this message.
        """
        key = robject.key if robject.key is not None else ""
        bucket = robject.bucket
        await replication.enqueue(
            self._runtime.dispatcher, bucket.bucket_type.wire_name, bucket.wire_name, key, options
        )
