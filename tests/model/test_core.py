"""Random programs against the pool, the connection and the dispatcher; see :mod:`tests.model.model`."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.model.model import KINDS, TIMEOUTS, Model
from tests.model.program import ERRORS, GARBAGE, TURNS, WAITS, finish, run

ALL = bool(os.environ.get("AIORIAK_TEST_ALL"))

numbers = st.integers(0, 5)
turns = st.sampled_from(TURNS)


class Core(RuleBasedStateMachine):
    """Programs of up to some fifty steps."""

    eager = False
    model: Model

    @initialize(
        nodes=st.integers(1, 2), max_size=st.integers(1, 3), max_in_flight=st.sampled_from((1, 2, 4)),
        min_size=st.integers(0, 1), max_lifetime=st.sampled_from((None, 8.0)),
        idle_timeout=st.sampled_from((None, 6.0)), load_balancer=st.booleans(), serves=st.booleans(),
    )  # fmt: skip
    def make(self, serves: bool, load_balancer: bool, nodes: int, **options: Any) -> None:
        self.model = Model(nodes=nodes, load_balancer=load_balancer and nodes == 1, eager=self.eager, **options)
        for number in range(nodes):
            self.model.serve(number, serves)

    @rule(kind=st.sampled_from(list(KINDS)), count=st.integers(1, 3), timeout=st.sampled_from(TIMEOUTS),
          repeating=st.booleans(), turns=turns)  # fmt: skip
    def call(self, kind: str, count: int, timeout: float, repeating: bool, turns: int | None) -> None:
        for _ in range(count - 1):
            self.model.act(self.model.call, kind, timeout, repeating, turns=0)
        self.model.act(self.model.call, kind, timeout, repeating, turns=turns)

    @rule(count=st.integers(1, 5), timeout=st.sampled_from(TIMEOUTS), turns=turns)
    def get(self, count: int, timeout: float, turns: int | None) -> None:
        self.call.__wrapped__(self, "get", count, timeout, False, turns)  # type: ignore[attr-defined]

    @rule(number=numbers, turns=turns)
    def cancel(self, number: int, turns: int | None) -> None:
        self.model.act(self.model.cancel, number, turns=turns)

    @rule(timeout=st.sampled_from(TIMEOUTS), turns=turns)
    def stream(self, timeout: float, turns: int | None) -> None:
        self.model.act(self.model.stream, timeout, turns=turns)

    @rule(number=numbers, turns=turns)
    def step(self, number: int, turns: int | None) -> None:
        self.model.act(self.model.step, number, turns=turns)

    @rule(number=numbers, leave=st.booleans(), turns=turns)
    def stop_reading(self, number: int, leave: bool, turns: int | None) -> None:
        self.model.act(self.model.leave if leave else self.model.cancel_step, number, turns=turns)

    @rule(number=numbers, count=st.integers(1, 4), part=st.sampled_from((1.0, 1.0, 0.5)), turns=turns)
    def reply(self, number: int, count: int, part: float, turns: int | None) -> None:
        self.model.act(self.model.reply, number, count, part, turns=turns)

    @rule(number=numbers, count=st.sampled_from((1, 2, 5)), done=st.booleans(), turns=turns)
    def message(self, number: int, count: int, done: bool, turns: int | None) -> None:
        self.model.act(self.model.message, number, count, done, turns=turns)

    @rule(number=numbers, turns=turns)
    def unasked(self, number: int, turns: int | None) -> None:
        self.model.act(self.model.unasked, number, turns=turns)

    @rule(number=numbers, error=st.sampled_from(ERRORS), turns=turns)
    def refuse(self, number: int, error: str, turns: int | None) -> None:
        self.model.act(self.model.refuse, number, error, turns=turns)

    @rule(number=numbers, data=st.sampled_from(GARBAGE), answer=st.booleans(), turns=turns)
    def garbage(self, number: int, data: bytes, answer: bool, turns: int | None) -> None:
        self.model.act(self.model.garbage, number, data, answer, turns=turns)

    @rule(number=numbers, reset=st.booleans(), turns=turns)
    def lose(self, number: int, reset: bool, turns: int | None) -> None:
        self.model.act(self.model.lose, number, ConnectionResetError() if reset else None, turns=turns)

    @rule(number=numbers)
    def hang_up(self, number: int) -> None:
        self.model.act(self.model.hang_up, number)

    @rule(number=numbers, turns=turns)
    def block(self, number: int, turns: int | None) -> None:
        self.model.act(self.model.block, number, turns=turns)

    @rule(number=numbers, accepts=st.sampled_from((True, True, False, None)))
    def listen(self, number: int, accepts: bool | None) -> None:
        self.model.act(self.model.listen, number, accepts)

    @rule(number=numbers, accepted=st.booleans(), turns=turns)
    def settle_call(self, number: int, accepted: bool, turns: int | None) -> None:
        self.model.act(self.model.settle_call, number, accepted, turns=turns)

    @rule(number=numbers, answers=st.booleans(), turns=turns)
    def serve(self, number: int, answers: bool, turns: int | None) -> None:
        self.model.act(self.model.serve, number, answers, turns=turns)

    @rule(number=numbers, turns=turns)
    def lease(self, number: int, turns: int | None) -> None:
        self.model.act(self.model.lease, number, turns=turns)

    @rule(number=numbers, keep=st.booleans(), turns=turns)
    def give_back(self, number: int, keep: bool, turns: int | None) -> None:
        self.model.act(self.model.give_back, number, keep, turns=turns)

    @rule(number=numbers, all_nodes=st.booleans())
    def retire(self, number: int, all_nodes: bool) -> None:
        self.model.act(self.model.introduce if all_nodes else self.model.retire, number)

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: float) -> None:
        self.model.wait(seconds)

    @rule(seconds=st.sampled_from(WAITS))
    def wait_again(self, seconds: float) -> None:
        self.model.wait(seconds)

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        try:
            finish(self.model, len(self.model.names) % 4)
        finally:
            self.model.dispose()


class EagerCore(Core):
    """The same with tasks that start at once."""

    eager = True


LIMITS = settings(
    max_examples=1000 if ALL else 100, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCore = Core.TestCase
TestCore.settings = LIMITS

if sys.version_info >= (3, 12):
    TestEagerCore = EagerCore.TestCase
    TestEagerCore.settings = LIMITS


SEEDS = 4000 if ALL else 300
"""Programs of each test below."""


@pytest.mark.parametrize("part", range(6))
def test_programs_from_seeds(part: int) -> None:
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        run(seed)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are of Python 3.12")
@pytest.mark.parametrize("part", range(2))
def test_programs_from_seeds_with_eager_tasks(part: int) -> None:
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        run(seed, eager=True)
