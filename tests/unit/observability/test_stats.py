"""Statistics: what a client says of itself."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.observability.stats import LATENCY_BOUNDS, Histogram, Stats
from aioriak.testing import RiakServer


def histogram(*counts: int) -> Histogram:
    return Histogram(counts, (0.1, 1.0))


def test_a_quantile_is_the_bound_within_which_that_part_of_the_answers_came() -> None:
    made = histogram(5, 4, 1)
    assert made.count == 10
    assert made.quantile(0.5) == 0.1
    assert made.quantile(0.51) == 1.0
    assert made.quantile(0.9) == 1.0
    assert made.quantile(0.99) == math.inf
    assert math.isnan(histogram(0, 0, 0).quantile(0.5))


def test_histograms_add_up() -> None:
    assert histogram(1, 2, 3) + histogram(10, 0, 1) == histogram(11, 2, 4)


def test_a_client_that_never_connected_has_no_figures() -> None:
    stats = RiakClient().stats()
    assert stats == Stats(nodes=())
    assert (stats.connections, stats.opened, stats.latency.count) == (0, 0, 0)


async def test_figures_do_not_change_once_they_are_taken(client: RiakClient) -> None:
    before = client.stats()
    await client.ping()
    assert before.latency.count == 0
    assert client.stats().latency.count == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.nodes = ()  # type: ignore[misc]


async def test_every_answer_is_in_the_histogram_where_it_belongs(server: RiakServer, client: RiakClient) -> None:
    server.faults.delay("ping", 0.06, times=2)
    for _ in range(2):
        await client.ping()
    for _ in range(8):
        await client.get_server_info()
    [node] = client.stats().nodes
    assert node.latency.bounds == LATENCY_BOUNDS
    assert node.latency.count == 10
    slow = LATENCY_BOUNDS.index(0.05) + 1
    assert sum(node.latency.counts[slow:]) >= 2
    assert node.latency.quantile(1.0) >= 0.1


async def test_connections_and_what_is_on_them_are_counted(server: RiakServer) -> None:
    server.faults.hang("get")
    settings: dict[str, Any] = {"max_size": 2, "max_in_flight": 2}
    async with await RiakClient.create(server.host, server.port, **settings) as client:
        await client.ping()
        [node] = client.stats().nodes
        assert (node.node, node.state, node.last_error) == (server.address, "up", None)
        assert (node.connections, node.idle, node.opened, node.closed, node.failed) == (1, 1, 1, 0, 0)
        robject = await client.bucket("users").new("ann")
        waiting = [asyncio.ensure_future(client.get(robject)) for _ in range(7)]
        while client.stats().connections < 2 or client.stats().in_flight < 4:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        stats = client.stats()
        assert (stats.connections, stats.in_flight, stats.waiting) == (2, 4, 3)
        assert stats.nodes[0].idle == 0
        client.close()
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_failed_and_was_made_again_is_counted(server: RiakServer, client: RiakClient) -> None:
    server.faults.refuse("ping", times=1)
    assert await client.ping()
    stats = client.stats()
    assert stats.retries == 1
    assert stats.opened == 2
    assert stats.closed == 1
    assert stats.latency.count == 1


async def test_a_node_that_is_down_says_why_and_counts_failed_connections(server: RiakServer) -> None:
    async with await RiakClient.create(server.host, server.port) as client:
        await server.nodes[0].kill()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.ping()
        [node] = client.stats().nodes
        assert node.state == "down"
        assert node.last_error
        assert node.connections == 0


async def test_the_sums_are_those_of_all_nodes() -> None:
    async with RiakServer.cluster(3) as server:
        async with await RiakClient.create(server.addresses) as client:
            await asyncio.gather(*(client.ping() for _ in range(60)))
            stats = client.stats()
            assert len(stats.nodes) == 3
            assert stats.latency.count == 60 == sum(node.latency.count for node in stats.nodes)
            assert stats.connections == sum(node.connections for node in stats.nodes) >= 3
            assert stats.opened - stats.closed == stats.connections
