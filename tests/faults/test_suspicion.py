"""A node that accepts and never answers: it is pinged, marked down, and costs its callers little.  In virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from aioriak import Backoff, HealthPolicy, RetryPolicy, RiakClient
from aioriak.cluster.balancer import RoundRobin
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.node import Node, NodeState
from aioriak.error import OutcomeUnknown, RequestTimeout, RiakError, WriteLost
from aioriak.testing import RiakServer
from tests.simulation.loop import VirtualLoop, in_virtual_time, run, timed
from tests.wires import until


@asynccontextmanager
async def served(nodes: int = 3, **options: Any) -> Any:
    """A cluster, and a client of it that has connected to every node."""
    loop = asyncio.get_running_loop()
    async with RiakServer.cluster(nodes, random=Random(1), clock=loop.time) as server:
        settings: dict[str, Any] = {
            "balancer": RoundRobin(), "allow_listing": "silent",
            "retry": RetryPolicy(backoff=Backoff(first=0.01, longest=0.1, rng=Random(2))), **options,
        }  # fmt: skip
        async with RiakClient(nodes=list(server.addresses), **settings) as client:
            await asyncio.sleep(0.1)
            yield server, client


def core(client: RiakClient) -> Cluster:
    return client._cluster


def node_of(client: RiakClient, number: int) -> Node:
    return list(core(client).nodes.values())[number]


# -- a frozen node -----------------------------------------------------------------------------------


@in_virtual_time
async def test_reads_leave_a_frozen_node_after_two_seconds_by_default() -> None:
    async with served() as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        longest = max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(50))))
        assert 2.0 <= longest <= 2.5
        assert node_of(client, 0).state is NodeState.DOWN
        assert max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(50)))) < 0.1


@in_virtual_time
async def test_the_policy_sets_how_long_that_takes() -> None:
    async with served(health=HealthPolicy(suspect_after=0.2, probe_timeout=0.1)) as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        longest = max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(50))))
        assert 0.3 <= longest <= 0.4


@in_virtual_time
async def test_a_single_connection_is_enough_to_find_out() -> None:
    async with served(max_size=1) as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        reads = [asyncio.create_task(bucket.get("k")) for _ in range(3)]
        await until(lambda: node_of(client, 0).pool.in_flight)
        reads[0].cancel()  # nobody waits for a reply on that connection any more
        await asyncio.wait(reads)
        assert not any(read.cancelled() or read.exception() for read in reads[1:])
        assert max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(9)))) <= 2.5


@in_virtual_time
async def test_writes_at_a_frozen_node_end_as_unknown_and_no_other_fails() -> None:
    async with served(request_timeout=10.0) as (server, client):
        bucket = client.bucket("b")
        server.nodes[0].freeze()
        started = asyncio.get_running_loop().time()
        writes = [bucket.new_object(f"{number}", 1).store(return_body=False) for number in range(30)]
        ended = await asyncio.gather(*writes, return_exceptions=True)
        failed = [error for error in ended if isinstance(error, BaseException)]
        assert len(failed) == 10
        assert all(isinstance(error, OutcomeUnknown) and error.node == server.addresses[0] for error in failed)
        assert asyncio.get_running_loop().time() - started == pytest.approx(10.0, abs=0.1)


@in_virtual_time
async def test_a_node_that_thaws_is_back_and_its_writes_are_answered() -> None:
    async with served(request_timeout=30.0) as (server, client):
        bucket = client.bucket("b")
        server.nodes[0].freeze()
        writes = [asyncio.create_task(bucket.new_object(f"{n}", 1).store(return_body=False)) for n in range(30)]
        await asyncio.sleep(5)
        assert node_of(client, 0).state is NodeState.DOWN
        server.nodes[0].thaw()
        await asyncio.gather(*writes)
        await asyncio.sleep(15)
        assert node_of(client, 0).state is NodeState.UP


@pytest.mark.parametrize("size", [1, 2, 8])
def test_no_pool_exceeds_max_size_while_its_node_is_frozen(size: int) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        async with served(max_size=size, request_timeout=10.0) as (server, client):
            bucket = client.bucket("b")
            frozen = server.nodes[0]
            frozen.freeze()
            work = [bucket.new_object(f"{n}", 1).store(return_body=False) for n in range(30)]
            tasks = [asyncio.ensure_future(one) for one in (*work, *(bucket.get(f"{n}") for n in range(60)))]
            for _ in range(300):
                await asyncio.sleep(0.05)
                links = [link for link in loop.network.links if link.address == (frozen.host, frozen.port)]
                assert sum(not link.client.lost for link in links) <= size
            done = await asyncio.gather(*tasks, return_exceptions=True)
            failed = [one for one in done[:30] if isinstance(one, BaseException)]
            assert failed
            assert all(isinstance(error, OutcomeUnknown) for error in failed)
            assert not any(isinstance(read, BaseException) for read in done[30:])
            frozen.thaw()
            await asyncio.sleep(15)
            assert node_of(client, 0).state is NodeState.UP

    run(main, loop=loop)


@in_virtual_time
async def test_reads_leave_a_silent_node_that_cannot_be_pinged() -> None:
    # a caller waits for a write on every connection, and there is no room for another
    async with served(max_size=2, request_timeout=20.0) as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        writes: list[asyncio.Future[Any]] = []
        pool = node_of(client, 0).pool
        while not writes or pool.open_connections < 2 or pool.idle:  # the first ones share a connection
            writes += [asyncio.ensure_future(bucket.new_object(f"{n}", 1).store(return_body=False)) for n in range(30)]
            await asyncio.sleep(0.04)
        assert max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(30)))) <= 2.5
        assert node_of(client, 0).state is NodeState.UP, node_of(client, 0).last_error
        await asyncio.wait(writes)
        unknown = [write.exception() for write in writes if write.exception() is not None]
        assert len(unknown) <= len(writes) / 3
        assert all(isinstance(error, RiakError) and error.node == server.addresses[0] for error in unknown)


@in_virtual_time
async def test_a_frozen_single_node_keeps_its_callers_waiting_until_it_is_back() -> None:
    async with served(nodes=1, request_timeout=30.0) as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        reads = [asyncio.create_task(bucket.get("k")) for _ in range(20)]
        await asyncio.sleep(10)
        server.nodes[0].thaw()
        assert {read.data for read in await asyncio.gather(*reads)} == {1}


# -- what is no reason to mark a node down -------------------------------------------------------------


@in_virtual_time
async def test_a_slow_request_is_a_reason_to_ping_and_no_more() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 5.5, keys=["slow"], node=server.nodes[0])
        pings = server.nodes[0].requests["ping"]
        for _ in range(3):
            assert not (await client.bucket("b").get("slow")).exists
        assert 1 <= server.nodes[0].requests["ping"] - pings <= 5
        assert {node.state for node in core(client).nodes.values()} == {NodeState.UP}
        assert client.stats().retries == 0


@in_virtual_time
async def test_a_node_that_answers_others_is_not_pinged_for_a_slow_request() -> None:
    async with served(nodes=1, min_size=2) as (server, client):
        bucket = client.bucket("b")
        server.faults.delay("get", 5.5, keys=["slow"])
        pings = server.nodes[0].requests["ping"]
        slow = asyncio.create_task(bucket.get("slow"))
        while not slow.done():
            await bucket.get("k")
            await asyncio.sleep(0.04)
        assert server.nodes[0].requests["ping"] == pings


@in_virtual_time
async def test_a_short_timeout_marks_no_node_down() -> None:
    async with served(nodes=1) as (server, client):
        server.faults.delay("get", 3.0)
        for _ in range(5):
            with pytest.raises(RequestTimeout):
                await client.bucket("b").get("k", timeout=100)
            assert node_of(client, 0).state is NodeState.UP
        await asyncio.sleep(10)
        assert node_of(client, 0).state is NodeState.UP


@in_virtual_time
async def test_without_suspicion_a_frozen_node_is_pinged_once_a_request_has_timed_out() -> None:
    health = HealthPolicy(suspect_after=None)
    async with served(health=health, attempt_timeout=8.0) as (server, client):
        bucket = client.bucket("b")
        await bucket.new_object("k", 1).store()
        server.nodes[0].freeze()
        longest = max(await asyncio.gather(*(timed(bucket.get("k")) for _ in range(30))))
        assert 8.0 <= longest <= 8.1
        assert node_of(client, 0).state is NodeState.UP
        await asyncio.sleep(1.1)
        assert node_of(client, 0).state is NodeState.DOWN


@in_virtual_time
async def test_a_slow_stream_is_no_reason_to_ping() -> None:
    async with served(nodes=1) as (server, client):
        server.faults.delay("list keys", 30.0)
        pings = server.nodes[0].requests["ping"]
        assert await client.bucket("b").get_keys() == []
        assert server.nodes[0].requests["ping"] == pings


@in_virtual_time
async def test_behind_a_load_balancer_nothing_is_pinged() -> None:
    async with served(nodes=1, behind_load_balancer=True) as (server, client):
        server.faults.delay("get", 5.0)
        pings = server.nodes[0].requests["ping"]
        await client.bucket("b").get("k")
        assert server.nodes[0].requests["ping"] == pings


def test_a_blocked_event_loop_marks_no_node_down() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        async with served(nodes=1) as (server, client):
            node = node_of(client, 0)
            server.faults.delay("ping", 0.5)
            server.faults.delay("get", 4.0)
            read = asyncio.create_task(client.bucket("b").get("k"))
            await asyncio.sleep(1.1)
            assert node.checking is not None
            assert not node.checking.done()
            loop.advance(20.0)  # a callback that did not return for so long
            await read
            assert node.state is NodeState.UP
            await asyncio.sleep(3)

    run(main, loop=loop)


@in_virtual_time
async def test_a_node_that_is_removed_is_not_pinged_any_more() -> None:
    async with served(close_timeout=0.1) as (server, client):
        server.nodes[0].freeze()
        bucket = client.bucket("b")
        writes = [asyncio.create_task(bucket.new_object("k", 1).store(return_body=False)) for _ in range(3)]
        node = node_of(client, 0)
        await asyncio.sleep(1.1)
        assert node.checking is not None
        await client.remove_node(server.addresses[0])
        await asyncio.wait([*writes, node.checking])
        assert node.checking.cancelled()
        assert [type(write.exception()) for write in writes].count(WriteLost) == 1


# -- others keep their latency ---------------------------------------------------------------------------


@in_virtual_time
async def test_keys_whose_replicas_are_frozen_cost_other_keys_nothing() -> None:
    async with served(attempt_timeout=2.0) as (server, client):
        bucket = client.bucket("b")
        for number in range(8):
            await bucket.new_object(f"k{number}", number).store()
        for _ in range(100):
            await bucket.get("k0")  # the pools learn what is usual
        lost = [f"lost{number}" for number in range(6)]
        server.nodes[0].freeze()
        for operation in ("get", "put"):
            server.faults.delay(operation, 20.0, keys=lost)
        await asyncio.gather(*(bucket.get("k0") for _ in range(9)))  # the frozen node is marked down
        failures: list[BaseException] = []
        longest = 0.0
        running = True

        async def meet(key: str) -> None:
            while running:
                with contextlib.suppress(RequestTimeout, OutcomeUnknown):
                    if key < "lost3":
                        await bucket.get(key)
                    else:
                        await bucket.new_object(key, 1).store(return_body=False)

        async def work(number: int) -> None:
            nonlocal longest
            while running:
                try:
                    longest = max(longest, await timed(bucket.get(f"k{number}")))
                    await bucket.new_object(f"k{number}", number).store(return_body=False)
                except RiakError as error:
                    failures.append(error)
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(meet(key)) for key in lost]
        tasks += [asyncio.create_task(work(number)) for number in range(8)]
        await asyncio.sleep(30)
        running = False
        await asyncio.wait(tasks)
        assert failures == []
        assert longest < 0.5
        assert all(task.exception() is None for task in tasks)
