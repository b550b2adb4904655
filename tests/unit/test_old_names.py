"""The names that users of aioriak 0.2.0 and of the official client know, and the ways they call them."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import warnings
from typing import Any

import pytest

import aioriak
from aioriak import RiakClient, RiakError, RiakObject
from aioriak.error import ContextRequired, ListingWarning
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
    streamed = [found async for found in await client.stream_mapred(inputs, [{"map": phase}])]
    assert sorted(streamed) == [(0, "0"), (0, "1"), (0, "2")]
    job = aioriak.RiakMapReduce(client).add_bucket("numbers").map(["riak_kv_mapreduce", "map_object_value"])
    assert sorted([found async for found in await job.stream()]) == [(0, "0"), (0, "1"), (0, "2")]


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


# -- what is different from aioriak 0.2, as the page on migration lists it --------------------------------


async def test_json_is_compact_unless_an_encoder_writes_spaces(client: RiakClient) -> None:
    bucket = client.bucket("old")
    value = {"name": "Ådahl", "tags": [1, 2]}
    assert (await bucket.new("k", value)).encoded_data == '{"name":"Ådahl","tags":[1,2]}'.encode()
    client.set_encoder("application/json", lambda value: json.dumps(value, ensure_ascii=False))
    await (await bucket.new("k", value)).store()
    found = await bucket.get("k")
    assert found.encoded_data == '{"name": "Ådahl", "tags": [1, 2]}'.encode()
    assert found.data == value


async def test_links_keep_their_missing_tag_and_may_be_bytes(client: RiakClient) -> None:
    bucket = client.bucket("old")
    robj = await bucket.new("k", 1)
    robj.links = [("old", "a", None), (b"old", b"b", b"friend")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        await robj.store()
    assert (await bucket.get("k")).links == [("old", "a", None), ("old", "b", "friend")]


async def test_of_add_and_discard_before_one_store_the_last_call_counts(client: RiakClient) -> None:
    bucket = client.bucket_type("sets").bucket("old")
    tags = await bucket.new("k")
    tags.add("x")
    tags.add("y")
    await tags.store()
    tags.add("x")
    tags.discard("x")
    assert tags.dirty_value == {"y"}
    await tags.store()
    assert (await bucket.get("k")).value == {"y"}
    tags.discard("y")
    tags.add("y")
    tags.add("z")
    await tags.store()
    assert (await bucket.get("k")).value == {"y", "z"}


async def test_of_the_removal_and_the_increment_of_a_counter_the_last_call_counts(client: RiakClient) -> None:
    bucket = client.bucket_type("maps").bucket("old")
    visits = await bucket.new("k")
    visits.counters["n"].increment(5)
    await visits.store()
    visits.counters["n"].increment(2)
    del visits.counters["n"]
    await visits.store()
    assert ("n", "counter") not in await bucket.get("k")
    visits.counters["n"].increment(5)
    await visits.store()
    del visits.counters["n"]
    visits.counters["n"].increment(2)
    assert visits.counters["n"].dirty_value == 2
    await visits.store()
    assert visits.counters["n"].value == (await bucket.get("k")).counters["n"].value == 2


async def test_discard_of_a_staged_add_needs_no_context(client: RiakClient) -> None:
    tags = await client.bucket_type("sets").bucket("old").new("k")
    tags.add("x")
    tags.discard("x")
    assert not tags.modified
    with pytest.raises(ContextRequired):
        tags.discard("never added")


async def test_a_removal_after_a_store_without_body_fetches_the_context(client: RiakClient) -> None:
    bucket = client.bucket_type("sets").bucket("old")
    tags = await bucket.new("k")
    tags.add("x")
    tags.add("y")
    await tags.store(return_body=False)
    tags.discard("x")
    await tags.store()
    assert tags.value == (await bucket.get("k")).value == {"y"}


async def test_a_flag_is_disabled_without_a_context(client: RiakClient) -> None:
    bucket = client.bucket_type("maps").bucket("old")
    settings = await bucket.new("k")
    settings.flags["seen"].enable()
    await settings.store()
    afresh = await bucket.new("k")
    afresh.flags["seen"].disable()
    await afresh.store()
    assert (await bucket.get("k")).flags["seen"].value is False


async def test_results_of_several_phases_come_by_phase(client: RiakClient) -> None:
    await (await client.bucket("numbers").new("1", 1)).store()
    kept = {"language": "erlang", "module": "riak_kv_mapreduce", "keep": True}
    query = [{"map": {**kept, "function": "map_object_value"}}, {"reduce": {**kept, "function": "reduce_count_inputs"}}]
    assert await client.mapred("numbers", query) == {0: ["1"], 1: [1]}
    assert sorted([found async for found in await client.stream_mapred("numbers", query)]) == [(0, "1"), (1, 1)]


async def test_errors_are_of_the_built_in_kinds_that_they_were(client: RiakClient) -> None:
    bucket = client.bucket_type("sets").bucket("old")
    with pytest.raises(ValueError, match="nothing to store"):
        await (await bucket.new("k")).store()
    with pytest.raises(ValueError, match="no bucket"):
        await aioriak.datatypes.Set().reload()
    with pytest.raises(TypeError, match="must be a string"):
        client.bucket(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="without a key"):
        await client.get(client.bucket("old").new_object())
