"""The names that users of aioriak 0.2.0 and of the official client know, and the ways they call them."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from typing import Any

import pytest

import aioriak
from aioriak import RiakClient, RiakError, RiakObject
from aioriak.error import ListingWarning
from aioriak.testing import RiakServer

NAMES = {
    "aioriak": "RiakClient RiakObject RiakMapReduce",
    "aioriak.bucket": "Bucket BucketType",
    "aioriak.client": "RiakClient",
    "aioriak.content": "RiakContent",
    "aioriak.riak_object": "RiakObject",
    "aioriak.client:RiakClient": """
        create close ping is_alive get_encoder set_encoder get_decoder set_decoder resolver bucket_type bucket
        get_client_id set_client_id get_buckets get_bucket_type_props set_bucket_type_props get_bucket_props
        set_bucket_props get_keys get put delete fetch_datatype update_datatype get_index mapred stream_mapred
        retry_count stream_buckets stream_keys stream_index paginate_index paginate_stream_index clear_bucket_props
        multiget multiput get_counter update_counter get_preflist create_search_index get_search_index
        list_search_indexes delete_search_index create_search_schema get_search_schema fulltext_search
    """,
    "aioriak.bucket:Bucket": """
        resolver get_encoder set_encoder get_decoder set_decoder get_property set_property get_properties
        set_properties get_keys stream_keys get new delete get_index stream_index paginate_index
        paginate_stream_index new_from_file multiget search get_counter update_counter get_preflist clear_properties
        allow_mult n_val r pr rw w dw pw
    """,
    "aioriak.bucket:BucketType": """
        is_default bucket resolver get_property set_property get_properties set_properties get_buckets
        stream_buckets get_datatype datatype
    """,
    "aioriak.riak_object:RiakObject": """
        exists data encoded_data charset content_encoding usermeta links content_type indexes resolver reload
        store delete clear last_modified etag add_index remove_index remove_indexes set_index add_link
        add link map reduce
    """,
    "aioriak.content:RiakContent": """
        data encoded_data charset content_type content_encoding last_modified etag usermeta links indexes exists
        add_index remove_index remove_indexes set_index add_link
    """,
    "aioriak.datatypes": "TYPES Counter Set Map Register Flag Hll GSet",
    "aioriak.datatypes:Counter": "increment decrement value context modified type_name to_op clear reload update store "
    "delete",
    "aioriak.datatypes:Set": "add discard",
    "aioriak.datatypes:Flag": "enable disable",
    "aioriak.datatypes:Register": "assign",
    "aioriak.datatypes:Map": "counters flags maps registers sets",
    "aioriak.datatypes:Hll": "add",
    "aioriak.datatypes.errors": "ContextRequired",
    "aioriak.error": "RiakError ConflictError",
    "aioriak.resolver": "default_resolver last_written_resolver",
    "aioriak.mapreduce": "RiakMapReduce RiakKeyFilter key_filter",
    "aioriak.mapreduce:RiakMapReduce": """
        add add_object add_bucket_key_data add_bucket add_key_filter add_key_filters search index link map reduce
        run stream map_values map_values_json reduce_sum reduce_min reduce_max reduce_sort reduce_numeric_sort
        reduce_limit reduce_slice filter_not_found
    """,
    "aioriak.security": "SecurityCreds",
}
CASES = [(where, name) for where, names in NAMES.items() for name in names.split()]


@pytest.mark.parametrize(("where", "name"), CASES, ids=[f"{where}.{name}" for where, name in CASES])
def test_the_name_is_there(where: str, name: str) -> None:
    module, _, kind = where.partition(":")
    holder: Any = importlib.import_module(module)
    if kind:
        holder = getattr(holder, kind)
    assert hasattr(holder, name)


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (RiakClient, "host port loop"),
        (RiakClient.create, "host port loop"),
        (RiakClient.put, "robj w dw pw return_body if_none_match timeout"),
        (RiakObject.store, "w dw pw return_body if_none_match timeout"),
        (RiakClient.get_index, "bucket index startkey endkey return_terms max_results continuation timeout term_regex"),
        (aioriak.Bucket.new, "key data content_type encoded_data"),
        (aioriak.Bucket.get_index, "index startkey endkey return_terms max_results continuation timeout term_regex"),
        (
            aioriak.RiakContent,
            "robject data encoded_data charset content_type content_encoding last_modified etag usermeta links "
            "indexes exists",
        ),
    ],
    ids=lambda value: getattr(value, "__qualname__", None),
)
def test_arguments_keep_their_places(function: Any, names: str) -> None:
    assert parameters(function)[: len(names.split())] == names.split()


async def test_a_program_of_aioriak_0_2_runs_unchanged(server: RiakServer) -> None:
    loop = asyncio.get_running_loop()
    client = await RiakClient.create(server.host, server.port, loop)
    try:
        assert await client.ping() is True
        assert client.bucket_type("default").is_default()
        bucket = client.bucket("old")
        robj = await bucket.new("key", data={"one": [1, 2]})
        await robj.store()
        fetched = await bucket.get("key")
        assert fetched.exists
        assert fetched.data == {"one": [1, 2]}
        fetched.data["two"] = "zwei"
        await fetched.store(2, 1, 0, True, False, 5000)
        await fetched.reload()
        assert fetched.data["two"] == "zwei"
        assert not (await bucket.get("missing")).exists
        with pytest.warns(ListingWarning):
            assert await client.get_keys(bucket) == ["key"]
        with pytest.warns(ListingWarning):
            assert await client.get_buckets() == [bucket]
        props = await bucket.get_properties()
        assert props["n_val"] == 3
        await bucket.set_property("allow_mult", True)
        assert await bucket.get_property("allow_mult") is True
        robj.add_index("age_int", 30)
        await robj.reload()
        robj.add_index("age_int", 30)
        await robj.store()
        assert await bucket.get_index("age_int", 20, 40) == (["key"], None)
        await robj.delete()
        assert not (await bucket.get("key")).exists
    finally:
        client.close()


async def test_data_types_of_aioriak_0_2_run_unchanged(client: RiakClient) -> None:
    bucket = client.bucket_type("maps").bucket("old")
    mapped = await bucket.get("m")
    mapped.registers["name"].assign("eins")
    mapped.counters["visits"].increment(2)
    mapped.flags["seen"].enable()
    mapped.sets["tags"].add("a")
    await mapped.store()
    again = await client.fetch_datatype(bucket, "m")
    assert again.registers["name"].value == "eins"
    assert again.value["visits", "counter"] == 2
    assert ("seen", "flag") in again
    assert again.sets["tags"].value == {"a"}


async def test_map_reduce_of_aioriak_0_2_runs_unchanged(client: RiakClient) -> None:
    bucket = client.bucket("numbers")
    for number in range(3):
        await (await bucket.new(str(number), number)).store()
    inputs = [["numbers", "0"], ["numbers", "1"], ["numbers", "2"]]
    phase = {"language": "erlang", "module": "riak_kv_mapreduce", "function": "map_object_value", "keep": True}
    found = await client.mapred(inputs, [{"map": phase}])
    assert sorted(found) == ["0", "1", "2"]
    streamed = []
    async for number, data in await client.stream_mapred(inputs, [{"map": phase}]):
        assert number == 0
        streamed += data
    assert sorted(streamed) == ["0", "1", "2"]


async def test_hosts_may_be_a_list(server: RiakServer) -> None:
    client = await RiakClient.create([server.host], server.port)
    assert await client.is_alive()
    client.close()
    client.close()


async def test_properties_of_a_bucket_are_awaited_by_name(client: RiakClient) -> None:
    bucket = client.bucket("b")
    assert await bucket.allow_mult is False
    assert await bucket.n_val == 3
    assert await bucket.r == "quorum"
    with pytest.raises(AttributeError, match="set_property"):
        bucket.allow_mult = True
    assert await client.bucket_type("maps").datatype == "map"


async def test_retry_count_counts_for_the_requests_within(client: RiakClient, server: RiakServer) -> None:
    fault = server.faults.error("get", "overload")
    with client.retry_count(2):
        with pytest.raises(RiakError):
            await client.bucket("b").get("k")
    assert fault.hits == 2
    once = RiakClient(server.host, server.port, retries=1)
    with pytest.raises(RiakError):
        await once.bucket("b").get("k")
    await once.aclose()
    assert fault.hits == 3
