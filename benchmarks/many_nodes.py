"""Measure what many nodes cost a client: ``python -m benchmarks.many_nodes``.

For clusters of several sizes it prints how long a discovery step takes that finds all nodes, one that finds nothing
new, and how long the choice of a node takes: of any node, of another than one that failed, and of a key's owner.
No connection is opened.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import time
from collections.abc import Callable
from random import Random
from typing import Any
from unittest import mock

from aioriak.cluster.cluster import Cluster
from aioriak.cluster.node import Node
from aioriak.config import Address, Discovery, Settings
from aioriak.riak_pb import kv
from aioriak.transport.exchange import Exchange

SIZES = (3, 100, 1000)


class Members:
    """Answers every question for the members of a cluster."""

    def __init__(self, count: int) -> None:
        self.addresses = [str(ipaddress.IPv4Address(0x0A000001 + number)) for number in range(count)]

    def send(self, exchange: Exchange) -> None:
        nodes = [kv.RpbClusterMemberEntry(ip=address.encode(), port=8087) for address in self.addresses]
        exchange.reply = kv.RpbMembershipResp(up_nodes=nodes)
        exchange.future.set_result(None)

    def close(self) -> None:
        pass


async def discovered(members: Members, *, key_aware: bool = False) -> Cluster:
    """Return a cluster that knows one of the members."""
    settings = Settings(nodes=(Address(members.addresses[0]),), discovery=Discovery(), key_aware=key_aware)
    return Cluster(asyncio.get_running_loop(), settings, rng=Random(1))


def learn_ring(cluster: Cluster, size: int = 1024) -> None:
    """Let the cluster know the owner of each partition."""
    router = cluster.router
    assert router is not None
    nodes = list(cluster.nodes.values())
    for number, node in enumerate(nodes):
        node.riak_name = f"riak@{number}"
    router.ring_size, router.owners = size, {at: f"riak@{at % len(nodes)}" for at in range(size)}


def microseconds(work: Callable[[], Any], times: int = 2000, rounds: int = 5) -> float:
    """Return the shortest average time of one call."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(times):
            work()
        found.append((time.perf_counter() - started) / times * 1e6)
    return min(found)


async def measure(count: int) -> tuple[float, float, float, float, float]:
    """Milliseconds of two discovery steps, and microseconds of three choices, with so many nodes."""
    members = Members(count)

    async def connect(node: Node, *args: Any) -> Members:
        return members

    with mock.patch.object(Node, "connect", connect):
        first, second = [], []
        for _ in range(5):
            cluster = await discovered(members, key_aware=True)
            for steps in (first, second):
                started = time.perf_counter()
                await cluster._discover_once()
                steps.append((time.perf_counter() - started) * 1e3)
    assert len(cluster.up) == count
    any_node = microseconds(cluster.pick)
    failed = [cluster.up[0]]
    another = microseconds(lambda: cluster.pick(None, failed))
    learn_ring(cluster)
    request = kv.RpbGetReq(bucket=b"users", key=b"ada")
    owner = microseconds(lambda: cluster.pick(request))
    cluster.close()
    return min(first), min(second), any_node, another, owner


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="*", default=list(SIZES), help="sizes of clusters")
    columns = ("all new, ms", "nothing new, ms", "any node, µs", "another, µs", "a key's owner, µs")
    print(f"{'nodes':>6}" + "".join(f"{column:>20}" for column in columns))
    for count in parser.parse_args().nodes:
        figures = asyncio.run(measure(count))
        print(f"{count:>6}" + "".join(f"{figure:>20.2f}" for figure in figures))


if __name__ == "__main__":
    main()
