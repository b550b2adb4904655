"""Data types without a context: counters, grow-only sets, HyperLogLogs."""

from __future__ import annotations

import math

import pytest

from aioriak.testing.crdt import DEFAULT_PRECISION, GSet, HyperLogLog, Junk, ORSet, PNCounter
from aioriak.testing.crdt.codec import VERSION


def many(n: int, precision: int = DEFAULT_PRECISION) -> HyperLogLog:
    return HyperLogLog(precision).update((b"%d" % i for i in range(n)), b"")


def test_a_counter_counts_up_and_down_beyond_64_bits() -> None:
    counter = PNCounter().update(2**70, b"n").update(-3, b"m").update(0, b"x")
    assert counter.value() == 2**70 - 3
    assert PNCounter.from_bytes(counter.to_bytes()) == counter
    assert not PNCounter.context(counter)  # type: ignore[func-returns-value]


def test_counting_at_two_replicas_adds_up_once() -> None:
    base = PNCounter().update(5, b"n")
    here, there = base.update(1, b"n"), base.update(-7, b"m")
    assert here.merge(there).merge(here).value() == -1


def test_a_grow_only_set_keeps_every_member_in_order() -> None:
    grown = GSet().update([b"b", b"a"], b"").merge(GSet().update([b"\xff", b"a"], b""))
    assert grown.value() == [b"a", b"b", b"\xff"]


def test_small_numbers_are_estimated_exactly() -> None:
    assert HyperLogLog().value() == 0
    assert many(100).value() == many(100).merge(many(50)).value() == 100


@pytest.mark.parametrize("precision", [4, 10, 14, 16])
@pytest.mark.parametrize("n", [1000, 30_000])
def test_an_estimate_is_within_four_standard_errors(precision: int, n: int) -> None:
    assert abs(many(n, precision).value() - n) <= 4 * 1.04 / math.sqrt(2**precision) * n


@pytest.mark.parametrize("precision", [3, 17])
def test_a_precision_that_riak_does_not_have_is_refused(precision: int) -> None:
    with pytest.raises(ValueError):
        HyperLogLog(precision)


def test_a_reduced_precision_is_what_adding_at_it_would_have_given() -> None:
    assert many(5000, 16).reduced(9) == many(5000, 9)
    assert many(5000, 16).merge(many(5000, 9)) == many(5000, 9)
    assert many(10, 9).reduced(12) == many(10, 9)


def test_few_things_take_few_bytes() -> None:
    assert len(many(10).to_bytes()) < 50
    assert len(many(100_000).to_bytes()) <= 2**DEFAULT_PRECISION + 8


@pytest.mark.parametrize("kind", [PNCounter, GSet, ORSet, HyperLogLog])
def test_another_version_or_another_type_is_junk(kind: type[PNCounter | GSet | ORSet | HyperLogLog]) -> None:
    good = kind().to_bytes()
    assert good[0] == VERSION
    for bad in (b"", bytes((VERSION + 1,)) + good[1:], good[:1] + b"?" + good[2:]):
        with pytest.raises(Junk):
            kind.from_bytes(bad)


@pytest.mark.parametrize("junk", [b"\x01c\x80\x00", b"\x01c\x02\x01b\x00\x00\x01a\x00\x00", b"\x01g\x02\x01a\x01a"])
def test_a_second_form_of_the_same_state_is_junk(junk: bytes) -> None:
    with pytest.raises(Junk):
        (PNCounter if junk[1:2] == b"c" else GSet).from_bytes(junk)
