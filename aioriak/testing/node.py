"""A node of the cluster: a listening socket and the connections that were accepted there."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aioriak.testing.cluster import Cluster
from aioriak.testing.commits import GroupCommit
from aioriak.testing.connection import Connection
from aioriak.testing.context import Context, Handler, Peer
from aioriak.testing.faults import Faults
from aioriak.testing.handlers import security
from aioriak.testing.member import Member, State
from aioriak.wire.operation import PING, SERVER_INFO, Operation

_ALWAYS_KNOWN = (PING, SERVER_INFO)  # riak_api answers these itself; the rest is registered by the services behind it


class Node(Member):
    """A node: a :class:`Member` that accepts connections.

    ``host`` and ``port`` are known once it has started.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: bytes,
        host: str,
        port: int,
        *,
        handlers: Mapping[Operation[Any, Any], Handler],
        faults: Faults,
        commits: GroupCommit,
    ) -> None:
        super().__init__(name, host, port)
        self.cluster = cluster
        self.frozen: bool = False
        self.latency: float = 0.0
        """Seconds that every request takes at least."""
        self.connections: set[Connection] = set()
        self.accepted: int = 0
        """Number of connections accepted so far."""
        self.requests: Counter[str] = Counter()
        """Number of requests received, by the name of the operation."""
        self._handlers = handlers
        self._faults = faults
        self._commits = commits
        self._listener: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def listening(self) -> bool:
        """Whether the node accepts connections."""
        return self._listener is not None

    # -- life cycle ---------------------------------------------------------

    async def start(self, *, starting: float = 0.0, joining: float = 0.0) -> None:
        """Listen, on the same port as before, and come up in Riak's steps.

        ``starting`` and ``joining`` are the seconds that the node stays in
        these states.
        """
        await self._listen()
        await self._become("starting", starting)
        await self._become("joining", joining)
        self.state = "up"

    async def kill(self) -> None:
        """Stop listening and abort every connection, as a crash does."""
        self.state = "down"
        self.frozen = False
        for connection in list(self.connections):
            connection.abort()
        await self._stop_listening()
        await self._empty.wait()

    async def restart(self, *, starting: float = 0.0, joining: float = 0.0) -> None:
        """Kill the node unless it is down, and start it again; return once it is up."""
        if self.up:
            await self.kill()
        await self.start(starting=starting, joining=joining)

    async def drain(self, seconds: float = 0.0) -> None:
        """Stop gracefully: refuse requests for this time, then close every connection and stop listening."""
        await self._become("draining", seconds)
        self.state = "down"
        for connection in list(self.connections):
            connection.close()
        await self._stop_listening()
        await self._empty.wait()

    def freeze(self) -> None:
        """Accept connections and requests, and answer none."""
        self.frozen = True
        for connection in self.connections:
            connection.hold("frozen")

    def thaw(self) -> None:
        """Resume after :meth:`freeze`."""
        self.frozen = False
        for connection in list(self.connections):
            connection.release("frozen")

    def slow(self, seconds: float) -> None:
        """Delay every request by this time from now on; 0 for no delay."""
        self.latency = seconds

    # -- for its connections ------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """Register a new connection."""
        self.connections.add(connection)
        self.accepted += 1
        self._empty.clear()
        if self.frozen:
            connection.hold("frozen")

    def closed(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def handler(self, context: Context, operation: Operation[Any, Any] | None) -> Handler | None:
        """Return the handler of an operation in the node's present state; ``None`` if it is unknown."""
        if self.cluster.security is not None and context.peer.user is None:
            return security.before_login(context, operation)
        if operation is None or (self.state in ("starting", "draining") and operation not in _ALWAYS_KNOWN):
            return None
        return self._handlers.get(operation)

    def received(self, operation: Operation[Any, Any], request: Any) -> None:
        """Count and log a request."""
        self.requests[operation.name] += 1
        self.cluster.requests.append(operation.name, request, self)

    # -- listening ----------------------------------------------------------

    def accept(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self, Context(self.cluster, self, Peer()), self._faults, self._commits)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self.accept, self.host, self.port, start_serving=False)
        self.port: int = self._listener.sockets[0].getsockname()[1]
        await self._listener.start_serving()

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # asyncio drops a connection that it accepted but has not passed on yet when the listener is closed
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):
            for one in listener.sockets:
                loop.remove_reader(one.fileno())
        await asyncio.sleep(0)
        listener.close()

    async def _become(self, state: State, seconds: float) -> None:
        self.state: State = state
        if seconds:
            await asyncio.sleep(seconds)
