"""AAE folds and replication queues."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.admin.aae import Tree
from aioriak.error import InvalidRequest, NotFound, RequestTimeout

KEYS = ["k0", "k1", "k2", "k3", "k4", "k5"]


async def until(ask: Callable[[], Awaitable[Any]], expected: Any) -> None:
    """Ask until the key store, which may lag behind the objects, has caught up."""
    async with asyncio.timeout(30):
        while await ask() != expected:
            pass


async def answered(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until there is an answer: now and then a cluster never gives one to a fold of many branches."""
    async with asyncio.timeout(90):
        while True:
            with suppress(RequestTimeout):
                return await ask()


@pytest.fixture
async def stored(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with six objects."""
    bucket = client.bucket(bucket_name, "siblings")
    for key in KEYS:
        await bucket.new_object(key, encoded_data=b"v", content_type="text/plain").store()
    await until(lambda: client.aae.count_keys(bucket), len(KEYS))
    yield bucket
    for key in KEYS:
        await bucket.delete(key)


async def test_buckets_are_listed_with_their_types(client: RiakClient, stored: Bucket) -> None:
    assert ("siblings", stored.name) in await client.aae.list_buckets(3)
    assert ("siblings", stored.name) in await client.aae.list_buckets()


async def test_stats_count_objects_sizes_and_siblings(client: RiakClient, stored: Bucket) -> None:
    stats = await client.aae.object_stats(stored)
    assert stats.total_count == 6
    assert stats.total_size > 0
    assert sum(stats.sizes.values()) == 6
    assert stats.siblings == {1: 6}
    assert (await client.aae.object_stats(stored, keys=("k1", "k3"))).total_count == 3


async def test_keys_with_siblings_are_found(client: RiakClient, stored: Bucket) -> None:
    await stored.new_object("k1", encoded_data=b"other", content_type="text/plain").store(return_body=False)
    await until(lambda: client.aae.find_siblings(stored), [("k1", 2)])
    assert await client.aae.find_siblings(stored, more_than=2) == []
    large = {found.key for found in await client.aae.find_large(stored, 1)}
    assert large == set(KEYS)


async def test_the_size_of_the_value_counts(client: RiakClient, stored: Bucket) -> None:
    """Backends may compress, so the value is one that cannot be."""
    value = random.Random(1).randbytes(5000)
    await stored.new_object("k2", encoded_data=value, content_type="text/plain").store()

    async def large() -> list[str]:
        return [found.key for found in await client.aae.find_large(stored, 4000)]

    await until(large, ["k2"])
    stats = await client.aae.object_stats(stored)
    assert stats.total_size > 5000
    assert stats.sizes[3] == 1


async def test_a_range_of_times_is_given_in_datetimes_or_seconds(client: RiakClient, stored: Bucket) -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert await client.aae.count_keys(stored, modified=(now - hour, now + hour)) == 6
    assert await client.aae.count_keys(stored, modified=(None, now - hour)) == 0
    assert await client.aae.count_keys(stored, modified=((now - hour).timestamp(), None)) == 6


async def test_clocks_are_those_of_the_objects(client: RiakClient, stored: Bucket) -> None:
    found = await client.aae.fetch_clocks_range(stored, keys=("k2", "k3"))
    assert [(each.bucket_type, each.bucket, each.key) for each in found] == [
        ("siblings", stored.name, "k2"), ("siblings", stored.name, "k3")]  # fmt: skip
    assert found[0].vclock == (await stored.get("k2")).vclock


async def test_trees_show_where_two_stores_differ(client: RiakClient, stored: Bucket) -> None:
    before = await client.aae.merge_trees(stored, "small")
    assert before.size == "small"
    assert (len(before.root), len(before.branches)) == (256, 256)
    robject = await stored.get("k4")
    robject.encoded_data = b"changed"
    await robject.store()
    await until(lambda: _differences(client, stored, before), 1)
    after = await client.aae.merge_trees(stored, "small")
    (segment,) = before.differing_segments(after)
    assert before.differing_branches(after) == [segment // 256]
    found = await client.aae.fetch_clocks_range(stored, segments=[segment], segment_tree_size="small")
    assert "k4" in [each.key for each in found]
    rehashed = await client.aae.merge_trees(stored, "small", rehash=17)
    assert rehashed.root != after.root
    with pytest.raises(ValueError, match="cannot be compared"):
        after.differing_segments(await client.aae.merge_trees(stored, "xxsmall"))


async def _differences(client: RiakClient, bucket: Bucket, before: Tree) -> int:
    return len(before.differing_segments(await client.aae.merge_trees(bucket, "small")))


async def test_root_branches_and_clocks_of_an_n_val_lead_to_a_key(client: RiakClient, stored: Bucket) -> None:
    root = await client.aae.merge_root(3)
    assert (root.size, len(root.root), root.branches) == ("large", 4096, {})
    dirty = [number for number, hashed in enumerate(root.root) if hashed]
    tree = await answered(lambda: client.aae.merge_branches(dirty, 3, timeout=10_000))
    assert sorted(tree.branches) == dirty
    segments = [
        number * 256 + at for number, hashes in tree.branches.items() for at, hashed in enumerate(hashes) if hashed
    ]
    found = {each.key for each in await client.aae.fetch_clocks(segments, 3) if each.bucket == stored.name}
    assert found == set(KEYS)


async def test_tombstones_are_found_counted_and_reaped(client: RiakClient, stored: Bucket) -> None:
    await stored.delete("k0")
    await until(lambda: client.aae.count_tombstones(stored), 1)
    (tombstone,) = await client.aae.find_tombstones(stored)
    assert tombstone.key == "k0"
    assert await client.aae.reap_tombstones(stored, method="job", job_id=7) == 1
    await until(lambda: client.aae.count_tombstones(stored), 0)


async def test_keys_are_erased_when_they_are_meant_to_be(client: RiakClient, stored: Bucket) -> None:
    assert await client.aae.erase_keys(stored, keys=("k0", "k2")) == 3
    await until(lambda: client.aae.count_keys(stored), 3)
    assert not (await stored.get("k1")).exists
    assert (await stored.get("k3")).exists


async def test_a_range_is_repaired(client: RiakClient, stored: Bucket) -> None:
    assert await client.aae.repair_keys(stored, keys=("k1", "k4")) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"keys": ("z", "a")}, {"keys": ("a",)}, {"keys": "ab"}, {"modified": (datetime(2024, 1, 1), None)},
        {"modified": (5, 4)}, {"modified": ("yesterday", None)}, {"segments": [-1]}, {"segments": [4096 * 256]},
        {"segments": [1], "segment_tree_size": "huge"}, {"segments": [1], "segment_tree_size": "xsmall"},
        {"segments": [1], "segment_tree_size": "xlarge"}, {"timeout": 0},
    ],
)  # fmt: skip
async def test_a_range_that_cannot_be_is_refused(client: RiakClient, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await client.aae.fetch_clocks_range(client.bucket("b"), **options)


async def test_a_job_needs_its_number(client: RiakClient) -> None:
    with pytest.raises(InvalidRequest, match="job_id"):
        await client.aae.reap_tombstones(client.bucket("b"), method="job")
    with pytest.raises(InvalidRequest, match="job_id"):
        await client.aae.erase_keys(client.bucket("b"), job_id=1)


async def test_a_queue_that_does_not_exist_is_told(client: RiakClient) -> None:
    with pytest.raises(NotFound):
        await client.replication.queue("no_such_queue").fetch()
