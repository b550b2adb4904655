"""Changes staged on a map, held against a real one: what a person was shown is what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aioriak.datatypes import ContextRequired, Datatype
from aioriak.datatypes import Map as Staged
from aioriak.operations.names import text, to_bytes
from aioriak.testing.crdt import Clock, MapChange, SetChange
from aioriak.testing.crdt import Map as Stored

bounded = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

members = st.sampled_from(["a", "b", b"\xff"])


verbs = st.sampled_from([*["change"] * 7, *["remove"] * 3, "remove map", "forget"])


def rounds(few: list[Any]) -> st.SearchStrategy[list[list[tuple[Any, ...]]]]:
    """Rounds of changes at few places, so that each sees much; after each round all is stored."""
    place = st.sampled_from(few)
    depth = st.sampled_from([["m"], ["m", "m"]])
    action = st.tuples(verbs, place, st.sampled_from([-2, 1, 3]), members, st.booleans(), depth)
    return st.lists(st.lists(action, min_size=1, max_size=6), min_size=1, max_size=4)


def act(staged: Staged, action: tuple[Any, ...]) -> None:
    """Stage one change, as a person would write it."""
    if action[0] == "remove map":
        *outer, last = action[5]
        del inside(staged, outer).maps[last]
        return
    outer, name, kind = action[1]
    holder = inside(staged, outer)
    if action[0] == "remove":
        del holder[name, kind]
        return
    _, _, by, member, on, _ = action
    field: Any = holder[name, kind]
    if kind == "counter":
        field.increment(by)
    elif kind == "register":
        field.assign(member)
    elif kind == "flag":
        (field.enable if on else field.disable)()
    else:
        (field.add if on else field.discard)(member)


def inside(staged: Staged, outer: list[str]) -> Staged:
    for name in outer:
        staged = staged.maps[name]
    return staged


def change_of(op: Any, kind: str) -> Any:
    """An operation as the server's data types take it; a field must not be both removed and updated."""
    if kind == "counter":
        return op[1]
    if kind == "register":
        return to_bytes("a name", op[1])
    if kind == "flag":
        return op == "enable"
    if kind == "set":
        adds, removes = op.get("adds", []), op.get("removes", [])
        assert not set(adds) & set(removes)
        return SetChange([to_bytes("a name", each) for each in adds], [to_bytes("a name", each) for each in removes])
    removed = [step[1] for step in op if step[0] == "remove"]
    updated = [step[1] for step in op if step[0] == "update"]
    assert not set(removed) & set(updated)
    assert len({*removed, *updated}) == len(op)
    updates = [step[1:] for step in op if step[0] == "update"]
    return MapChange(
        [(to_bytes("a name", name), inner) for name, inner in removed],
        [((to_bytes("a name", name), inner), change_of(change, inner)) for (name, inner), change in updates],
    )


def shown(value: Any) -> Any:
    """A value of the server's as the client shows it."""
    if isinstance(value, dict):
        return {(text(name), kind): shown(inner) for (name, kind), inner in value.items()}
    if isinstance(value, list):
        return frozenset(text(member) for member in value)
    return text(value) if isinstance(value, bytes) else value


@pytest.mark.parametrize("outer", [[], ["m"], ["m", "m"]], ids=len)
@pytest.mark.parametrize("kind", ["counter", "flag", "register", "set"])
def test_what_is_stored_is_what_dirty_value_showed(kind: str, outer: list[str]) -> None:
    @bounded
    @given(rounds([(outer, "x", kind), (outer, "y", kind)]))
    def promise(script: list[list[tuple[Any, ...]]]) -> None:
        begin: list[tuple[Any, ...]] = [("change", (outer, name, kind), 5, "a", True, []) for name in "xy"]
        store_in_rounds([begin, *script])

    promise()


@bounded
@given(rounds([([], "x", "set"), (["m"], "x", "counter"), (["m", "m"], "x", "set"), ([], "f", "flag")]))
def test_fields_of_several_types_and_depths_do_not_disturb_each_other(script: list[list[tuple[Any, ...]]]) -> None:
    store_in_rounds(script)


def store_in_rounds(script: list[list[tuple[Any, ...]]]) -> None:
    stored, staged, now = Stored(), Staged(), 0
    for action in [action for actions in script for action in (*actions, ("store",))]:
        if action[0] == "forget":
            staged.clear()
            assert staged.dirty_value == staged.value
        elif action[0] != "store":
            before = staged.to_op()
            try:
                act(staged, action)
            except ContextRequired:
                assert staged.context is None
                assert staged.to_op() == before
        elif staged.modified:
            now += 1
            promised = staged.dirty_value
            assert sorted(map(repr, staged)) == sorted(map(repr, promised))
            context = Clock.from_bytes(staged.context) if staged.context and staged._change(False)[2] else None
            stored = stored.update(change_of(staged.to_op(), "map"), b"n", context, now)
            staged._settle(staged._change(False)[1])
            staged._take(shown(stored.value()), stored.context().to_bytes())
            assert staged.value == promised
            assert not staged.modified
        check(staged)


def check(staged: Staged) -> None:
    """What must hold at any time."""
    assert staged.modified == (staged.to_op() is not None)
    assert repr(staged)
    fields: list[Datatype[Any]] = list(staged.values())
    assert len(fields) == len(staged) == len(set(staged))
    views: list[Any] = [staged.counters, staged.flags, staged.maps, staged.registers, staged.sets]
    assert sum(len(view) for view in views) == len(staged)
