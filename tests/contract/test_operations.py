"""Preflists, members, bucket folds, and what Riak 3 does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import InvalidRequest, NotSupported

KEYS = ["a", "b", "c", "d"]


@pytest.fixture
async def stored(client: RiakClient, bucket_name: str) -> AsyncIterator[Bucket]:
    """A bucket with four objects."""
    bucket = client.bucket(bucket_name)
    for key in KEYS:
        await bucket.new_object(key, encoded_data=key.encode(), content_type="text/plain").store()
    yield bucket
    for key in KEYS:
        await bucket.delete(key)


async def test_a_preflist_names_as_many_partitions_as_replicas(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name)
    found = await bucket.get_preflist("k")
    assert len({item.partition for item in found}) == await bucket.get_property("n_val")
    assert all("@" in item.node for item in found)
    assert found == await client.get_preflist(bucket, "k")
    with pytest.raises(InvalidRequest):
        await bucket.get_preflist("")


async def test_the_nodes_that_are_up_are_known(client: RiakClient) -> None:
    members = await client.get_members()
    assert members
    assert all(member.port > 0 for member in members)


async def test_a_fold_brings_objects_in_the_order_of_their_keys(stored: Bucket) -> None:
    found = [(robject.key, robject.data) async for robject in stored.fold()]
    assert found == [(key, key) for key in KEYS]


async def test_a_fold_has_ends_that_count_or_do_not(stored: Bucket) -> None:
    async def keys(**options: bool) -> list[str]:
        return [robject.key async for robject in stored.fold(start_key="b", end_key="d", **options)]

    assert await keys() == ["b", "c"]
    assert await keys(end_incl=True) == ["b", "c", "d"]
    assert await keys(start_incl=False) == ["c"]


async def test_a_fold_goes_on_where_it_was_cut_short(stored: Bucket) -> None:
    first = stored.fold(max_results=3)
    assert [robject.key async for robject in first] == ["a", "b", "c"]
    assert first.continuation is not None
    second = stored.fold(max_results=3, continuation=first.continuation)
    assert [robject.key async for robject in second] == ["d"]
    assert second.continuation is None


async def test_what_a_fold_brings_can_be_changed_and_stored(stored: Bucket) -> None:
    async for robject in stored.fold(start_key="a", end_key="a", end_incl=True):
        robject.data = "changed"
        await robject.store()
    assert (await stored.get("a")).data == "changed"


async def test_a_fold_resolves_siblings(client: RiakClient, bucket_name: str) -> None:
    bucket = client.bucket(bucket_name, "siblings")
    for value in (b"1", b"2"):
        await bucket.new_object("k", encoded_data=value, content_type="text/plain").store(return_body=False)
    (conflict,) = [robject async for robject in bucket.fold()]
    assert len(conflict.siblings) == 2
    bucket.resolver = lambda robject: setattr(robject, "siblings", robject.siblings[:1])
    (resolved,) = [robject async for robject in bucket.fold()]
    assert len(resolved.siblings) == 1
    await resolved.delete()


async def test_a_made_up_continuation_of_a_fold_is_refused(client: RiakClient) -> None:
    with pytest.raises(InvalidRequest):
        client.bucket("b").fold(continuation=b"garbage")


async def test_riak_3_says_clearly_what_it_does_not_support(client: RiakClient) -> None:
    if (await client.get_server_info()).server_version.startswith("2."):
        pytest.skip("Riak 2.x has search")
    bucket = client.bucket("b")
    for ask in (
        lambda: client.fulltext_search("index", "*:*"),
        lambda: bucket.search("*:*"),
        lambda: client.create_search_index("index"),
        lambda: client.list_search_indexes(),
        lambda: client.get_search_schema("schema"),
    ):
        with pytest.raises(NotSupported, match="search is not supported by this server"):
            await ask()
    with pytest.raises(NotSupported, match="coverage plans"):
        await bucket.get_coverage()
    with pytest.raises(NotSupported, match="coverage plans"):
        await anext(bucket.scan())
    assert await client.ping()
