"""Hedging: what is unusual, what the budget allows, and which of two answers counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from aioriak import HealthPolicy, HedgePolicy, RiakClient
from aioriak.cluster.balancer import RoundRobin
from aioriak.cluster.hedging import Budget, Latencies
from aioriak.cluster.node import Node
from aioriak.error import BucketTypeNotFound, ClientClosed, ConnectionLost, InvalidRequest, RequestTimeout, RiakError
from aioriak.observability.telemetry import Hedge, Outcome, Telemetry
from aioriak.testing import RiakServer
from tests.simulation.loop import in_virtual_time, timed


class InOrder:
    """The first node gets every request, and the second one what is hedged."""

    wants_latency = False

    def pick(self, nodes: Sequence[Node]) -> Node:
        return min(nodes, key=lambda node: node.name)

    def observe(self, node: Node, seconds: float) -> None:
        raise NotImplementedError


ALWAYS = HedgePolicy(at_least=0.05, budget=1.0)


@asynccontextmanager
async def served(nodes: int = 3, hedge: HedgePolicy = ALWAYS, **options: Any) -> Any:
    """A cluster, and a client of it that knows how long a read takes."""
    loop = asyncio.get_running_loop()
    async with RiakServer.cluster(nodes, random=Random(1), clock=loop.time) as server:
        settings: dict[str, Any] = {"balancer": InOrder(), "hedge": hedge, "min_size": 2, **options}
        async with RiakClient(nodes=list(server.addresses), **settings) as client:
            await client.bucket("b").new_object("k", 1).store()
            for _ in range(120):
                await client.bucket("b").get("k")
            yield server, client


# -- what is unusual -------------------------------------------------------------------------------------


def test_without_a_latency_nothing_is_unusual() -> None:
    assert Latencies(HedgePolicy()).delay is None


@pytest.mark.parametrize(("percentile", "expected"), [(0.5, 0.01), (0.9, 0.01), (0.99, 0.1), (1.0, 1.0)])
def test_the_delay_is_the_percentile_of_the_latencies(percentile: float, expected: float) -> None:
    latencies = Latencies(HedgePolicy(percentile=percentile, at_least=0.0))
    for number in range(1024):
        latencies.add(1.0 if number == 500 else 0.1 if number % 50 == 1 else 0.01, 1.0)
    assert latencies.delay is not None
    assert expected <= latencies.delay <= 1.2 * expected


def test_the_delay_is_no_shorter_than_the_policy_says() -> None:
    latencies = Latencies(HedgePolicy(at_least=0.3))
    latencies.add(0.001, 1.0)
    assert latencies.delay == 0.3


def test_latencies_of_long_ago_do_not_count() -> None:
    latencies = Latencies(HedgePolicy(at_least=0.0))
    for now in range(1000):
        latencies.add(1.0, now / 100)
    for now in range(3000):
        latencies.add(0.01, 10 + now / 100)
    assert latencies.delay is not None
    assert latencies.delay < 0.012


def test_a_latency_beyond_all_bounds_counts_as_the_longest() -> None:
    latencies = Latencies(HedgePolicy())
    latencies.add(10_000.0, 1.0)
    assert latencies.delay is not None
    assert latencies.delay > 60


# -- the budget --------------------------------------------------------------------------------------------


def test_no_more_than_the_budget_is_doubled_of_the_requests_of_a_window() -> None:
    budget = Budget(0.05)
    doubled: list[bool] = []
    for number in range(20_000):
        budget.count(number / 100)
        doubled.append(budget.take())
    assert sum(doubled) <= 0.05 * len(doubled)
    for start in range(0, 18_000, 500):
        assert 0 < sum(doubled[start : start + 2000]) <= 0.11 * 2000


def test_one_request_may_always_be_doubled() -> None:
    budget = Budget(0.05)
    budget.count(0.0)
    assert budget.take()
    assert not budget.take()


@pytest.mark.parametrize("name", ["percentile", "budget"])
@pytest.mark.parametrize("value", [0, -0.1, 1.1, None, True, "0.5"])
def test_a_policy_refuses_parts_that_are_none(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=name):
        HedgePolicy(**{name: value})


@pytest.mark.parametrize("value", [-1, None, float("nan")])
def test_a_policy_refuses_a_delay_that_is_none(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="at_least"):
        HedgePolicy(at_least=value)


def test_a_client_takes_a_policy_or_true() -> None:
    assert RiakClient(hedge=True).settings.hedge == HedgePolicy()
    assert RiakClient(hedge=ALWAYS).settings.hedge is ALWAYS
    assert RiakClient().settings.hedge is None
    assert RiakClient.from_url("riak://localhost/?hedge=true").settings.hedge == HedgePolicy()
    with pytest.raises(InvalidRequest, match="hedge"):
        RiakClient(hedge=0.5)  # type: ignore[arg-type]


# -- which answer counts -------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_slow_read_is_answered_by_a_second_node() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 5.0, node=server.nodes[0])
        longest = [await timed(client.bucket("b").get("k")) for _ in range(9)]
        assert max(longest) <= 0.07
        stats = client.stats()
        assert (stats.hedged, stats.hedge_wins, stats.retries) == (9, 9, 0)
        assert stats.nodes[0].hedged == 9
        assert stats.waiting == 0


@in_virtual_time
async def test_the_first_node_wins_where_it_is_faster_all_the_same() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 0.1, node=server.nodes[0])
        server.faults.delay("get", 2.0, nodes=server.nodes[1:])
        await client.bucket("b").get("k")
        assert client.stats().nodes[0].hedged == 1
        assert client.stats().nodes[0].hedge_wins == 0


@in_virtual_time
async def test_nothing_is_doubled_beyond_the_budget() -> None:
    async with served(hedge=HedgePolicy(at_least=0.05, budget=0.05)) as (server, client):
        server.faults.delay("get", 0.5)
        before = sum(node.requests["get"] for node in server.nodes)
        await asyncio.gather(*(client.bucket("b").get("k") for _ in range(80)))
        assert 0 < client.stats().hedged <= 0.05 * 200
        assert sum(node.requests["get"] for node in server.nodes) - before <= 80 + 0.05 * 200


@in_virtual_time
async def test_writes_and_streams_are_never_doubled() -> None:
    async with served(allow_listing="silent") as (server, client):
        for operation in ("put", "data type update", "list keys"):
            server.faults.delay(operation, 1.0)
        bucket = client.bucket("b")
        for _ in range(3):
            await bucket.new_object("k", 1).store(return_body=False)
        for _ in range(3):
            assert await bucket.get_keys() == ["k"]
        assert client.stats().hedged == 0
        assert sum(node.requests["list keys"] for node in server.nodes) == 3


@in_virtual_time
async def test_an_error_that_is_not_final_does_not_beat_the_other_answer() -> None:
    async with served() as (server, client):
        bucket = client.bucket("b")
        server.faults.delay("get", 1.0, node=server.nodes[0])
        server.faults.error("get", "overload", nodes=server.nodes[1:], times=1)
        reads = [await bucket.get("k") for _ in range(3)]
        assert [read.data for read in reads] == [1, 1, 1]


@in_virtual_time
async def test_a_lost_connection_of_the_first_waits_for_the_second() -> None:
    async with served(attempts=1) as (server, client):
        bucket = client.bucket("b")
        server.faults.cut("get", node=server.nodes[0])
        server.faults.delay("get", 0.1, node=server.nodes[0])
        server.faults.delay("get", 0.3, nodes=server.nodes[1:])
        assert (await bucket.get("k")).data == 1
        assert client.stats().nodes[0].hedge_wins == 1


@in_virtual_time
async def test_a_final_error_is_an_answer() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 5.0, node=server.nodes[0])
        server.faults.error("get", "no_type", nodes=server.nodes[1:])
        for _ in range(3):
            with pytest.raises(BucketTypeNotFound):
                async with asyncio.timeout(1):
                    await client.bucket("b").get("k")


@in_virtual_time
async def test_where_the_second_node_fails_another_one_is_asked() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 5.0, node=server.nodes[0])
        server.faults.cut("get", node=server.nodes[1])
        for _ in range(9):
            assert await timed(client.bucket("b").get("k")) <= 0.2
        assert client.stats().nodes[0].hedge_wins == 9


@in_virtual_time
async def test_where_all_others_fail_the_first_node_is_waited_for() -> None:
    async with served(attempts=1) as (server, client):
        server.faults.delay("get", 1.0, node=server.nodes[0])
        server.faults.cut("get", nodes=server.nodes[1:])
        assert (await client.bucket("b").get("k")).data == 1
        assert client.stats().hedged == 2


@in_virtual_time
async def test_two_failures_are_one_attempt_and_both_are_told() -> None:
    async with served(attempts=1) as (server, client):
        server.faults.delay("get", 0.1)
        server.faults.cut("get")
        with pytest.raises(ConnectionLost) as caught:
            await client.bucket("b").get("k")
        assert len({caught.value.node, *(error.node for error in caught.value.attempts)}) == 2


@in_virtual_time
async def test_a_deadline_ends_both() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 1.0)
        with pytest.raises(RequestTimeout):
            await client.bucket("b").get("k", timeout=200)
        await asyncio.sleep(5)
        assert client.stats().in_flight == 0


@in_virtual_time
async def test_a_cancellation_ends_both_and_costs_no_other() -> None:
    async with served() as (server, client):
        bucket = client.bucket("b")
        server.faults.delay("get", 1.0, keys=["slow"])
        tasks = [asyncio.create_task(bucket.get("slow")) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert client.stats().hedged == 3
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        assert (await bucket.get("k")).data == 1
        await asyncio.sleep(3)
        assert client.stats().in_flight == 0


@in_virtual_time
async def test_closing_ends_both() -> None:
    async with served() as (server, client):
        server.faults.delay("get", 1.0)
        task = asyncio.create_task(client.bucket("b").get("k"))
        await asyncio.sleep(0.1)
        client.close()
        await asyncio.wait([task])
        assert isinstance(task.exception(), (ConnectionLost, ClientClosed))


@in_virtual_time
async def test_one_node_is_never_asked_twice() -> None:
    async with served(nodes=1) as (server, client):
        server.faults.delay("get", 1.0)
        before = server.nodes[0].requests["get"]
        await client.bucket("b").get("k")
        assert server.nodes[0].requests["get"] == before + 1
        assert client.stats().hedged == 0


@in_virtual_time
async def test_a_key_aware_client_asks_another_owner() -> None:
    async with served(key_aware=True) as (server, client):
        await asyncio.sleep(1)
        assert (await client.bucket("b").get("k")).data == 1
        server.faults.delay("get", 5.0, node=max(server.nodes, key=lambda node: node.requests["get"]))
        for _ in range(9):
            assert await timed(client.bucket("b").get("k")) <= 0.07


@in_virtual_time
async def test_reads_of_a_frozen_node_cost_little() -> None:
    async with served(hedge=HedgePolicy(budget=0.2), balancer=RoundRobin()) as (server, client):
        server.nodes[0].freeze()
        longest = max(await asyncio.gather(*(timed(client.bucket("b").get("k")) for _ in range(60))))
        assert longest <= 0.3
        await asyncio.sleep(3)
        assert client.stats().nodes[0].state == "down"


@in_virtual_time
async def test_a_copy_has_a_policy_of_its_own() -> None:
    async with served() as (server, client):
        plain = client.with_options(hedge=False)
        server.faults.delay("get", 0.4)
        for _ in range(3):
            await plain.bucket("b").get("k")
        assert client.stats().hedged == 0
        await client.with_options(request_timeout=3.0).bucket("b").get("k")
        assert client.stats().hedged == 1
        assert client.with_options(attempts=2)._runtime.dispatcher.hedging is client._runtime.dispatcher.hedging


@in_virtual_time
async def test_telemetry_is_told() -> None:
    class Log(Telemetry):
        def __init__(self) -> None:
            self.hedges: list[Hedge] = []
            self.outcomes: list[Outcome] = []

        def request_hedged(self, token: object, hedge: Hedge) -> None:
            self.hedges.append(hedge)

        def operation_ended(self, token: object, outcome: Outcome) -> None:
            self.outcomes.append(outcome)

    log = Log()
    async with served(telemetry=log) as (server, client):
        log.outcomes.clear()
        server.faults.delay("get", 1.0, node=server.nodes[0])
        await client.bucket("b").get("k")
        (hedge,) = log.hedges
        assert hedge.node == server.addresses[0]
        (hedged,) = [outcome for outcome in log.outcomes if outcome.hedged]
        assert hedged.node == hedge.second
        assert hedged.attempts == 1


@in_virtual_time
async def test_random_programs_end_every_read_once() -> None:
    random = Random(7)
    health = HealthPolicy(suspect_after=0.3, probe_timeout=0.2)
    async with served(request_timeout=2.0, health=health, balancer=RoundRobin(), max_size=2) as (server, client):
        bucket = client.bucket("b")
        answered = 0
        for _ in range(40):
            server.faults.clear()
            node = random.choice(server.nodes)
            for kind in random.sample(["delay", "cut", "error", "hang", "none"], 2):
                if kind == "delay":
                    server.faults.delay("get", random.choice([0.06, 0.5, 3.0]), node=node, every=2)
                elif kind == "error":
                    server.faults.error("get", "overload", node=node, every=3)
                elif kind != "none":
                    getattr(server.faults, kind)("get", node=node, every=4)
            tasks = [asyncio.create_task(bucket.get("k")) for _ in range(12)]
            await asyncio.sleep(random.choice([0.0, 0.05, 0.06]))
            for task in random.sample(tasks, 2):
                task.cancel()
            await asyncio.wait(tasks)
            for task in tasks:
                if task.cancelled():
                    continue
                error = task.exception()
                assert error is None or isinstance(error, RiakError)
                if error is None:
                    assert task.result().data == 1
                    answered += 1
        assert answered > 300
        assert client.stats().hedged > 10
        server.faults.clear()
        await asyncio.sleep(20)
        assert client.stats().in_flight == 0
