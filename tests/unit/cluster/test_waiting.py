"""Deadlines come out in their order, each once, and those that do not wait any more never."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aioriak.cluster.waiting import Deadlines

DEADLINES = st.integers(0, 20).map(float)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), DEADLINES),
        st.tuples(st.just("leave"), st.integers(0, 100)),
        st.tuples(st.just("expire"), DEADLINES),
    ),
    max_size=60,
)


def request(deadline: float) -> Any:
    return SimpleNamespace(deadline=deadline)


@given(STEPS)
def test_what_waits_expires_in_the_order_of_deadlines_and_of_arrival(steps: list[tuple[str, float]]) -> None:
    waiting: list[Any] = []
    deadlines = Deadlines(lambda exchange: any(exchange is one for one in waiting))
    for what, value in steps:
        if what == "add":
            waiting.append(request(value))
            deadlines.add(waiting[-1], len(waiting))
        elif what == "leave" and waiting:
            waiting.pop(int(value) % len(waiting))
        elif what == "expire":
            expected = sorted((one for one in waiting if one.deadline <= value), key=lambda one: one.deadline)
            assert [id(one) for one in deadlines.expired(value)] == [id(one) for one in expected]
            waiting = [one for one in waiting if one.deadline > value]
        assert deadlines.next == min((one.deadline for one in waiting), default=None)
        assert len(deadlines) <= 2 * len(waiting) + 65 or what != "add"


def test_they_do_not_outgrow_what_waits() -> None:
    waiting: list[Any] = []
    deadlines = Deadlines(lambda exchange: exchange in waiting)
    for number in range(2000):
        waiting[:] = [request(float(number % 7) if number % 3 else number)]
        deadlines.add(waiting[0], 1)
        assert len(deadlines) <= 67


def test_those_of_equal_timeouts_are_kept_in_a_queue() -> None:
    deadlines = Deadlines(lambda exchange: True)
    for number in range(100):
        deadlines.add(request(float(number // 2)), number)
    assert (len(deadlines._in_order), len(deadlines._others)) == (100, 0)
    deadlines.add(request(3.0), 100)
    assert (len(deadlines._in_order), len(deadlines._others)) == (100, 1)
    deadlines.clear()
    assert deadlines.next is None
