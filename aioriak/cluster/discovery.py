"""Discovery: which nodes there are."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from typing import TYPE_CHECKING

from aioriak.cluster.health import ask
from aioriak.config import Address
from aioriak.error import NotSupported, RiakError
from aioriak.wire.operation import MEMBERSHIP

if TYPE_CHECKING:
    from aioriak.cluster.cluster import Cluster

logger = logging.getLogger("aioriak.cluster")


async def resolve(loop: asyncio.AbstractEventLoop, address: Address) -> list[Address]:
    """The addresses that a name stands for; the name itself when it stands for one, or is none.

    A name with addresses of both families stands for those of IPv4.
    """
    try:
        ipaddress.ip_address(address.host)
        return [address]
    except ValueError:
        pass
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return [address]  # connecting will say what is wrong
    families = {family for family, *_ in found}
    wanted = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    hosts = list(dict.fromkeys(str(where[0]) for family, _, _, _, where in found if family == wanted))
    if len(hosts) < 2:
        return [address]
    return [Address(host, address.port, address.host) for host in hosts]


async def discover(cluster: Cluster) -> list[Address] | None:
    """The addresses of the members that are up, mapped by the user's hook; ``None`` when no server can tell.

    A failure is no news: the nodes known already are returned.
    """
    assert cluster.settings.discovery is not None
    node = cluster.pick()
    known = [one.address for one in cluster.nodes.values()]
    if node is None:
        return known
    timeout = cluster.settings.health.probe_timeout
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
    map_address = cluster.settings.discovery.map_address
    members: list[Address] = []
    for entry in reply.up_nodes:
        told = Address(entry.ip.decode("utf-8", "replace"), entry.port)
        mapped = told if map_address is None else map_address(told)
        if mapped is not None:
            members.append(mapped)
    return members
