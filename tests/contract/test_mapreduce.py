"""Map/reduce, with phases in Erlang."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aioriak import Bucket, RiakClient, RiakKeyFilter, RiakMapReduce, key_filter
from aioriak.error import InvalidRequest, MapReduceError


@pytest.fixture
async def numbers(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with the numbers 0 to 4 under the keys k0 to k4."""
    bucket = client.bucket(bucket_name)
    for number in range(5):
        robject = await bucket.new(f"k{number}", encoded_data=b"%d" % number, content_type="text/plain")
        robject.add_index("n_int", number)
        await robject.store()
    yield bucket
    for number in range(5):
        await bucket.delete(f"k{number}")


async def test_phases_follow_each_other(client: RiakClient, numbers: Bucket) -> None:
    job = RiakMapReduce(client).add_bucket(numbers).map_object_value().reduce_string_to_integer()
    assert await job.reduce_sum().run() == [10]


async def test_kept_phases_come_by_their_number(client: RiakClient, numbers: Bucket) -> None:
    job = RiakMapReduce(client).add(numbers, ["k1", "k2"]).map_object_value({"keep": True}).reduce_sort()
    found = await job.run()
    assert {phase: sorted(values) for phase, values in found.items()} == {0: ["1", "2"], 1: ["1", "2"]}


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        (key_filter.ends_with("3"), ["k3"]),
        (key_filter.ends_with("3") | key_filter.ends_with("4") | key_filter.eq("k0"), ["k0", "k3", "k4"]),
        (key_filter.starts_with("k") & ~key_filter.matches("[123]"), ["k0", "k4"]),
        (key_filter.tokenize("k", 1) + key_filter.string_to_int().less_than(2), ["k0", "k1"]),
        (key_filter.to_upper().between("K1", "K2", False), []),
        (key_filter.set_member("k1", "k9"), ["k1"]),
        (key_filter.similar_to("k11", 1), ["k1"]),
    ],
)
async def test_key_filters_pick_inputs(
    client: RiakClient, numbers: Bucket, filters: RiakKeyFilter, keys: list[str]
) -> None:
    found = await RiakMapReduce(client).add(numbers).add_key_filters(filters).reduce_identity().run()
    assert sorted(key for _, key in found) == keys


async def test_an_index_picks_inputs(client: RiakClient, numbers: Bucket) -> None:
    job = RiakMapReduce(client).index(numbers, "n_int", 1, 3).reduce_count_inputs()
    assert await job.run() == [3]
    job = RiakMapReduce(client).index(numbers, "n_int", 0).map_object_value()
    assert await job.run() == ["0"]


async def test_a_job_without_phases_gives_keys(client: RiakClient, numbers: Bucket) -> None:
    found = await RiakMapReduce(client).add(numbers.name, "k1").run()
    assert found == [(numbers.name, "k1", None)]


async def test_typed_buckets_and_objects_are_inputs(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "siblings")
    robject = await bucket.new("k", encoded_data=b"v", content_type="text/plain")
    await robject.store()
    assert await robject.map(["riak_kv_mapreduce", "map_object_value"]).run() == ["v"]
    assert await RiakMapReduce(client).add(bucket).map_object_value().run() == ["v"]
    assert await RiakMapReduce(client).add(bucket_name, "k", None, "siblings").map_object_value().run() == ["v"]
    await robject.delete()


async def test_results_stream_with_their_phases(client: RiakClient, numbers: Bucket) -> None:
    job = RiakMapReduce(client).add_bucket(numbers).map_object_value()
    found: list[str] = []
    async for phase, data in await job.stream():
        assert phase == 0
        found.append(data)
    assert sorted(found) == ["0", "1", "2", "3", "4"]


async def test_the_form_that_is_sent_can_be_given_too(client: RiakClient, numbers: Bucket) -> None:
    phase = {"language": "erlang", "module": "riak_kv_mapreduce", "function": "reduce_count_inputs"}
    assert await client.mapred(numbers.name, [{"reduce": phase}]) == [5]
    stream = await client.stream_mapred([[numbers.name, "k1"], [numbers.name, "k2"]], [{"reduce": phase}], timeout=5000)
    assert [found async for found in stream] == [(0, 2)]


async def test_what_is_not_there_is_left_out_unless_asked_for(client: RiakClient, bucket_name: str) -> None:
    job = RiakMapReduce(client).add(bucket_name, "nothing", "data")
    assert await job.map_object_value().run() == []
    job = RiakMapReduce(client).add(bucket_name, "nothing", "data")
    assert await job.map_object_value({"arg": "include_keydata"}).run() == ["data"]


async def test_an_error_says_which_phase_and_why(client: RiakClient, numbers: Bucket) -> None:
    job = RiakMapReduce(client).add(numbers, "k1").map_object_value().map(["no_such_module", "f"])
    with pytest.raises(MapReduceError) as caught:
        await job.run()
    assert caught.value.phase == 1
    assert "invalid module" in caught.value.reason


async def test_a_link_phase_gives_the_links_that_match(client: RiakClient, bucket_name: str) -> None:
    robject = client.bucket(bucket_name).new_object("k", encoded_data=b"v", content_type="text/plain")
    robject.links = [("lw", "b", "t"), ("other", "c", "u")]
    await robject.store()
    assert await client.mapred([[bucket_name, "k"]], [{"link": {"bucket": "lw", "keep": True}}]) == [["lw", "b", "t"]]
    assert await client.mapred([[bucket_name, "k"]], [{"link": {"tag": "u"}}]) == [["other", "c", "u"]]
    assert await client.mapred([[bucket_name, "k"]], [{"link": {"bucket": "none"}}]) == []
    await robject.delete()


async def test_a_phase_with_erlang_source_is_refused(client: RiakClient, numbers: Bucket) -> None:
    phase = {"language": "erlang", "source": "fun(O, _, _) -> [riak_object:key(O)] end."}
    with pytest.raises(MapReduceError) as caught:
        await client.mapred([[numbers.name, "k1"]], [{"map": phase}])
    assert (caught.value.phase, caught.value.reason) == (0, "[worker_startup_failed]")


async def test_a_function_that_fails_says_so_with_its_phase(client: RiakClient, bucket_name: str) -> None:
    job = RiakMapReduce(client).add(bucket_name, "nothing").map(["riak_kv_mapreduce", "map_object_value"])
    with pytest.raises(MapReduceError) as caught:
        await job.run()
    assert (caught.value.phase, caught.value.reason) == (0, "function_clause")
    assert await client.ping()


async def test_a_job_that_is_none_is_refused_before_it_is_sent(client: RiakClient) -> None:
    with pytest.raises(InvalidRequest):
        await RiakMapReduce(client).map_object_value().run()
    with pytest.raises(InvalidRequest):
        RiakMapReduce(client).add("b", "k").add_bucket("b")
    with pytest.raises(InvalidRequest):
        RiakMapReduce(client).add("b", "k").add_key_filter("eq", "k")
    with pytest.raises(InvalidRequest):
        RiakMapReduce(client).add("b", b"\xff")
    with pytest.raises(InvalidRequest):
        await client.mapred("b", [{"map": {"arg": object()}}])
