"""A Riak server for tests: one process, one database, one or several nodes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from aioriak.testing import bucket_types as types_
from aioriak.testing.cluster import Cluster
from aioriak.testing.commits import GroupCommit
from aioriak.testing.context import Handler
from aioriak.testing.database import Database
from aioriak.testing.faults import Faults
from aioriak.testing.handlers import COVERAGE_HANDLERS, HANDLERS, REAL_TIME_HANDLERS, SEARCH_HANDLERS
from aioriak.testing.node import Node
from aioriak.testing.replication import Queue
from aioriak.testing.ring import Ring
from aioriak.testing.security import Security
from aioriak.testing.storage import SQLiteStorage
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
        self.faults = Faults(random)
        self.nodes: list[Node] = []
        """The nodes of the cluster, up or down."""
        self.database = Database(types_.named(bucket_types), tombstone_seconds=tombstone_seconds, clock=clock)
        self.handlers: dict[Operation[Any, Any], Handler] = {
            **HANDLERS,
            **(SEARCH_HANDLERS if search else {}),
            **(COVERAGE_HANDLERS if coverage else {}),
            **(REAL_TIME_HANDLERS if real_time_enqueue else {}),
        }
        self._cluster = Cluster(
            self.database,
            self.nodes,
            ring_size=ring_size,
            version=(version or ("2.2.3" if search else "3.2.3")).encode(),
            clock=clock,
            random=self.faults.random,
            security=security,
            max_siblings=max_siblings,
            max_object_size=max_object_size,
            chunk=chunk,
            search=search,
            has_coverage=coverage,
        )
        self._commits = GroupCommit()
        self._storage: SQLiteStorage | None = None
        self._data = data
        self._named = 0
        for number in range(nodes):
            self._new_node(host, port + number if port else 0, alone=nodes == 1)

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
                self.database.storage = self._commits.storage = self._storage
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
            self._storage = self.database.storage = self._commits.storage = None

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
        node = Node(
            self._cluster, name.encode(), host, port,
            handlers=self.handlers, faults=self.faults, commits=self._commits,
        )  # fmt: skip
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
    def chunk(self) -> int:
        """Number of keys or buckets in one message of a listing."""
        return self._cluster.chunk

    @property
    def ring(self) -> Ring:
        """The partitions and their owners."""
        return self._cluster.ring

    @property
    def queues(self) -> dict[bytes, Queue]:
        """The replication queues, by name."""
        return self._cluster.queues

    @property
    def clock(self) -> Callable[[], float]:
        """The clock: seconds since the epoch."""
        return self._cluster.clock
