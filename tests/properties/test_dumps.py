"""What a line of a dump says comes back as it was."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aioriak.riak_pb import dt
from aioriak.testing.dumps import (
    BadLine,
    DumpedDatatype,
    DumpedObject,
    DumpedSibling,
    decode_line,
    encode_line,
    operation_of,
)

NAMES = st.binary(max_size=6) | st.text(max_size=6, alphabet=st.characters(exclude_categories=["Cs"])).map(str.encode)
LABELS = st.none() | NAMES
SIBLINGS = st.builds(
    DumpedSibling,
    value=NAMES,
    content_type=LABELS,
    charset=LABELS,
    content_encoding=LABELS,
    usermeta=st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    links=st.lists(st.tuples(LABELS, LABELS, LABELS), max_size=2).map(tuple),
    indexes=st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    last_modified=st.none() | st.integers(0, 2**41 * 1_000_000).map(lambda micros: micros / 1_000_000),
    etag=LABELS,
    deleted=st.booleans(),
)
OBJECTS = st.builds(
    DumpedObject, type=NAMES, bucket=NAMES, key=NAMES, vclock=LABELS,
    siblings=st.lists(SIBLINGS, min_size=1, max_size=3).map(tuple),
)  # fmt: skip


@given(OBJECTS)
def test_an_object_comes_back_as_it_was(entry: DumpedObject) -> None:
    line = encode_line(entry)
    assert "\n" not in line
    assert decode_line(line) == entry


FIELDS = {
    "counter": st.integers(-(2**63), 2**63 - 1),
    "set": st.lists(NAMES, max_size=3),
    "register": NAMES,
    "flag": st.booleans(),
}


def _value(kind: str, value: Any, into: Any) -> None:
    if kind in ("set", "gset"):
        getattr(into, f"{kind}_value").extend(value)
    else:
        setattr(into, f"{kind}_value", value)


@st.composite
def entries(draw: Any, depth: int = 2) -> list[dt.MapEntry]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from([*FIELDS, *(["map"] if depth else [])]))
        entry = dt.MapEntry(field=dt.MapField(name=draw(NAMES), type=kind.upper()))
        if kind == "map":
            entry.map_value.extend(draw(entries(depth - 1)))
        else:
            _value(kind, draw(FIELDS[kind]), entry)
        found.append(entry)
    return found


@given(NAMES, st.sampled_from(["counter", "set", "gset", "map"]), st.data())
def test_a_data_type_comes_back_as_it_was(name: bytes, kind: str, data: st.DataObject) -> None:
    reply = dt.DtFetchResp(type=kind.upper())  # type: ignore[arg-type]
    reply.value.SetInParent()
    if kind == "map":
        reply.value.map_value.extend(data.draw(entries()))
    else:
        _value(kind, data.draw(FIELDS[kind.removeprefix("g")]), reply.value)
    operation = operation_of(reply)
    assert operation is not None
    entry = DumpedDatatype(type=name, bucket=name, key=name, operation=operation)
    assert decode_line(encode_line(entry)) == entry


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "bucket", "key", "siblings", "value", "data", "datatype", "operation", "update",
                         "vclock", "add", "base64", "increment", "counter"]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_any_line_is_read_or_refused(value: Any) -> None:
    import json

    try:
        decode_line(json.dumps(value))
    except BadLine:
        pass


def test_a_value_that_no_operation_makes_has_none() -> None:
    assert operation_of(dt.DtFetchResp(type="HLL")) is None  # type: ignore[arg-type]
    estimate = dt.DtFetchResp(type="HLL")  # type: ignore[arg-type]
    estimate.value.hll_value = 7
    assert operation_of(estimate) is None
    assert operation_of(dt.DtFetchResp(type="SET")) is None  # type: ignore[arg-type]
