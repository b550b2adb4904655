"""Properties of buckets and bucket types: read, changed, given back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.bucket import Bucket
from aioriak.error import BucketTypeNotFound, InvalidProperties, InvalidRequest, RiakError


@pytest.fixture
def nodes(nodes: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The first alone: the others of a cluster learn of a property only some time after it was set."""
    return nodes[:1]


@pytest.fixture
async def bucket(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket of the default type; its properties are reset afterwards."""
    made = client.bucket(bucket_name)
    yield made
    await made.clear_properties()


async def test_a_bucket_has_the_properties_of_its_type(client: RiakClient, bucket: Bucket, bucket_name: str) -> None:
    props = await bucket.get_properties()
    assert props["n_val"] == 3
    assert props["allow_mult"] is False
    assert (props["r"], props["pr"]) == ("quorum", 0)
    assert props["chash_keyfun"] == {"mod": "riak_core_util", "fun": "chash_std_keyfun"}
    assert props["precommit"] == props["postcommit"] == []
    other = await client.bucket(bucket_name, "siblings").get_properties()
    assert other["allow_mult"] is True


@pytest.mark.parametrize(
    "changed",
    [
        {"n_val": 5},
        {"allow_mult": True},
        {"last_write_wins": True},
        {"r": 1, "w": "all", "dw": 0, "rw": "one", "pr": "quorum", "pw": 0},
        {"basic_quorum": True, "notfound_ok": False},
        {"precommit": [{"mod": "my_mod", "fun": "check"}], "postcommit": [{"mod": "my_mod", "fun": "tell"}]},
        {"old_vclock": 1000, "young_vclock": 10, "big_vclock": 60, "small_vclock": 40},
        {"linkfun": {"mod": "riak_kv_wm_link_walker", "fun": "mapreduce_linkfun"}},
    ],
    ids=lambda changed: ",".join(changed),
)
async def test_what_is_set_is_read(bucket: Bucket, changed: Any) -> None:
    await bucket.set_properties(changed)
    props: Any = await bucket.get_properties()
    assert {name: props[name] for name in changed} == changed


async def test_hooks_are_taken_away_by_an_empty_list(bucket: Bucket) -> None:
    await bucket.set_properties({"postcommit": [{"mod": "my_mod", "fun": "tell"}]})
    await bucket.set_properties({"postcommit": []})
    assert await bucket.get_property("postcommit") == []


async def test_setting_some_leaves_the_others(bucket: Bucket) -> None:
    await bucket.set_properties({"n_val": 2})
    await bucket.set_properties({"allow_mult": True})
    props = await bucket.get_properties()
    assert (props["n_val"], props["allow_mult"]) == (2, True)


async def test_a_reset_gives_the_types_properties_back(client: RiakClient, bucket: Bucket) -> None:
    before = await bucket.get_properties()
    await bucket.set_properties({"n_val": 2, "allow_mult": True})
    await client.clear_bucket_props(bucket)
    assert await bucket.get_properties() == before


async def test_one_property_is_read_and_set(bucket: Bucket) -> None:
    await bucket.set_property("n_val", 4)
    assert await bucket.get_property("n_val") == 4
    with pytest.raises(KeyError):
        await bucket.get_property("no_such")


async def test_the_client_knows_the_same_calls(client: RiakClient, bucket: Bucket) -> None:
    await client.set_bucket_props(bucket, {"n_val": 4})
    assert (await client.get_bucket_props(bucket))["n_val"] == 4
    assert (await client.get_bucket_type_props("siblings"))["allow_mult"] is True
    assert (await client.get_bucket_type_props(client.bucket_type("sets")))["datatype"] == "set"


@pytest.mark.parametrize(
    ("kind", "datatype"),
    [("default", None), ("siblings", None), ("maps", "map"), ("hlls", "hll"), ("counters", "counter")],
)
async def test_a_type_knows_its_data_type(client: RiakClient, kind: str, datatype: str | None) -> None:
    assert await client.bucket_type(kind).get_datatype() == datatype


async def test_a_types_properties_are_changed(client: RiakClient) -> None:
    kind = client.bucket_type("nosiblings")
    before = await kind.get_property("n_val")
    await kind.set_properties({"n_val": 2})
    assert await kind.get_property("n_val") == 2
    await kind.set_property("n_val", before)
    assert (await kind.get_properties())["n_val"] == before


async def test_a_write_once_type_says_so(client: RiakClient) -> None:
    assert (await client.bucket_type("writeonce").get_properties())["write_once"] is True


async def test_a_type_that_does_not_exist_has_no_properties(client: RiakClient, bucket_name: str) -> None:
    with pytest.raises(BucketTypeNotFound):
        await client.bucket_type("no-such-type").get_properties()
    with pytest.raises(BucketTypeNotFound):
        await client.bucket(bucket_name, "no-such-type").get_properties()


async def test_what_the_server_does_not_allow_is_its_error(client: RiakClient) -> None:
    with pytest.raises(RiakError):
        await client.bucket_type("sets").set_properties({"datatype": "map"})


async def test_the_default_type_keeps_its_properties(client: RiakClient) -> None:
    with pytest.raises(InvalidProperties, match="no_default_update"):
        await client.bucket_type("default").set_properties({"n_val": 3})


@pytest.mark.parametrize("props", [{"nval": 3}, {"n_val": "3"}, {"allow_mult": 1}, {"r": "most"}, [("n_val", 3)]])
async def test_a_wrong_property_is_refused_before_it_is_sent(bucket: Bucket, props: Any) -> None:
    with pytest.raises(InvalidRequest):
        await bucket.set_properties(props)


async def test_a_bucket_that_allows_siblings_has_them(bucket: Bucket) -> None:
    """Sooner or later: a node that has not learnt of it may be the one that puts."""
    await bucket.set_properties({"allow_mult": True})
    async with asyncio.timeout(30):
        for key in map(str, itertools.count()):
            for value in (1, 2):
                await bucket.new_object(key, value).store(return_body=False)
            read = await bucket.get(key)
            found = sorted(content.data for content in read.siblings)
            await read.delete()
            if len(found) > 1:
                break
    assert found == [1, 2]
