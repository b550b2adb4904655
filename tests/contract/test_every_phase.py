"""Every phase of map/reduce that Riak 3 has: what it returns, and its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import MapReduceError, RiakError

LINKS = [("lw", "b", "t"), ("lw", "c", None), ("other", "d", "")]


def function(name: str, **options: Any) -> dict[str, Any]:
    return {"language": "erlang", "module": "riak_kv_mapreduce", "function": name, **options}


@pytest.fixture
async def bucket(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with numbers, a text, and an object with links."""
    made = client.bucket(bucket_name)
    for key, value in (("n1", b"7"), ("n2", b"-2"), ("text", b"tea"), ("linked", b"1")):
        robject = made.new_object(key, encoded_data=value, content_type="text/plain")
        robject.links = LINKS if key == "linked" else []
        await robject.store()
    yield made
    for key in ("n1", "n2", "text", "linked"):
        await made.delete(key)


MAPS: list[tuple[str, str, Any, list[Any]]] = [
    ("map_object_value", "n1", {}, ["7"]),
    ("map_object_value", "absent", {"arg": "filter_notfound"}, []),
    ("map_object_value", "absent", {"arg": "include_keydata"}, ["data"]),
    ("map_object_value", "absent", {"arg": {"sub": ["instead"]}}, ["instead"]),
    ("map_object_value", "n1", {"arg": {"sub": ["instead"]}}, ["7"]),
    ("map_object_value_list", "absent", {"arg": "filter_notfound"}, []),
]


@pytest.mark.parametrize(("name", "key", "options", "found"), MAPS)
async def test_a_map_phase(
    client: RiakClient, bucket: Bucket, name: str, key: str, options: Any, found: list[Any]
) -> None:
    assert await client.mapred([[bucket.name, key, "data"]], [{"map": function(name, **options)}]) == found


async def test_an_object_goes_from_phase_to_phase(client: RiakClient, bucket: Bucket) -> None:
    job = [{"map": function("map_identity")}, {"reduce": function("reduce_count_inputs")}]
    assert await client.mapred([[bucket.name, "n1"], [bucket.name, "n2"]], job) == [2]


@pytest.mark.parametrize("name", ["map_object_value", "map_object_value_list"])
async def test_a_map_phase_without_an_argument_fails_where_nothing_is(
    client: RiakClient, bucket: Bucket, name: str
) -> None:
    with pytest.raises(MapReduceError) as caught:
        await client.mapred([[bucket.name, "absent"]], [{"map": function(name)}])
    assert (caught.value.phase, caught.value.reason) == (0, "function_clause")


REDUCES: list[tuple[str, list[str], list[Any]]] = [
    ("reduce_set_union", ["n1", "n1", "n2"], ["-2", "7"]),
    ("reduce_sort", ["text", "n1", "n2"], ["-2", "7", "tea"]),
    ("reduce_string_to_integer", ["n1", "n2"], [-2, 7]),
    ("reduce_count_inputs", ["n1", "n1", "text"], [3]),
]


@pytest.mark.parametrize(("name", "keys", "found"), REDUCES)
async def test_a_reduce_phase(
    client: RiakClient, bucket: Bucket, name: str, keys: list[str], found: list[Any]
) -> None:
    job = [{"map": function("map_object_value")}, {"reduce": function(name)}]
    results = await client.mapred([[bucket.name, key] for key in keys], job)
    assert results == found if name == "reduce_sort" else sorted(results) == found


async def test_identity_gives_bucket_and_key(client: RiakClient, bucket: Bucket) -> None:
    job = [{"reduce": function("reduce_identity")}]
    for inputs in ([[bucket.name, "n1"]], [[bucket.name, "n1", "data"]]):
        assert await client.mapred(inputs, job) == [[bucket.name, "n1"]]


async def test_a_sum_is_of_numbers(client: RiakClient, bucket: Bucket) -> None:
    numbers = [{"map": function("map_object_value")}, {"reduce": function("reduce_string_to_integer")}]
    inputs = [[bucket.name, "n1"], [bucket.name, "n2"]]
    assert await client.mapred(inputs, [*numbers, {"reduce": function("reduce_sum")}]) == [5]
    assert await client.mapred(inputs, [*numbers, {"reduce": function("reduce_count_inputs")}]) == [5]


@pytest.mark.parametrize(
    ("name", "key", "reason"),
    [
        ("reduce_sum", "n1", "badarith"),
        ("reduce_string_to_integer", "text", "badarg"),
        ("reduce_plist_sum", "n1", "function_clause"),
        ("reduce_identity", "n1", "unhandled_entry"),
    ],
)
async def test_a_reduce_phase_that_cannot_use_its_inputs_fails(
    client: RiakClient, bucket: Bucket, name: str, key: str, reason: str
) -> None:
    job = [{"map": function("map_object_value")}, {"reduce": function(name)}]
    with pytest.raises(MapReduceError) as caught:
        await client.mapred([[bucket.name, key]], job)
    assert caught.value.phase == 1
    assert reason in caught.value.reason
    assert await client.ping()


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ({}, [["lw", "b", "t"], ["lw", "c", "undefined"], ["other", "d", ""]]),
        ({"bucket": "_", "tag": "_"}, [["lw", "b", "t"], ["lw", "c", "undefined"], ["other", "d", ""]]),
        ({"bucket": "lw"}, [["lw", "b", "t"], ["lw", "c", "undefined"]]),
        ({"tag": "t"}, [["lw", "b", "t"]]),
        ({"tag": ""}, [["other", "d", ""]]),
        ({"bucket": "lw", "tag": "none"}, []),
    ],
)
async def test_a_link_phase(client: RiakClient, bucket: Bucket, step: Any, found: list[Any]) -> None:
    assert sorted(await client.mapred([[bucket.name, "linked"]], [{"link": step}])) == found


async def test_a_link_phase_of_nothing_gives_nothing(client: RiakClient, bucket: Bucket) -> None:
    assert await client.mapred([[bucket.name, "absent"]], [{"link": {}}]) == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ([{"link": {"bucket": 5}}], "Invalid link step"),
        ([{"link": {"tag": None}}], "Invalid link step"),
        ([{"map": function("no_such_function")}], "invalid function named"),
        ([{"reduce": function("map_object_value")}], "invalid function named"),
        ([{"map": {"language": "erlang", "module": "no_such_module", "function": "f"}}], "invalid module named"),
        ([{"map": {"language": "erlang"}}], "No function specified"),
        ([{"map": {"module": "riak_kv_mapreduce", "function": "map_identity"}}], "No .*language.* was specified"),
        ([{"map": {"language": "lua"}}], "Unknown language"),
        ([{"map": function("map_object_value", keep="yes")}], "keep.* field was not a boolean"),
        ([{"filter": {}}], "Unrecognized format of query phase"),
        ([{}], "Unrecognized format of query phase"),
        (["map"], "Unrecognized format of query phase"),
    ],
)
async def test_a_phase_that_is_none_is_refused(
    client: RiakClient, bucket: Bucket, query: list[Any], text: str
) -> None:
    with pytest.raises(RiakError, match=rf"(?s){text}"):
        await client.mapred([[bucket.name, "n1"]], query)
    assert await client.ping()
