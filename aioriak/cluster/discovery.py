"""Discovery: which nodes there are."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Sequence

from aioriak.cluster.health import ask
from aioriak.cluster.node import Node
from aioriak.config import Address, MapAddress
from aioriak.error import InvalidRequest, NotSupported, RiakError
from aioriak.observability.complaints import Complaints
from aioriak.wire.operation import MEMBERSHIP

logger: logging.Logger = logging.getLogger("aioriak.cluster")


async def resolve(loop: asyncio.AbstractEventLoop, address: Address) -> list[Address]:
    """Return the addresses of a name; the name itself if it has one address, or cannot be looked up."""
    return await look_up(loop, address) or [address]  # the connection attempt reports the error


async def look_up(loop: asyncio.AbstractEventLoop, address: Address) -> list[Address] | None:
    """Return the addresses of a name; the name itself if it has one address, ``None`` if it has none.

    A name with addresses of both families stands for those of IPv4.
    """
    try:
        ipaddress.ip_address(address.host)
        return [address]
    except ValueError:
        pass
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # a name that cannot be encoded is a ValueError
        return None
    families = {family for family, *_ in found}
    wanted = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    hosts = list(dict.fromkeys(str(where[0]) for family, _, _, _, where in found if family == wanted))
    if len(hosts) < 2:
        return [address]
    return [Address(host, address.port, address.host) for host in hosts]


async def discover(
    node: Node, known: Sequence[Address], timeout: float, map_address: MapAddress | None, complaints: Complaints
) -> Sequence[Address] | None:
    """Return the addresses of the members that are up, mapped by the user's hook.

    Returns ``known`` when the node fails to answer within ``timeout`` seconds, and ``None`` when its
    release of Riak cannot list members.  A member without a usable address is left out.  Where the
    user's hook raises, the nodes of ``known`` stay.
    """
    try:
        connection = await node.connect()
        try:
            reply = await ask(connection, MEMBERSHIP, None, timeout)
        finally:
            connection.close()
    except NotSupported:
        logger.info("%s is too old to tell the members of its cluster", node.name)
        return None
    except RiakError as error:
        logger.info("%s did not tell the members: %s", node.name, error)
        return known
    members: list[Address] = []
    hook_failed = False
    for entry in reply.up_nodes:
        try:
            told = Address(entry.ip.decode("utf-8", "replace"), entry.port)
        except InvalidRequest as error:
            complaints.log(f"{node.name} lists a member without a usable address, which is left out", error)
            continue
        try:
            mapped = told if map_address is None else map_address(told)
            if mapped is not None:
                members.append(Address.of(mapped))
        except Exception as error:
            complaints.log(f"map_address failed for {told}", error)
            hook_failed = True
    return [*known, *members] if hook_failed else members
