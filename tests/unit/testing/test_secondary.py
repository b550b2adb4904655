"""Indexes stay what a scan of all objects would give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aioriak.testing.database import Database
from aioriak.testing.robject import Content, RiakObj
from aioriak.testing.secondary import between
from aioriak.testing.vclock import VClock

KEYS = st.sampled_from([b"a", b"b", b"c", b"d"])
TERMS = st.lists(st.integers(0, 5), max_size=3)


@given(st.lists(st.tuples(KEYS, st.none() | TERMS, st.booleans()), max_size=30))
def test_an_index_follows_every_write(steps: list[tuple[bytes, list[int] | None, bool]]) -> None:
    database = Database(clock=lambda: 0.0)
    expected: dict[bytes, set[int]] = {}
    for key, terms, look in steps:
        if terms is None:
            database.delete(b"default", b"b", key)
            expected.pop(key, None)
        else:
            entries = tuple((b"N_int", b"%d" % term) for term in terms)
            database.put(b"default", b"b", key, RiakObj([Content(indexes=entries)], VClock({b"x": (1, 0)})))
            expected[key] = set(terms)
        if look:
            found = database.secondary.entries(database, b"default", b"b", b"n_int")
            assert found == sorted((term, key) for key, terms in expected.items() for term in terms)
            keys = database.secondary.entries(database, b"default", b"b", b"$key")
            assert keys == sorted((key, key) for key in expected)


def test_a_range_begins_behind_an_entry_when_told_so() -> None:
    entries = [(1, b"a"), (1, b"b"), (2, b"a"), (3, b"a")]
    assert list(between(entries, (1, b""), 2)) == entries[:3]
    assert list(between(entries, (1, b"a"), 2, after=True)) == entries[1:3]
    assert list(between(entries, (2, b""), None)) == entries[2:]
    assert list(between(entries, (9, b""), 1)) == []
