"""A client of three nodes, of which some are killed, frozen, drained and restarted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from aioriak import Backoff, RiakClient
from aioriak.cluster.node import NodeState
from aioriak.config import Address, Discovery, HealthPolicy
from aioriak.error import ClientClosed, ConnectError, InvalidRequest, NoNodeAvailable, OutcomeUnknown, RiakError
from aioriak.testing import RiakServer
from tests.wires import until

HEALTH = HealthPolicy(
    backoff=Backoff(first=0.01, longest=0.05, rng=Random(3)), suspect_after=0.1, probe_timeout=0.5, ramp=0.1
)


@pytest.fixture
async def cluster() -> AsyncIterator[RiakServer]:
    async with RiakServer.cluster(3) as running:
        yield running


async def connected(cluster: RiakServer, **settings: Any) -> RiakClient:
    settings = {"health": HEALTH, "request_timeout": 1.0, **settings}
    return await RiakClient.create(nodes=cluster.addresses, **settings)


def states(client: RiakClient) -> list[NodeState]:
    return [node.state for node in client._cluster.nodes.values()]


def node_of(client: RiakClient, address: str) -> Any:
    return client._cluster.nodes[Address.of(address)]


class Load:
    """Tasks that write keys of their own and read them until told to stop, and note what became of it."""

    def __init__(self, client: RiakClient, tasks: int) -> None:
        self.bucket = client.bucket("load")
        self.written: dict[str, int] = {}
        self.unknown: set[str] = set()
        self.failed_reads: list[RiakError] = []
        self.failed_writes: list[RiakError] = []
        self.done = 0
        self._running = True
        self._watchers: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._tasks = [asyncio.create_task(self._work(number)) for number in range(tasks)]

    async def _work(self, number: int) -> None:
        for count in itertools.count(1):
            if not self._running:
                return
            key = f"{number}-{count}"
            robject = self.bucket.new_object(key, {"count": count})
            try:
                await robject.store(return_body=False)
                self.written[key] = count
            except OutcomeUnknown:
                self.unknown.add(key)
            except ClientClosed:
                return
            except RiakError as error:
                self.failed_writes.append(error)
            try:
                read = await self.bucket.get(key)
                if key in self.written:
                    assert read.data == {"count": count}
            except RiakError as error:
                self.failed_reads.append(error)
            self.done += 1
            for condition, watcher in self._watchers:
                if condition() and not watcher.done():
                    watcher.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Go on until something is so."""
        watcher = asyncio.get_running_loop().create_future()
        self._watchers.append((condition, watcher))
        async with asyncio.timeout(20):
            await watcher

    async def more(self, count: int) -> None:
        """Go on for so many rounds."""
        goal = self.done + count
        await self.until(lambda: self.done >= goal)

    async def stop(self) -> None:
        self._running = False
        await asyncio.gather(*self._tasks)


async def test_nodes_may_die_freeze_and_drain_under_load_and_no_read_fails(cluster: RiakServer) -> None:
    one, two, three = cluster.nodes
    async with await connected(cluster, max_size=4) as client:
        load = Load(client, 50)
        await load.more(200)

        await one.kill()
        await load.until(lambda: node_of(client, one.address).state is NodeState.DOWN)
        await load.more(200)
        await one.restart()
        await load.until(lambda: node_of(client, one.address).state is NodeState.UP)
        before = sum(one.requests.values())
        await load.until(lambda: sum(one.requests.values()) > before + 50)

        two.freeze()
        await load.until(lambda: node_of(client, two.address).state is NodeState.DOWN)
        await load.more(200)
        two.thaw()
        await load.until(lambda: node_of(client, two.address).state is NodeState.UP)

        await three.drain()
        await load.until(lambda: node_of(client, three.address).state is NodeState.DOWN)
        await load.more(200)
        await load.stop()

        assert load.failed_reads == []
        assert load.failed_writes == []  # those that were in flight said "outcome unknown"
        assert load.written
        for key, count in load.written.items():
            assert (await load.bucket.get(key)).data == {"count": count}


async def test_a_frozen_node_is_out_within_the_request_timeout_and_others_are_not_held_up(
    cluster: RiakServer,
) -> None:
    frozen = cluster.nodes[0]
    loop = asyncio.get_running_loop()
    async with await connected(cluster, request_timeout=1.0) as client:
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        frozen.freeze()
        started = loop.time()
        reads = await asyncio.gather(*(bucket.get("k") for _ in range(100)))
        assert all(read.data == 1 for read in reads)
        assert loop.time() - started < 1.0
        await node_of(client, frozen.address).checking  # a ping
        assert node_of(client, frozen.address).state is NodeState.DOWN


async def test_starting_with_dead_seeds_takes_the_one_that_lives(cluster: RiakServer) -> None:
    one, two, _ = cluster.nodes
    dead = [one.address, two.address]
    await one.kill()
    await two.kill()
    nodes = [*dead, cluster.nodes[2].address]
    async with await RiakClient.create(nodes=nodes, health=HEALTH, connect_timeout=0.5) as client:
        assert await client.ping()
        assert states(client).count(NodeState.UP) == 1


async def test_starting_with_nodes_that_do_not_answer_takes_one_connect_timeout(cluster: RiakServer) -> None:
    # two listeners whose backlog is full: connecting to them hangs
    async with HangingListener() as first, HangingListener() as second:
        loop = asyncio.get_running_loop()
        started = loop.time()
        nodes = [first.address, second.address, cluster.nodes[0].address]
        async with await RiakClient.create(nodes=nodes, health=HEALTH, connect_timeout=2.0) as client:
            assert await client.ping()
            assert loop.time() - started < 2.0


class HangingListener:
    """A listener that accepts nobody."""

    async def __aenter__(self) -> HangingListener:
        import socket

        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(0)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._socket.getsockname())
            self._fillers.append(filler)
        return self

    async def __aexit__(self, *error: object) -> None:
        for filler in self._fillers:
            filler.close()
        self._socket.close()


async def test_starting_fails_with_every_nodes_error_when_none_answers(cluster: RiakServer) -> None:
    addresses = cluster.addresses
    for node in cluster.nodes:
        await node.kill()
    with pytest.raises(ConnectError) as caught:
        await RiakClient.create(nodes=addresses, connect_timeout=0.5)
    assert {caught.value.node, *(error.node for error in caught.value.attempts)} == set(addresses)


async def test_with_all_nodes_down_requests_wait_for_one_to_return(cluster: RiakServer) -> None:
    async with await connected(cluster, request_timeout=10.0) as client:
        await client.bucket("b").new_object("k", 1).store()
        for node in cluster.nodes:
            await node.kill()
        read = asyncio.create_task(client.bucket("b").get("k"))
        await until(lambda: states(client) == [NodeState.DOWN] * 3)
        with pytest.raises(NoNodeAvailable):
            await client.bucket("b").get("k", timeout=500)
        await cluster.nodes[1].restart()
        assert (await read).data == 1


async def test_with_all_nodes_down_a_request_fails_at_its_deadline_with_every_reason(cluster: RiakServer) -> None:
    async with await connected(cluster) as client:
        addresses = cluster.addresses
        for node in cluster.nodes:
            await node.kill()
        with pytest.raises(NoNodeAvailable) as caught:
            await client.bucket("b").get("k", timeout=300)
        assert {error.node for error in caught.value.attempts} >= set(addresses)
        assert "get of default/b/k" in str(caught.value)


async def test_a_starting_node_is_let_in_only_when_it_serves(cluster: RiakServer) -> None:
    node = cluster.nodes[0]
    async with await connected(cluster) as client:
        await node.kill()
        load = Load(client, 5)
        await load.until(lambda: node_of(client, node.address).state is NodeState.DOWN)
        restarted = asyncio.create_task(node.restart(starting=0.2, joining=0.1))
        await load.until(lambda: node_of(client, node.address).state is NodeState.UP)
        assert node.serving or node.state == "joining"
        await restarted
        await load.stop()
        assert load.failed_reads == []
        assert load.failed_writes == []


async def test_a_node_is_added_and_removed_at_run_time(cluster: RiakServer) -> None:
    first, second, _ = cluster.nodes
    async with await RiakClient.create(first.host, first.port) as client:
        await client.add_node(second.address)
        for count in range(50):
            await client.bucket("b").new_object(f"{count}", count).store()
        assert second.requests["put"] > 0
        load = Load(client, 10)
        await load.more(20)
        await client.remove_node(first.address)
        before = first.requests["put"]
        await load.more(50)
        await load.stop()
        assert load.failed_writes == []
        assert load.failed_reads == []
        assert load.unknown == set()
        assert first.requests["put"] == before
        assert first.connections == set()
        with pytest.raises(InvalidRequest, match="last node"):
            await client.remove_node(second.address)


async def test_discovery_finds_the_other_nodes_and_forgets_those_that_left(cluster: RiakServer) -> None:
    first = cluster.nodes[0]
    discovery = Discovery(interval=0.05)
    async with await RiakClient.create(first.host, first.port, discover=discovery, health=HEALTH) as client:
        known = client._cluster.nodes
        assert {str(address) for address in known} == set(cluster.addresses)
        fourth = await cluster.add_node()
        address = fourth.address
        load = Load(client, 5)
        await load.until(lambda: Address.of(address) in known)
        await cluster.remove_node(fourth)
        await load.until(lambda: Address.of(address) not in known)
        await load.stop()
        assert load.failed_reads == []


async def test_discovery_maps_addresses_and_leaves_nodes_out(cluster: RiakServer) -> None:
    first, second, third = cluster.nodes
    told: list[Address] = []

    def translate(address: Address) -> Address | None:
        told.append(address)
        return None if address.port == third.port else address

    async with await RiakClient.create(
        first.host, first.port, discover=Discovery(map_address=translate)
    ) as client:
        known = {str(address) for address in client._cluster.nodes}
        assert known == {first.address, second.address}
        assert len(told) == 3


async def test_behind_a_load_balancer_nothing_is_taken_out(cluster: RiakServer) -> None:
    first = cluster.nodes[0]
    async with await RiakClient.create(first.host, first.port, behind_load_balancer=True, attempts=2) as client:
        await first.kill()
        with pytest.raises(ConnectError):
            await client.ping()
        assert states(client) == [NodeState.UP]
        await first.restart()
        assert await client.ping()
    with pytest.raises(InvalidRequest, match="single address"):
        RiakClient(nodes=cluster.addresses, behind_load_balancer=True)


async def test_one_slow_request_does_not_take_out_a_node_that_answers_others(cluster: RiakServer) -> None:
    node = cluster.nodes[0]
    async with await RiakClient.create(node.host, node.port, health=HEALTH, allow_listing="silent") as client:
        cluster.faults.hang("list keys", times=1)
        load = Load(client, 4)
        await load.more(10)
        with pytest.raises(TimeoutError):
            await client.bucket("slow").get_keys(timeout=100)
        assert states(client) == [NodeState.UP]
        await load.stop()
        assert load.failed_reads == []


async def test_a_hang_up_on_one_request_does_not_take_out_a_node_with_other_connections(cluster: RiakServer) -> None:
    node = cluster.nodes[0]
    async with await RiakClient.create(node.host, node.port, min_size=3, max_size=3) as client:
        load = Load(client, 20)
        await load.more(50)
        cluster.faults.cut("put", when="before", times=1)
        await load.until(lambda: bool(load.unknown))
        assert states(client) == [NodeState.UP]
        await load.more(50)
        await load.stop()
        assert load.failed_reads == []
        assert load.failed_writes == []


async def test_a_cancelled_request_that_is_never_answered_holds_up_nobody_for_long(cluster: RiakServer) -> None:
    node = cluster.nodes[0]
    settings: dict[str, Any] = {"max_size": 1, "overdue_timeout": 0.1, "request_timeout": 30.0}
    async with await RiakClient.create(node.host, node.port, **settings) as client:
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        arrived = asyncio.Event()
        cluster.faults.hang("get", times=1, only=lambda request: arrived.set() or True)
        given_up = asyncio.create_task(bucket.get("k"))
        await arrived.wait()
        given_up.cancel()
        async with asyncio.timeout(5):
            assert (await bucket.get("k")).data == 1


async def test_a_node_that_accepts_and_does_not_answer_is_no_start(cluster: RiakServer) -> None:
    node = cluster.nodes[0]
    node.freeze()
    health = HealthPolicy(probe_timeout=0.1)
    with pytest.raises(TimeoutError):
        await RiakClient.create(node.host, node.port, health=health)
    async with await RiakClient.create(nodes=cluster.addresses, health=health) as client:
        assert await client.ping()


async def test_a_read_leaves_a_silent_node_after_the_attempts_time(cluster: RiakServer) -> None:
    frozen = cluster.nodes[0]
    settings: dict[str, Any] = {"request_timeout": 60.0, "attempt_timeout": 0.1}
    async with await connected(cluster, **settings) as client:
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        frozen.freeze()
        async with asyncio.timeout(10):
            reads = await asyncio.gather(*(bucket.get("k") for _ in range(50)))
        assert all(read.data == 1 for read in reads)
        await node_of(client, frozen.address).checking  # a ping
        assert node_of(client, frozen.address).state is NodeState.DOWN
