"""One node of the cluster: an address to listen on and the connections that came in there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from aioriak.testing.context import Handler
from aioriak.wire.operation import Operation

if TYPE_CHECKING:
    from aioriak.testing.connection import Connection
    from aioriak.testing.server import RiakServer


class Node:
    """A node: ``host`` and ``port`` once it has started, ``name`` as Erlang has it (``riak@127.0.0.1``).

    ``up``: it runs.  ``serving``: it runs and takes part in the cluster's work.
    """

    def __init__(self, server: RiakServer, name: bytes, host: str, port: int) -> None:
        self.server = server
        self.name = name
        self.actor = sha1(name, usedforsecurity=False).digest()[:8]
        """How this node signs vector clocks."""
        self.host = host
        self.port = port
        self.up = False
        self.serving = False
        self.connections: set[Connection] = set()
        self.accepted = 0
        """How many connections ever came in."""
        self.requests: Counter[str] = Counter()
        """How many requests of each operation came in here, by the operation's name."""
        self.latency = 0.0
        """Seconds that every request takes here, at least."""
        self._listener: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def address(self) -> str:
        """``host:port``, as clients take it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def start(self, factory: Callable[[Node], asyncio.Protocol]) -> None:
        """Listen; the port is chosen by the system when it is 0."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: factory(self), self.host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]
        self.up = self.serving = True

    def joined(self, connection: Connection) -> None:
        """A client came in."""
        self.connections.add(connection)
        self.accepted += 1
        self._empty.clear()

    def left(self, connection: Connection) -> None:
        """A client is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def handler(self, connection: Connection, operation: Operation[Any, Any] | None) -> Handler | None:
        """What answers this operation here and now; ``None`` where it is unknown."""
        return None if operation is None else self.server.handlers.get(operation)

    async def kill(self) -> None:
        """Stop listening and cut every connection off, as a crash does."""
        self.up = self.serving = False
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self.connections):
            connection.abort()
        await self._empty.wait()

    def __repr__(self) -> str:
        return f"<Node {self.name.decode()} {self.address}>"
