"""Conflicts: siblings, who settles them, and updates under contention."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.bucket import Bucket
from aioriak.error import ConflictError, InvalidRequest, ResolverError, TooManyConflicts
from aioriak.resolver import (
    default_resolver,
    first_resolver,
    largest_resolver,
    last_written_resolver,
    merge_resolver,
)


@pytest.fixture
async def bucket(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket whose writers leave siblings; it is emptied afterwards."""
    made = client.bucket(bucket_name, "siblings")
    yield made
    made.resolver = None
    for key in ("k", "other"):
        await made.delete(key)


async def conflict(bucket: Bucket, *values: Any, key: str = "k") -> None:
    """Writers that knew nothing of each other stored these values, in this order."""
    for value in values:
        await bucket.new_object(key, value).store(return_body=False)


def values(robject: RiakObject) -> list[Any]:
    return sorted(content.data for content in robject.siblings)


async def test_writers_that_did_not_see_each_other_leave_siblings(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2, 3)
    read = await bucket.get("k")
    assert values(read) == [1, 2, 3]
    assert read.exists
    for name in ("data", "content_type", "usermeta", "indexes", "links", "etag", "encoded_data"):
        with pytest.raises(ConflictError, match="3 siblings"):
            getattr(read, name)
    with pytest.raises(ConflictError):
        await read.store()


async def test_three_writers_that_read_the_same_version_leave_exactly_three(bucket: Bucket) -> None:
    await conflict(bucket, 0)
    copies = [await bucket.get("k") for _ in range(3)]
    for number, copy in enumerate(copies):
        copy.data = number + 1
        await copy.store(return_body=False)
    assert values(await bucket.get("k")) == [1, 2, 3]


async def test_a_store_that_meets_a_conflict_shows_it(bucket: Bucket) -> None:
    await conflict(bucket, 1)
    mine = bucket.new_object("k", 2)
    await mine.store()
    assert values(mine) == [1, 2]


async def test_siblings_are_settled_by_storing_one(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2, 3)
    read = await bucket.get("k")
    read.siblings = [max(read.siblings, key=lambda content: content.data)]
    await read.store()
    again = await bucket.get("k")
    assert (len(again.siblings), again.data) == (1, 3)


async def test_a_bucket_without_allow_mult_keeps_the_last(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "nosiblings")
    await conflict(bucket, 1, 2, 3)
    assert (await bucket.get("k")).data == 3


async def test_a_head_shows_siblings_and_settles_nothing(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2)
    bucket.resolver = merge_resolver(sum)
    read = await bucket.get("k", head=True)
    assert len(read.siblings) == 2
    assert [content.data for content in read.siblings] == [None, None]


# -- resolvers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resolver", "expected"),
    [
        (last_written_resolver, {3}),
        (first_resolver, {1, 2, 3}),
        (largest_resolver(lambda data: -data), {1}),
        (largest_resolver(lambda data: data), {3}),
        (merge_resolver(sum), {6}),
        (merge_resolver(lambda found: found[-1] * 10 + found[0]), {31}),
    ],
    ids=["last written", "first", "smallest", "largest", "sum", "in order of writing"],
)
async def test_a_resolver_leaves_one_sibling(bucket: Bucket, resolver: Any, expected: set[int]) -> None:
    for value in (1, 2, 3):
        await conflict(bucket, value)
        await asyncio.sleep(0.002)  # so that the server's clock tells them apart
    bucket.resolver = resolver
    read = await bucket.get("k")
    assert read.data in expected
    await read.store()
    bucket.resolver = None
    assert (await bucket.get("k")).data in expected


async def test_a_resolver_may_be_a_coroutine(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2)

    async def resolver(robject: RiakObject) -> None:
        other = await bucket.get("other")
        assert not other.exists
        robject.siblings = robject.siblings[:1]
        robject.data = "settled"

    bucket.resolver = resolver
    assert (await bucket.get("k")).data == "settled"


async def test_the_nearest_resolver_counts(client: RiakClient, bucket: Bucket) -> None:
    await conflict(bucket, 1, 2)
    kind = bucket.bucket_type
    assert bucket.resolver is default_resolver
    client.resolver = largest_resolver(lambda data: data)
    assert (await bucket.get("k")).data == 2
    kind.resolver = largest_resolver(lambda data: -data)
    assert (await bucket.get("k")).data == 1
    bucket.resolver = merge_resolver(lambda found: "bucket")
    assert (await bucket.get("k")).data == "bucket"
    mine = RiakObject(client, bucket, "k")
    mine.resolver = merge_resolver(lambda found: "object")
    assert (await mine.reload()).data == "object"
    client.resolver = kind.resolver = bucket.resolver = None
    with pytest.raises(ConflictError):
        _ = (await bucket.get("k")).data


async def test_a_resolver_that_raises_is_told_apart(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2)

    def clumsy(robject: RiakObject) -> None:
        raise LookupError("which one?")

    bucket.resolver = clumsy
    with pytest.raises(ResolverError, match="the resolver clumsy raised LookupError: which one") as caught:
        await bucket.get("k")
    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize(("left", "said"), [(0, "left no siblings"), (2, "left 2 siblings")])
async def test_a_resolver_that_does_not_leave_one_is_an_error(bucket: Bucket, left: int, said: str) -> None:
    await conflict(bucket, 1, 2, 3)

    def lazy(robject: RiakObject) -> None:
        robject.siblings = robject.siblings[:left]

    bucket.resolver = lazy
    with pytest.raises(ResolverError, match=said):
        await bucket.get("k")


async def test_a_resolver_is_asked_only_where_there_is_a_conflict(bucket: Bucket) -> None:
    def never(robject: RiakObject) -> None:
        raise AssertionError("there is no conflict")

    bucket.resolver = never
    await conflict(bucket, 1)
    assert (await bucket.get("k")).data == 1
    assert not (await bucket.get("missing")).exists


async def test_what_cannot_be_called_is_no_resolver(client: RiakClient, bucket: Bucket) -> None:
    for holder in (client, bucket.bucket_type, bucket, bucket.new_object("k", 1)):
        with pytest.raises(InvalidRequest, match="a resolver is a function"):
            holder.resolver = "last"  # type: ignore[assignment]


# -- tombstones -----------------------------------------------------------------------------------


async def test_a_delete_that_did_not_see_a_write_leaves_a_tombstone_among_siblings(bucket: Bucket) -> None:
    await conflict(bucket, 1)
    old = await bucket.get("k")
    newer = await bucket.get("k")
    newer.data = 2
    await newer.store()
    await old.delete()
    read = await bucket.get("k")
    assert sorted(content.exists for content in read.siblings) == [False, True]
    tombstone = next(content for content in read.siblings if not content.exists)
    assert tombstone.data is None
    assert "tombstone" in repr(tombstone)
    bucket.resolver = first_resolver
    assert (await bucket.get("k")).data == 2
    bucket.resolver = merge_resolver(lambda found: found)
    assert (await bucket.get("k")).data == [2]
    bucket.resolver = largest_resolver(lambda data: data)
    assert (await bucket.get("k")).data == 2


# -- update ------------------------------------------------------------------------------------------


async def test_an_update_makes_what_is_not_there(bucket: Bucket) -> None:
    def fill(robject: RiakObject) -> None:
        assert not robject.exists
        robject.data = {"count": 1}

    updated = await bucket.update("k", fill)
    assert updated.data == {"count": 1}
    assert (await bucket.get("k")).data == {"count": 1}


async def test_an_update_changes_what_is_there_and_keeps_the_rest(bucket: Bucket) -> None:
    fresh = bucket.new_object("k", {"count": 1})
    fresh.usermeta = {"a": "b"}
    await fresh.store()

    async def count(robject: RiakObject) -> None:
        robject.data["count"] += 1

    await bucket.update("k", count)
    read = await bucket.get("k")
    assert (read.data, read.usermeta) == ({"count": 2}, {"a": "b"})


@pytest.mark.parametrize("if_not_modified", [False, True])
async def test_an_update_brings_back_what_was_deleted(bucket: Bucket, if_not_modified: bool) -> None:
    await conflict(bucket, 1)
    await (await bucket.get("k")).delete()

    def fill(robject: RiakObject) -> None:
        robject.data = 2

    await bucket.update("k", fill, if_not_modified=if_not_modified)
    read = await bucket.get("k")
    assert (len(read.siblings), read.data) == (1, 2)


def union(found: list[list[str]]) -> list[str]:
    return sorted(set().union(*found))


@pytest.mark.parametrize("if_not_modified", [False, True])
async def test_no_update_is_lost_when_a_merge_settles_conflicts(bucket: Bucket, if_not_modified: bool) -> None:
    bucket.resolver = merge_resolver(union)

    async def add(name: str) -> None:
        def change(robject: RiakObject) -> None:
            robject.data = sorted({*(robject.data or []), name})

        await bucket.update("k", change, if_not_modified=if_not_modified, attempts=100 if if_not_modified else 1)

    names = [f"n{number}" for number in range(20)]
    await asyncio.gather(*(add(name) for name in names))
    assert (await bucket.get("k")).data == sorted(names)


async def test_no_update_is_lost_when_the_resolver_merges_in_place(bucket: Bucket) -> None:
    """Where the first sibling holds all of the merge, the change may have been left out, and is made again."""

    def in_place(robject: RiakObject) -> None:
        merged = union([content.data for content in robject.siblings])
        robject.siblings = robject.siblings[:1]
        robject.data = merged

    bucket.resolver = in_place

    async def add(name: str) -> None:
        def change(robject: RiakObject) -> None:
            robject.data = sorted({*(robject.data or []), name})

        await bucket.update("k", change, attempts=10)

    names = [f"n{number}" for number in range(10)]
    await asyncio.gather(*(add(name) for name in names))
    assert (await bucket.get("k")).data == sorted(names)


async def test_counts_add_up_when_the_server_refuses_what_is_stale(bucket: Bucket, real_riak: bool) -> None:
    """On a cluster two writers may pass the check at once; then the resolver decides, and one counts again."""
    bucket.resolver = largest_resolver(lambda data: data)
    counted = 0

    def count(robject: RiakObject) -> None:
        nonlocal counted
        counted += 1
        robject.data = (robject.data or 0) + 1

    await asyncio.gather(
        *(bucket.update("k", count, if_not_modified=True, attempts=200) for _ in range(20))
    )
    total = (await bucket.get("k")).data
    assert total <= counted
    if not real_riak:
        assert total == 20


async def test_an_update_that_the_resolver_dropped_is_made_again(bucket: Bucket) -> None:
    """The other writer's sibling wins, so the change is made on top of it."""
    await conflict(bucket, {"n": 1, "rank": 9})
    changes = 0

    async def change(robject: RiakObject) -> None:
        nonlocal changes
        changes += 1
        if changes == 1:
            theirs = await bucket.get("k")
            theirs.data = {"n": 10, "rank": 10}
            await theirs.store()
        robject.data = {"n": robject.data["n"] + 1, "rank": robject.data["rank"]}

    bucket.resolver = largest_resolver(lambda data: data["rank"])
    updated = await bucket.update("k", change)
    assert changes == 2
    assert updated.data == {"n": 11, "rank": 10}
    assert (await bucket.get("k")).data == {"n": 11, "rank": 10}


async def test_an_update_is_made_again_when_the_others_value_is_the_same(bucket: Bucket) -> None:
    """Both counted from 1 to 2: what is left is 2, and nobody can say whose, so it is counted again."""
    await conflict(bucket, 1)
    changes = 0

    async def count(robject: RiakObject) -> None:
        nonlocal changes
        changes += 1
        if changes == 1:
            theirs = await bucket.get("k")
            theirs.data += 1
            await theirs.store()
        robject.data += 1

    bucket.resolver = last_written_resolver
    assert (await bucket.update("k", count)).data == 3
    assert (await bucket.get("k")).data == 3


async def test_an_update_gives_up_after_its_attempts(bucket: Bucket) -> None:
    await conflict(bucket, 0)
    changes = 0

    async def too_slow(robject: RiakObject) -> None:
        nonlocal changes
        changes += 1
        faster = await bucket.get("k")
        faster.data = changes
        await faster.store()
        robject.data = "mine"

    with pytest.raises(TooManyConflicts, match="another write came first 3 times"):
        await bucket.update("k", too_slow, if_not_modified=True, attempts=3)
    assert changes == 3
    assert (await bucket.get("k")).data == 3


async def test_an_update_whose_resolver_always_prefers_others_is_bounded(bucket: Bucket) -> None:
    await conflict(bucket, 0)
    changes = 0

    async def change(robject: RiakObject) -> None:
        nonlocal changes
        changes += 1
        faster = await bucket.get("k")
        faster.data = changes
        await faster.store()
        robject.data = -changes

    bucket.resolver = largest_resolver(lambda data: data)
    with pytest.raises(TooManyConflicts):
        await bucket.update("k", change, attempts=3)
    assert changes == 3


async def test_an_update_of_siblings_without_a_resolver_is_a_conflict(bucket: Bucket) -> None:
    await conflict(bucket, 1, 2)

    def change(robject: RiakObject) -> None:
        robject.data = 3

    with pytest.raises(ConflictError):
        await bucket.update("k", change)
    assert values(await bucket.get("k")) == [1, 2]


async def test_an_exception_in_the_change_stores_nothing(bucket: Bucket) -> None:
    await conflict(bucket, 1)

    def change(robject: RiakObject) -> None:
        robject.data = 2
        raise LookupError("no")

    with pytest.raises(LookupError):
        await bucket.update("k", change)
    assert (await bucket.get("k")).data == 1


async def test_a_conflict_resolved_to_a_tombstone_is_not_stored_as_an_empty_object(bucket: Bucket) -> None:
    await bucket.new_object("k", 1).store(return_body=False)
    stale, fresh = await bucket.get("k"), await bucket.get("k")
    stale.data = 2
    await stale.store(return_body=False)
    await fresh.delete()

    def keep_the_tombstone(robject: RiakObject) -> None:
        robject.siblings = [content for content in robject.siblings if not content.exists]

    bucket.resolver = keep_the_tombstone
    resolved = await bucket.get("k")
    assert (resolved.exists, resolved.siblings[0].is_tombstone) == (False, True)
    with pytest.raises(InvalidRequest, match=r"tombstone: call delete\(\)"):
        await resolved.store()
    resolved.content_type, resolved.data = "application/json", 3
    await resolved.store()
    assert (await bucket.get("k")).data == 3


async def test_a_resolver_that_fails_after_a_write_says_that_the_write_is_stored(bucket: Bucket) -> None:
    await conflict(bucket, 1)

    def broken(robject: RiakObject) -> None:
        raise LookupError("a mistake")

    bucket.resolver = broken
    with pytest.raises(ResolverError, match="the write was done") as caught:
        await bucket.new_object("k", 2).store()
    assert caught.value.written
    bucket.resolver = None
    assert values(await bucket.get("k")) == [1, 2]
