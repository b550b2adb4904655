"""Choosing one of many nodes costs no more than one of few; a discovery step grows with their number and no faster.

Counted in bytecode instructions, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from random import Random
from types import FrameType
from typing import Any
from unittest import mock

import pytest

from aioriak.cluster.balancer import LatencyAware, RoundRobin, TwoChoices
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.node import Node
from aioriak.riak_pb import kv
from benchmarks.many_nodes import Members, discovered, learn_ring, main

BALANCERS = (lambda: TwoChoices(Random(1)), RoundRobin, lambda: LatencyAware(Random(1)))


class Instructions:
    """Counts the instructions that run.

    The work is traced once before it is counted: Python 3.12 and newer miss the instructions of a function in the
    first call that is traced.
    """

    def __init__(self) -> None:
        self.count = 0

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self.count += event == "opcode"
        return self._trace

    def of(self, work: Callable[[], object], times: int = 200) -> float:
        """Return the average over some calls."""
        for _ in range(2):
            self.count, old = 0, sys.gettrace()
            sys.settrace(self._trace)
            try:
                for _ in range(times):
                    work()
            finally:
                sys.settrace(old)
        return self.count / times

    async def of_step(self, work: Callable[[], Awaitable[object]]) -> int:
        """Return those of one coroutine."""
        for _ in range(2):
            self.count, old = 0, sys.gettrace()
            sys.settrace(self._trace)
            try:
                await work()
            finally:
                sys.settrace(old)
        return self.count


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Awaitable[Cluster]]:
    """Makes a cluster that has discovered so many nodes."""

    async def make(count: int) -> Cluster:
        members = Members(count)

        async def connect(node: Node, *args: Any) -> Members:
            return members

        monkeypatch.setattr(Node, "connect", connect)
        cluster = await discovered(members, key_aware=True)
        await cluster._discover_once()
        assert len(cluster.up) == count
        return cluster

    return make


Known = Callable[[int], Awaitable[Cluster]]


@pytest.mark.parametrize("balancer", BALANCERS)
async def test_choosing_a_node_costs_the_same_with_many_nodes(known: Known, balancer: Callable[[], Any]) -> None:
    counts = []
    for size in (20, 1000):
        cluster = await known(size)
        cluster.balancer = balancer()
        counts.append(Instructions().of(cluster.pick))
    assert counts[1] <= counts[0] * 1.05


async def test_choosing_another_node_than_one_that_failed_costs_the_same(known: Known) -> None:
    counts = []
    for size in (20, 1000):
        cluster = await known(size)
        failed = cluster.up[:1]
        counts.append(Instructions().of(lambda: cluster.pick(None, failed)))  # noqa: B023 - called here
        assert all(cluster.pick(None, failed) not in failed for _ in range(100))
    assert counts[1] <= counts[0] * 1.05


async def test_another_node_is_found_where_the_balancer_insists_on_one_that_failed(known: Known) -> None:
    for size in (5, 50):
        cluster = await known(size)
        cluster.balancer = mock.Mock(pick=lambda nodes: nodes[0])
        assert cluster.pick(None, cluster.up[:2]) is cluster.up[2]
        assert cluster.pick(None, cluster.up) in cluster.up


async def test_choosing_among_nodes_that_just_came_back_costs_the_same(known: Known) -> None:
    counts = []
    for size in (20, 1000):
        cluster = await known(size)
        for node in cluster.up:
            node.back_since = cluster.loop.time() + 1000
        counts.append(Instructions().of(cluster.pick))
    assert counts[1] <= counts[0] * 1.05


async def test_a_node_that_came_back_is_spared_among_many(known: Known) -> None:
    cluster = await known(50)
    returned = cluster.up[7]
    returned.back_since = cluster.loop.time() + 1000
    assert sum(cluster.pick() is returned for _ in range(2000)) < 20


async def test_finding_a_keys_owner_costs_the_same_with_many_nodes(known: Known) -> None:
    counts = []
    for size in (20, 1000):
        cluster = await known(size)
        learn_ring(cluster)
        cluster.pick(kv.RpbGetReq(bucket=b"b", key=b"k"))  # indexes the nodes' names
        request = kv.RpbGetReq(bucket=b"b", key=b"k")
        counts.append(Instructions().of(lambda: cluster.pick(request)))  # noqa: B023 - called here
    assert counts[0] == counts[1]


async def test_an_owner_that_goes_down_is_not_picked_and_is_when_it_is_back(known: Known) -> None:
    cluster = await known(50)
    learn_ring(cluster)
    request = kv.RpbGetReq(bucket=b"b", key=b"k")
    owner = cluster.pick(request)
    assert owner is not None
    assert cluster.pick(request) is owner
    assert cluster.pick(request, [owner]) is not owner
    cluster._forget(owner)
    assert cluster.pick(request) is not owner
    cluster.nodes[owner.address] = owner
    cluster._mark_up(owner)
    assert cluster.pick(request) is owner


async def test_a_discovery_step_grows_with_the_number_of_nodes_and_no_faster(known: Known) -> None:
    counts = []
    for size in (500, 1000):
        cluster = await known(size)
        counts.append(await Instructions().of_step(cluster._discover_once))
    assert counts[1] < counts[0] * 2.1


def test_the_benchmark_prints_a_line_for_each_size(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["many_nodes", "--nodes", "2", "3"])
    main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["nodes", "2", "3"]
