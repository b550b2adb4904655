"""A Riak server to run against: one process, one store, one or several nodes."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from aioriak.testing import bucket_types as types_
from aioriak.testing.connection import Connection
from aioriak.testing.context import Handler
from aioriak.testing.database import Database
from aioriak.testing.faults import Faults
from aioriak.testing.handlers import COVERAGE_HANDLERS, HANDLERS, REAL_TIME_HANDLERS, SEARCH_HANDLERS
from aioriak.testing.handlers.search import SearchState
from aioriak.testing.node import Node
from aioriak.testing.replication import Queue, default_queues
from aioriak.testing.ring import Ring
from aioriak.testing.robject import RiakObj
from aioriak.testing.security import Security
from aioriak.testing.storage import SQLiteStorage
from aioriak.testing.vclock import VClock
from aioriak.wire.operation import Operation


class RiakServer:
    """A server that behaves like Riak KV 3.2, for tests and development.

    ::

        async with RiakServer() as server:
            client = await RiakClient.create(server.host, server.port)

    ``bucket_types``
        ``"standard"`` (nine, one for each way in which Riak keeps things), a
        mapping of names to properties, or :class:`BucketType` objects.
    ``host``, ``port``
        Where to listen; port 0 is any free one.
    ``data``
        A file that keeps everything across restarts; without it nothing is kept.
    ``nodes``
        How many nodes there are, at ports that follow one another where ``port`` is given.
    ``security``
        Users, sources and grants: clients must come by TLS and log in.
    ``ring_size``
        How many partitions the ring has.
    ``tombstone_seconds``
        Riak's ``delete_mode``: seconds, ``0`` for *immediate*, ``None`` for *keep*.
    ``max_siblings``, ``max_object_size``
        Limits of one object: a count, and bytes.
    ``chunk``
        How many keys or buckets a message of a listing holds.
    ``search``
        Know what only Riak 2.x knows: search, JavaScript map/reduce, link phases.
    ``coverage``
        Give coverage plans (message 70), which Riak 3 does not.
    ``real_time_enqueue``
        Answer message 200, which the protocol defines and no release of Riak answers.
    ``clock``, ``random``
        Seconds since the epoch, and chance, to be replaced in tests.

    ``faults`` makes things go wrong; ``nodes`` are its nodes, ``host``,
    ``port`` and ``address`` those of the first.
    """

    def __init__(
        self,
        bucket_types: Any = "standard",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data: str | Path | None = None,
        ring_size: int = 64,
        tombstone_seconds: float | None = 3.0,
        max_siblings: int = 100,
        max_object_size: int = 50 * 1024 * 1024,
        chunk: int = 100,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        nodes: int = 1,
        security: Security | None = None,
        version: str | None = None,
        search: bool = False,
        coverage: bool = False,
        real_time_enqueue: bool = False,
    ) -> None:
        self.version = (version or ("2.2.3" if search else "3.2.3")).encode()
        self.random = random or Random()
        self.clock = clock
        self.database = Database(
            types_.named(bucket_types), tombstone_seconds=tombstone_seconds, clock=clock
        )
        self.security = security
        self._named = 0
        self.nodes: list[Node] = []
        """The cluster's nodes, up or not."""
        for number in range(nodes):
            self._new_node(host, port + number if port else 0, alone=nodes == 1)
        self.ring = Ring(ring_size, self.nodes)
        self.faults = Faults(self.random)
        self.handlers: dict[Operation[Any, Any], Handler] = {
            **HANDLERS,
            **(SEARCH_HANDLERS if search else {}),
            **(COVERAGE_HANDLERS if coverage else {}),
            **(REAL_TIME_HANDLERS if real_time_enqueue else {}),
        }
        self.search = SearchState() if search else None
        self.queues: dict[bytes, Queue] = default_queues()
        self.max_siblings = max_siblings
        self.max_object_size = max_object_size
        self.chunk = chunk
        self._data = data
        self._storage: SQLiteStorage | None = None
        self._waiting: list[Connection] = []
        self._epochs = int.from_bytes(os.urandom(4), "big")

    @classmethod
    def cluster(cls, nodes: int = 3, **options: Any) -> RiakServer:
        """A server of several nodes, over one store; the options are those of the class."""
        return cls(nodes=nodes, **options)

    # -- life ---------------------------------------------------------------

    async def start(self) -> None:
        """Open the store and listen."""
        try:
            if self._data is not None:
                self._storage = SQLiteStorage(self._data)
                self._storage.load(self.database)
                self.database.storage = self._storage
            for node in self.nodes:
                await node.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Cut every client off and stop; what was answered is kept where there is a store."""
        for node in self.nodes:
            await node.kill()
        if self._storage is not None:
            self._storage.close()
            self._storage = self.database.storage = None

    async def __aenter__(self) -> RiakServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def add_node(self) -> Node:
        """Let one more node join the cluster; it gets its share of the ring."""
        host = self.nodes[0].host
        node = self._new_node(host, 0, alone=False)
        await node.start()
        return node

    async def remove_node(self, node: Node) -> None:
        """Let a node leave: it is drained, and the others get its share of the ring."""
        await node.drain()
        self.nodes.remove(node)

    def _new_node(self, host: str, port: int, *, alone: bool) -> Node:
        self._named += 1
        name = f"riak@{host}" if alone else f"riak{self._named}@{host}"
        node = Node(self, name.encode(), host, port)
        self.nodes.append(node)
        return node

    # -- where and what -----------------------------------------------------

    @property
    def host(self) -> str:
        """Where the first node listens."""
        return self.nodes[0].host

    @property
    def port(self) -> int:
        """Where the first node listens."""
        return self.nodes[0].port

    @property
    def address(self) -> str:
        """``host:port`` of the first node."""
        return self.nodes[0].address

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of every node."""
        return [node.address for node in self.nodes]

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return sum(len(node.connections) for node in self.nodes)

    @property
    def requests(self) -> Counter[str]:
        """How many requests of each operation came in, by the operation's name."""
        return sum((node.requests for node in self.nodes), Counter())

    @property
    def all_up(self) -> bool:
        """Whether every node takes part in the cluster's work."""
        for node in self.nodes:  # noqa: SIM110 - asked for by every request
            if not node.serving:
                return False
        return True

    # -- for handlers and connections ---------------------------------------

    def actor(self, node: Node, old: RiakObj | None, seen: VClock) -> bytes:
        """Whose count a write by this node adds to.

        A key that comes into being again counts under a new epoch, so that a
        clock from its earlier life does not pass for one that has seen it.
        """
        if old is not None:
            for actor, (count, _) in old.vclock.entries.items():
                if actor[:8] == node.actor and seen.count(actor) <= count:
                    return actor
        self._epochs = (self._epochs + 1) & 0xFFFFFFFF
        return node.actor + self._epochs.to_bytes(4, "big")

    @property
    def unsaved(self) -> bool:
        """Whether something is to be made to last before it is answered."""
        return self._storage is not None and self._storage.dirty

    def commit_soon(self, connection: Connection) -> None:
        """Make everything last that came in during this turn of the loop, then let the connection answer."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._commit)
        self._waiting.append(connection)

    def _commit(self) -> None:
        if self._storage is not None:
            self._storage.commit()
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.write_out()
