"""Trees: what comes is read, whole or in part, compressed or not, and compared."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from aioriak.error import ProtocolError
from aioriak.operations.folds import BRANCHES, SEGMENTS, Tree, _tree
from aioriak.riak_pb import kv


def _hashes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


BRANCH = _hashes(*range(SEGMENTS))


@pytest.mark.parametrize("payload", [BRANCH, zlib.compress(BRANCH), zlib.compress(BRANCH, 0)])
def test_a_branch_is_read_compressed_or_not(payload: bytes) -> None:
    tree = _tree(kv.RpbAaeFoldTreeResp(size="large", level_two=[(7).to_bytes(4, "big") + payload]))
    assert tree == Tree("large", (), {7: tuple(range(SEGMENTS))})


@pytest.mark.parametrize(
    "branch",
    [b"", b"\0\0\0", b"\0\0\0\1", b"\0\0\0\1junk", b"\0\0\0\1" + BRANCH[:-1], b"\0\0\0\1" + zlib.compress(BRANCH * 2)],
)
def test_a_branch_that_is_none_is_an_error(branch: bytes) -> None:
    with pytest.raises(ProtocolError):
        _tree(kv.RpbAaeFoldTreeResp(size="small", level_two=[branch]))


def test_a_root_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="root"):
        _tree(kv.RpbAaeFoldTreeResp(size="small", level_one=bytes(12)))


def test_a_recorded_tree_is_read(recorded: dict[str, list[dict[str, Any]]]) -> None:
    reply = kv.RpbAaeFoldTreeResp.FromString(bytes.fromhex(recorded["aae/merge-trees"][0]["recv"][0][1]))
    tree = _tree(reply)
    assert tree.size == "xxsmall"
    assert len(tree.root) == BRANCHES["xxsmall"] == 16
    assert sorted(tree.branches) == list(range(16))
    for number, hashes in tree.branches.items():
        together = 0
        for hashed in hashes:
            together ^= hashed
        assert together == tree.root[number]


def test_recorded_roots_and_branches_are_read(recorded: dict[str, list[dict[str, Any]]]) -> None:
    root, branches = (
        _tree(kv.RpbAaeFoldTreeResp.FromString(bytes.fromhex(step["recv"][0][1])))
        for step in recorded["aae/merge-root"]
    )
    assert (root.size, len(root.root), root.branches) == ("large", 4096, {})
    assert (branches.root, sorted(branches.branches)) == ((), [1, 2])


def test_trees_are_compared_by_what_both_have() -> None:
    one = Tree("small", (1, 2, 3), {0: (5, 6), 1: (7, 8)})
    other = Tree("small", (1, 9, 9), {0: (5, 0), 2: (1, 1)})
    assert one.differing_branches(other) == [1, 2]
    assert one.differing_segments(other) == [1]
    with pytest.raises(ValueError, match="cannot be compared"):
        one.differing_branches(Tree("large", (1, 2, 3), {}))
    with pytest.raises(ValueError, match="without its root"):
        one.differing_branches(Tree("small", (), {}))
