"""Tictac trees have the shape of Riak's, and their differences are where the keys differ."""

from __future__ import annotations

import zlib
from functools import reduce
from operator import xor
from typing import Any

import pytest

from aioriak.riak_pb.riak_kv_pb2 import RpbAaeFoldTreeResp
from aioriak.testing.tictac import BRANCHES, SEGMENTS, Tree, segment_of


def _hashes(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]


def _check(level_one: bytes, level_two: list[bytes]) -> None:
    roots = _hashes(level_one)
    assert len(level_two) == len(roots)
    for number, exported in enumerate(level_two):
        assert int.from_bytes(exported[:4], "big") == number
        segments = _hashes(zlib.decompress(exported[4:]))
        assert len(segments) == SEGMENTS
        assert roots[number] == reduce(xor, segments)


def test_a_recorded_tree_has_the_shape_that_is_made_here(recorded: dict[str, list[dict[str, Any]]]) -> None:
    message = RpbAaeFoldTreeResp.FromString(bytes.fromhex(recorded["aae/merge-trees"][0]["recv"][0][1]))
    assert len(message.level_one) == 4 * BRANCHES[message.size]
    _check(message.level_one, list(message.level_two))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_tree_has_the_shape_of_a_recorded_one(size: int) -> None:
    tree = Tree(size)
    for number in range(200):
        tree.add(b"key%d" % number, b"clock")
    _check(tree.root(), tree.export())


def test_trees_differ_in_the_segment_of_the_key_that_differs() -> None:
    one, other = Tree(0), Tree(0)
    for tree, clock in ((one, b"1"), (other, b"2")):
        tree.add(b"same", b"clock")
        tree.add(b"differs", clock)
    segment = segment_of(b"differs", 0)
    found = [
        branch * SEGMENTS + at
        for branch in range(BRANCHES[0])
        for at, (left, right) in enumerate(
            zip(_hashes(one.branch(branch)), _hashes(other.branch(branch)), strict=True)
        )
        if left != right
    ]
    assert found == [segment]


def test_another_salt_gives_other_hashes_in_the_same_segments() -> None:
    plain, salted = Tree(0), Tree(0)
    plain.add(b"k", b"c")
    salted.add(b"k", b"c", 7)
    assert plain.root() != salted.root()
    assert [bool(each) for each in _hashes(plain.root())] == [bool(each) for each in _hashes(salted.root())]
