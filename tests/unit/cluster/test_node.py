"""A node's connections."""

from __future__ import annotations

import asyncio

from aioriak import RiakClient


async def test_a_connection_that_was_opening_when_the_client_id_was_set_takes_no_requests(client: RiakClient) -> None:
    (node,) = client._cluster.nodes.values()
    connection = await node.connect()
    await client.set_client_id(b"me")
    node.pool.add(connection)
    assert set(await asyncio.gather(*(client.get_client_id() for _ in range(20)))) == {b"me"}
    await connection.closed
    assert node.pool.open_connections
