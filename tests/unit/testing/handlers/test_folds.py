"""AAE folds."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from aioriak.testing.errors import Refusal
from aioriak.testing.tictac import LARGE, SEGMENTS, segment_of
from aioriak.wire.operation import (
    AAE_LIST_BUCKETS,
    DELETE,
    ERASE_KEYS,
    FETCH_CLOCKS,
    FETCH_CLOCKS_RANGE,
    FIND_KEYS,
    FIND_TOMBSTONES,
    GET,
    MERGE_BRANCHES,
    MERGE_ROOT,
    MERGE_TREES,
    OBJECT_STATS,
    REAP_TOMBSTONES,
    REPLICATE_KEYS,
)

RANGE = {"bucket": b"b", "key_range": False, "modified_range": False}
FILTERED = {**RANGE, "segment_filter": False}


@pytest.fixture
def filled(ask: Any, clock: Any) -> Any:
    for number in range(6):
        ask.put(b"b", b"k%d" % number)
        clock.advance(100)
    return ask


def _keys(reply: Any) -> list[bytes]:
    return [row.key for row in reply.keys_value]


def test_buckets_are_listed_with_their_types(ask: Any) -> None:
    ask.put(b"b", b"k")
    ask.put(b"b", b"k", type=b"siblings")
    found = [(row.type, row.bucket) for row in ask(AAE_LIST_BUCKETS, n_val=3).bucket_list]
    assert found == [(b"siblings", b"b"), (b"", b"b")]


def test_a_range_of_keys_takes_both_ends_in(filled: Any) -> None:
    reply = filled(FETCH_CLOCKS_RANGE, **{**FILTERED, "key_range": True, "start_key": b"k1", "end_key": b"k3"})
    assert _keys(reply) == [b"k1", b"k2", b"k3"]


def test_a_range_of_times_takes_what_was_written_then(filled: Any) -> None:
    start = 1_700_000_000
    reply = filled(
        FETCH_CLOCKS_RANGE,
        **{**FILTERED, "modified_range": True, "last_mod_start": start + 50, "last_mod_end": start + 250},
    )
    assert _keys(reply) == [b"k1", b"k2"]


def test_a_backward_range_is_refused(filled: Any) -> None:
    with pytest.raises(Refusal):
        filled(FETCH_CLOCKS_RANGE, **{**FILTERED, "key_range": True, "start_key": b"k3", "end_key": b"k1"})


def test_segments_pick_the_same_keys_by_range_and_by_n_val(filled: Any) -> None:
    segment = segment_of(b"default\0b\0k2", LARGE)
    assert _keys(filled(FETCH_CLOCKS, n_val=3, id_filter=[segment])) == [b"k2"]
    reply = filled(
        FETCH_CLOCKS_RANGE, **{**FILTERED, "segment_filter": True, "id_filter": [segment], "filter_tree_size": LARGE}
    )
    assert _keys(reply) == [b"k2"]
    assert _keys(filled(FETCH_CLOCKS, n_val=2, id_filter=[segment])) == []


def test_root_and_branches_belong_together(filled: Any) -> None:
    root = filled(MERGE_ROOT, n_val=3).level_one
    dirty = [number for number in range(4096) if any(root[4 * number : 4 * number + 4])]
    assert dirty == sorted({segment_of(b"default\0b\0k%d" % number, LARGE) // SEGMENTS for number in range(6)})
    (branch,) = filled(MERGE_BRANCHES, n_val=3, id_filter=dirty[:1]).level_two
    assert int.from_bytes(branch[:4], "big") == dirty[0]
    assert any(zlib.decompress(branch[4:]))


def test_a_tree_changes_with_an_object(filled: Any) -> None:
    fields = {**FILTERED, "tree_size": 1, "use_prehash": True}
    before = filled(MERGE_TREES, **fields)
    assert filled(MERGE_TREES, **fields).level_one == before.level_one
    filled.put(b"b", b"k1", b"other")
    assert filled(MERGE_TREES, **fields).level_one != before.level_one


def test_stats_count_objects_and_siblings(ask: Any) -> None:
    for _ in range(2):
        ask.put(b"b", b"two", type=b"siblings")
    ask.put(b"b", b"one", type=b"siblings")
    rows = ask(OBJECT_STATS, **{**RANGE, "type": b"siblings"}).keys_count
    counts = {(row.tag, row.order): row.count for row in rows}
    assert counts[b"total_count", 0] == 2
    assert (counts[b"siblings", 1], counts[b"siblings", 2]) == (1, 1)
    found = ask(FIND_KEYS, **{**RANGE, "type": b"siblings", "finder": 0, "find_limit": 1}).keys_count
    assert [(row.tag, row.count) for row in found] == [(b"two", 2)]


def test_tombstones_are_found_and_reaped_only_when_asked_to(filled: Any) -> None:
    filled(DELETE, bucket=b"b", key=b"k1")
    assert _keys(filled(FIND_TOMBSTONES, **FILTERED)) == [b"k1"]
    for method, left in ((2, [b"k1"]), (1, [])):
        (row,) = filled(REAP_TOMBSTONES, **FILTERED, change_method=method).keys_count
        assert (row.tag, row.count) == (b"dispatched_count", 1)
        assert _keys(filled(FIND_TOMBSTONES, **FILTERED)) == left


def test_erased_keys_are_gone(filled: Any) -> None:
    (row,) = filled(ERASE_KEYS, **FILTERED, change_method=1).keys_count
    assert row.count == 6
    assert not filled(GET, bucket=b"b", key=b"k1").content
    (row,) = filled(ERASE_KEYS, **FILTERED, change_method=1).keys_count
    assert row.count == 0


def test_keys_go_on_a_replication_queue_that_exists(filled: Any) -> None:
    for queue in (b"q1_ttaaefs", b"absent"):
        (row,) = filled(REPLICATE_KEYS, **RANGE, queuename=queue).keys_count
        assert row.count == 6
    assert len(filled.server.queues[b"q1_ttaaefs"].fold) == 6
