"""What the server makes of data types beside what the recordings show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aioriak import RiakClient
from aioriak.error import RiakError, ServerError
from aioriak.riak_pb import dt
from aioriak.testing import RiakServer
from aioriak.wire.operation import DT_FETCH, DT_UPDATE


def update(op: dt.DtOp, key: bytes | None = b"k", type: bytes = b"sets", **fields: bytes) -> dt.DtUpdateReq:
    return dt.DtUpdateReq(type=type, bucket=b"b", key=key, op=op, return_body=True, **fields)  # type: ignore[arg-type]


ADD = dt.DtOp(set_op=dt.SetOp(adds=[b"a"]))
BARE = dt.MapUpdate(field=dt.MapField(name=b"f", type="SET"))


async def test_a_key_made_anew_knows_nothing_of_contexts_of_its_former_life(client: RiakClient) -> None:
    bucket = client.bucket("b", "sets")
    old = await bucket.new("k")
    for member in "abc":
        old.add(member)
        await old.store()
    await (await bucket.get("k")).delete()
    new = await bucket.new("k")
    new.add("a")
    await new.store()
    old.discard("a")
    await old.store()
    assert old.value == {"a"}


async def test_values_put_beside_a_data_type_are_kept_as_siblings(client: RiakClient) -> None:
    bucket = client.bucket("b", "counters")
    robject = bucket.new_object("k", encoded_data=b"not a counter", content_type="text/plain")
    await robject.store()
    counter = await bucket.get("k")
    assert counter.exists
    assert counter.value == 0
    counter.increment(2)
    await counter.store()
    assert (await bucket.get("k")).value == 2
    await client.get(robject, head=True)
    kinds = {content.content_type for content in robject.siblings}
    assert kinds == {"text/plain", "application/riak_counter"}


async def test_siblings_that_are_states_are_merged(client: RiakClient) -> None:
    bucket = client.bucket("b", "counters")
    for key, by in (("one", 5), ("two", -2)):
        counter = await bucket.new(key)
        counter.increment(by)
        await counter.store()
    both = bucket.new_object("one")
    other = bucket.new_object("two")
    await other.reload()
    both.encoded_data = other.encoded_data
    both.content_type = other.content_type
    await both.store(return_body=False)
    assert (await bucket.get("one")).value == 3


async def test_precision_is_the_buckets_and_only_ever_falls(server: RiakServer, client: RiakClient) -> None:
    bucket = client.bucket("b", "hlls")
    some = await bucket.new("k")
    for number in range(2000):
        some.add(str(number))
    await some.store()
    exact = some.value
    before = await stored_size(bucket, "k")
    await bucket.bucket_type.set_property("hll_precision", 6)
    some.add("one more")
    await some.store()
    assert await stored_size(bucket, "k") < before / 20
    assert some.value != exact
    assert abs(some.value - 2001) < 2001 * 4 * 1.04 / 8


async def stored_size(bucket: object, key: str) -> int:
    robject = bucket.new_object(key)  # type: ignore[attr-defined]
    await robject.reload()
    return len(robject.encoded_data)


async def test_counters_of_the_default_type_answer_to_both_names(client: RiakClient) -> None:
    bucket = client.bucket("b")
    await bucket.set_property("allow_mult", True)
    await bucket.update_counter("k", 3)
    counter = await client.fetch_datatype(bucket, "k")
    assert (counter.type_name, counter.value, counter.exists) == ("counter", 3, True)
    assert not (await client.fetch_datatype(bucket, "absent")).exists
    with pytest.raises(ServerError, match="non-counter operation"):
        await client._runtime.dispatcher.call(DT_UPDATE, update(ADD, type=b"default"))


async def test_a_bucket_without_siblings_takes_no_data_type(client: RiakClient) -> None:
    with pytest.raises(ServerError, match="Bucket must be allow_mult=true"):
        await client._runtime.dispatcher.call(DT_UPDATE, update(ADD, type=b"nosiblings"))
    with pytest.raises(ServerError, match="Bucket must be allow_mult=true"):
        await client._runtime.dispatcher.call(DT_FETCH, dt.DtFetchReq(type=b"nosiblings", bucket=b"b", key=b"k"))


@pytest.mark.parametrize(
    "request_",
    [
        update(dt.DtOp()),
        update(ADD, context=b"junk"),
        update(ADD, key=b"k" * 65537),
        update(dt.DtOp(map_op=dt.MapOp(updates=[BARE])), type=b"maps"),
        update(dt.DtOp(gset_op=dt.GSetOp(adds=[b"a"])), type=b"gsets"),
    ],
    ids=["no operation", "junk context", "key too long", "field without its operation", "gset with return_body"],
)
async def test_what_kills_a_process_of_riak_costs_the_connection(
    client: RiakClient, request_: dt.DtUpdateReq
) -> None:
    alone = replace(client.settings.pool, max_size=1)
    async with RiakClient(nodes=client.settings.nodes, pool=alone) as other:
        with pytest.raises(RiakError, match="Error processing incoming message"):
            await other._runtime.dispatcher.call(DT_UPDATE, request_)
        assert await other.ping()


async def test_beyond_64_bits_a_counter_wraps_round_on_the_wire(client: RiakClient) -> None:
    counter = await client.bucket("b", "counters").new("k")
    for _ in range(2):
        counter.increment(2**62)
        counter.increment(2**62 - 1)
        await counter.store()
    assert counter.value == -2
