# pyright: strict
"""Export the users of an age as CSV, by a secondary index."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TextIO, reveal_type

from aioriak import Bucket, RiakClient, RiakError, RiakObject
from aioriak.operations.names import Name


async def export(client: RiakClient, file: TextIO) -> int:
    """Write the users between 18 and 30, and return their number."""
    users = client.bucket("users")
    adults = users.query("age_int", 18, 30, page_size=100, timeout=timedelta(seconds=5))
    reveal_type(adults)  # revealed: Query[RiakObject[Any]]
    writer = csv.writer(file)
    count = 0
    async for user in adults.objects(concurrency=8):
        reveal_type(user)  # revealed: RiakObject[Any]
        writer.writerow([user.key, user.data["name"]])
        count += 1
    async for row in adults:
        reveal_type(row.key)  # revealed: str | bytes
        reveal_type(row.term)  # revealed: int | str | bytes | None
    async for rows in adults.pages():
        print(len(rows))
    return count


async def keys(bucket: Bucket) -> AsyncIterator[Name]:
    """Yield the keys of a bucket."""
    async for chunk in bucket.stream_keys(timeout=timedelta(minutes=10)).chunks():
        for key in chunk:
            yield key


async def move(client: RiakClient, old: str, new: str) -> list[Name]:
    """Copy all objects to another bucket; return the keys that failed."""
    source, target = client.bucket(old), client.bucket(new)
    failed: list[Name] = []

    async def copies() -> AsyncIterator[RiakObject]:
        async for key, found in source.get_many(keys(source), concurrency=16, r="one"):
            reveal_type(found)  # revealed: RiakObject[Any] | RiakError
            if isinstance(found, RiakError):
                failed.append(key)
                continue
            yield target.new_object(key, encoded_data=found.encoded_data, content_type=found.content_type)

    async for copy, error in target.put_many(copies(), w="all"):
        reveal_type(copy)  # revealed: RiakObject[Any]
        reveal_type(error)  # revealed: RiakError | None
        if error is not None and copy.key is not None:
            failed.append(copy.key)
    async for robject in target.fold(max_results=10):
        reveal_type(robject)  # revealed: RiakObject[Any]
    places: list[tuple[Bucket[RiakObject], Name]] = [(source, "a"), (target, b"a")]
    async for place, found in client.get_many(places):
        reveal_type(place)  # revealed: tuple[Bucket[RiakObject[Any]], str | bytes]
        reveal_type(found)  # revealed: RiakObject[Any] | RiakError
    return failed


async def count(client: RiakClient) -> None:
    """Count by map/reduce, by a search and by an AAE fold."""
    job = client.mapreduce.job().add_bucket("users").map_object_value().reduce_count_inputs()
    reveal_type(job)  # revealed: RiakMapReduce
    async for phase, result in await job.stream(timeout=timedelta(minutes=1)):
        reveal_type(phase)  # revealed: int
        print(result)
    stats = await client.aae.object_stats(client.bucket("users"), timeout=timedelta(hours=1))
    reveal_type(stats.total_count)  # revealed: int
    found = await client.search.query("users", "name_s:a*", rows=5, timeout=timedelta(seconds=1))
    reveal_type(found["num_found"])  # revealed: int


async def mistakes(client: RiakClient) -> None:
    """Mistakes that an editor underlines."""
    users = client.bucket("users")
    users.query("age_int", 18.5)  # expect-error: arg-type, reportArgumentType
    users.query("age_int", 18, pagesize=3)  # expect-error: call-arg, reportCallIssue
    async for _, found in users.get_many(["ada"]):
        print(found.data)  # expect-error: union-attr, reportAttributeAccessIssue
    users.get_many(["ada"], concurency=2)  # expect-error: call-arg, reportCallIssue
    users.put_many(["ada"])  # expect-error: type-var, reportArgumentType
    for _ in users.scan():  # expect-error: attr-defined, reportGeneralTypeIssues
        break
    for user in await users.multiget(["ada"]):
        print(user.data)  # expect-error: union-attr, reportAttributeAccessIssue
