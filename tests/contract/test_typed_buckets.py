"""Buckets that return one kind of value, on bucket types that hold it and on those that do not."""

from __future__ import annotations

import pytest

from aioriak import RiakClient
from aioriak.datatypes import Counter, Datatype, GSet, Hll, Map, Set
from aioriak.error import DatatypeMismatch, InvalidRequest, NotADatatype, RiakError

KINDS = {"counters": Counter, "sets": Set, "maps": Map, "hlls": Hll, "gsets": GSet}


@pytest.mark.parametrize("type_name", KINDS)
async def test_a_typed_bucket_returns_its_data_type(client: RiakClient, bucket_name: str, type_name: str) -> None:
    kind: type[Datatype[object]] = KINDS[type_name]
    typed = client.bucket(bucket_name, type_name).of(kind)
    found = await typed.get("absent")
    assert type(found) is type(typed.new("absent")) is kind
    assert not found.exists


async def test_maps_are_stored_edited_fetched_and_deleted(client: RiakClient, bucket_name: str) -> None:
    carts = client.bucket(bucket_name, "maps").of(Map)
    cart = carts.new("ada")
    cart.counters["tea"].increment(2)
    await cart.store()
    async with carts.edit("ada") as edited:
        edited.counters["tea"].increment()
    assert (await carts.get("ada")).counters["tea"].value == 3

    async def fail() -> None:
        async with carts.edit("ada") as edited:
            edited.counters["tea"].increment()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    other = carts.new("bob")
    other.flags["gift"].enable()
    assert [error async for _, error in carts.put_many([other])] == [None]
    found = {key: cart async for key, cart in carts.get_many(["ada", "bob", "none"])}
    assert {key: not isinstance(one, RiakError) and one.value for key, one in found.items()} == {
        "ada": {("tea", "counter"): 3},
        "bob": {("gift", "flag"): True},
        "none": {},
    }
    await carts.delete("ada")
    assert not (await carts.get("ada")).exists


async def test_another_data_type_than_the_bucket_type_holds_is_refused(client: RiakClient, bucket_name: str) -> None:
    maps = client.bucket(bucket_name, "sets").of(Map)
    await client.bucket(bucket_name, "sets").of(Set).new("k").reload()
    with pytest.raises(InvalidRequest, match=r"holds sets, not maps: use of\(Set\)"):
        await maps.get("k")
    with pytest.raises(InvalidRequest, match="holds sets, not maps"):
        async with maps.edit("k"):
            pass
    errors = [error async for _, error in maps.get_many(["k"])]
    assert isinstance(errors[0], InvalidRequest)
    new = maps.new("k")
    new.counters["n"].increment()
    with pytest.raises(DatatypeMismatch, match=r"map.*set"):
        await new.store()


async def test_a_data_type_of_a_bucket_type_with_objects_is_refused(client: RiakClient, bucket_name: str) -> None:
    maps = client.bucket(bucket_name, "siblings").of(Map)
    with pytest.raises(NotADatatype, match="holds objects, not maps"):
        await maps.get("k")
