"""What is staged on data types, before anything is sent: operations and what they leave out."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest

from aioriak.datatypes import TYPES, ContextRequired, Counter, Flag, GSet, Hll, Map, Register, Set
from aioriak.error import InvalidRequest

CONTEXT = b"seen"


def known(**fields: Any) -> Map:
    """A map as it was fetched: ``set_s={"a"}`` is a set named ``s``."""
    value = {(name.partition("_")[2], name.partition("_")[0]): given for name, given in fields.items()}
    return Map(value=value, context=CONTEXT)


@pytest.mark.parametrize("type_name", TYPES)
def test_a_new_one_has_an_empty_value_and_nothing_staged(type_name: str) -> None:
    new = TYPES[type_name]()
    assert new.type_name == type_name
    assert new.value in (0, frozenset(), {}, "", False)
    assert (new.modified, new.to_op(), new.context, new.exists, new.stale) == (False, None, None, False, False)


def test_each_type_says_what_was_staged_and_forgets_it_when_cleared() -> None:
    counter, members, grown, estimate, register, flag = Counter(), Set(), GSet(), Hll(), Register(), Flag()
    counter.increment(5)
    counter.decrement(7)
    members.add("a")
    grown.add("b")
    estimate.add("c")
    register.assign("d")
    flag.enable()
    assert counter.to_op() == ("increment", -2)
    assert members.to_op() == {"adds": ["a"]}
    assert grown.to_op() == {"adds": ["b"]}
    assert estimate.to_op() == {"adds": ["c"]}
    assert register.to_op() == ("assign", "d")
    assert flag.to_op() == "enable"
    for one in (counter, members, grown, estimate, register, flag):
        assert one.modified
        before = one.value
        one.clear()
        assert not one.modified
        assert one.value == before


def test_the_value_stays_as_fetched_and_the_dirty_value_shows_what_is_staged() -> None:
    some = known(counter_c=5, set_s={"a", "b"}, register_r="old", flag_f=True)
    some.counters["c"].increment()
    some.sets["s"].discard("a")
    some.sets["s"].add("c")
    some.registers["r"].assign("new")
    some.flags["f"].disable()
    some.maps["m"].registers["deep"].assign("v")
    assert some.value == {
        ("c", "counter"): 5, ("f", "flag"): True, ("r", "register"): "old", ("s", "set"): frozenset("ab"),
    }
    assert some.dirty_value == {
        ("c", "counter"): 6, ("f", "flag"): False, ("r", "register"): "new", ("s", "set"): frozenset("bc"),
        ("m", "map"): {("deep", "register"): "v"},
    }


def test_counting_up_and_down_by_the_same_stages_nothing() -> None:
    counter = Counter(value=3)
    counter.increment(2)
    counter.decrement(2)
    assert not counter.modified
    assert int(counter) == 3


@pytest.mark.parametrize("wrong", [1.5, "1", True, None])
def test_a_counter_counts_in_whole_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Counter().increment(wrong)


def test_a_counter_does_not_count_beyond_what_one_update_carries() -> None:
    counter = Counter()
    counter.increment(2**63 - 1)
    with pytest.raises(ValueError, match="64 bits"):
        counter.increment()
    assert counter.to_op() == ("increment", 2**63 - 1)


# -- sets ---------------------------------------------------------------------------------


def test_text_and_its_bytes_are_one_member_and_other_bytes_stay_bytes() -> None:
    members = Set()
    members.add("é")
    members.add("é".encode())
    members.add(b"\xff")
    assert members.dirty_value == {"é", b"\xff"}
    assert "é".encode() in members
    assert b"\xff" in members
    assert 5 not in members  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("wrong", [1, None, ("a",)])
def test_a_member_is_text_or_bytes(wrong: Any) -> None:
    for one in (Set(), GSet(), Hll()):
        with pytest.raises(TypeError):
            one.add(wrong)
    with pytest.raises(ValueError, match="surrogates"):
        Set().add("\ud800")


def test_an_add_that_is_taken_back_leaves_nothing_to_send() -> None:
    for members in (Set(), Set(value=["b"], context=CONTEXT)):
        members.add("a")
        members.discard("a")
        assert members.to_op() is None


def test_of_an_add_and_a_removal_of_one_member_the_last_word_is_sent() -> None:
    members = Set(value=["a"], context=CONTEXT)
    members.discard("a")
    members.add("a")
    assert members.to_op() == {"adds": ["a"]}
    members.discard("a")
    assert members.to_op() == {"removes": ["a"]}
    assert members.dirty_value == frozenset()


def test_a_removal_without_a_context_is_refused_at_once_and_stages_nothing() -> None:
    members = Set(value=["a"])
    with pytest.raises(ContextRequired):
        members.discard("a")
    assert not members.modified
    empty = Map()
    with pytest.raises(ContextRequired):
        del empty.sets["s"]
    with pytest.raises(ContextRequired):
        empty.maps["m"].sets["s"].discard("a")
    assert not empty.modified


def test_a_set_is_a_set_of_what_it_will_be() -> None:
    members = Set(value=["a", "b"], context=CONTEXT)
    members.discard("a")
    members.add("c")
    assert len(members) == 2
    assert sorted(members, key=str) == ["b", "c"]
    assert members.dirty_value == set(members) == {"b", "c"}
    assert members | {"d"} == {"b", "c", "d"}


# -- maps ---------------------------------------------------------------------------------


def test_the_views_of_a_map_are_true_mappings() -> None:
    some = known(set_s={"a"}, set_t={"b"}, register_s="r")
    assert isinstance(some, Mapping)
    assert isinstance(some.sets, MutableMapping)
    assert len(some) == 3
    assert len(some.sets) == 2
    assert sorted(some.sets, key=str) == ["s", "t"]
    assert {name: each.value for name, each in some.sets.items()} == {"s": frozenset("a"), "t": frozenset("b")}
    assert "s" in some.registers
    assert "t" not in some.registers
    assert ("t", "set") in some
    assert "t" not in some  # type: ignore[comparison-overlap]
    assert some.registers.get("t") is None
    assert some.get(("t", "register"), 7) == 7
    assert some["s", "set"] is some.sets["s"] is some.sets[b"s"]
    assert len(some.registers) == 1, "looking does not make fields"


def test_a_mapping_shows_what_is_staged() -> None:
    some = known(register_a="1", register_b="2")
    some.registers["c"].assign("3")
    del some.registers["a"]
    assert sorted(some.registers, key=str) == ["b", "c"]
    some.registers.clear()
    assert list(some.registers) == []
    assert some.to_op() == [("remove", ("a", "register")), ("remove", ("b", "register"))]


def test_values_can_be_set_where_that_means_something() -> None:
    some = known(set_s={"a", "b"})
    some.registers["r"] = "v"
    some.flags["f"] = True
    some.sets["s"] = {"b", "c"}
    assert some.dirty_value == {
        ("f", "flag"): True, ("r", "register"): "v", ("s", "set"): frozenset("bc"),
    }
    for view in (some.counters, some.maps):
        with pytest.raises(TypeError):
            view["x"] = 1
    assert some.registers.pop("r") == "v"
    with pytest.raises(KeyError):
        some.registers.pop("r")


@pytest.mark.parametrize("key", ["a", ("a",), ("a", "hll"), ("a", "gset"), ("a", "register", 1), (1, "register")])
def test_what_names_no_field_is_refused(key: Any) -> None:
    with pytest.raises(TypeError):
        Map()[key]
    assert key not in Map()


def test_a_removal_of_a_field_forgets_what_was_staged_in_it() -> None:
    some = known(counter_c=5)
    some.counters["c"].increment()
    del some.counters["c"]
    assert some.to_op() == [("remove", ("c", "counter"))]


def test_a_removal_of_what_was_only_staged_leaves_nothing_to_send() -> None:
    new = Map()
    new.maps["m"].counters["c"].increment()
    del new.maps["m"]
    assert new.to_op() is None


def test_a_field_removed_and_changed_is_sent_once_and_starts_from_nothing() -> None:
    some = known(counter_c=5, set_s={"a", "b"}, register_r="old", flag_f=True)
    for field in list(some):
        del some[field]
    some.counters["c"].increment(2)
    some.sets["s"].add("b")
    some.sets["s"].add("x")
    some.sets["s"].add("y")
    some.sets["s"].discard("y")
    some.registers["r"].assign("new")
    op = some.to_op()
    assert [step[:2] for step in op] == [
        ("remove", ("f", "flag")), ("update", ("c", "counter")), ("update", ("r", "register")),
        ("update", ("s", "set")),
    ]
    assert op[1][2] == ("increment", -3)
    assert sorted(op[3][2]["adds"]) == ["b", "x"]
    assert op[3][2]["removes"] == ["a"]
    assert some.dirty_value == {("c", "counter"): 2, ("r", "register"): "new", ("s", "set"): frozenset("bx")}


def test_a_map_removed_and_changed_loses_its_other_fields_at_every_depth() -> None:
    inner = {("keep", "set"): {"1"}, ("drop", "register"): "x", ("deep", "map"): {("n", "counter"): 4}}
    some = Map(value={("m", "map"): inner}, context=CONTEXT)
    del some.maps["m"]
    some.maps["m"].sets["keep"].add("2")
    some.maps["m"].maps["deep"].counters["n"].increment()
    assert some.to_op() == [
        ("update", ("m", "map"), [
            ("remove", ("drop", "register")),
            ("update", ("deep", "map"), [("update", ("n", "counter"), ("increment", -3))]),
            ("update", ("keep", "set"), {"adds": ["2"], "removes": ["1"]}),
        ]),
    ]
    assert some.dirty_value == {
        ("m", "map"): {("deep", "map"): {("n", "counter"): 1}, ("keep", "set"): frozenset("2")}
    }


def test_a_flag_can_be_off_from_the_start_and_the_last_word_counts() -> None:
    new = Map()
    new.flags["f"].enable()
    new.flags["f"].disable()
    assert new.to_op() == [("update", ("f", "flag"), "disable")]
    assert not new.flags["f"]


def test_fields_go_with_their_map() -> None:
    some = known(set_s={"a"})
    assert some.sets["s"].context == CONTEXT
    assert some.sets["s"].exists
    assert not some.sets["t"].exists


async def test_what_is_not_stored_by_itself_says_so() -> None:
    field = known(set_s={"a"}).sets["s"]
    field.add("b")
    alone = Counter()
    alone.increment()
    for one, why in ((field, "with the map"), (alone, "no bucket")):
        for request in (one.store, one.reload, one.delete):
            with pytest.raises(ValueError, match=why):
                await request()
        assert one.modified


# -- reprs --------------------------------------------------------------------------------


def test_reprs_show_what_a_person_wants_to_see() -> None:
    some = known(counter_c=5, map_m={("r", "register"): "v"}, set_s={"b", "a"})
    assert repr(some) == "<Map: {counter 'c': 5, map 'm': {register 'r': 'v'}, set 's': {'a', 'b'}}>"
    some.counters["c"].increment(2)
    some.maps["m"].flags["f"].disable()
    del some.sets["s"]
    assert repr(some).endswith(" (staged: remove set 's'; counter 'c': +2; map 'm': (flag 'f': disable))>")
    assert repr(some.counters["c"]) == "<Counter: 5 (staged: +2)>"
    members = Set(value=[str(number) for number in range(20)], context=CONTEXT)
    members.add("x")
    members.discard("0")
    assert repr(members) == (
        "<Set: {'0', '1', '10', '11', '12', '13', '14', '15', … 20 in all} (staged: add 'x'; discard '0')>"
    )
    assert repr(Set()) == "<Set: set()>"
    assert repr(Hll(value=7)) == "<Hll: about 7>"
    assert repr(some.registers) == "{}"
    assert repr(some.counters) == "{'c': <Counter: 5 (staged: +2)>}"


def test_long_registers_are_not_counted_in_characters() -> None:
    register = Register(value="é")
    assert len(register) == 2
    register.assign(b"\xff")
    assert register.dirty_value == b"\xff"


def test_an_unknown_attribute_of_a_map_is_refused_with_a_hint() -> None:
    with pytest.raises(AttributeError, match=r"registers\['foo'\]"):
        Map().foo = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("member", ["caf\udce9", 5, None])
def test_a_member_that_cannot_be_sent_is_an_invalid_request(member: Any) -> None:
    with pytest.raises(InvalidRequest, match="a member"):
        Set().add(member)
