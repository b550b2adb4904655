"""Resolvers, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak import RiakClient, RiakContent, RiakObject
from aioriak.error import ConflictError, InvalidRequest, ResolverError
from aioriak.resolver import (
    checked,
    default_resolver,
    first_resolver,
    largest_resolver,
    last_written_resolver,
    merge_resolver,
    resolve,
)
from aioriak.riak_pb import kv

TOMBSTONE = None


def conflict(*written: tuple[float, Any]) -> RiakObject:
    """An object with siblings: when each was written, and its data."""
    client = RiakClient()
    robject = RiakObject(client, client.bucket("b"), "k")
    robject.siblings = [
        RiakContent.from_reply(
            robject,
            kv.RpbContent(
                value=b"" if data is TOMBSTONE else repr(data).encode(),
                content_type=b"application/json",
                vtag=b"%d" % number,
                last_mod=int(when),
                last_mod_usecs=int(when % 1 * 1e6),
                deleted=data is TOMBSTONE,
            ),
        )
        for number, (when, data) in enumerate(written)
    ]
    return robject


async def settled(resolver: Any, *written: tuple[float, Any]) -> RiakContent:
    robject = conflict(*written)
    robject.resolver = resolver
    await resolve(robject)
    (left,) = robject.siblings
    return left


async def test_the_default_leaves_all() -> None:
    robject = conflict((1, 1), (2, 2))
    await resolve(robject)
    default_resolver(robject)
    assert len(robject.siblings) == 2


async def test_the_last_written_counts_to_the_microsecond() -> None:
    assert (await settled(last_written_resolver, (1.000_001, 1), (1.000_002, 2), (1.0, 3))).data == 2


async def test_the_last_written_may_be_a_tombstone() -> None:
    assert not (await settled(last_written_resolver, (1, 1), (2, TOMBSTONE))).exists


@pytest.mark.parametrize(
    "resolver", [first_resolver, largest_resolver(lambda data: data), merge_resolver(lambda found: found[0])]
)
async def test_tombstones_lose(resolver: Any) -> None:
    left = await settled(resolver, (9, TOMBSTONE), (1, 5), (8, TOMBSTONE))
    assert (left.exists, left.data) == (True, 5)


@pytest.mark.parametrize("resolver", [first_resolver, largest_resolver(lambda data: 0)])
async def test_among_tombstones_one_is_left(resolver: Any) -> None:
    assert not (await settled(resolver, (1, TOMBSTONE), (2, TOMBSTONE))).exists


async def test_the_first_is_the_first_of_the_server() -> None:
    assert (await settled(first_resolver, (5, 1), (1, 2))).data == 1


async def test_the_largest_is_so_by_its_key() -> None:
    assert (await settled(largest_resolver(lambda data: -data), (1, 3), (2, 2), (3, 4))).data == 2


async def test_a_merge_sees_all_values_oldest_first_and_keeps_the_newest_metadata() -> None:
    left = await settled(merge_resolver(list), (3, 3), (1, 1), (2, 2))
    assert left.data == [1, 2, 3]
    assert left.etag == "0"


async def test_a_merge_may_be_a_coroutine() -> None:
    async def add(found: list[int]) -> int:
        return sum(found)

    assert (await settled(merge_resolver(add), (1, 1), (2, 2))).data == 3


async def test_a_merge_leaves_the_siblings_it_was_given_alone() -> None:
    robject = conflict((1, 1), (2, 2))
    before = list(robject.siblings)
    robject.resolver = merge_resolver(sum)
    await resolve(robject)
    assert [content.data for content in before] == [1, 2]


async def test_an_object_may_be_resolved_in_place() -> None:
    def in_place(robject: RiakObject) -> None:
        robject.siblings = [robject.siblings[0]]
        robject.data = "both"

    assert (await settled(in_place, (1, 1), (2, 2))).data == "both"


async def test_a_resolver_that_raises_is_named() -> None:
    def clumsy(robject: RiakObject) -> None:
        raise LookupError("no idea")

    with pytest.raises(ResolverError, match="the resolver clumsy raised LookupError: no idea") as caught:
        await settled(clumsy, (1, 1), (2, 2))
    assert isinstance(caught.value.__cause__, LookupError)
    assert isinstance(caught.value, ConflictError)


async def test_a_conflict_raised_by_a_resolver_is_that_conflict() -> None:
    def touch(robject: RiakObject) -> None:
        _ = robject.data

    with pytest.raises(ConflictError, match="2 siblings") as caught:
        await settled(touch, (1, 1), (2, 2))
    assert not isinstance(caught.value, ResolverError)


@pytest.mark.parametrize(("left", "said"), [(0, "left no siblings"), (2, "left 2 siblings")])
async def test_a_resolver_leaves_exactly_one(left: int, said: str) -> None:
    class Lazy:
        def __call__(self, robject: RiakObject) -> None:
            robject.siblings = robject.siblings[:left]

    with pytest.raises(ResolverError, match=said):
        await settled(Lazy(), (1, 1), (2, 2), (3, 3))


@pytest.mark.parametrize("value", ["last", 5, ["f"], True])
def test_a_resolver_is_a_function(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="a resolver is a function"):
        checked(value)


def test_no_resolver_is_one_to_be_inherited() -> None:
    assert checked(None) is None
    client = RiakClient(resolver=first_resolver)
    bucket = client.bucket("b", "t")
    robject = bucket.new_object("k")
    assert robject.resolver is bucket.resolver is bucket.bucket_type.resolver is first_resolver
    bucket.bucket_type.resolver = last_written_resolver
    assert (robject.resolver, client.resolver) == (last_written_resolver, first_resolver)
    bucket.bucket_type.resolver = None
    assert robject.resolver is first_resolver
