"""Replication queues."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from aioriak.testing.errors import HangUp, Refusal
from aioriak.wire.operation import DELETE, GET, QUEUE_FETCH, QUEUE_PUSH, REAL_TIME_ENQUEUE

QUEUE = b"q1_ttaaefs"


def _push(ask: Any, key: bytes) -> Any:
    vclock = ask(GET, bucket=b"b", key=key, deletedvclock=True).vclock
    return ask(QUEUE_PUSH, queuename=QUEUE, keys_value=[{"bucket": b"b", "key": key, "value": vclock}])


def test_what_is_pushed_is_fetched_once(ask: Any) -> None:
    ask.put(b"b", b"k", b"value")
    assert _push(ask, b"k").fsync_length == 1
    reply = ask(QUEUE_FETCH, queuename=QUEUE)
    assert not reply.queue_empty
    assert not reply.deleted
    assert b"value" in reply.replencoded_object
    assert reply.crc_check == zlib.crc32(reply.replencoded_object)
    assert not reply.HasField("segment_id")
    assert ask(QUEUE_FETCH, queuename=QUEUE).queue_empty


def test_a_hash_comes_when_it_is_asked_for(ask: Any) -> None:
    ask.put(b"b", b"k")
    _push(ask, b"k")
    reply = ask(QUEUE_FETCH, queuename=QUEUE, encoding=b"internal_aaehash")
    assert reply.HasField("segment_id")
    assert reply.HasField("segment_hash")


def test_a_tombstone_comes_with_its_clock(ask: Any) -> None:
    ask.put(b"b", b"k")
    ask(DELETE, bucket=b"b", key=b"k")
    _push(ask, b"k")
    reply = ask(QUEUE_FETCH, queuename=QUEUE)
    assert reply.deleted
    assert reply.deleted_vclock == ask(GET, bucket=b"b", key=b"k", deletedvclock=True).vclock


def test_real_time_goes_before_what_was_pushed(ask: Any) -> None:
    ask.put(b"b", b"slow")
    ask.put(b"b", b"fast")
    _push(ask, b"slow")
    ask(REAL_TIME_ENQUEUE, bucket=b"b", key=b"fast")
    assert b"fast" in ask(QUEUE_FETCH, queuename=QUEUE).replencoded_object
    assert b"slow" in ask(QUEUE_FETCH, queuename=QUEUE).replencoded_object


def test_a_queue_that_does_not_exist_is_told(ask: Any) -> None:
    with pytest.raises(Refusal, match="queue_not_defined"):
        ask(QUEUE_FETCH, queuename=b"absent")
    with pytest.raises(HangUp):
        ask(QUEUE_PUSH, queuename=b"absent")


def test_a_junk_clock_makes_the_server_hang_up(ask: Any) -> None:
    with pytest.raises(HangUp):
        ask(QUEUE_PUSH, queuename=QUEUE, keys_value=[{"bucket": b"b", "key": b"k", "value": b"junk"}])
