"""Laws of the development server's vector clocks, and of objects written under them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.vclock import FRESH, InvalidClock, VClock

bounded = settings(max_examples=100, deadline=None)

ACTORS = [b"a", b"bb", b"\x00c"]
clocks = st.dictionaries(
    st.sampled_from(ACTORS), st.tuples(st.integers(1, 6), st.integers(0, 2**40)), max_size=3
).map(VClock)


@bounded
@given(clocks)
def test_a_clock_survives_its_encoding(clock):
    again = VClock.decode(clock.encode())
    assert again == clock
    assert again.entries == clock.entries


@bounded
@given(clocks.filter(lambda clock: clock.entries), st.data())
def test_a_clock_that_was_tampered_with_is_refused(clock, data):
    encoded = bytearray(clock.encode())
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidClock):
        VClock.decode(bytes(encoded))


@bounded
@given(st.binary(min_size=1, max_size=60))
def test_junk_is_no_clock(junk):
    with pytest.raises(InvalidClock):
        VClock.decode(junk)


@bounded
@given(clocks.filter(lambda clock: clock.entries), st.integers(1, 20))
def test_half_a_clock_is_no_clock(clock, cut):
    with pytest.raises(InvalidClock):
        VClock.decode(clock.encode()[:-cut] or b"?")


@bounded
@given(clocks, clocks, clocks)
def test_merging_is_the_least_upper_bound(one, two, three):
    merged = one.merge(two)
    assert merged.descends(one)
    assert merged.descends(two)
    assert merged == two.merge(one)
    assert merged.merge(three) == one.merge(two.merge(three)) == three.merge(two).merge(one)
    if three.descends(one) and three.descends(two):
        assert three.descends(merged)


@bounded
@given(clocks, clocks)
def test_of_two_clocks_one_descends_the_other_or_they_are_concurrent(one, two):
    assert one.dominates(two) == (one.descends(two) and one != two)
    assert (one == two) == (one.descends(two) and two.descends(one))
    assert not (one.dominates(two) and two.dominates(one))
    assert hash(one) == hash(two) or one != two


@bounded
@given(clocks, st.sampled_from(ACTORS))
def test_a_write_makes_a_clock_that_has_seen_more(clock, actor):
    after = clock.increment(actor, 1)
    assert after.dominates(clock)
    assert after.has_seen((actor, after.count(actor)))
    assert not clock.has_seen((actor, after.count(actor)))


@bounded
@given(clocks, st.integers(0, 3), st.integers(0, 3), st.integers(0, 100), st.integers(0, 100))
def test_pruning_only_forgets_and_forgets_the_oldest_first(clock, small, big, young, old):
    pruned = clock.prune(2**41, small=small, big=big, young=young, old=old)
    assert set(pruned.entries.items()) <= set(clock.entries.items())
    forgotten = set(clock.entries) - set(pruned.entries)
    assert len(pruned.entries) >= min(small, len(clock.entries))
    assert not forgotten or not pruned.entries or (
        max(clock.entries[actor][1] for actor in forgotten) <= min(entry[1] for entry in pruned.entries.values())
    )


def test_pruning_leaves_young_clocks_alone():
    clock = VClock(dict.fromkeys(ACTORS, (1, 100)))
    assert clock.prune(110, small=1, big=1, young=20, old=1000) == clock
    assert len(clock.prune(130, small=1, big=1, young=20, old=1000).entries) == 1


# Several clients read and write one key through several coordinators.  A write
# replaces exactly the values that its writer had read: kept here by hand, in
# sets of write numbers, and by the server in dots.
steps = st.lists(
    st.tuples(st.sampled_from(["read", "write"]), st.integers(0, 3), st.sampled_from(ACTORS)), max_size=30
)


@bounded
@given(steps)
def test_a_write_replaces_what_its_writer_had_read_and_nothing_else(steps):
    obj: RiakObj | None = None
    alive: set[bytes] = set()
    read_by: dict[int, tuple[VClock, set[bytes]]] = {}
    for number, (what, client, actor) in enumerate(steps):
        if what == "read":
            if obj is not None:
                read_by[client] = (obj.vclock, set(alive))
            continue
        clock, seen = read_by.get(client, (FRESH, set()))
        value = b"%d" % number
        obj = RiakObj([Content(value)], clock).written_over(obj, actor, number)
        alive = (alive - seen) | {value}
        assert {content.value for content in obj.contents} == alive
        assert all(obj.vclock.has_seen(content.dot) for content in obj.contents)


@bounded
@given(steps)
def test_replicas_that_exchange_everything_agree(steps):
    common = RiakObj([Content(b"common")]).written_over(None, b"start", 0)
    replicas = dict.fromkeys(ACTORS, common)
    for number, (what, _, actor) in enumerate(steps):
        clock = replicas[actor].vclock if what == "read" else FRESH
        replicas[actor] = RiakObj([Content(b"%d" % number)], clock).written_over(replicas[actor], actor, number)
    one, two, three = replicas.values()
    results = [one.merged_with(two).merged_with(three), three.merged_with(one.merged_with(two)),
               two.merged_with(three).merged_with(one), one.merged_with(one).merged_with(three).merged_with(two)]
    for result in results:
        assert {c.value for c in result.contents} == {c.value for c in results[0].contents}
        assert len({c.value for c in result.contents}) == len(result.contents)
        assert result.vclock == results[0].vclock
