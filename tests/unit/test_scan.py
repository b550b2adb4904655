"""Parallel scans by a coverage plan, on a server that has such plans."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import ServerError
from aioriak.testing import RiakServer

KEYS = {f"key-{number}" for number in range(120)}


@pytest.fixture
async def planner() -> AsyncIterator[RiakServer]:
    """A server that gives coverage plans, and small chunks."""
    async with RiakServer(coverage=True, chunk=7, ring_size=16) as server:
        yield server


@pytest.fixture
async def full(planner: RiakServer) -> AsyncIterator[Bucket]:
    """A bucket with 120 objects."""
    async with await RiakClient.create(planner.host, planner.port) as client:
        bucket = client.bucket("full")
        objects = [bucket.new_object(key, encoded_data=key.encode(), content_type="text/plain") for key in KEYS]
        assert not [error async for _, error in bucket.put_many(objects, return_body=False) if error]
        yield bucket


async def test_the_pieces_of_a_plan_make_up_the_bucket(full: Bucket) -> None:
    plan = await full.get_coverage(min_partitions=5)
    assert len(plan) == 5
    found = [[each.key async for each in full.fold(cover_context=piece.cover_context)] for piece in plan]
    assert sorted(key for keys in found for key in keys) == sorted(KEYS)
    assert sum(1 for keys in found if keys) > 1


async def test_an_index_query_can_be_asked_piece_by_piece(full: Bucket) -> None:
    plan = await full.get_coverage(min_partitions=4)
    found = [await full.get_index("$key", "key", "kez", cover_context=piece.cover_context) for piece in plan]
    assert sorted(key for page in found for key in page.results) == sorted(KEYS)


async def test_a_lost_piece_can_be_replaced(full: Bucket) -> None:
    first, *_ = await full.get_coverage(min_partitions=4)
    (other,) = await full.get_coverage(replace=first.cover_context, unavailable=[first.cover_context])
    assert other.keyspace == first.keyspace


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_a_scan_brings_every_object_once(full: Bucket, concurrency: int) -> None:
    found = [(each.key, each.data) async for each in full.scan(concurrency=concurrency, min_partitions=8)]
    assert sorted(found) == sorted((key, key) for key in KEYS)


async def test_a_scan_that_is_left_early_leaves_nothing_running(planner: RiakServer, full: Bucket) -> None:
    before = asyncio.all_tasks()
    scan = full.scan(concurrency=4, min_partitions=8)
    assert (await anext(scan)).key in KEYS
    assert len(asyncio.all_tasks()) > len(before)
    await scan.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


async def test_a_piece_that_fails_fails_the_scan(planner: RiakServer, full: Bucket) -> None:
    planner.faults.error("bucket fold", "no such luck", times=1, after=1)
    found = 0
    with pytest.raises(ServerError, match="no such luck"):  # noqa: PT012
        async for _ in full.scan(concurrency=2, min_partitions=4):
            found += 1
    assert found < len(KEYS)
