"""A node: an address, its pool, and what is known of its health."""

from __future__ import annotations

import asyncio
import logging

from aioriak.cluster.pool import Pool
from aioriak.config import Address, Settings
from aioriak.transport.connection import Connection
from aioriak.transport.connector import open_connection

logger = logging.getLogger("aioriak.cluster")


class Node:
    """One node of the cluster, as the client sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address, settings: Settings) -> None:
        self.address = address
        self.name = str(address)
        self.client_id: bytes | None = None
        self._loop = loop
        self._settings = settings
        self.pool = Pool(loop, self.name, self._connect, settings.pool)

    def __repr__(self) -> str:
        return f"<Node {self.name}, {self.pool.open_connections} connections, {self.pool.in_flight} in flight>"

    async def _connect(self) -> Connection:
        return await open_connection(self._loop, self.address, self._settings, self.client_id)
