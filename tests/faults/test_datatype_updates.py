"""Updates of data types that fail, are cancelled or lose their answer: never sent twice, nothing forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.datatypes import Set
from aioriak.error import (
    ContextRequired,
    InvalidRequest,
    OutcomeUnknown,
    ServerError,
    WriteLost,
    WriteTimeout,
)
from aioriak.testing import RiakServer


class Arrival:
    """Tells when a request has come, as the ``only`` of a fault."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def __call__(self, request: Any) -> bool:
        self.event.set()
        return True


async def counter_of(client: RiakClient) -> Any:
    counter = await client.bucket("b", "counters").new("k")
    counter.increment(3)
    return counter


async def test_an_update_whose_answer_is_lost_is_not_sent_again_whatever_the_policy(
    server: RiakServer, client: RiakClient
) -> None:
    cut = server.faults.cut("data type update", when="before")
    for patient in (client, client.with_options(attempts=5, retry_writes=True)):
        before = cut.hits
        counter = await counter_of(patient)
        with pytest.raises(WriteLost) as lost:
            await counter.store()
        assert isinstance(lost.value, OutcomeUnknown)
        assert cut.hits == before + 1
        assert counter.to_op() == ("increment", 3)
    assert (await client.bucket("b", "counters").get("k")).value == 6


async def test_counting_a_counter_of_1_4_is_not_repeated_either(server: RiakServer, client: RiakClient) -> None:
    bucket = client.with_options(attempts=5, retry_writes=True).bucket("b")
    await bucket.set_property("allow_mult", True)
    cut = server.faults.cut("counter update", when="before")
    with pytest.raises(OutcomeUnknown):
        await bucket.update_counter("k", 1)
    assert cut.hits == 1
    assert await bucket.get_counter("k") == 1


async def test_an_update_that_times_out_is_of_unknown_outcome_and_stays_staged(
    server: RiakServer, client: RiakClient
) -> None:
    server.faults.hang("data type update", times=1)
    counter = await counter_of(client)
    with pytest.raises(WriteTimeout):
        await counter.store(timeout=50)
    assert counter.to_op() == ("increment", 3)
    await counter.store()
    assert counter.value == 3


async def test_a_cancelled_update_stays_staged_and_can_be_stored_later(server: RiakServer, client: RiakClient) -> None:
    arrived = Arrival()
    server.faults.hang("data type update", times=1, only=arrived)
    counter = await counter_of(client)
    storing = asyncio.create_task(counter.store())
    await arrived.event.wait()
    with pytest.raises(InvalidRequest, match="being stored already"):
        await counter.store()
    storing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await storing
    assert counter.to_op() == ("increment", 3)
    await counter.store()
    assert counter.value == 3


async def test_what_is_staged_while_an_update_is_under_way_is_kept_for_the_next(
    server: RiakServer, client: RiakClient
) -> None:
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    some = await client.bucket("b", "maps").new("k")
    some.counters["c"].increment(3)
    some.sets["s"].add("a")
    storing = asyncio.create_task(some.store())
    await arrived.event.wait()
    some.counters["c"].increment()
    some.sets["s"].add("b")
    await storing
    assert some.value == {("c", "counter"): 3, ("s", "set"): frozenset("a")}
    assert some.to_op() == [
        ("update", ("c", "counter"), ("increment", 1)), ("update", ("s", "set"), {"adds": ["b"]}),
    ]
    await some.store()
    assert some.dirty_value == some.value == {("c", "counter"): 4, ("s", "set"): frozenset("ab")}


async def test_what_is_forgotten_while_it_is_being_stored_is_not_taken_back(
    server: RiakServer, client: RiakClient
) -> None:
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    counter = await counter_of(client)
    storing = asyncio.create_task(counter.store())
    await arrived.event.wait()
    counter.clear()
    await storing
    assert (counter.value, counter.modified) == (3, False)


async def test_a_grow_only_set_is_stored_even_when_its_value_cannot_be_fetched_afterwards(
    server: RiakServer, client: RiakClient
) -> None:
    grown = await client.bucket("b", "gsets").new("k")
    grown.add("a")
    server.faults.error("data type fetch", "boom", times=1)
    await grown.store()
    assert grown.stale
    assert grown.value == {"a"}
    assert not grown.modified
    await grown.reload()
    assert not grown.stale
    assert grown.value == {"a"}


async def test_a_removal_that_cannot_fetch_its_context_sends_no_update(server: RiakServer, client: RiakClient) -> None:
    tags = await client.bucket("b", "sets").new("k")
    tags.add("a")
    await tags.store(return_body=False)
    tags.discard("a")
    update = server.faults.delay("data type update", 0)
    server.faults.error("data type fetch", "boom", times=1)
    with pytest.raises(ServerError, match="boom"):
        await tags.store()
    assert update.hits == 0
    assert tags.to_op() == {"removes": ["a"]}
    await tags.store()
    assert tags.value == frozenset()


async def test_a_removal_from_what_was_deleted_meanwhile_sends_no_update(
    server: RiakServer, client: RiakClient
) -> None:
    tags = await client.bucket("b", "sets").new("k")
    tags.add("a")
    await tags.store(return_body=False)
    tags.discard("a")
    await (await client.bucket("b", "sets").get("k")).delete()
    update = server.faults.delay("data type update", 0)
    with pytest.raises(ContextRequired):
        await tags.store()
    assert update.hits == 0


async def test_a_junk_context_costs_the_connection_and_not_the_client(client: RiakClient) -> None:
    tags = await client.bucket("b", "sets").new("k")
    tags.add("a")
    await tags.store()
    tags._context = b"junk"
    tags.discard("a")
    with pytest.raises(ServerError):
        await tags.store()
    await tags.reload()
    assert tags.value == {"a"}


async def test_who_may_not_ask_for_the_bucket_type_can_still_read_objects(
    server: RiakServer, client: RiakClient
) -> None:
    server.faults.error("get bucket type properties", "Permission denied: User 'x' does not have 'y' on z", times=1)
    found = await client.bucket("b", "siblings").get("k")
    assert not found.exists
    assert client._runtime.datatypes[b"siblings"] is None


# -- removals of what is being added ----------------------------------------------------------------


async def stored(bucket: Bucket) -> Any:
    """Return a data type that was stored, and so has a context."""
    found = await bucket.new("k")
    if isinstance(found, Set):
        found.add("kept")
    else:
        found.registers["kept"].assign("1")
        found.sets["members"].add("kept")
        found.maps["inner"].registers["kept"].assign("1")
    await found.store()
    return found


def add_x(found: Any) -> None:
    if isinstance(found, Set):
        found.add("x")
        return
    found.registers["x"].assign("1")
    found.sets["members"].add("x")
    found.maps["inner"].registers["x"].assign("1")


def remove_x(found: Any) -> None:
    if isinstance(found, Set):
        found.discard("x")
        return
    del found.registers["x"]
    found.sets["members"].discard("x")
    del found.maps["inner"].registers["x"]


def has_x(found: Any) -> bool:
    """Return whether ``x`` is there; everywhere or nowhere."""
    if isinstance(found, Set):
        return "x" in found
    places = [
        "x" in found.registers, "x" in found.sets["members"], ("x", "register") in found.maps["inner"],
    ]  # fmt: skip
    assert len(set(places)) == 1, places
    return places[0]


@pytest.mark.parametrize("kind", ["sets", "maps"])
@pytest.mark.parametrize("body", [True, False])
async def test_a_removal_staged_while_its_add_is_in_flight_is_sent_by_the_next_store(
    server: RiakServer, client: RiakClient, kind: str, body: bool
) -> None:
    bucket = client.bucket("b", kind)
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    add_x(found)
    storing = asyncio.create_task(found.store(return_body=body))
    await arrived.event.wait()
    remove_x(found)
    await storing
    assert found.modified
    assert has_x(await bucket.get("k"))
    await found.store()
    assert not found.modified
    assert not has_x(found)
    assert not has_x(await bucket.get("k"))


@pytest.mark.parametrize("kind", ["sets", "maps"])
async def test_a_removal_staged_while_its_add_is_in_flight_counts_though_the_reply_is_lost(
    server: RiakServer, client: RiakClient, kind: str
) -> None:
    bucket = client.bucket("b", kind)
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    server.faults.cut("data type update", when="before", times=1)
    add_x(found)
    storing = asyncio.create_task(found.store())
    await arrived.event.wait()
    remove_x(found)
    with pytest.raises(OutcomeUnknown):
        await storing
    assert has_x(await bucket.get("k"))
    await found.store()
    assert not has_x(await bucket.get("k"))


@pytest.mark.parametrize("kind", ["sets", "maps"])
async def test_an_add_staged_again_after_its_removal_in_flight_stays(
    server: RiakServer, client: RiakClient, kind: str
) -> None:
    bucket = client.bucket("b", kind)
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    add_x(found)
    storing = asyncio.create_task(found.store())
    await arrived.event.wait()
    remove_x(found)
    add_x(found)
    await storing
    if found.modified:
        await found.store()
    assert has_x(found)
    assert has_x(await bucket.get("k"))


async def test_a_field_removed_changed_in_flight_and_removed_again_is_gone(
    server: RiakServer, client: RiakClient
) -> None:
    bucket = client.bucket("b", "maps")
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    del found.registers["kept"]
    found.registers["kept"].assign("2")
    storing = asyncio.create_task(found.store())
    await arrived.event.wait()
    del found.registers["kept"]
    await storing
    assert (await bucket.get("k")).registers["kept"].value == "2"
    assert "kept" not in found.registers
    await found.store()
    assert "kept" not in found.registers
    assert "kept" not in (await bucket.get("k")).registers


async def test_a_counter_removed_while_in_flight_counts_from_zero_again(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b", "maps")
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    found.counters["n"].increment(2)
    storing = asyncio.create_task(found.store())
    await arrived.event.wait()
    del found.counters["n"]
    found.counters["n"].increment(2)
    await storing
    assert found.counters["n"].dirty_value == 2
    await found.store()
    assert found.counters["n"].value == (await bucket.get("k")).counters["n"].value == 2


async def test_a_member_discarded_in_a_set_removed_while_in_flight_is_gone(
    server: RiakServer, client: RiakClient
) -> None:
    bucket = client.bucket("b", "maps")
    found = await stored(bucket)
    arrived = Arrival()
    server.faults.delay("data type update", 0.01, times=1, only=arrived)
    found.sets["members"].add("x")
    storing = asyncio.create_task(found.store())
    await arrived.event.wait()
    del found.sets["members"]
    found.sets["members"].discard("x")
    await storing
    await found.store()
    assert "members" not in found.sets
    assert "members" not in (await bucket.get("k")).sets
