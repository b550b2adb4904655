"""Index queries and bucket folds."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.testing.errors import HangUp, Later, Never, Refusal
from aioriak.wire.operation import CS_BUCKET, DELETE, INDEX

OF_A_BIN = b"g2gCbQAAAAN3MDNtAAAAAm8z"
"""A continuation of a query on a _bin."""


@pytest.fixture
def filled(ask: Any) -> Any:
    for number in range(10):
        ask.put(b"b", b"k%d" % number, indexes=[(b"n_int", b"%d" % (number % 4)), (b"w_bin", b"w%02d" % number)])
    return ask


def _range(ask: Any, low: bytes, high: bytes, **more: Any) -> Any:
    return ask(INDEX, bucket=b"b", index=more.pop("index", b"n_int"), qtype=1, range_min=low, range_max=high, **more)


def test_pages_follow_each_other_without_a_gap_or_a_repetition(filled: Any) -> None:
    rows: list[tuple[bytes, bytes]] = []
    continuation = None
    while True:
        page = _range(filled, b"0", b"9", return_terms=True, max_results=3, continuation=continuation)
        rows += [(pair.key, pair.value) for pair in page.results]
        continuation = page.continuation or None
        if continuation is None:
            break
    assert rows == sorted(rows)
    assert len(rows) == len(set(rows)) == 10


def test_negative_numbers_sort_as_numbers(ask: Any) -> None:
    for number in (-10, -9, 2, 10):
        ask.put(b"b", b"k%d" % number, indexes=[(b"n_int", b"%d" % number)])
    page = _range(ask, b"-9", b"10", max_results=5, return_terms=True)
    assert [pair.key for pair in page.results] == [b"-9", b"2", b"10"]


def test_a_stream_comes_in_chunks_and_its_last_message_has_the_continuation(filled: Any) -> None:
    messages = _range(filled, b"0", b"9", stream=True, max_results=7)
    assert [len(message.keys) for message in messages] == [3, 3, 1, 0]
    assert [message.done for message in messages] == [False, False, False, True]
    assert messages[-1].continuation
    assert not any(message.continuation for message in messages[:-1])


def test_a_deleted_object_leaves_the_index(filled: Any) -> None:
    assert _range(filled, b"0", b"0").keys
    for key in (b"k0", b"k4", b"k8"):
        filled(DELETE, bucket=b"b", key=key)
    assert not _range(filled, b"0", b"0").keys


def test_a_regular_expression_picks_terms(filled: Any) -> None:
    reply = _range(filled, b"w", b"x", index=b"w_bin", term_regex=b"[13]$", return_terms=True)
    assert sorted(pair.key for pair in reply.results) == [b"w01", b"w03"]


def test_an_index_name_is_told_by_its_end(ask: Any) -> None:
    ask.put(b"b", b"k", indexes=[(b"foo_internal_bin", b"x")])
    assert _range(ask, b"a", b"z", index=b"foo_internal_bin").keys == [b"k"]


@pytest.mark.parametrize(
    "fields",
    [
        {"index": b"plain", "qtype": 0, "key": b"1"},
        {"index": b"_int", "qtype": 0, "key": b"1"},
        {"index": b"n_int", "qtype": 0, "key": b"one"},
        {"index": b"w_bin", "qtype": 1, "range_min": b"a", "range_max": b"z", "continuation": b"garbage!"},
        {"index": b"n_int", "qtype": 1, "range_min": b"1", "range_max": b"2", "continuation": OF_A_BIN},
    ],
)
def test_what_makes_riak_hang_up_makes_the_server_hang_up(ask: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(HangUp):
        ask(INDEX, bucket=b"b", **fields)


def test_a_query_without_a_term_is_refused(ask: Any) -> None:
    with pytest.raises(Refusal, match="Invalid equality query undefined"):
        ask(INDEX, bucket=b"b", index=b"n_int", qtype=0)


def test_an_unknown_bucket_type_is_never_answered_without_a_timeout(ask: Any) -> None:
    with pytest.raises(Never):
        ask(INDEX, bucket=b"b", type=b"absent", index=b"n_int", qtype=0, key=b"1")


def test_an_unknown_bucket_type_times_out_with_a_timeout(ask: Any) -> None:
    with pytest.raises(Later) as caught:
        ask(INDEX, bucket=b"b", type=b"absent", index=b"n_int", qtype=0, key=b"1", timeout=1500)
    assert caught.value.seconds == 1.5


def test_a_fold_over_a_bucket_pages_through_objects_in_key_order(filled: Any) -> None:
    keys: list[bytes] = []
    continuation = None
    while True:
        messages = filled(
            CS_BUCKET, bucket=b"b", start_key=b"k2", end_key=b"k8", max_results=4, continuation=continuation
        )
        keys += [found.key for message in messages for found in message.objects]
        continuation = messages[-1].continuation or None
        if continuation is None:
            break
    assert keys == [b"k%d" % number for number in range(2, 8)]


def test_a_fold_can_leave_its_first_key_out_and_take_its_last_in(filled: Any) -> None:
    messages = filled(CS_BUCKET, bucket=b"b", start_key=b"k2", start_incl=False, end_key=b"k4", end_incl=True)
    assert [found.key for message in messages for found in message.objects] == [b"k3", b"k4"]
    assert messages[0].objects[0].object.content[0].value == b"v"
