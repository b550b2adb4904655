"""The server itself: ping, server info, client id."""

from __future__ import annotations

from typing import NamedTuple

from aioriak.cluster.dispatcher import Dispatcher
from aioriak.operations.names import encode
from aioriak.wire.operation import GET_CLIENT_ID, PING, SERVER_INFO


class ServerInfo(NamedTuple):
    """Which node answered, and its release; ``server_version`` may have two parts ("3.0") or more."""

    node: str
    server_version: str


async def ping(dispatcher: Dispatcher) -> bool:
    """Return true when a node answers."""
    await dispatcher.call(PING, None)
    return True


async def server_info(dispatcher: Dispatcher) -> ServerInfo:
    """Name and release of the node that answers."""
    reply = await dispatcher.call(SERVER_INFO, None)
    return ServerInfo(reply.node.decode("utf-8", "replace"), reply.server_version.decode("utf-8", "replace"))


async def get_client_id(dispatcher: Dispatcher) -> bytes:
    """Fetch the client id of one of the connections."""
    return (await dispatcher.call(GET_CLIENT_ID, None)).client_id


async def set_client_id(dispatcher: Dispatcher, client_id: str | bytes) -> None:
    """Set the client id of every connection, open now or later."""
    await dispatcher.set_client_id(encode("client id", client_id))
