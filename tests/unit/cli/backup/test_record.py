"""Records of a dump: what is written is read back the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.cli.backup.record import (
    BadRecord,
    DatatypeRecord,
    ObjectRecord,
    Place,
    Sibling,
    line_of,
    parse,
)

octets = st.binary(max_size=20)
names = st.binary(min_size=1, max_size=20)
maybe = st.none() | octets
siblings = st.builds(
    Sibling,
    value=octets,
    content_type=maybe,
    charset=maybe,
    content_encoding=maybe,
    usermeta=st.lists(st.tuples(octets, octets), max_size=3),
    links=st.lists(st.tuples(maybe, maybe, maybe), max_size=2),
    indexes=st.lists(st.tuples(octets, octets), max_size=3),
    last_modified=st.none() | st.integers(0, 2**32).map(lambda n: n + 0.25),
    etag=maybe,
    deleted=st.booleans(),
)
places = st.builds(Place, names, names, names)
texts = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.just(b"\xff"))
leaves = {
    "counter": st.integers(-(2**63), 2**63 - 1), "flag": st.booleans(), "register": texts,
    "set": st.frozensets(texts, max_size=3),
}  # fmt: skip


def fields(inner: Any) -> Any:
    return st.dictionaries(
        st.tuples(texts, st.sampled_from([*leaves, "map"])), st.none(), max_size=3
    ).flatmap(
        lambda chosen: st.fixed_dictionaries({
            field: inner if field[1] == "map" else leaves[field[1]] for field in chosen
        })
    )


maps = st.recursive(st.just({}), fields, max_leaves=5)
datatypes = st.one_of(
    st.builds(DatatypeRecord, places, st.just("counter"), leaves["counter"]),
    st.builds(DatatypeRecord, places, st.just("set"), leaves["set"]),
    st.builds(DatatypeRecord, places, st.just("map"), maps),
)
objects = st.builds(ObjectRecord, places, st.lists(siblings, min_size=1, max_size=3), st.none() | names)


@given(st.one_of(objects, datatypes))
def test_a_record_is_read_back_as_it_was_written(record: ObjectRecord | DatatypeRecord) -> None:
    line = line_of(record)
    assert line.count(b"\n") == 1
    read = parse(line)
    assert not isinstance(read, dict)
    assert read.place == record.place
    assert read.digest() == record.digest()
    if isinstance(record, DatatypeRecord):
        assert read == record
    else:
        assert isinstance(read, ObjectRecord)
        assert [one.digest() for one in read.siblings] == [one.digest() for one in record.siblings]
        assert [one.deleted for one in read.siblings] == [one.deleted for one in record.siblings]


@given(objects, st.randoms())
def test_the_order_of_siblings_does_not_change_the_checksum(record: ObjectRecord, random: Any) -> None:
    shuffled = list(record.siblings)
    random.shuffle(shuffled)
    assert ObjectRecord(record.place, shuffled).digest() == record.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"value": b"w"}, {"content_type": b"x"}, {"charset": b"x"}, {"content_encoding": b"x"},
        {"usermeta": [(b"a", b"b")]}, {"links": [(b"a", b"b", None)]}, {"indexes": [(b"a_bin", b"b")]},
    ],
)  # fmt: skip
def test_whatever_a_load_restores_changes_the_checksum(change: dict[str, Any]) -> None:
    place = Place(b"t", b"b", b"k")
    one, other = ObjectRecord(place, [Sibling(value=b"v")]), ObjectRecord(place, [Sibling(**{"value": b"v", **change})])
    assert one.digest() != other.digest()


def test_a_record_written_by_hand_may_be_short() -> None:
    record = parse(b'{"bucket": "users", "key": "ada", "data": {"born": 1815}, "indexes": [["born_int", 1815]]}')
    assert isinstance(record, ObjectRecord)
    assert record.place == Place(b"default", b"users", b"ada")
    assert record.siblings == [
        Sibling(value=b'{"born": 1815}', content_type=b"application/json", indexes=[(b"born_int", b"1815")])
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense", b"[]", b'{"key": "k"}', b'{"bucket": "b", "key": 1}', b'{"bucket": "b", "key": {"base64": "!"}}',
        b'{"bucket": "b", "key": "k", "siblings": []}', b'{"bucket": "b", "key": "k", "siblings": [1]}',
        b'{"bucket": "b", "key": "k", "indexes": [["a"]]}', b'{"bucket": "b", "key": "k", "last_modified": "now"}',
        b'{"bucket": "b", "key": "k", "datatype": "list", "operation": {}}',
        b'{"bucket": "b", "key": "k", "datatype": "counter", "operation": {"increment": "1"}}',
        b'{"bucket": "b", "key": "k", "datatype": "map", "operation": {"update": [["a", "hll", {}]]}}',
        b'{"bucket": "b", "key": "\\ud800"}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(BadRecord):
        parse(line)


def test_json_of_bytes_that_are_not_text_is_base_64() -> None:
    record = ObjectRecord(Place(b"t", b"b", b"\xff"), [Sibling(value=b"\xfe")])
    found = json.loads(line_of(record))
    assert (found["key"], found["siblings"][0]["value"]) == ({"base64": "/w=="}, {"base64": "/g=="})
