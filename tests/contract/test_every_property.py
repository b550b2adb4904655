"""Every bucket property: set and read back, refused, absent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.bucket import Bucket
from aioriak.error import InvalidProperties, InvalidRequest
from aioriak.operations.properties import PROPERTIES
from aioriak.riak_pb import base
from aioriak.wire.operation import GET_BUCKET, SET_BUCKET

FUNCTION = {"mod": "my_mod", "fun": "my_fun"}
QUORUMS: list[Any] = ["one", "quorum", "all", 1, 2]

KEPT: dict[str, list[Any]] = {
    "n_val": [1, 5],
    "allow_mult": [True, False],
    "last_write_wins": [True, False],
    "precommit": [[FUNCTION], [{"name": "a"}], [FUNCTION, {"name": "b"}], []],
    "postcommit": [[FUNCTION], [FUNCTION, FUNCTION], []],
    "chash_keyfun": [{"mod": "riak_core_util", "fun": "chash_bucketonly_keyfun"}],
    "linkfun": [FUNCTION],
    "old_vclock": [1, 1000],
    "young_vclock": [0, 1000],
    "big_vclock": [1, 1000],
    "small_vclock": [1, 1000],
    "pr": [*QUORUMS, 0],
    "r": QUORUMS,
    "w": QUORUMS,
    "pw": [*QUORUMS, 0],
    "dw": [*QUORUMS, 0],
    "rw": QUORUMS,
    "basic_quorum": [True, False],
    "notfound_ok": [True, False],
    "backend": ["other"],
    "search": [True, False],
    "repl": [True, False, "realtime", "fullsync"],
    "search_index": ["famous"],
    "datatype": ["set"],
    "consistent": [False],
    "write_once": [False],
    "hll_precision": [14],
}
"""What a bucket of the default type takes and gives back."""
IGNORED: dict[str, Any] = {"node_confirms": 2, "sync_on_write": "all", "aae_tree_exclude": True}
"""Not part of these messages before Riak 3.4."""
REFUSED: dict[str, list[tuple[Any, str]]] = {
    "old_vclock": [(0, "not_integer")],
    "big_vclock": [(0, "not_integer")],
    "small_vclock": [(0, "not_integer")],
    "r": [(0, "not_valid_quorum"), ("default", "not_valid_quorum")],
    "w": [(0, "not_valid_quorum"), ("default", "not_valid_quorum")],
    "rw": [(0, "not_valid_quorum"), ("default", "not_valid_quorum")],
    "pr": [("default", "not_valid_quorum")],
    "pw": [("default", "not_valid_quorum")],
    "dw": [("default", "not_valid_quorum")],
    "consistent": [(True, "cannot update consistent property")],
    "write_once": [(True, "cannot update write_once property")],
}
"""What Riak refuses for a bucket of the default type, and its word for it."""
WRONG_TYPES: list[Any] = [None, [], {}, 1.5, b"\xff", object(), -1, ""]
NOT_WRONG: dict[str, list[Any]] = {
    "precommit": [[]], "postcommit": [[]], "backend": [b"\xff"], "search_index": [b"\xff"], "datatype": [b"\xff"],
}  # fmt: skip
"""Of these, what a property may be: no hooks, a name of any bytes."""


def cases(table: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, value, id=f"{name}-{value}") for name, values in table.items() for value in values]


@pytest.fixture
def nodes(nodes: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The first alone: the others of a cluster learn of a property only some time after it was set."""
    return nodes[:1]


@pytest.fixture
async def bucket(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    made = client.bucket(bucket_name)
    yield made
    await made.clear_properties()


def test_no_property_is_left_out() -> None:
    assert KEPT.keys() | IGNORED.keys() == PROPERTIES.keys()


@pytest.mark.parametrize(("name", "value"), cases(KEPT))
async def test_it_is_kept_and_no_other_changes(bucket: Bucket, name: str, value: Any) -> None:
    before = await bucket.get_properties()
    await bucket.set_properties({name: value})  # type: ignore[misc]
    assert await bucket.get_properties() == {**before, name: value}
    await bucket.clear_properties()
    assert await bucket.get_properties() == before


@pytest.mark.parametrize(("name", "value"), IGNORED.items())
async def test_a_later_property_changes_nothing(bucket: Bucket, real_riak: bool, name: str, value: Any) -> None:
    if real_riak:
        pytest.skip("depends on the release")
    before = await bucket.get_properties()
    await bucket.set_properties({name: value})  # type: ignore[misc]
    assert await bucket.get_properties() == before


@pytest.mark.parametrize(
    ("name", "value", "word"), [(name, value, word) for name, rows in REFUSED.items() for value, word in rows]
)
async def test_a_refusal_names_the_property(bucket: Bucket, name: str, value: Any, word: str) -> None:
    before = await bucket.get_properties()
    with pytest.raises(InvalidProperties, match=rf"{name}(,|.)[\s\S]*{word}"):
        await bucket.set_properties({name: value, "n_val": 2})  # type: ignore[misc]
    assert await bucket.get_properties() == before


@pytest.mark.parametrize("name", PROPERTIES)
async def test_a_value_of_the_wrong_type_is_not_sent(client: RiakClient, name: str) -> None:
    bucket = client.bucket("never-asked-for")
    accepted = []
    for value in WRONG_TYPES:
        try:
            await bucket.set_properties({name: value})  # type: ignore[misc]
        except InvalidRequest:
            continue
        accepted.append(value)
    await bucket.clear_properties()
    assert accepted == NOT_WRONG.get(name, [])


async def test_several_refusals_come_together(bucket: Bucket) -> None:
    with pytest.raises(InvalidProperties) as caught:
        await bucket.set_properties({"r": 0, "old_vclock": 0, "n_val": 2})
    assert "{r,not_valid_quorum}" in str(caught.value)
    assert "{old_vclock,not_integer}" in str(caught.value)
    assert (await bucket.get_properties())["n_val"] == 3


async def test_hooks_count_only_where_the_message_says_that_it_has_them(client: RiakClient, bucket: Bucket) -> None:
    """riak_pb_codec: the lists are read if ``has_precommit`` and ``has_postcommit`` are set."""
    await bucket.set_properties({"precommit": [FUNCTION]})
    hook = base.RpbCommitHook(modfun=base.RpbModFun(module=b"other", function=b"f"))
    for props in (base.RpbBucketProps(precommit=[hook]), base.RpbBucketProps(has_precommit=False, precommit=[hook])):
        request = base.RpbSetBucketReq(bucket=bucket.wire_name, props=props)
        await client._runtime.dispatcher.call(SET_BUCKET, request)
        assert await bucket.get_property("precommit") == [FUNCTION]
    props = base.RpbBucketProps(has_precommit=True, precommit=[hook, base.RpbCommitHook()])
    await client._runtime.dispatcher.call(SET_BUCKET, base.RpbSetBucketReq(bucket=bucket.wire_name, props=props))
    assert await bucket.get_property("precommit") == [{"mod": "other", "fun": "f"}]


async def test_a_bucket_shows_that_it_has_hooks_even_without_one(client: RiakClient, bucket: Bucket) -> None:
    reply = await client._runtime.dispatcher.call(GET_BUCKET, base.RpbGetBucketReq(bucket=bucket.wire_name))
    assert (reply.props.has_precommit, reply.props.has_postcommit) == (True, True)


@pytest.mark.parametrize(
    ("kind", "props", "word"),
    [
        ("siblings", {"datatype": "set"}, "datatype"),
        ("siblings", {"write_once": True}, "write_once"),
        ("siblings", {"consistent": True}, "consistent"),
        ("sets", {"datatype": "map"}, "datatype"),
        ("sets", {"allow_mult": False}, "allow_mult"),
        ("sets", {"consistent": True}, "consistent"),
        ("hlls", {"hll_precision": 17}, "hll_precision"),
        ("hlls", {"hll_precision": 3}, "hll_precision"),
        ("writeonce", {"write_once": False}, "write_once"),
        ("writeonce", {"datatype": "set"}, "datatype"),
        ("writeonce", {"consistent": True}, "consistent"),
    ],
)
async def test_what_a_bucket_type_is_cannot_be_changed(
    client: RiakClient, bucket_name: str, kind: str, props: Any, word: str
) -> None:
    for owner in (client.bucket(bucket_name, kind), client.bucket_type(kind)):
        before = await owner.get_properties()
        with pytest.raises(InvalidProperties, match=word):
            await owner.set_properties(props)
        assert await owner.get_properties() == before
