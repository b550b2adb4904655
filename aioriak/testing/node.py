"""One node of the cluster: an address to listen on, and the connections that came in there."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from hashlib import sha1
from typing import TYPE_CHECKING, Any, Literal

from aioriak.testing.connection import Connection
from aioriak.testing.context import Context, Handler
from aioriak.testing.handlers import security
from aioriak.wire.operation import PING, SERVER_INFO, Operation

if TYPE_CHECKING:
    from aioriak.testing.server import RiakServer

State = Literal["down", "starting", "joining", "up", "draining"]

_ALWAYS_KNOWN = (PING, SERVER_INFO)  # by riak_api itself; the rest comes and goes with the services behind it


class Node:
    """A node: ``host`` and ``port`` once it has started, ``name`` as Erlang has it (``riak@127.0.0.1``).

    ``state`` is what clients find:

    ``down``
        Connections are refused.
    ``starting``
        Every request but a ping is an ``Unknown message code``.
    ``joining``
        Requests are answered, with the other nodes' replicas only; without
        other nodes that is ``{insufficient_vnodes,0,need,2}``.
    ``up``
        Service.
    ``draining``
        As ``starting``; the connections will be closed.
    """

    def __init__(self, server: RiakServer, name: bytes, host: str, port: int) -> None:
        self.server = server
        self.name = name
        self.actor = sha1(name, usedforsecurity=False).digest()[:8]
        """How this node signs vector clocks."""
        self.host = host
        self.port = port
        self.state: State = "down"
        self.frozen = False
        self.latency = 0.0
        """Seconds that every request takes here, at least."""
        self.connections: set[Connection] = set()
        self.accepted = 0
        """How many connections ever came in."""
        self.requests: Counter[str] = Counter()
        """How many requests of each operation came in here, by the operation's name."""
        self._listener: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    # -- what it is ---------------------------------------------------------

    @property
    def address(self) -> str:
        """``host:port``, as clients take it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self.state != "down"

    @property
    def listening(self) -> bool:
        """Whether it lets clients in."""
        return self._listener is not None

    @property
    def serving(self) -> bool:
        """Whether it takes part in the cluster's work: its replicas can be had."""
        return self.state == "up"

    # -- what may happen to it ----------------------------------------------

    async def start(self, *, starting: float = 0.0, joining: float = 0.0) -> None:
        """Listen, on the port it had before; then become of use in Riak's steps, so many seconds each."""
        await self._listen()
        await self._become("starting", starting)
        await self._become("joining", joining)
        self.state = "up"

    async def kill(self) -> None:
        """Stop listening and cut every connection off, as a crash does."""
        self.state = "down"
        self.frozen = False
        for connection in list(self.connections):
            connection.abort()
        await self._stop_listening()
        await self._empty.wait()

    async def restart(self, *, starting: float = 0.0, joining: float = 0.0) -> None:
        """Kill it unless it is down, and start it again; back when it is up."""
        if self.up:
            await self.kill()
        await self.start(starting=starting, joining=joining)

    async def drain(self, seconds: float = 0.0) -> None:
        """Stop gracefully: know no request for so long, then close every connection and stop listening."""
        await self._become("draining", seconds)
        self.state = "down"
        for connection in list(self.connections):
            connection.close()
        await self._stop_listening()
        await self._empty.wait()

    def freeze(self) -> None:
        """Accept connections and requests, and never answer."""
        self.frozen = True
        for connection in self.connections:
            connection.hold("frozen")

    def thaw(self) -> None:
        """Go on where it was frozen."""
        self.frozen = False
        for connection in list(self.connections):
            connection.release("frozen")

    def slow(self, seconds: float) -> None:
        """Let every request take so much longer, from now on; 0 for none."""
        self.latency = seconds

    # -- for its connections ------------------------------------------------

    def joined(self, connection: Connection) -> None:
        """A client came in."""
        self.connections.add(connection)
        self.accepted += 1
        self._empty.clear()
        if self.frozen:
            connection.hold("frozen")

    def left(self, connection: Connection) -> None:
        """A client is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def handler(self, context: Context, operation: Operation[Any, Any] | None) -> Handler | None:
        """What answers this operation here and now; ``None`` where it is unknown."""
        if self.server.security is not None and context.peer.user is None:
            return security.before_login(context, operation)
        if operation is None or (self.state in ("starting", "draining") and operation not in _ALWAYS_KNOWN):
            return None
        return self.server.handlers.get(operation)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self), self.host, self.port, start_serving=False
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        await self._listener.start_serving()

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # asyncio forgets a client that it accepted but had not let in when the listener was closed
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):
            for one in listener.sockets:
                loop.remove_reader(one.fileno())
        await asyncio.sleep(0)
        listener.close()

    async def _become(self, state: State, seconds: float) -> None:
        self.state = state
        if seconds:
            await asyncio.sleep(seconds)

    def __repr__(self) -> str:
        return f"<Node {self.name.decode()} {self.address} {self.state}>"
