"""Listing keys and buckets."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import BucketTypeNotFound, InvalidRequest, ListingDisallowed, ListingWarning

KEYS = [f"k{number:03}" for number in range(250)]


@pytest.fixture
async def full(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with 250 keys."""
    bucket = client.bucket(bucket_name, "nosiblings")
    objects = [bucket.new_object(key, encoded_data=b"v", content_type="text/plain") for key in KEYS]
    assert not [error async for _, error in bucket.put_many(objects, return_body=False) if error]
    yield bucket
    for key in KEYS:
        await bucket.delete(key)


async def test_all_keys_are_listed(full: Bucket, client: RiakClient) -> None:
    assert sorted(await full.get_keys()) == KEYS
    assert sorted(await client.get_keys(full)) == KEYS


async def test_keys_stream_one_by_one_and_in_chunks(full: Bucket) -> None:
    assert sorted([key async for key in full.stream_keys()]) == KEYS
    chunks = [chunk async for chunk in full.stream_keys().chunks()]
    assert all(chunks)
    assert sorted(key for chunk in chunks for key in chunk) == KEYS


async def test_chunks_go_on_where_single_keys_stopped(full: Bucket) -> None:
    async with full.stream_keys() as stream:
        first = await anext(stream)
        rest = [key async for chunk in stream.chunks() for key in chunk]
    assert sorted([first, *rest]) == KEYS


async def test_an_empty_bucket_has_no_keys(client: RiakClient, bucket_name: str) -> None:
    assert await client.bucket(bucket_name).get_keys() == []
    assert [chunk async for chunk in client.bucket(bucket_name).stream_keys().chunks()] == []


async def test_buckets_are_listed_by_type(full: Bucket, client: RiakClient) -> None:
    assert full in await client.get_buckets("nosiblings")
    assert full in await full.bucket_type.get_buckets()
    assert full.name in [name async for name in client.stream_buckets("nosiblings")]
    assert full.name not in [name async for name in client.stream_buckets("lww")]


async def test_a_bucket_type_that_does_not_exist_is_told(client: RiakClient) -> None:
    with pytest.raises(BucketTypeNotFound):
        await client.bucket("b", "absent").get_keys()
    with pytest.raises(BucketTypeNotFound):
        await client.get_buckets("absent")
    assert await client.ping()


async def test_a_timeout_is_a_number_of_milliseconds(full: Bucket) -> None:
    assert len(await full.get_keys(timeout=10_000)) == len(KEYS)
    with pytest.raises(InvalidRequest):
        full.stream_keys(timeout=0)


async def test_listing_warns_and_points_at_who_did_it(nodes: list[tuple[str, int]], bucket_name: str) -> None:
    async with await RiakClient.create(nodes=nodes) as client:
        with pytest.warns(ListingWarning, match=bucket_name) as caught:
            await client.bucket(bucket_name).get_keys()
        assert caught[0].filename == __file__
        with pytest.warns(ListingWarning, match="buckets") as caught:
            await client.get_buckets("lww")
        assert caught[0].filename == __file__


async def test_listing_can_be_refused(nodes: list[tuple[str, int]], bucket_name: str) -> None:
    async with await RiakClient.create(nodes=nodes, allow_listing="error") as client:
        with pytest.raises(ListingDisallowed, match=bucket_name):
            await client.bucket(bucket_name).get_keys()
        with pytest.raises(ListingDisallowed):
            client.stream_buckets()


async def test_listing_can_be_silent(client: RiakClient, bucket_name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert await client.bucket(bucket_name).get_keys() == []


def test_there_are_three_ways_to_allow_listing() -> None:
    with pytest.raises(InvalidRequest, match="allow_listing"):
        RiakClient(allow_listing="perhaps")  # type: ignore[arg-type]
