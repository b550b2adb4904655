"""Random programs of tasks, cancellations, faults and node churn, held to the model of the client."""

from __future__ import annotations

import asyncio
import os
import sys
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aioriak import HedgePolicy
from tests.simulation.loop import VirtualLoop
from tests.trust.model import KEYS, Model

ALL = bool(os.environ.get("AIORIAK_TEST_ALL"))

OPERATIONS = ("get", "put", "data type update", "data type fetch", "list keys", "ping", "*")
FAULTS = ("before", "middle", "after", "garbage", "error", "delay", "hang", "refuse")
QUICK = ("before", "middle", "after", "garbage", "error", "refuse")
CHURN = ("kill", "start", "freeze", "thaw", "restart")


class Programs(RuleBasedStateMachine):
    """Programs in virtual time, on asyncio in debug mode."""

    eager = False
    hedge: HedgePolicy | None = None

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.loop.set_debug(True)
        if self.eager and sys.version_info >= (3, 12):
            self.loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[arg-type]
        self.model = Model(self.loop, self.hedge)

    @rule(key=st.sampled_from(KEYS), count=st.integers(1, 3))
    def put(self, key: str, count: int) -> None:
        for _ in range(count):
            self.model.begin(self.model.put, key)

    @rule(key=st.sampled_from(KEYS), count=st.integers(1, 6))
    def get(self, key: str, count: int) -> None:
        for _ in range(count):
            self.model.begin(self.model.get, key)

    @rule()
    def increment(self) -> None:
        self.model.begin(self.model.increment)

    @rule(member=st.sampled_from("xyz"))
    def add(self, member: str) -> None:
        self.model.begin(self.model.add, member)

    @rule(stop_after=st.sampled_from((None, 1, 2)))
    def keys(self, stop_after: int | None) -> None:
        self.model.begin(self.model.keys, stop_after)

    @rule(number=st.integers(0, 20))
    def cancel(self, number: int) -> None:
        self.model.cancel(number)

    @rule(kind=st.sampled_from(FAULTS), operation=st.sampled_from(OPERATIONS))
    def fault(self, kind: str, operation: str) -> None:
        self.model.fault(kind, operation)

    @rule(number=st.integers(0, 2), what=st.sampled_from(CHURN))
    def churn(self, number: int, what: str) -> None:
        self.model.churn(number, what)

    @rule(seconds=st.sampled_from((0.0, 0.0, 0.001, 0.1, 1.0, 6.0, 20.0)))
    def wait(self, seconds: float) -> None:
        self.model.wait(seconds)

    @invariant()
    def holds(self) -> None:
        self.model.holds()

    def teardown(self) -> None:
        try:
            self.model.end()
            assert not self.loop.timers, self.loop.timers
            assert not self.loop.network.open_links(), self.loop.network.open_links()
        finally:
            self.loop.close()


class HedgedPrograms(Programs):
    """The same with reads that are sent to a second node soon."""

    hedge = HedgePolicy(percentile=0.5, at_least=0.0, budget=1.0)


class EagerPrograms(Programs):
    """The same with tasks that start at once."""

    eager = True


LIMITS = settings(
    max_examples=1500 if ALL else 30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPrograms = Programs.TestCase
TestPrograms.settings = LIMITS

TestHedgedPrograms = HedgedPrograms.TestCase
TestHedgedPrograms.settings = LIMITS

if sys.version_info >= (3, 12):
    TestEagerPrograms = EagerPrograms.TestCase
    TestEagerPrograms.settings = LIMITS


def act(model: Model, random: Random) -> None:
    """One random step, without long waits."""
    match random.randrange(10):
        case 0 | 1:
            model.begin(model.put, random.choice(KEYS))
        case 2 | 3 | 4:
            model.begin(model.get, random.choice(KEYS))
        case 5:
            model.begin(model.increment)
        case 6:
            model.begin(model.keys, random.choice((None, 1)))
        case 7:
            model.cancel(random.randrange(20))
        case 8:
            model.fault(random.choice(QUICK), random.choice(OPERATIONS))
        case _:
            model.churn(random.randrange(3), random.choice(("restart", "freeze", "thaw", "thaw")))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_random_programs_on_real_sockets(kind: str, seed: int) -> None:
    loop: Any = pytest.importorskip("uvloop").new_event_loop() if kind == "uvloop" else asyncio.new_event_loop()
    random = Random(seed)
    model = Model(loop, HedgePolicy(at_least=0.0, budget=1.0) if seed % 2 else None)
    try:
        for _ in range(60):
            act(model, random)
            model.wait(random.choice((0, 0, 0.001, 0.01)))
            model.holds()
        model.end()
    finally:
        loop.close()
