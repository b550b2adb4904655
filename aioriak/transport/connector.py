"""Opening a connection: TCP, then TLS and login, then the client id."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import TypeVar

from aioriak.config import Address, Settings
from aioriak.error import ConnectError, RiakError
from aioriak.transport.connection import Connection
from aioriak.transport.exchange import encode_request, new_exchange
from aioriak.transport.security import StartTls, secure
from aioriak.wire.operation import SET_CLIENT_ID

logger: logging.Logger = logging.getLogger("aioriak.transport")

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def open_connection(
    loop: asyncio.AbstractEventLoop, address: Address, settings: Settings, client_id: bytes | None = None
) -> Connection:
    """Open a connection that is ready for requests.

    Raises :class:`~aioriak.error.ConnectError` or one of its kind.
    """
    node = str(address)

    def protocol() -> Connection:
        return Connection(loop, node, overdue=settings.timeouts.overdue, max_frame=settings.pool.max_frame)

    if settings.security is None:
        connection = await _connect(loop, address, protocol, settings.timeouts.connect)
    else:
        opening = await _connect(loop, address, lambda: StartTls(loop), settings.timeouts.connect)
        connection = protocol()
        name = address.server_name or address.host
        await secure(loop, opening, connection, settings.security, name, settings.timeouts.handshake)
    if client_id is not None:
        await _greet(loop, connection, client_id, settings.timeouts.handshake)
        connection.client_id = client_id
    logger.debug("%s: connected", node)
    return connection


async def _connect(
    loop: asyncio.AbstractEventLoop, address: Address, protocol: Callable[[], P], timeout: float | None
) -> P:
    try:
        async with asyncio.timeout(timeout):
            transport, connection = await loop.create_connection(protocol, address.host, address.port)
    except TimeoutError as error:
        raise ConnectError(f"no connection to {address} within {timeout} s", node=str(address)) from error
    except (OSError, ValueError) as error:  # a name that cannot be encoded is a ValueError
        raise ConnectError(f"no connection to {address}: {_explain(error)}", node=str(address)) from error
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _explain(error: OSError | ValueError) -> str:
    """Explain a system error and name what to check; the system's own text follows in parentheses."""
    if isinstance(error, socket.gaierror):
        return f"the host name cannot be resolved; check its spelling, and DNS ({error})"
    # asyncio raises a plain OSError where a name has several addresses: "Multiple exceptions: [Errno 111] …"
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return f"nothing listens there; check host and port, and listener.protobuf in riak.conf ({error})"
    return str(error)


async def _greet(
    loop: asyncio.AbstractEventLoop, connection: Connection, client_id: bytes, timeout: float | None
) -> None:
    assert SET_CLIENT_ID.request is not None
    now = loop.time()
    deadline = None if timeout is None else now + timeout
    request = SET_CLIENT_ID.request(client_id=client_id)
    exchange = new_exchange(loop, SET_CLIENT_ID, encode_request(SET_CLIENT_ID, request), now, deadline)
    connection.send(exchange)
    try:
        await exchange
    except RiakError as error:
        connection.abort()
        raise ConnectError(f"the client id was refused: {error.value}", node=connection.node) from error
    except BaseException:
        connection.abort()
        raise
