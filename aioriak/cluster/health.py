"""Health: finding out whether a node that failed serves again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aioriak.cluster.node import Node, NodeState
from aioriak.config import HealthPolicy
from aioriak.error import (
    ConnectError,
    ConnectionLost,
    NodeNotReady,
    Overload,
    PoolTimeout,
    ProtocolError,
    RequestTimeout,
    RiakError,
    ServerError,
    Unavailable,
)
from aioriak.riak_pb import base, kv
from aioriak.transport.connection import Connection
from aioriak.transport.exchange import encode_request, new_exchange
from aioriak.wire.operation import GET, PING, SERVER_INFO, Operation

logger: logging.Logger = logging.getLogger("aioriak.cluster")

_OTHER_PROTOCOL = 0.5  # seconds to wait for bytes that identify another protocol
PATIENCE = 5
"""Times ``probe_timeout`` that anything but a ping may take: a node under load answers it later."""

_NOT_YET = (NodeNotReady, Unavailable, Overload)


def speaks_against(node: Node, error: RiakError) -> bool:
    """Return whether the error of a request shows that the node does not serve.

    A node that has other connections open hung up on one request.
    """
    if isinstance(error, ConnectionLost):
        return not node.pool.open_connections
    return isinstance(error, NodeNotReady)


def is_suspicious(node: Node, error: RiakError, since: float) -> bool:
    """Return whether the timeout of a request made at ``since`` (loop time) is a reason to ping the node.

    A node that answered others meanwhile is alive, however slow one request was.
    """
    if not isinstance(error, RequestTimeout) or isinstance(error, PoolTimeout):
        return False
    return max(node.pool.replied_at, node.pool.checked_at) <= since


async def ask(connection: Connection, operation: Operation[Any, Any], request: Any, timeout: float) -> Any:
    """Send one request on a connection that has no other requests."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    exchange = new_exchange(loop, operation, encode_request(operation, request), now, now + timeout)
    connection.send(exchange)
    await exchange
    return exchange.reply


async def ping(connection: Connection, timeout: float) -> None:
    """Ask a new connection for its first reply.

    Raises :class:`~aioriak.error.RequestTimeout` if none arrives, :class:`~aioriak.error.ConnectError` if the server
    closes the connection or speaks another protocol.  A server that waits for the end of a line, as those of HTTP
    do, is sent one after the timeout, so that the error can say what the server speaks.
    """
    try:
        await ask(connection, PING, None, timeout)
    except RequestTimeout as error:
        connection.end_line()
        await asyncio.wait([connection.closed], timeout=_OTHER_PROTOCOL)
        found = connection.last_error
        if found is not None:
            raise ConnectError(found.value, node=connection.node) from found
        raise RequestTimeout(f"no reply to a ping within {timeout} s", node=connection.node) from error
    except (ConnectionLost, ProtocolError) as error:
        raise ConnectError(error.value, node=error.node) from error


async def check(node: Node, timeout: float) -> None:
    """Ping a node over a new connection, which may take ``timeout`` seconds to be made, and the reply as long.

    The connection takes requests from then on, unless the pool has an idle one.  Raises
    :class:`~aioriak.error.PoolTimeout` when the pool had no room for it, and another
    :class:`~aioriak.error.RiakError` when the node did not answer.
    """
    connection = await node.connect(timeout)
    try:
        await ask(connection, PING, None, timeout)
    except RequestTimeout as error:
        connection.abort()
        raise RequestTimeout(f"no reply to a ping within {timeout} s", node=node.name) from error
    except BaseException as error:
        if not isinstance(error, ServerError) or isinstance(error, NodeNotReady):
            connection.abort()
            raise
    if node.pool.idle > 1 or node.state is not NodeState.UP:  # this one is idle
        connection.close()
    else:
        node.pool.add(connection)


async def probe(node: Node, timeout: float) -> Connection:
    """Open a connection to a node and check that the node serves.

    A starting node answers a ping before it serves anything, so a cheap read is asked as well;
    what the read finds, or that this user may not read it, does not matter.
    Raises the :class:`~aioriak.error.RiakError` that shows the contrary.
    """
    connection = await node.connect()
    try:
        await ping(connection, timeout)
        timeout *= PATIENCE
        try:
            await ask(connection, GET, kv.RpbGetReq(bucket=b"aioriak", key=b"probe", r=1), timeout)
        except _NOT_YET:
            raise
        except ServerError as error:
            logger.debug("%s: serves, and answers the probe with: %s", node.name, error.value)
        await learn_name(node, connection, timeout)
    except BaseException:
        connection.abort()
        raise
    return connection


async def learn_name(node: Node, connection: Connection, timeout: float) -> None:
    """Ask a node for its name in the cluster."""
    try:
        info: base.RpbGetServerInfoResp = await ask(connection, SERVER_INFO, None, timeout)
    except ServerError:
        return
    node.riak_name = info.node.decode("utf-8", "replace")


async def watch(node: Node, policy: HealthPolicy, *, at_once: bool) -> Connection:
    """Probe a node until it serves; returns a connection to it."""
    attempt = 0
    while True:
        attempt += 1
        if attempt > 1 or not at_once:
            await asyncio.sleep(policy.backoff.delay(attempt))
        try:
            return await probe(node, policy.probe_timeout)
        except RiakError as error:
            node.last_error = error
            node.pool.retire_all()  # its open connections cannot serve either
            logger.debug("%s: still down: %s", node.name, error)
