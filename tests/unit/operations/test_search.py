"""Search with Riak 2.x."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aioriak import Bucket, RiakClient, RiakMapReduce
from aioriak.error import InvalidRequest, NotFound, ServerError
from aioriak.testing import RiakServer

CATS = {"liono": ("Lion-o", 30), "cheetara": ("Cheetara", 28), "panthro": ("Panthro", 36), "snarf": ("Snarf", 43)}


@pytest.fixture
async def old_client() -> AsyncIterator[RiakClient]:
    """A client of a server of Riak 2.x's kind."""
    async with (
        RiakServer(search=True) as server,
        await RiakClient.create(server.host, server.port) as client,
    ):
        yield client


@pytest.fixture
async def cats(old_client: RiakClient) -> Bucket:
    """A bucket with four cats, in the index ``famous``."""
    await old_client.create_search_index("famous", timeout=5000)
    bucket = old_client.bucket("cats")
    await bucket.set_property("search_index", "famous")
    for key, (name, age) in CATS.items():
        await bucket.new_object(key, {"name_s": name, "age_i": age, "tags_ss": ["a", "b"]}).store()
    return bucket


async def test_a_search_brings_documents_a_score_and_a_count(old_client: RiakClient, cats: Bucket) -> None:
    found = await old_client.fulltext_search("famous", "name_s:Lion*")
    assert found["num_found"] == 1
    assert found["max_score"] > 0
    (document,) = found["docs"]
    assert document["_yz_rk"] == "liono"
    assert document["tags_ss"] == ["a", "b"]


async def test_every_option_of_a_search_arrives(old_client: RiakClient, cats: Bucket) -> None:
    found = await old_client.fulltext_search(
        "famous", "*:*", rows=2, start=1, sort="age_i desc", filter="age_i:[29 TO *]", fl=["_yz_rk", "age_i"],
        presort="key", timeout=5000,
    )  # fmt: skip
    assert found["num_found"] == 3
    assert found["docs"] == [{"_yz_rk": "liono", "age_i": "30"}, {"_yz_rk": "panthro", "age_i": "36"}]
    both = await old_client.fulltext_search("famous", "Snarf age_i:43", df="name_s", op="and", fl="_yz_rk")
    assert both["docs"] == [{"_yz_rk": "snarf"}]


async def test_a_bucket_searches_the_index_of_its_name_unless_told(old_client: RiakClient, cats: Bucket) -> None:
    assert (await cats.search("age_i:28", "famous"))["num_found"] == 1
    with pytest.raises(NotFound):
        await cats.search("age_i:28")


async def test_indexes_are_made_listed_and_deleted(old_client: RiakClient) -> None:
    await old_client.create_search_index("i", n_val=2)
    await old_client.create_search_index("i")
    assert await old_client.get_search_index("i") == {"name": "i", "schema": "_yz_default", "n_val": 2}
    assert [index["name"] for index in await old_client.list_search_indexes()] == ["i"]
    await old_client.delete_search_index("i")
    with pytest.raises(NotFound):
        await old_client.get_search_index("i")
    with pytest.raises(NotFound):
        await old_client.delete_search_index("i")


async def test_an_index_in_use_stays(old_client: RiakClient, cats: Bucket) -> None:
    with pytest.raises(ServerError, match="associate buckets"):
        await old_client.delete_search_index("famous")


async def test_schemas_are_stored(old_client: RiakClient) -> None:
    with pytest.raises(NotFound):
        await old_client.get_search_schema("mine")
    await old_client.create_search_schema("mine", '<schema name="mine"/>')
    assert await old_client.get_search_schema("mine") == {"name": "mine", "content": '<schema name="mine"/>'}
    with pytest.raises(ServerError, match="Error storing schema"):
        await old_client.create_search_schema("bad", "not a schema")


async def test_a_search_is_an_input_of_map_reduce(old_client: RiakClient, cats: Bucket) -> None:
    job = RiakMapReduce(old_client).search("famous", "age_i:[29 TO *]").reduce_count_inputs()
    assert await job.run() == [3]


async def test_a_search_that_cannot_be_is_refused(old_client: RiakClient) -> None:
    for options in ({"op": "xor"}, {"presort": "age"}, {"rows": -1}, {"start": True}):
        with pytest.raises(InvalidRequest):
            await old_client.fulltext_search("i", "*:*", **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        await old_client.fulltext_search("i", "")
    with pytest.raises(TypeError, match="row"):
        await old_client.fulltext_search("i", "*:*", row=1)  # type: ignore[call-arg]
