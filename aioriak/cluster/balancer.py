"""Balancers: which node gets the next request."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from aioriak.cluster.node import Node


class Balancer(Protocol):
    """Picks one of several nodes that are up.

    ``pick`` is called on the way of every request of a client with several nodes: it must be quick
    and must not wait.  ``observe`` is told how long each answer took when ``wants_latency`` is true.
    """

    wants_latency: bool

    def pick(self, nodes: Sequence[Node]) -> Node:
        """Return one of ``nodes``, which are at least two."""

    def observe(self, node: Node, seconds: float) -> None:
        """Note the latency of a reply of ``node``, in seconds."""


class TwoChoices:
    """The less loaded of two nodes drawn at random: close to the least loaded of all, and no herd."""

    wants_latency = False

    def __init__(self, rng: Random | None = None) -> None:
        self._rng = rng or Random()

    def pick(self, nodes: Sequence[Node]) -> Node:
        """Return the one of two nodes with less in flight."""
        first, second = _two(self._rng, nodes)
        return first if first.load <= second.load else second

    def observe(self, node: Node, seconds: float) -> None:
        """Ignore the latency: the load is enough."""


class RoundRobin:
    """One node after the other."""

    wants_latency = False

    def __init__(self) -> None:
        self._next = 0

    def pick(self, nodes: Sequence[Node]) -> Node:
        """Return the next node."""
        self._next = (self._next + 1) % len(nodes)
        return nodes[self._next]

    def observe(self, node: Node, seconds: float) -> None:
        """Ignore the latency: every node has its turn."""


class LatencyAware:
    """Of two nodes drawn at random, the one expected to answer sooner.

    The expected time is an exponentially weighted moving average of the node's latencies, multiplied by its
    requests in flight.  ``weight`` is the weight of the newest latency.
    """

    wants_latency = True

    def __init__(self, rng: Random | None = None, weight: float = 0.1) -> None:
        self._rng = rng or Random()
        self._weight = weight
        self._averages: dict[str, float] = {}

    def pick(self, nodes: Sequence[Node]) -> Node:
        """Return the one of two nodes whose queue is expected to be shorter in time."""
        first, second = _two(self._rng, nodes)
        return first if self._expected(first) <= self._expected(second) else second

    def observe(self, node: Node, seconds: float) -> None:
        """Move the node's average."""
        before = self._averages.get(node.name, seconds)
        self._averages[node.name] = before + self._weight * (seconds - before)

    def average(self, node: Node) -> float:
        """Return the average latency of the node in seconds, 0 while unknown."""
        return self._averages.get(node.name, 0.0)

    def _expected(self, node: Node) -> float:
        return self.average(node) * (node.load + 1)


def _two(rng: Random, nodes: Sequence[Node]) -> tuple[Node, Node]:
    count = len(nodes)
    one = int(rng.random() * count)
    other = int(rng.random() * (count - 1))
    return nodes[one], nodes[other + (other >= one)]
