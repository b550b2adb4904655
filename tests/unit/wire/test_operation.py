"""The rows of operations agree with the table of messages and with what Riak does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from aioriak.operations.names import text, texts
from aioriak.riak_pb import MESSAGES, kv
from aioriak.wire import operation as rows
from aioriak.wire.operation import INDEX, LIST_BUCKETS, LIST_KEYS, OPERATIONS, Operation

Recorded = dict[str, list[dict[str, Any]]]

ALL = sorted(OPERATIONS.values(), key=lambda operation: operation.request_code)

VARIANTS = [row for row in vars(rows).values() if isinstance(row, Operation) and row not in ALL]
"""Rows of one code for requests that are treated differently."""

each = pytest.mark.parametrize("operation", [*ALL, *VARIANTS], ids=lambda operation: operation.name)


def classes_agree(code: int, kind: type | None) -> bool:
    """A row may say ``None`` for a message that is right without a body."""
    listed = MESSAGES[code][1]
    return listed is kind or (kind is None and listed is not None and listed().IsInitialized())


@each
def test_the_codes_and_classes_of_a_row_are_those_of_the_messages(operation: Operation[Any, Any]) -> None:
    assert classes_agree(operation.request_code, operation.request)
    assert classes_agree(operation.reply_code, operation.reply)


@each
def test_a_row_is_found_by_its_request_code(operation: Operation[Any, Any]) -> None:
    found = OPERATIONS[operation.request_code]
    assert found is operation or (operation in VARIANTS and found.reply_code == operation.reply_code)


@each
def test_a_row_cannot_be_changed(operation: Operation[Any, Any]) -> None:
    with pytest.raises(AttributeError):
        operation.idempotent = True  # type: ignore[misc]


READS = {
    1, 3, 5, 7, 9, 15, 17, 19, 23, 25, 27, 31, 33, 40, 52, 54, 58, 70, 80, 206, 210, 211, 212, 213, 214, 215, 216,
    218, 223,
}  # fmt: skip
IDEMPOTENT_WRITES = {
    "set bucket properties", "reset bucket properties", "set bucket type properties", "create search index",
    "delete search index", "create search schema", "real-time enqueue", "queue push",
}  # fmt: skip


def test_the_rows_that_only_read_are_those_whose_messages_read() -> None:
    assert {operation.request_code for operation in ALL if not operation.writes} - {253, 255} == READS


def test_the_writes_that_may_be_sent_twice_set_a_state_to_a_value() -> None:
    twice = {operation.name for operation in ALL if operation.writes and operation.idempotent}
    assert twice == IDEMPOTENT_WRITES


@pytest.mark.parametrize("code", [1, 26, 27, 28, 29, 30, 32, 33, 70, 79, 80, 82, 83, 84, 206])
def test_the_codes_of_every_riak_are_those_of_its_first_interfaces(code: int) -> None:
    row: Operation[None, None] = Operation("some", code, None, code + 1, None)
    assert row.universal == (code <= 26 or code in (29, 30, 31, 32, 80, 81, 82, 83))


def test_every_request_of_the_messages_has_a_row() -> None:
    requests = {code for code, (name, _) in MESSAGES.items() if name.endswith("Req") or name == "RpbStartTls"}
    assert set(OPERATIONS) == requests


def test_no_two_operations_share_a_name() -> None:
    assert len({operation.name for operation in ALL}) == len(ALL)


def test_every_recorded_reply_is_the_row_s_or_an_error(recorded: Recorded) -> None:
    for scenario, steps in recorded.items():
        for step in steps:
            code = bytes.fromhex(step["send"])[4] if len(step["send"]) >= 10 else None
            if code in OPERATIONS:
                allowed = {0, OPERATIONS[code].reply_code}
                assert {reply for reply, _ in step["recv"]} <= allowed, f"{scenario}: {step['name']}"


def test_every_recorded_stream_is_of_a_row_that_streams(recorded: Recorded) -> None:
    streamed = set()
    for scenario, steps in recorded.items():
        for step in steps:
            if len(step["recv"]) > 1:
                sent = bytes.fromhex(step["send"])
                operation = OPERATIONS[sent[4]]
                assert operation.request is not None
                assert operation.streaming(operation.request.FromString(sent[5:])), scenario
                streamed.add(operation.name)
    assert {"list keys", "map/reduce"} <= streamed


def test_a_stream_that_is_asked_for_depends_on_the_request() -> None:
    assert rows.INDEX.streaming(kv.RpbIndexReq(stream=True))
    assert not rows.INDEX.streaming(kv.RpbIndexReq())
    assert rows.LIST_KEYS.streaming(kv.RpbListKeysReq())
    assert not rows.GET.streaming(kv.RpbGetReq())


@each
def test_what_is_neither_idempotent_nor_a_write_is_a_login(operation: Operation[Any, Any]) -> None:
    if not operation.idempotent and not operation.writes:
        assert operation in (rows.AUTHENTICATE, rows.START_TLS)


@pytest.mark.parametrize(
    "operation",
    [rows.PUT, rows.DELETE, rows.DT_UPDATE, rows.COUNTER_UPDATE, rows.QUEUE_FETCH, rows.MAP_REDUCE_WRITE],
    ids=lambda operation: operation.name,
)
def test_what_would_do_it_twice_is_a_write_and_not_idempotent(operation: Operation[Any, Any]) -> None:
    assert operation.writes
    assert not operation.idempotent


def test_a_row_knows_whether_its_request_carries_riaks_timeout() -> None:
    assert {operation.name for operation in ALL if operation.has_timeout} == {
        operation.name
        for operation in ALL
        if operation.request is not None and hasattr(operation.request(), "timeout")
    }
    assert rows.GET.has_timeout
    assert rows.DELETE.has_timeout
    assert not rows.PING.has_timeout
    assert not rows.GET_BUCKET.has_timeout


def test_every_fold_has_a_connection_of_its_own() -> None:
    assert all(operation.alone for code, operation in OPERATIONS.items() if 210 <= code <= 231)
    assert not rows.GET.alone
    assert not rows.PUT.alone


@settings(deadline=None)
@given(st.lists(st.binary(max_size=6)), st.lists(st.tuples(st.binary(max_size=3), st.binary(max_size=3))))
def test_names_that_are_read_as_text_are_those_of_riaks_message(
    keys: list[bytes], pairs: list[tuple[bytes, bytes]]
) -> None:
    for operation, message in (
        (LIST_KEYS, kv.RpbListKeysResp(keys=keys, done=True)),
        (LIST_BUCKETS, kv.RpbListBucketsResp(buckets=keys, done=True)),
        (INDEX, kv.RpbIndexResp(keys=keys, results=[{"key": term, "value": key} for term, key in pairs], done=True)),
    ):
        found: Any = operation.decode(memoryview(bytearray(message.SerializeToString())))
        assert found.done
        assert texts(found.buckets if operation is LIST_BUCKETS else found.keys) == [text(key) for key in keys]
        if operation is INDEX:
            read = [(text(pair.key), text(pair.value)) for pair in found.results]
            assert read == [(text(term), text(key)) for term, key in pairs]


NAMES_IN_PURE_PYTHON = """
from google.protobuf.internal import api_implementation
from aioriak.operations.names import texts
from aioriak.riak_pb import kv
from aioriak.wire.operation import INDEX, LIST_KEYS
assert api_implementation.Type() == "python"
for keys in ([b"a", b"b"], [b"a", b"\\xff"], [b"\\xff", b"a"], []):
    for operation in LIST_KEYS, INDEX:
        found = operation.decode(operation.reply(keys=keys, done=True).SerializeToString())
        print(texts(found.keys), found.done)
"""


def test_names_are_the_same_where_protobuf_is_in_pure_python() -> None:
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    ran = subprocess.run(
        [sys.executable, "-c", NAMES_IN_PURE_PYTHON],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    expected = [["a", "b"], ["a", b"\xff"], [b"\xff", "a"], []]
    assert ran.stdout.splitlines() == [f"{keys} True" for keys in expected for _ in range(2)]


def test_a_name_that_is_not_utf8_does_not_hide_a_missing_field() -> None:
    pair = kv.RpbIndexResp(keys=[b"\xff"]).SerializeToString() + b"\x12\x03\x12\x01k"  # without its key
    with pytest.raises(DecodeError, match="key"):
        INDEX.decode(pair)
