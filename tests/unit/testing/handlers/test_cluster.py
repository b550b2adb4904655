"""Preflists and membership."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak.riak_pb.riak_kv_pb2 import RpbGetBucketKeyPreflistResp
from aioriak.testing.errors import HangUp, Refusal
from aioriak.testing.ring import Ring
from aioriak.wire.operation import MEMBERSHIP, PREFLIST


def test_a_preflist_has_n_val_partitions_in_a_row(ask: Any) -> None:
    items = ask(PREFLIST, bucket=b"kv", key=b"a").preflist
    size = ask.server.ring.size
    assert len(items) == 3
    assert [item.partition for item in items] == [(items[0].partition + step) % size for step in range(3)]
    assert all(item.primary and item.node == b"riak@127.0.0.1" for item in items)


def test_the_first_partition_follows_from_the_hash(ask: Any, recorded: dict[str, list[dict[str, Any]]]) -> None:
    ring = Ring(8, ask.server.nodes)  # the recorded server's
    for step, type in ((0, b"default"), (1, b"siblings")):
        body = bytes.fromhex(recorded["cluster/preflist"][step]["recv"][0][1])
        first = RpbGetBucketKeyPreflistResp.FromString(body).preflist[0].partition
        assert ring.first_partition(type, b"kv", b"a") == first


def test_empty_names_are_refused(ask: Any) -> None:
    with pytest.raises(Refusal, match="Key cannot be zero-length"):
        ask(PREFLIST, bucket=b"b", key=b"")


def test_an_unknown_type_makes_the_server_hang_up(ask: Any) -> None:
    with pytest.raises(HangUp):
        ask(PREFLIST, bucket=b"b", key=b"k", type=b"absent")


def test_only_nodes_that_serve_are_members(ask: Any) -> None:
    (member,) = ask(MEMBERSHIP).up_nodes
    assert (member.ip, member.port) == (b"127.0.0.1", ask.server.port)
    ask.server.nodes[0].state = "joining"
    assert not ask(MEMBERSHIP).up_nodes
