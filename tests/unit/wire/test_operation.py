"""The rows of operations agree with the table of messages and with what Riak does."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.riak_pb import MESSAGES, kv
from aioriak.wire import operation as rows
from aioriak.wire.operation import OPERATIONS, Operation

Recorded = dict[str, list[dict[str, Any]]]

ALL = sorted(OPERATIONS.values(), key=lambda operation: operation.request_code)

each = pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)


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
    assert OPERATIONS[operation.request_code] is operation


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
