"""Which node a balancer picks."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from aioriak.cluster.balancer import LatencyAware, RoundRobin, TwoChoices


class FakeNode:
    def __init__(self, name: str, load: int = 0) -> None:
        self.name = name
        self.load = load


def nodes(*loads: int) -> list[Any]:
    return [FakeNode(str(number), load) for number, load in enumerate(loads)]


def picked(balancer: Any, among: list[Any], times: int) -> Counter[str]:
    return Counter(balancer.pick(among).name for _ in range(times))


def test_two_choices_never_takes_the_most_loaded_of_two() -> None:
    assert picked(TwoChoices(Random(1)), nodes(5, 0), 200) == {"1": 200}


def test_two_choices_spreads_over_nodes_of_one_load() -> None:
    counts = picked(TwoChoices(Random(1)), nodes(3, 3, 3, 3), 4000)
    assert all(800 < counts[name] < 1200 for name in "0123")


def test_two_choices_leaves_out_the_most_loaded_of_several() -> None:
    counts = picked(TwoChoices(Random(1)), nodes(0, 1, 2, 9), 1000)
    assert counts["3"] == 0
    assert counts["0"] > counts["1"] > counts["2"] > 0


def test_round_robin_gives_each_its_turn() -> None:
    assert picked(RoundRobin(), nodes(9, 0, 4), 300) == {"0": 100, "1": 100, "2": 100}


def test_round_robin_goes_on_when_a_node_is_gone() -> None:
    balancer = RoundRobin()
    three = nodes(0, 0, 0)
    for _ in range(3):
        balancer.pick(three)
    assert picked(balancer, three[:1], 2) == {"0": 2}


def test_latency_aware_prefers_the_node_that_answers_sooner() -> None:
    balancer = LatencyAware(Random(1))
    slow, quick = nodes(0, 0)
    for _ in range(20):
        balancer.observe(slow, 0.2)
        balancer.observe(quick, 0.01)
    assert picked(balancer, [slow, quick], 100) == {"1": 100}


def test_latency_aware_takes_the_slower_node_when_the_quick_one_has_a_queue() -> None:
    balancer = LatencyAware(Random(1))
    slow, quick = nodes(0, 30)
    balancer.observe(slow, 0.2)
    balancer.observe(quick, 0.01)
    assert picked(balancer, [slow, quick], 10) == {"0": 10}


def test_latency_aware_forgets_what_was_long_ago() -> None:
    balancer = LatencyAware(Random(1), weight=0.5)
    (node,) = nodes(0)
    balancer.observe(node, 1.0)
    for _ in range(20):
        balancer.observe(node, 0.1)
    assert abs(balancer.average(node) - 0.1) < 0.01
