"""A put whose reply was lost, under ``retry_writes``: it never meets its own first attempt."""

from __future__ import annotations

from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import OutcomeUnknown, ResolverErrorAfterWrite
from aioriak.testing import RiakServer


@pytest.fixture
async def again(client: RiakClient) -> RiakClient:
    return client.with_options(retry_writes=True)


@pytest.mark.parametrize("options", [{"return_body": True}, {"return_body": False}], ids=str)
async def test_a_put_with_a_vclock_that_was_done_is_not_made_again(
    server: RiakServer, again: RiakClient, options: dict[str, Any]
) -> None:
    bucket = again.bucket("b", "siblings")
    await (await bucket.new("k", {"v": 1})).store()
    robject = await bucket.get("k")
    robject.data = {"v": 2}
    server.faults.cut("put", "before", times=1)
    await robject.store(**options)
    assert robject.data == {"v": 2}
    assert [one.data for one in (await bucket.get("k")).siblings] == [{"v": 2}]
    assert server.requests["put"] == 2  # the one that set it up, and the one that was done


async def test_a_put_with_a_vclock_that_was_not_done_is_made_again(server: RiakServer, again: RiakClient) -> None:
    bucket = again.bucket("b", "siblings")
    await (await bucket.new("k", {"v": 1})).store()
    robject = await bucket.get("k")
    robject.data = {"v": 2}
    server.faults.refuse("put", times=1)
    await robject.store()
    assert [one.data for one in (await bucket.get("k")).siblings] == [{"v": 2}]


async def test_a_put_without_a_vclock_is_made_again_only_where_no_siblings_are_kept(
    server: RiakServer, again: RiakClient
) -> None:
    server.faults.cut("put", "before", times=1)
    await (await again.bucket("b").new("k", 1)).store()
    assert server.requests["put"] == 2
    server.faults.cut("put", "before", times=1)
    with pytest.raises(OutcomeUnknown):
        await (await again.bucket("b", "siblings").new("k", 1)).store()
    assert [one.data for one in (await again.bucket("b", "siblings").get("k")).siblings] == [1]


@pytest.mark.parametrize("conditions", [{"if_none_match": True}, {"if_not_modified": True}], ids=str)
async def test_a_conditional_put_is_never_made_again(
    server: RiakServer, again: RiakClient, conditions: dict[str, Any]
) -> None:
    bucket = again.bucket("b")
    if "if_not_modified" in conditions:
        await (await bucket.new("k", 0)).store()
    robject = await bucket.get("k")
    robject.data = 1
    before = server.requests["put"]
    server.faults.cut("put", "before", times=1)
    with pytest.raises(OutcomeUnknown):
        await robject.store(**conditions)
    assert server.requests["put"] == before + 1


async def test_a_put_without_a_key_is_never_stored_under_two_keys(server: RiakServer, again: RiakClient) -> None:
    server.faults.cut("put", "before", times=1)
    with pytest.raises(OutcomeUnknown):
        await (await again.bucket("b").new(None, 1)).store()
    assert server.requests["put"] == 1


async def test_a_resolver_that_fails_after_the_write_says_that_the_write_was_done(client: RiakClient) -> None:
    bucket = client.bucket("b", "siblings")
    await (await bucket.new("k", 1)).store()

    def broken(robject: Any) -> None:
        raise ValueError("a fault of the resolver")

    bucket.resolver = broken
    with pytest.raises(ResolverErrorAfterWrite, match="the write was done") as caught:
        await (await bucket.new("k", 2)).store()
    assert caught.value.written
