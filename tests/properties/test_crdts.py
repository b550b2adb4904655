"""Data types, held against what a person would say they do, and against the laws of merging.

The model of a set, a map and a flag is a list of everything that was ever asked:
an add is undone only by a removal whose sender had seen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aioriak.testing.crdt import (
    GSet,
    HyperLogLog,
    Map,
    MapChange,
    NotPresent,
    ORSet,
    PNCounter,
    SetChange,
)

bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

members = st.sampled_from([b"a", b"b"])
replicas = st.integers(0, 2)
clients = st.integers(0, 2)

set_changes = st.one_of(
    st.builds(SetChange, st.lists(members, min_size=1, max_size=2)),
    st.builds(SetChange, st.just(()), st.lists(members, min_size=1, max_size=1)),
    st.builds(SetChange, st.lists(members, max_size=2), st.lists(members, max_size=1)),
)

# Which fields maps have, level by level: few, so that what happens to one happens to it again
PALETTES: dict[str, list[list[tuple[bytes, str]]]] = {
    "a set": [[(b"x", "set")]],
    "a counter and a flag": [[(b"x", "counter"), (b"x", "flag")]],
    "registers": [[(b"x", "register"), (b"y", "register")]],
    "a map of a set": [[(b"m", "map")], [(b"x", "set")]],
    "a map of a map of a flag and a counter": [
        [(b"m", "map")], [(b"m", "map"), (b"x", "flag")], [(b"x", "flag"), (b"x", "counter")],
    ],
    "everything": [
        [(b"x", "counter"), (b"x", "set"), (b"x", "register"), (b"x", "flag"), (b"m", "map")],
        [(b"y", "counter"), (b"y", "set"), (b"y", "register"), (b"y", "flag")],
    ],
}


def map_changes(levels: list[list[tuple[bytes, str]]]) -> st.SearchStrategy[MapChange]:
    fields = st.sampled_from(levels[0])
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "counter": lambda: st.integers(-3, 3),
        "set": lambda: set_changes,
        "register": lambda: members,
        "flag": st.booleans,
        "map": lambda: map_changes(levels[1:]),
    }
    update = fields.flatmap(lambda field: st.tuples(st.just(field), kinds[field[1]]()))
    several = st.lists(update, min_size=1, max_size=2, unique_by=lambda update: update[0])
    one_removed = st.lists(fields, min_size=1, max_size=1)
    return st.one_of(
        st.builds(MapChange, st.just(()), several),
        st.builds(MapChange, one_removed),
        st.builds(MapChange, one_removed, several),
    )


CHANGES: dict[Any, st.SearchStrategy[Any]] = {
    PNCounter: st.integers(-5, 5),
    GSet: st.lists(members, max_size=2),
    HyperLogLog: st.lists(members, max_size=2),
    ORSet: set_changes,
    Map: st.sampled_from(["a map of a set", "everything"]).flatmap(lambda name: map_changes(PALETTES[name])),
}


def steps(changes: st.SearchStrategy[Any], max_size: int = 16) -> st.SearchStrategy[list[Any]]:
    """Clients read, clients write with what they last read (or with nothing), replicas meet."""
    return st.lists(
        st.one_of(
            st.tuples(st.just("read"), clients, replicas),
            st.tuples(st.just("write"), clients, replicas, changes),
            st.tuples(st.just("write"), st.none() | clients, replicas, changes),
            st.tuples(st.just("meet"), replicas, replicas),
        ),
        min_size=5,
        max_size=max_size,
    )


# -- models ---------------------------------------------------------------------------


@dataclass
class Log:
    """What one replica has heard of: additions by number, and removals with what their senders had seen.

    An addition is a place, its number and what was put there; a removal is a
    place and the numbers seen.  A place is a path of fields and members.
    """

    puts: dict[tuple[Any, int], Any] = field(default_factory=dict)
    removals: set[tuple[Any, frozenset[int]]] = field(default_factory=set)
    heard: frozenset[int] = frozenset()

    def merge(self, other: Log) -> Log:
        return Log({**self.puts, **other.puts}, self.removals | other.removals, self.heard | other.heard)

    def live(self, place: tuple[Any, ...]) -> dict[tuple[Any, int], Any]:
        """What stands at the place or below it."""
        return {
            (where, number): what
            for (where, number), what in self.puts.items()
            if where[: len(place)] == place
            and not any(where[: len(gone)] == gone and number in seen for gone, seen in self.removals)
        }

    def remove(self, place: tuple[Any, ...], seen: frozenset[int] | None) -> None:
        if seen is None:
            if not self.live(place):
                raise NotPresent(place[-1])
            seen = self.heard
        self.removals.add((place, seen))


class Model:
    """The predicted state of one replica of a map; a set is what is in its only field."""

    def __init__(self, log: Log | None = None) -> None:
        self.log = log or Log()

    def merge(self, other: Model) -> Model:
        return Model(self.log.merge(other.log))

    def update(self, change: Any, actor: int, seen: frozenset[int] | None, number: int) -> Model:
        log = self.log.merge(Log(heard=frozenset((number,))))
        self._change(log, (), change, actor, seen, number)
        return Model(log)

    def _change(
        self, log: Log, place: tuple[Any, ...], change: Any, actor: int, seen: frozenset[int] | None, number: int
    ) -> None:
        if isinstance(change, MapChange):
            for name in change.removes:
                log.remove((*place, name), seen)
                if seen is None:  # what this very change puts later is new
                    _forget(log, (*place, name), number)
            for name, inner in change.updates:
                log.puts[(*place, name), number] = None
                self._change(log, (*place, name), inner, actor, seen, number)
        elif isinstance(change, SetChange):
            for member in change.adds:
                log.puts[(*place, member), number] = None
            for member in change.removes:
                log.remove((*place, member), seen)
        elif place[-1][1] == "flag":
            if change:
                log.puts[(*place, "on"), number] = None
            else:
                log.removals.add(((*place, "on"), log.heard if seen is None else seen))
        elif place[-1][1] == "register":
            log.puts[(*place, "assigned"), number] = (number, change)
        else:
            counted = log.live((*place, "count"))
            before = [(put, total) for (_, put), (by, total) in counted.items() if by == actor]
            log.puts[(*place, "count"), number] = (actor, max(before, default=(0, 0))[1] + change)

    def value(self) -> dict[Any, Any]:
        value: dict[Any, Any] = self._value((), "map")
        return value

    def _value(self, place: tuple[Any, ...], kind: str) -> Any:
        live = self.log.live(place)
        inside = {where[len(place)] for where, _ in live if len(where) > len(place)}
        if kind == "map":
            return {name: self._value((*place, name), name[1]) for name in sorted(inside)}
        if kind == "set":
            return sorted(inside)
        if kind == "flag":
            return "on" in inside
        if kind == "register":
            return max((what for (where, _), what in live.items() if where[-1] == "assigned"), default=(0, b""))[1]
        totals: dict[int, tuple[int, int]] = {}
        for (where, number), what in live.items():
            if where[-1] == "count":
                totals[what[0]] = max(totals.get(what[0], (0, 0)), (number, what[1]))
        return sum(total for _, total in totals.values())


def _forget(log: Log, place: tuple[Any, ...], number: int) -> None:
    """A removal of all there is does not reach what its own change puts there afterwards."""
    for gone, seen in list(log.removals):
        if gone == place and number in seen:
            log.removals.discard((gone, seen))
            log.removals.add((gone, seen - {number}))


def play(
    kind: Any, script: list[Any], wrap: Callable[[Any], Any] = lambda change: change, predict: Any = Model
) -> tuple[list[Any], list[Any]]:
    """Three replicas and their models after the script; they agree on what was refused."""
    states = [kind() for _ in range(3)]
    models = [predict() for _ in range(3)]
    contexts: dict[int, tuple[Any, frozenset[int]]] = {}
    for number, step in enumerate(script, 1):
        if step[0] == "read":
            _, client, replica = step
            contexts[client] = states[replica].context(), models[replica].log.heard
        elif step[0] == "meet":
            _, here, there = step
            states[here] = states[here].merge(states[there])
            models[here] = models[here].merge(models[there])
        else:
            _, client, replica, change = step
            context, seen = contexts.get(client, (None, None))
            try:
                models[replica] = models[replica].update(wrap(change), replica, seen, number)
            except NotPresent:
                with pytest.raises(NotPresent):
                    states[replica].update(change, b"%d" % replica, context, number)
            else:
                states[replica] = states[replica].update(change, b"%d" % replica, context, number)
    return states, models


# -- what they come to ----------------------------------------------------------------

ONLY = b"", "set"


@bounded
@given(steps(set_changes, 20))
def test_a_set_holds_what_was_added_and_not_removed_by_someone_who_had_seen_it(script: list[Any]) -> None:
    states, models = play(ORSet, script, lambda change: MapChange((), [(ONLY, change)]))
    for state, model in zip(states, models, strict=True):
        assert state.value() == model.value().get(ONLY, [])


@pytest.mark.parametrize("palette", PALETTES)
def test_a_map_holds_what_was_put_in_it_and_not_removed_by_someone_who_had_seen_it(palette: str) -> None:
    @bounded
    @given(steps(map_changes(PALETTES[palette])))
    def predict(script: list[Any]) -> None:
        states, models = play(Map, script)
        for state, model in zip(states, models, strict=True):
            assert state.value() == model.value()
        everything = states[0].merge(states[1]).merge(states[2])
        assert everything == states[2].merge(states[0]).merge(states[1])
        assert everything.value() == models[0].merge(models[1]).merge(models[2]).value()
        assert not everything.deferred, "whatever was seen is here now"

    predict()


@bounded
@given(st.lists(st.tuples(replicas, st.integers(-(2**70), 2**70))))
def test_a_counter_comes_to_the_sum_of_all_counting(script: list[tuple[int, int]]) -> None:
    counters = [PNCounter() for _ in range(3)]
    for replica, by in script:
        counters[replica] = counters[replica].update(by, b"%d" % replica)
    assert counters[0].merge(counters[1]).merge(counters[2]).value() == sum(by for _, by in script)


@bounded
@given(st.lists(st.tuples(replicas, st.binary(max_size=3))))
def test_a_grow_only_set_holds_all_that_was_ever_added(script: list[tuple[int, bytes]]) -> None:
    sets = [GSet() for _ in range(3)]
    for replica, member in script:
        sets[replica] = sets[replica].update([member], b"")
    assert sets[0].merge(sets[1]).merge(sets[2]).value() == sorted({member for _, member in script})


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 16), st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 2**32))
def test_a_hyperloglog_estimates_within_six_standard_errors(precision: int, first: int, both: int, seed: int) -> None:
    here = HyperLogLog(precision).update((b"%d %d" % (seed, n) for n in range(first + both)), b"")
    there = HyperLogLog(precision).update((b"%d %d" % (seed, n) for n in range(first, first + 2 * both)), b"")
    true = first + 2 * both
    assert abs(here.merge(there).value() - true) <= 1 + 6 * 1.04 / 2 ** (precision / 2) * true


# -- the laws of merging --------------------------------------------------------------


def three(kind: Any) -> st.SearchStrategy[list[Any]]:
    """Three replicas of one key with some history in common."""
    return steps(CHANGES[kind]).map(lambda script: _replicas(kind, script))


def _replicas(kind: Any, script: list[Any]) -> list[Any]:
    states = [kind(6) if kind is HyperLogLog else kind() for _ in range(3)]
    contexts: dict[int, Any] = {}
    for now, step in enumerate(script, 1):
        if step[0] == "read":
            contexts[step[1]] = states[step[2]].context()
        elif step[0] == "meet":
            states[step[1]] = states[step[1]].merge(states[step[2]])
        else:
            _, client, replica, change = step
            try:
                states[replica] = states[replica].update(change, b"%d" % replica, contexts.get(client), now)
            except NotPresent:
                continue
    return states


@pytest.mark.parametrize("kind", CHANGES)
def test_merging_is_commutative_associative_and_idempotent(kind: Any) -> None:
    @bounded
    @given(three(kind))
    def law(states: list[Any]) -> None:
        a, b, c = states
        assert a.merge(b) == b.merge(a)
        assert a.merge(b).merge(c) == a.merge(b.merge(c))
        assert a.merge(a) == a
        assert a.merge(b).merge(b) == a.merge(b)

    law()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_state_comes_back_from_its_bytes_and_nothing_else_does(kind: Any) -> None:
    @bounded
    @given(three(kind), st.data())
    def trip(states: list[Any], data: st.DataObject) -> None:
        encoded = states[0].to_bytes()
        assert kind.from_bytes(encoded) == states[0]
        assert kind.from_bytes(encoded).to_bytes() == encoded
        cut = data.draw(st.integers(0, len(encoded) - 1))
        with pytest.raises(ValueError):
            kind.from_bytes(encoded[:cut])
        with pytest.raises(ValueError):
            kind.from_bytes(encoded + b"\0")

    trip()


@pytest.mark.parametrize("kind", CHANGES)
def test_junk_is_refused_or_is_a_state_in_its_only_form(kind: Any) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=40))
    def refuse(junk: bytes) -> None:
        data = b"\x01" + kind.KIND + junk
        try:
            state = kind.from_bytes(data)
        except ValueError:
            return
        assert state.to_bytes() == data

    refuse()
