"""Operations on data types are the bytes that the message classes make."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aioriak.error import InvalidRequest, InvalidType
from aioriak.operations.changes import LARGEST, SMALLEST, encode
from aioriak.operations.datatypes import UpdateRequest
from aioriak.riak_pb import dt
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import DT_UPDATE

NAMES = st.text(max_size=20) | st.binary(max_size=200)
COUNTS = st.tuples(st.just("increment"), st.integers(SMALLEST, LARGEST))
ASSIGNMENTS = st.tuples(st.just("assign"), NAMES)
FLAGS = st.sampled_from(["enable", "disable"])
MEMBERS = st.lists(NAMES, max_size=4)
SETS = st.fixed_dictionaries({}, optional={"removes": MEMBERS, "adds": MEMBERS})
GROWING = st.fixed_dictionaries({}, optional={"adds": MEMBERS})


def maps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Operations of maps whose maps are changed by those of ``inner``."""
    kinds = {"counter": COUNTS, "register": ASSIGNMENTS, "flag": FLAGS, "set": SETS, "map": inner}
    removal = st.tuples(st.just("remove"), st.tuples(NAMES, st.sampled_from(sorted(kinds))))
    updates = [
        st.tuples(st.just("update"), st.tuples(NAMES, st.just(kind)), change) for kind, change in kinds.items()
    ]
    return st.lists(st.one_of(removal, *updates), max_size=5)


MAPS = st.recursive(st.just([]), maps, max_leaves=4)


def plain(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name


def fill(message: Any, kind: str, operation: Any) -> None:
    """Write an operation into a message, part by part."""
    if kind == "counter":
        message.counter_op.increment = operation[1]
    elif kind == "register":
        message.register_op = plain(operation[1])
    elif kind == "flag":
        message.flag_op = operation.upper()
    elif kind == "map":
        message.map_op.SetInParent()
        for what, (name, inner), *change in operation:
            field = dt.MapField(name=plain(name), type=inner.upper())
            if what == "remove":
                message.map_op.removes.append(field)
            else:
                fill(message.map_op.updates.add(field=field), inner, change[0])
    else:
        part = getattr(message, f"{kind}_op")
        part.SetInParent()
        for name, members in operation.items():
            getattr(part, name).extend(map(plain, members))


@given(
    st.one_of(
        st.tuples(st.just("counter"), COUNTS), st.tuples(st.just("set"), SETS), st.tuples(st.just("gset"), GROWING),
        st.tuples(st.just("hll"), GROWING), st.tuples(st.just("map"), MAPS),
    )
)  # fmt: skip
def test_an_operation_is_encoded_as_its_message_is(case: tuple[str, Any]) -> None:
    kind, operation = case
    message = dt.DtOp()
    fill(message, kind, operation)
    assert encode(kind, operation) == message.SerializeToString()


@pytest.mark.parametrize("value", [SMALLEST - 1, LARGEST + 1, True, 1.0, "1", None])
def test_a_counter_changes_by_a_whole_number_of_64_bits(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="at most 64 bits"):
        encode("map", [("update", ("n", "counter"), ("increment", value))])


@pytest.mark.parametrize(
    "operation",
    [
        [("update", (1, "flag"), "enable")],
        [("update", ("r", "register"), ("assign", 1))],
        [("update", ("s", "set"), {"adds": [1]})],
    ],
)
def test_what_is_no_text_and_no_bytes_is_refused(operation: Any) -> None:
    with pytest.raises(InvalidType):
        encode("map", operation)


@given(
    st.binary(max_size=200), st.binary(min_size=1, max_size=300), st.none() | st.binary(max_size=300), COUNTS | SETS,
    st.booleans(), st.sampled_from([0, 1, 127, 128, 60_000, 0xFFFFFFFF]),
)  # fmt: skip
def test_an_update_is_encoded_as_its_message_is(
    name: bytes, key: bytes, context: bytes | None, change: Any, return_body: bool, timeout: int
) -> None:
    operation = encode("counter" if isinstance(change, tuple) else "set", change)
    request = UpdateRequest(b"type", name, key, context, operation, return_body)
    message = dt.DtUpdateReq(bucket=name, key=key, type=b"type", context=context)
    message.op.MergeFromString(operation)
    if return_body:
        message.return_body = True
    assert request.message() == message
    if timeout:
        message.timeout = timeout
    assert request.frame(timeout) == encode_frame(DT_UPDATE.request_code, message.SerializeToString())
