"""Typed buckets, without a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from aioriak import RiakClient, RiakObject
from aioriak.datatypes import Datatype, Flag, Map, Register, Set
from aioriak.error import InvalidRequest
from aioriak.testing import RiakServer


@dataclass
class Count:
    number: int = 0


async def test_the_default_type_holds_no_data_type() -> None:
    bucket = RiakClient().bucket("carts")
    with pytest.raises(InvalidRequest, match=r"default holds objects, not maps: .*client\.bucket\('carts'"):
        bucket.of(Map)


@pytest.mark.parametrize("kind", [Flag, Register])
async def test_a_data_type_that_is_a_field_of_maps_is_no_kind_of_bucket(kind: type[Datatype[object]]) -> None:
    with pytest.raises(InvalidRequest, match=r"is a field of a map: use of\(Map\)"):
        RiakClient().bucket("carts", "maps").of(kind)


async def test_the_base_class_is_no_kind_of_bucket() -> None:
    with pytest.raises(InvalidRequest, match="one of Counter, GSet, Hll, Map, Set, not Datatype"):
        RiakClient().bucket("carts", "maps").of(Datatype)


async def test_typed_buckets_are_equal_by_bucket_and_kind() -> None:
    client = RiakClient()
    carts = client.bucket("carts", "maps").of(Map)
    same = client.bucket("carts", "maps").of(Map)
    assert carts == same
    assert hash(carts) == hash(same)
    assert carts != client.bucket("carts", "maps").of(Set)
    assert carts != client.bucket("other", "maps").of(Map)
    assert carts != client.bucket("carts", "maps")
    assert repr(carts) == "<DatatypeBucket maps/carts of Map>"


async def test_a_new_data_type_has_its_bucket_and_key() -> None:
    carts = RiakClient().bucket("carts", "maps").of(Map)
    cart = carts.new("ada")
    assert (cart.bucket, cart.key, cart.exists) == (carts.bucket, "ada", False)
    with pytest.raises(InvalidRequest):
        carts.new("")


async def test_updates_of_one_key_by_handles_of_one_class_are_combined(server: RiakServer, client: RiakClient) -> None:
    def count(found: RiakObject[Count]) -> None:
        found.data = Count(found.data.number + 1) if found.exists else Count(1)

    bucket = client.bucket("counts", "siblings")
    await asyncio.gather(*(bucket.of(Count).update("k", count) for _ in range(20)))
    assert (await bucket.of(Count).get("k")).data == Count(20)
    assert len(server.requests.filter("put")) <= 3
