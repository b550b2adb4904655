"""Data types, from both ends: what a client of Riak can do with them and must be told about them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.bucket import Bucket
from aioriak.datatypes import Counter, GSet, Hll, Map, Set
from aioriak.error import (
    BucketTypeNotFound,
    ContextRequired,
    DatatypeMismatch,
    InvalidRequest,
    NotADatatype,
    QuorumTooLarge,
    ServerError,
)


@pytest.fixture
def maps(client: RiakClient, bucket_name: str) -> Bucket:
    return client.bucket_type("maps").bucket(bucket_name)


@pytest.fixture
def sets(client: RiakClient, bucket_name: str) -> Bucket:
    return client.bucket_type("sets").bucket(bucket_name)


@pytest.fixture
def counters(client: RiakClient, bucket_name: str) -> Bucket:
    return client.bucket_type("counters").bucket(bucket_name)


async def test_a_bucket_gives_the_data_type_of_its_type(client: RiakClient, bucket_name: str) -> None:
    kinds: dict[str, Any] = {"counters": Counter, "sets": Set, "maps": Map, "hlls": Hll, "gsets": GSet}
    for type_name, kind in kinds.items():
        bucket = client.bucket(bucket_name, type_name)
        found = await bucket.get("absent")
        new = await bucket.new("absent")
        assert type(found) is type(new) is kind
        assert not found.exists
        assert found.value == new.value
        assert await bucket.bucket_type.get_datatype() == found.type_name


async def test_a_field_is_assigned_and_stored_on_a_fetched_a_new_and_a_just_stored_map(maps: Bucket) -> None:
    fetched = await maps.get("key")
    fetched.registers["deadbeef"].assign("test_string")
    await fetched.store()
    assert fetched.exists
    assert fetched.registers["deadbeef"].value == "test_string"

    fetched.registers["deadbeef"].assign("again")
    await fetched.store()
    assert fetched.value == {("deadbeef", "register"): "again"}

    new = await maps.new("key")
    new.registers["other"].assign("more")
    await new.store()
    assert new.value == {("deadbeef", "register"): "again", ("other", "register"): "more"}
    assert (await maps.get("key")).value == new.value


async def test_a_map_nests_every_type_of_field(maps: Bucket) -> None:
    new = await maps.new("key")
    inner = new.maps["one"].maps["two"]
    inner.counters["n"].decrement(3)
    inner.flags["on"].enable()
    inner.flags["off"].disable()
    inner.registers["raw"].assign(b"\xff")
    inner.sets["s"].add("ü")
    inner.sets["s"].add(b"\xfe")
    await new.store()
    found = await maps.get("key")
    assert found.maps["one"].maps["two"].value == {
        ("n", "counter"): -3, ("off", "flag"): False, ("on", "flag"): True, ("raw", "register"): b"\xff",
        ("s", "set"): frozenset({"ü", b"\xfe"}),
    }
    assert found.value == new.value


async def test_members_come_and_go(sets: Bucket) -> None:
    tags = await sets.new("key")
    tags.add("a")
    tags.add(b"b")
    tags.add(b"\xff")
    await tags.store()
    assert tags.value == {"a", "b", b"\xff"}
    tags.discard(b"a")
    tags.add("c")
    await tags.store()
    assert (await sets.get("key")).value == {"b", "c", b"\xff"}
    assert tags.value == {"b", "c", b"\xff"}


async def test_an_emptied_set_is_still_there(sets: Bucket) -> None:
    tags = await sets.new("key")
    tags.add("a")
    await tags.store()
    tags.discard("a")
    await tags.store()
    found = await sets.get("key")
    assert found.exists
    assert found.value == frozenset()


async def test_an_add_that_a_removal_had_not_seen_stays(sets: Bucket) -> None:
    mine = await sets.new("key")
    mine.add("a")
    await mine.store()
    theirs = await sets.get("key")
    theirs.add("a")
    await theirs.store()
    mine.discard("a")
    await mine.store()
    assert mine.value == {"a"}


async def test_a_removal_needs_to_have_seen_something(sets: Bucket) -> None:
    stored = await sets.new("key")
    stored.add("a")
    await stored.store()
    blind = await sets.new("key")
    with pytest.raises(ContextRequired):
        blind.discard("a")
    await blind.fetch_context()
    blind.add("b")
    blind.discard("a")
    await blind.store()
    assert blind.value == {"b"}


async def test_fetching_a_context_keeps_what_is_staged_and_reloading_does_not(sets: Bucket) -> None:
    stored = await sets.new("key")
    stored.add("a")
    await stored.store()
    blind = await sets.new("key")
    blind.add("b")
    assert await blind.fetch_context() is blind
    assert blind.dirty_value == {"a", "b"}
    assert await blind.reload() is blind
    assert not blind.modified


async def test_a_value_that_did_not_come_back_is_stale_and_the_next_removal_fetches(sets: Bucket) -> None:
    tags = await sets.new("key")
    tags.add("a")
    await tags.store(return_body=False)
    assert tags.stale
    assert tags.value == {"a"}
    other = await sets.get("key")
    other.add("b")
    await other.store()
    tags.discard("a")
    assert tags.stale
    await tags.store()
    assert not tags.stale
    assert tags.value == {"b"}


async def test_a_removed_field_that_is_changed_holds_only_the_change(maps: Bucket) -> None:
    some = await maps.new("key")
    some.sets["s"].add("old")
    some.counters["c"].increment(5)
    some.maps["m"].registers["gone"].assign("x")
    await some.store()
    for field in list(some):
        del some[field]
    some.sets["s"].add("new")
    some.counters["c"].increment()
    some.maps["m"].registers["here"].assign("y")
    expected = some.dirty_value
    await some.store()
    assert some.value == expected == {
        ("c", "counter"): 1, ("m", "map"): {("here", "register"): "y"}, ("s", "set"): frozenset({"new"}),
    }


async def test_fields_go_and_come_back(maps: Bucket) -> None:
    some = await maps.new("key")
    some.registers["r"].assign("1")
    some.sets["s"].add("a")
    await some.store()
    del some.registers["r"]
    await some.store()
    assert list(some) == [("s", "set")]
    some.registers["r"].assign("2")
    await some.store()
    assert (await maps.get("key")).registers["r"].value == "2"


async def test_counters_count_for_many_at_once(counters: Bucket) -> None:
    async def count(by: int) -> None:
        counter = await counters.new("key")
        counter.increment(by)
        await counter.store(return_body=False)

    await asyncio.gather(*(count(by) for by in (-3, -2, -1, *range(1, 10))))
    assert (await counters.get("key")).value == 39


async def test_a_grow_only_set_gives_its_value_back(client: RiakClient, bucket_name: str) -> None:
    grown = await client.bucket(bucket_name, "gsets").new("key")
    grown.add("a")
    await grown.store()
    grown.add("b")
    await grown.store(return_body=True)
    assert grown.value == {"a", "b"}
    grown.add("c")
    await grown.store(return_body=False)
    assert grown.stale
    assert grown.value == {"a", "b", "c"}
    assert (await client.bucket(bucket_name, "gsets").get("key")).value == {"a", "b", "c"}


async def test_a_hyperloglog_tells_how_many(client: RiakClient, bucket_name: str) -> None:
    visitors = await client.bucket(bucket_name, "hlls").new("key")
    for number in range(500):
        visitors.add(f"visitor {number % 200}")
    await visitors.store()
    assert abs(visitors.value - 200) <= 10
    assert (await client.bucket(bucket_name, "hlls").get("key")).value == visitors.value


async def test_the_server_makes_a_key_where_there_is_none(client: RiakClient, bucket_name: str) -> None:
    for type_name in ("sets", "gsets", "hlls"):
        bucket = client.bucket(bucket_name, type_name)
        new = await bucket.new()
        new.add("a")
        await new.store()
        assert isinstance(new.key, str)
        assert (await bucket.get(new.key)).value == new.value


async def test_without_its_context_a_value_cannot_be_taken_from(sets: Bucket) -> None:
    stored = await sets.new("key")
    stored.add("a")
    await stored.store()
    without = await sets.get("key", include_context=False)
    assert without.context is None
    with pytest.raises(ContextRequired):
        without.discard("a")
    without.add("b")
    await without.store(include_context=False)
    assert without.context is None
    assert without.value == {"a", "b"}


async def test_every_option_of_fetch_and_update_is_taken(counters: Bucket) -> None:
    counter = await counters.new("key")
    counter.increment()
    await counter.store(
        w="quorum", dw="one", pw=0, node_confirms=0, return_body=True, include_context=True, timeout=5000,
        n_val=3, sloppy_quorum=True,
    )
    found = await counters.get(
        "key", r="quorum", pr=0, basic_quorum=True, notfound_ok=True, n_val=3, sloppy_quorum=True,
        node_confirms=0, include_context=True, timeout=5000,
    )
    assert found.value == 1
    with pytest.raises(QuorumTooLarge):
        await found.reload(r=9)
    with pytest.raises(InvalidRequest):
        await found.reload(r="most")
    found.increment()
    for bad in ({"w": "most"}, {"timeout": 0}, {"return_body": "yes"}):
        with pytest.raises(InvalidRequest):
            await found.store(**bad)
    with pytest.raises(TypeError, match="asis"):
        await found.store(asis=True)
    assert found.to_op() == ("increment", 1)


async def test_a_failed_update_keeps_what_was_staged(counters: Bucket) -> None:
    counter = await counters.new("key")
    counter.increment(3)
    with pytest.raises(ServerError):
        await counter.store(w=9)
    assert counter.to_op() == ("increment", 3)
    await counter.store()
    assert counter.value == 3
    with pytest.raises(InvalidRequest, match="nothing to store"):
        await counter.store()


async def test_a_wrong_type_of_operation_is_told_and_the_type_is_asked_for_again(
    client: RiakClient, bucket_name: str
) -> None:
    bucket = client.bucket(bucket_name, "sets")
    client._runtime.datatypes[b"sets"] = "counter"
    wrong = await bucket.new("key")
    assert isinstance(wrong, Counter)
    wrong.increment()
    with pytest.raises(DatatypeMismatch):
        await wrong.store()
    assert wrong.modified
    assert isinstance(await bucket.new("key"), Set)


async def test_a_remembered_type_that_is_wrong_does_no_harm_to_a_get(client: RiakClient, bucket_name: str) -> None:
    client._runtime.datatypes[b"sets"] = "counter"
    assert isinstance(await client.bucket(bucket_name, "sets").get("key"), Set)
    client._runtime.datatypes[b"siblings"] = "set"
    assert not hasattr(await client.bucket(bucket_name, "siblings").get("key"), "type_name")


async def test_a_bucket_type_without_a_data_type_and_one_that_is_not_there_have_errors_of_their_own(
    client: RiakClient, bucket_name: str
) -> None:
    for type_name, error in (("siblings", NotADatatype), ("no-such-type", BucketTypeNotFound)):
        bucket = client.bucket(bucket_name, type_name)
        with pytest.raises(error):
            await client.fetch_datatype(bucket, "key")
        some = Set(bucket, "key")
        some.add("a")
        with pytest.raises(error):
            await some.store()


async def test_a_data_type_taken_for_another_says_so_when_it_is_fetched(client: RiakClient, bucket_name: str) -> None:
    with pytest.raises(InvalidRequest, match="is a set, not a counter"):
        await Counter(client.bucket(bucket_name, "sets"), "key").reload()


async def test_the_data_type_of_a_bucket_type_is_asked_for_once(
    client: RiakClient, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    call = type(client._runtime.dispatcher).call

    async def noting(self: Any, operation: Any, *rest: Any) -> Any:
        asked.append(operation.name)
        return await call(self, operation, *rest)

    monkeypatch.setattr(type(client._runtime.dispatcher), "call", noting)
    for _ in range(3):
        await client.bucket(bucket_name, "siblings").get("key")
        await client.bucket_type("sets").bucket(bucket_name).new("key")
    assert asked.count("get bucket type properties") == 2


async def test_what_is_edited_is_fetched_and_stored_once(maps: Bucket) -> None:
    async with maps.edit("key") as some:
        some.counters["c"].increment()
    async with maps.edit("key", return_body=False) as some:
        assert some.counters["c"].value == 1
        some.counters["c"].increment()
    assert (await maps.get("key")).counters["c"].value == 2


async def test_an_edit_that_changes_nothing_or_fails_stores_nothing(maps: Bucket) -> None:
    async with maps.edit("key"):
        pass

    async def fail() -> None:
        async with maps.edit("key") as some:
            some.counters["c"].increment()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert not (await maps.get("key")).exists


async def test_a_deleted_one_is_gone_and_can_be_made_anew(sets: Bucket) -> None:
    tags = await sets.new("key")
    tags.add("a")
    await tags.store()
    tags.add("b")
    assert await tags.delete() is tags
    assert (tags.exists, tags.value, tags.modified, tags.context) == (False, frozenset(), False, None)
    assert not (await sets.get("key")).exists
    tags.add("c")
    await tags.store()
    assert tags.value == {"c"}


async def test_the_clients_own_calls_do_the_same(client: RiakClient, sets: Bucket) -> None:
    tags = await client.fetch_datatype(sets, "key")
    assert isinstance(tags, Set)
    tags.add("a")
    assert await client.update_datatype(tags, return_body=True) is tags
    assert tags.value == {"a"}


async def test_counters_of_riak_1_4_count_in_the_default_bucket_type(one_node: RiakClient, bucket_name: str) -> None:
    client = one_node
    bucket = client.bucket(bucket_name)
    with pytest.raises(ServerError, match="allow_mult"):
        await bucket.update_counter("key", 1)
    await bucket.set_property("allow_mult", True)
    try:
        assert await bucket.get_counter("key") is None
        assert await bucket.update_counter("key", 5, w="quorum", dw="one", pw=0) is None
        assert await client.update_counter(bucket, "key", -7, returnvalue=True) == -2
        assert await client.get_counter(bucket, "key", r="quorum", pr=0, basic_quorum=True, notfound_ok=True) == -2
        with pytest.raises(InvalidRequest):
            await bucket.update_counter("key", 2**63)
    finally:
        await bucket.clear_properties()
    with pytest.raises(InvalidRequest, match="default bucket type"):
        await client.bucket(bucket_name, "counters").get_counter("key")


async def test_a_plain_get_of_a_data_type_is_opaque(client: RiakClient, sets: Bucket) -> None:
    tags = await sets.new("key")
    tags.add("a")
    await tags.store()
    robject = sets.new_object("key")
    await robject.reload()
    assert robject.content_type == "application/riak_set"
    assert robject.encoded_data
