"""Sets and maps as clients of Riak know them."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.testing.crdt import Clock, Junk, Map, MapChange, NotPresent, ORSet, SetChange

COUNTER, FLAG, MAP, REGISTER, SET = (
    (b"f", kind) for kind in ("counter", "flag", "map", "register", "set")
)


def changed(*updates: tuple[tuple[bytes, str], Any]) -> Map:
    return Map().update(MapChange(updates=updates), b"n", now=1)


def test_an_add_that_the_removal_had_not_seen_stays() -> None:
    first = ORSet().update(SetChange([b"a"]), b"n")
    second = first.update(SetChange([b"a"]), b"n")
    assert second.update(SetChange(removes=[b"a"]), b"n", first.context()).value() == [b"a"]
    assert second.update(SetChange(removes=[b"a"]), b"n", second.context()).value() == []


def test_removing_what_is_not_there_is_an_error_only_without_a_context() -> None:
    some = ORSet().update(SetChange([b"a"]), b"n")
    with pytest.raises(NotPresent) as absent:
        some.update(SetChange([b"b"], [b"z"]), b"n")
    assert absent.value.what == b"z"
    assert some.value() == [b"a"]
    assert some.update(SetChange(removes=[b"z"]), b"n", some.context()).value() == [b"a"]


def test_a_removal_with_no_context_takes_what_is_there() -> None:
    assert ORSet().update(SetChange([b"a", b"b"]), b"n").update(SetChange(removes=[b"a"]), b"n").value() == [b"b"]


def test_members_are_added_before_others_are_removed() -> None:
    assert ORSet().update(SetChange([b"a"], [b"a"]), b"n").value() == []


def test_a_removal_at_a_replica_that_lags_waits_for_what_it_removes() -> None:
    full = ORSet().update(SetChange([b"a", b"b"]), b"n")
    lagging = ORSet().update(SetChange(removes=[b"a"]), b"m", full.context())
    assert lagging.value() == []
    assert list(lagging.deferred) == [full.context()]
    met = ORSet.from_bytes(lagging.to_bytes()).merge(full)
    assert met.value() == [b"b"]
    assert not met.deferred


def test_a_context_is_never_empty_and_comes_back() -> None:
    for clock in (Clock(), Clock({b"n": 300, b"m": 1})):
        assert clock.to_bytes()
        assert Clock.from_bytes(clock.to_bytes()) == clock


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x01v", b"\x01v\x01\x01n\x00", b"\x01v\x00\x00", b"\x02v\x00"])
def test_a_junk_context_is_told_from_one_of_ours(junk: bytes) -> None:
    with pytest.raises(Junk):
        Clock.from_bytes(junk)


def test_a_map_nests_every_type_to_any_depth() -> None:
    inner = MapChange(
        updates=[
            (COUNTER, -2), (FLAG, True), (REGISTER, b"v"), (SET, SetChange([b"b", b"a"])),
            (MAP, MapChange(updates=[(COUNTER, 1)])),
        ]
    )
    assert changed((MAP, inner)).value() == {
        MAP: {COUNTER: -2, FLAG: True, MAP: {COUNTER: 1}, REGISTER: b"v", SET: [b"a", b"b"]}
    }


def test_emptied_sets_and_disabled_flags_are_still_fields() -> None:
    some = changed((SET, SetChange([b"a"])), (FLAG, True))
    emptied = some.update(
        MapChange(updates=[(SET, SetChange(removes=[b"a"])), (FLAG, False)]), b"n", some.context()
    )
    assert emptied.value() == {FLAG: False, SET: []}


def test_a_field_updated_while_it_is_removed_keeps_only_the_update() -> None:
    base = changed((SET, SetChange([b"old"])))
    updated = base.update(MapChange(updates=[(SET, SetChange([b"new"]))]), b"n", base.context())
    removed = updated.update(MapChange(removes=[SET]), b"n", base.context())
    assert removed.value() == {SET: [b"new"]}


def test_a_change_that_removes_and_updates_a_field_starts_it_afresh() -> None:
    base = changed((COUNTER, 5), (SET, SetChange([b"1"])))
    change = MapChange(removes=[COUNTER, SET], updates=[(COUNTER, 1), (SET, SetChange([b"2"]))])
    for context in (None, base.context()):
        assert base.update(change, b"n", context).value() == {COUNTER: 1, SET: [b"2"]}


def test_a_field_may_be_changed_twice_in_one_change() -> None:
    assert changed((FLAG, False), (FLAG, True), (COUNTER, 1), (COUNTER, 1)).value() == {FLAG: True, COUNTER: 2}


def test_nothing_of_a_change_happens_when_part_of_it_cannot() -> None:
    base = changed((COUNTER, 1))
    with pytest.raises(NotPresent) as absent:
        base.update(MapChange(removes=[COUNTER, REGISTER], updates=[(FLAG, True)]), b"n")
    assert absent.value.what == REGISTER
    assert base.value() == {COUNTER: 1}


def test_a_counter_counted_on_by_its_own_actor_survives_a_removal_whole() -> None:
    base = changed((COUNTER, 3))
    counted = base.update(MapChange(updates=[(COUNTER, 1)]), b"n")
    assert counted.update(MapChange(removes=[COUNTER]), b"n", base.context()).value() == {COUNTER: 4}


def test_of_two_registers_the_later_wins_and_at_one_time_the_greater() -> None:
    for times, value in (((5, 4), b"a"), ((4, 5), b"b"), ((4, 4), b"b")):
        here = Map().update(MapChange(updates=[(REGISTER, b"a")]), b"n", now=times[0])
        there = Map().update(MapChange(updates=[(REGISTER, b"b")]), b"m", now=times[1])
        assert here.merge(there).value() == there.merge(here).value() == {REGISTER: value}
    late = Map().update(MapChange(updates=[(REGISTER, b"late")]), b"n", now=9)
    assert late.update(MapChange(updates=[(REGISTER, b"early")]), b"n", now=3).value() == {REGISTER: b"late"}


def test_a_removal_deep_in_a_map_waits_even_when_the_fields_above_it_go() -> None:
    full = changed((MAP, MapChange(updates=[(SET, SetChange([b"a", b"b"]))])))
    inner = MapChange(updates=[(MAP, MapChange(updates=[(SET, SetChange(removes=[b"a"]))]))])
    lagging = Map().update(inner, b"m", full.context())
    cleared = Map.from_bytes(lagging.to_bytes()).update(MapChange(removes=[MAP]), b"m", lagging.context())
    assert cleared.value() == {}
    assert cleared.merge(full).value() == {MAP: {SET: [b"b"]}}


def test_a_state_nested_beyond_all_measure_is_junk() -> None:
    level = b"\x01\x01f\x02" + b"\x01\x01n\x01"
    with pytest.raises(Junk):
        Map.from_bytes(b"\x01m\x01\x01n\x01" + level * 20_000)


def test_removals_under_several_contexts_all_wait() -> None:
    first = ORSet().update(SetChange([b"a"]), b"n")
    second = first.update(SetChange([b"b", b"c"]), b"n")
    lagging = ORSet().update(SetChange(removes=[b"a"]), b"m", first.context())
    lagging = lagging.update(SetChange(removes=[b"b"]), b"m", second.context())
    assert len(lagging.deferred) == 2
    half = lagging.merge(first)
    assert list(half.deferred) == [second.context()]
    assert half.merge(second).value() == lagging.merge(second).value() == [b"c"]
