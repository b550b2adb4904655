"""A node: its address, its pool and the state of its health."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum
from random import Random

from aioriak.cluster.pool import Pool
from aioriak.config import Address, Settings
from aioriak.error import ConnectError, RiakError
from aioriak.observability.stats import Histogram, NodeStats
from aioriak.observability.telemetry import Telemetry
from aioriak.transport.connection import Connection
from aioriak.transport.connector import open_connection

logger: logging.Logger = logging.getLogger("aioriak.cluster")


class NodeState(Enum):
    """Whether a node gets requests."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    LEAVING = "leaving"


class Node:
    """One node of the cluster, as the client sees it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: Address,
        settings: Settings,
        *,
        seed: bool = True,
        failed: Callable[[Node, RiakError], None] | None = None,
        silent: Callable[[Node], None] | None = None,
        telemetry: Telemetry | None = None,
        rng: Random | None = None,
    ) -> None:
        self.address = address
        self.name: str = str(address)
        self.seed = seed
        """It was named by the user, so discovery never forgets it."""
        self.state: NodeState = NodeState.UP
        self.last_error: RiakError | None = None
        """Why it is down, or was."""
        self.riak_name: str | None = None
        """Its name in the cluster (``riak@10.0.0.7``), once it is known."""
        self.peer: tuple[str, int] | None = None
        """The IP address and port it was reached at."""
        self.back_since: float | None = None
        """Loop time at which it came back, while it is let in gently."""
        self.origin: Address | None = None
        """The name it is one of several nodes of."""
        self.probing: asyncio.Task[None] | None = None
        """The task that probes it while it is down; it ends when the node is removed."""
        self.checking: asyncio.Task[None] | None = None
        """The task that pinged it last because it was silent."""
        self.retries = 0
        """Attempts at requests that failed here and were made again."""
        self.hedged: int = 0
        """Requests to it that were sent to a second node as well."""
        self.hedge_wins: int = 0
        """Those of them that the second node answered first."""
        self._telemetry = telemetry or Telemetry()
        self._loop = loop
        self._settings = settings
        self._failed = failed
        self.pool: Pool = Pool(
            loop,
            self.name,
            self._open,
            settings.pool,
            connect_failed=self._connect_failed,
            silent=None if silent is None else lambda: silent(self),
            suspect_after=None if settings.behind_load_balancer else settings.health.suspect_after,
            rng=rng,
        )

    @property
    def load(self) -> int:
        """Requests in flight on it and waiting for it."""
        return self.pool.load

    def __repr__(self) -> str:
        pool = self.pool
        return f"<Node {self.name} {self.state.value}, {pool.open_connections} connections, {pool.in_flight} in flight>"

    def stats(self) -> NodeStats:
        """Return the node's figures now."""
        pool = self.pool
        down = self.state is NodeState.DOWN
        return NodeStats(
            node=self.name,
            state=self.state.value,
            last_error=str(self.last_error) if down and self.last_error is not None else None,
            connections=pool.open_connections,
            idle=pool.idle,
            in_flight=pool.in_flight,
            waiting=pool.waiting,
            opened=pool.opened,
            closed=pool.closed,
            failed=pool.failed,
            retries=self.retries,
            hedged=self.hedged,
            hedge_wins=self.hedge_wins,
            latency=Histogram(tuple(pool.latencies)),
        )

    async def connect(self, timeout: float | None = None) -> Connection:
        """Open a connection that takes no requests yet; see :meth:`Pool.lease <aioriak.cluster.pool.Pool.lease>`.

        Raises :class:`~aioriak.error.ConnectError` and :class:`~aioriak.error.RequestTimeout`.
        """
        return await self.pool.lease(timeout)

    async def _open(self) -> Connection:
        started = self._loop.time()
        try:
            connection = await open_connection(self._loop, self.address, self._settings, self.pool.client_id)
        except RiakError as error:
            self._telemetry.connection_failed(self.name, self._loop.time() - started, error)
            raise
        self._telemetry.connection_opened(self.name, self._loop.time() - started)
        connection.closed.add_done_callback(lambda closed: self._telemetry.connection_closed(self.name))
        self.peer = connection.peer
        return connection

    def _connect_failed(self, error: RiakError) -> None:
        if self._failed is not None:
            self._failed(self, error)

    def mark_down(self, error: RiakError) -> None:
        """Stop sending requests to the node; requests that wait for a connection go to other nodes."""
        self.state = NodeState.DOWN
        self.last_error = error
        self.back_since = None
        self.pool.fail_waiting(ConnectError(f"the node is down: {error.value}", node=self.name))

    def mark_up(self, connection: Connection | None) -> None:
        """Return the node to rotation, ramping its traffic up."""
        self.state = NodeState.UP
        self.back_since = self._loop.time()
        if connection is not None:
            self.pool.add(connection)
