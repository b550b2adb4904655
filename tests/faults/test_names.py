"""A name whose addresses change while a client runs."""

from __future__ import annotations

import asyncio
import socket
from random import Random
from typing import Any

import pytest

from aioriak import Backoff, RiakClient
from aioriak.config import HealthPolicy
from aioriak.testing import RiakServer
from tests.wires import until

HEALTH = HealthPolicy(backoff=Backoff(first=0.01, longest=0.05, rng=Random(3)), probe_timeout=5.0)


class Names:
    """Answers look-ups of ``riak.example``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hosts: list[str]) -> None:
        self.hosts = hosts
        self.asked = 0
        loop = asyncio.get_running_loop()
        self._real = loop.getaddrinfo
        monkeypatch.setattr(loop, "getaddrinfo", self._look_up)

    async def _look_up(self, host: Any, port: Any, **options: Any) -> Any:
        if host != "riak.example":
            return await self._real(host, port, **options)
        self.asked += 1
        if not self.hosts:
            raise socket.gaierror("riak.example is unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in self.hosts]


async def started(hosts: list[str], port: int = 0) -> list[RiakServer]:
    servers: list[RiakServer] = []
    for host in hosts:
        servers.append(RiakServer(host=host, port=servers[0].port if servers else port))
        await servers[-1].start()
    return servers


async def closed(servers: list[RiakServer]) -> None:
    for server in servers:
        await server.close()


@pytest.mark.parametrize("count", [1, 3])
async def test_a_name_is_looked_up_again_when_all_its_addresses_are_gone(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    names = Names(monkeypatch, ["127.0.0.2", "127.0.0.3"])
    old = await started(names.hosts)
    port = old[0].port
    async with await RiakClient.create("riak.example", port, request_timeout=30.0, health=HEALTH) as client:
        cluster = client._cluster
        asked = names.asked
        names.hosts = []  # the name service is out too for a while: what is known is kept
        await closed(old)
        waiting = asyncio.create_task(client.ping())
        await until(lambda: names.asked > asked + 1)
        assert len(cluster.nodes) == 2
        names.hosts = [f"127.0.0.{12 + number}" for number in range(count)]
        new = await started(names.hosts, port)
        assert await waiting
        await until(lambda: len(cluster.nodes) == count)
        assert await client.ping()
    await closed(new)


async def test_a_name_is_not_looked_up_while_one_of_its_nodes_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, ["127.0.0.2", "127.0.0.3"])
    servers = await started(names.hosts)
    async with await RiakClient.create("riak.example", servers[0].port, health=HEALTH) as client:
        cluster = client._cluster
        await until(lambda: len(cluster.up) == 2)
        asked = names.asked
        await servers[0].close()
        async with asyncio.timeout(60):
            while len(cluster.up) == 2:
                await client.ping()
        for _ in range(20):
            assert await client.ping()
        assert names.asked == asked
    await servers[1].close()
