"""The server itself: ping, info, client id; and a client's life with it."""

from __future__ import annotations

import asyncio

import pytest

from aioriak import RiakClient
from aioriak.error import ClientClosed, ConnectError


async def test_a_server_that_is_there_answers_a_ping(client: RiakClient) -> None:
    assert await client.ping() is True
    assert await client.is_alive() is True


async def test_a_server_tells_its_name_and_release(client: RiakClient) -> None:
    info = await client.get_server_info()
    assert "@" in info.node
    assert info.server_version[0].isdigit()


async def test_a_client_id_is_set_on_every_connection(client: RiakClient) -> None:
    await client.set_client_id("me")
    assert await client.get_client_id() == b"me"
    await asyncio.gather(*(client.ping() for _ in range(50)))
    assert set(await asyncio.gather(*(client.get_client_id() for _ in range(50)))) == {b"me"}


async def test_a_url_leads_to_the_server(nodes: list[tuple[str, int]]) -> None:
    host, port = nodes[0]
    async with RiakClient.from_url(f"riak://{host}:{port}/?max_size=2&request_timeout=10") as client:
        assert await client.ping()
        assert client.settings.pool.max_size == 2
        assert client.settings.timeouts.request == 10


async def test_a_client_connects_at_its_first_request(nodes: list[tuple[str, int]]) -> None:
    host, port = nodes[0]
    client = RiakClient(host, port)
    assert await client.ping()
    await client.aclose()


async def test_a_client_may_be_awaited(nodes: list[tuple[str, int]]) -> None:
    host, port = nodes[0]
    client = await RiakClient(nodes=[{"host": host, "pb_port": port}])
    assert await client.ping()
    client.close()
    await client.aclose()


async def test_creating_a_client_where_nobody_listens_is_an_error(unused_port: int) -> None:
    with pytest.raises(ConnectError, match=f"127.0.0.1:{unused_port}"):
        await RiakClient.create("127.0.0.1", unused_port)


async def test_a_closed_client_is_of_no_use(nodes: list[tuple[str, int]]) -> None:
    host, port = nodes[0]
    async with await RiakClient.create(host, port) as client:
        bucket = client.bucket("b")
    for request in (client.ping, client.get_server_info, lambda: bucket.get("k"), bucket.get_properties):
        with pytest.raises(ClientClosed):
            await request()


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_the_client_id_is_that_of_every_connection(nodes: list[tuple[str, int]]) -> None:
    host, port = nodes[0]
    async with await RiakClient.create(host, port, min_size=3, max_size=3) as client:
        await asyncio.gather(*(client.ping() for _ in range(20)))
        await client.set_client_id(b"abcd")
        assert set(await asyncio.gather(*(client.get_client_id() for _ in range(20)))) == {b"abcd"}
