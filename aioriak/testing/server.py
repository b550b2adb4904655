"""A Riak server for tests: one process, one database, one or several nodes."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

from aioriak.testing import bucket_types as types_
from aioriak.testing import seeding
from aioriak.testing.clock import Clock
from aioriak.testing.cluster import Cluster, Snapshot
from aioriak.testing.commits import GroupCommit
from aioriak.testing.context import Context, Handler
from aioriak.testing.database import Database
from aioriak.testing.faults import Faults
from aioriak.testing.handlers import COVERAGE_HANDLERS, HANDLERS, REAL_TIME_HANDLERS, SEARCH_HANDLERS
from aioriak.testing.node import Node
from aioriak.testing.options import ServerOptions
from aioriak.testing.replication import Queue
from aioriak.testing.requests import RequestLog
from aioriak.testing.ring import Ring
from aioriak.testing.storage import SQLiteStorage
from aioriak.testing.thread import LoopThread
from aioriak.wire.operation import Operation

if TYPE_CHECKING:
    from aioriak.testing.record import Recorder

Name = str | bytes


class RiakServer:
    """A server that behaves like Riak KV 3.2, for tests and development.

    ::

        async with RiakServer() as server:
            async with RiakClient(server.host, server.port) as client:
                ...

    It runs in the event loop that starts it; :meth:`in_thread` makes one for
    synchronous programs.  ``faults`` injects faults; ``host``, ``port`` and
    ``address`` are those of the first node.

    ``bucket_types``
        ``"standard"`` (nine types, one for each way in which Riak stores objects), a
        mapping of names to properties, :class:`BucketType` objects, or a list of these.
    ``nodes``
        The number of nodes.
    Other options
        See :class:`~aioriak.testing.options.ServerOptions`.
    """

    def __init__(
        self, bucket_types: types_.BucketTypes = "standard", *, nodes: int = 1, **options: Unpack[ServerOptions]
    ) -> None:
        unknown = options.keys() - ServerOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"RiakServer has no option {sorted(unknown)[0]!r}")
        if nodes < 1:
            raise ValueError(f"nodes must be at least 1, not {nodes}")
        search, coverage = options.get("search", False), options.get("coverage", False)
        self.faults: Faults = Faults(options.get("random"))
        self.clock: Clock = Clock(options.get("clock", time.time))
        self.nodes: list[Node] = []
        """The nodes of the cluster, up or down."""
        self.requests: RequestLog = RequestLog(options.get("keep_requests", 10_000))
        """The requests that were received."""
        self.database: Database = Database(
            types_.named(bucket_types),
            tombstone_seconds=options.get("tombstone_seconds", 3.0),
            clock=self.clock,
        )
        self.handlers: dict[Operation[Any, Any], Handler] = {
            **HANDLERS,
            **(SEARCH_HANDLERS if search else {}),
            **(COVERAGE_HANDLERS if coverage else {}),
            **(REAL_TIME_HANDLERS if options.get("real_time_enqueue") else {}),
        }
        self._cluster = Cluster(
            self.database,
            self.nodes,
            ring_size=options.get("ring_size", 64),
            version=(options.get("version") or ("2.2.3" if search else "3.2.3")).encode(),
            clock=self.clock,
            random=self.faults.random,
            security=options.get("security"),
            max_siblings=options.get("max_siblings", 100),
            max_object_size=options.get("max_object_size", 50 * 1024 * 1024),
            chunk=options.get("chunk", 100),
            requests=self.requests,
            search=search,
            has_coverage=coverage,
        )
        self._commits = GroupCommit()
        self._storage: SQLiteStorage | None = None
        self._data = options.get("data")
        self._nodes_made = 0
        host, port = options.get("host", "127.0.0.1"), options.get("port", 0)
        for number in range(nodes):
            self._new_node(host, port + number if port else 0, alone=nodes == 1)
        self._initial = self._cluster.snapshot()

    @classmethod
    def cluster(
        cls, nodes: int = 3, *, bucket_types: types_.BucketTypes = "standard", **options: Unpack[ServerOptions]
    ) -> RiakServer:
        """Return a server of several nodes that share one database."""
        return cls(bucket_types, nodes=nodes, **options)

    @classmethod
    def in_thread(
        cls, bucket_types: types_.BucketTypes = "standard", *, nodes: int = 1, **options: Unpack[ServerOptions]
    ) -> ServerThread:
        """Return a server that runs in a thread of its own once it is entered or started."""
        return ServerThread(cls(bucket_types, nodes=nodes, **options))

    @staticmethod
    def record(node: str, file: str | Path, *, host: str = "127.0.0.1", port: int = 0) -> Recorder:
        """Return a proxy that records the exchanges with a real Riak node (``host:port``) in a file.

        Use it with ``async with``, or with ``with`` in a synchronous program; it listens on ``host`` and
        ``port``.  ``python -m aioriak.testing.compare FILE`` repeats the recording on a development server
        and prints the differences.  See :class:`~aioriak.testing.record.Recorder`.
        """
        from aioriak.testing.record import Recorder  # a program too: python -m must be the first to import it

        return Recorder(node, file, host=host, port=port)

    # -- life cycle ---------------------------------------------------------

    async def start(self) -> None:
        """Open the data file and listen.

        Raises :class:`OSError` if an address is in use, and its subclass
        :class:`~aioriak.testing.storage.DataFileError` if the data file cannot be used or another
        server uses it.
        """
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
        """Abort every connection and stop; acknowledged writes are in the data file, if there is one."""
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
        """Add a node to the cluster; it takes over its share of the ring."""
        node = self._new_node(self.nodes[0].host, 0, alone=False)
        await node.start()
        return node

    async def remove_node(self, node: Node) -> None:
        """Drain a node and remove it; the others take over its share of the ring."""
        await node.drain()
        self.nodes.remove(node)

    def _new_node(self, host: str, port: int, *, alone: bool) -> Node:
        self._nodes_made += 1
        name = f"riak@{host}" if alone else f"riak{self._nodes_made}@{host}"
        node = Node(
            self._cluster, name.encode(), host, port,
            handlers=self.handlers, faults=self.faults, commits=self._commits,
        )  # fmt: skip
        self.nodes.append(node)
        return node

    # -- content ------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return a copy of everything that is stored: objects, properties, bucket types, queues, search indexes."""
        return self._cluster.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything that is stored with the content of a snapshot of this server."""
        self._cluster.restore(snapshot)

    def clear(self, bucket_types: types_.BucketTypes = None) -> None:
        """Return to the state of a new server, with these bucket types or those that it was made with.

        Everything stored is removed, faults and slowness end, frozen nodes
        resume, the log of requests is emptied and the clock shows the time again.
        Nodes that are down stay down; see :meth:`reset`.
        """
        self.faults.clear()
        self.clock.reset()
        self.restore(self._initial)
        if bucket_types is not None:
            self.database.replace_bucket_types(types_.named(bucket_types))
        for node in self.nodes:
            node.slow(0)
            node.thaw()
            node.requests.clear()
        self.requests.clear()

    async def reset(self, bucket_types: types_.BucketTypes = None) -> None:
        """Return to the state of a new server, as :meth:`clear` does, and start the nodes that are down."""
        self.clear(bucket_types)
        for node in self.nodes:
            if not node.up:
                await node.start()

    def siblings(self, bucket: Name, key: Name, *values: Any, bucket_type: Name = "default") -> None:
        """Store values as siblings of one object, as writers who did not see each other leave them.

        ``bytes`` are stored as they are, any other value as JSON.  One value makes an
        object without a conflict.
        """
        if not values:
            raise ValueError("siblings() needs at least one value")
        seeding.store_values(self._context(), _bytes(bucket_type), _bytes(bucket), _bytes(key), values)
        self._commit()

    def load(self, source: str | Path | Iterable[str | bytes]) -> int:
        """Store the objects of a dump, a file or an iterable of lines; return how many there were.

        The format is that of ``aioriak dump``; see :mod:`aioriak.testing.dumps`.  A
        file whose name ends in ``.gz`` is decompressed.  Raises
        :class:`~aioriak.testing.dumps.BadLine`, and :class:`OSError` if the file
        cannot be read.
        """
        if isinstance(source, (str, Path)):
            path = Path(source)
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
                count = seeding.load(self._context(), lines)
        else:
            count = seeding.load(self._context(), source)
        self._commit()
        return count

    def dump(self, path: str | Path) -> int:
        """Write everything that is stored to a file that :meth:`load` reads; return the number of objects."""
        lines = [line + "\n" for line in seeding.dump(self._context())]
        data = "".join(lines).encode()
        Path(path).write_bytes(gzip.compress(data) if Path(path).suffix == ".gz" else data)
        return len(lines)

    def _context(self) -> Context:
        return Context(self._cluster, self.nodes[0])

    def _commit(self) -> None:
        if self._storage is not None:
            self._storage.commit()

    # -- state --------------------------------------------------------------

    @property
    def host(self) -> str:
        """The address that the first node listens on."""
        return self.nodes[0].host

    @property
    def port(self) -> int:
        """The port that the first node listens on."""
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
        """The number of open connections."""
        return sum(len(node.connections) for node in self.nodes)

    @property
    def chunk(self) -> int:
        """The number of keys or buckets in one message of a listing."""
        return self._cluster.chunk

    @property
    def ring(self) -> Ring:
        """The partitions and their owners."""
        return self._cluster.ring

    @property
    def queues(self) -> dict[bytes, Queue]:
        """The replication queues, by name."""
        return self._cluster.queues


class ServerThread(LoopThread):
    """A :class:`RiakServer` that runs in a thread with an event loop of its own.

    ::

        with RiakServer.in_thread() as server:
            application = make_application(riak=server.address)

    The methods are those of the server, without ``await``; they may be called
    from any thread.  ``faults``, ``requests`` and ``clock`` are the server's own.  What
    else has to happen in the server's loop goes through :meth:`call` and :meth:`run`::

        server.run(server.nodes[0].kill())
        server.call(server.nodes[1].freeze)
    """

    def __init__(self, server: RiakServer) -> None:
        super().__init__("aioriak-server")
        self.server = server

    def start(self) -> None:
        """Start the thread and the server; raise what :meth:`RiakServer.start` raises."""
        self.start_thread()
        try:
            self.run(self.server.start())
        except BaseException:
            self.stop_thread()
            raise

    def close(self) -> None:
        """Stop the server and its thread."""
        if self.running:
            try:
                self.run(self.server.close())
            finally:
                self.stop_thread()

    def __enter__(self) -> ServerThread:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """The address that the first node listens on."""
        return self.server.host

    @property
    def port(self) -> int:
        """The port that the first node listens on."""
        return self.server.port

    @property
    def address(self) -> str:
        """``host:port`` of the first node."""
        return self.server.address

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of every node."""
        return self.server.addresses

    @property
    def nodes(self) -> list[Node]:
        """The nodes; their methods must run in the server's loop."""
        return self.server.nodes

    @property
    def faults(self) -> Faults:
        """The faults of the server."""
        return self.server.faults

    @property
    def requests(self) -> RequestLog:
        """The requests that the server received."""
        return self.server.requests

    @property
    def counts(self) -> Counter[str]:
        """The number of requests by operation."""
        return self.call(lambda: self.server.requests.counts)

    @property
    def clock(self) -> Clock:
        """The clock of the server."""
        return self.server.clock

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return self.server.connections

    def snapshot(self) -> Snapshot:
        """Return a copy of everything that is stored."""
        return self.call(self.server.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything that is stored with the content of a snapshot of this server."""
        self.call(self.server.restore, snapshot)

    def reset(self, bucket_types: types_.BucketTypes = None) -> None:
        """Return to the state of a new server, and start the nodes that are down."""
        self.run(self.server.reset(bucket_types))

    def siblings(self, bucket: Name, key: Name, *values: Any, bucket_type: Name = "default") -> None:
        """Store values as siblings of one object."""
        self.call(self.server.siblings, bucket, key, *values, bucket_type=bucket_type)

    def load(self, source: str | Path | Iterable[str | bytes]) -> int:
        """Store the objects of a dump; return how many there were."""
        return self.call(self.server.load, source)

    def dump(self, path: str | Path) -> int:
        """Write everything that is stored to a file; return the number of objects."""
        return self.call(self.server.dump, path)

    def __repr__(self) -> str:
        return f"<ServerThread {self.address}>" if self.running else "<ServerThread, not running>"


def _bytes(name: Name) -> bytes:
    return name.encode() if isinstance(name, str) else name
