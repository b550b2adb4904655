"""Many reads at once, some of which go wrong: every key comes back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from aioriak import Bucket, RiakClient
from aioriak.error import ClientClosed, Overload, RequestTimeout, RiakError
from aioriak.testing import RiakServer

KEYS = [f"k{number}" for number in range(20)]


@pytest.fixture
async def bucket(server: RiakServer, client: RiakClient) -> Bucket:
    """A bucket in which each of the keys has its own name as the value."""
    made = client.bucket("b")
    async for _, error in made.put_many([made.new_object(key, key) for key in KEYS]):
        assert error is None
    server.requests.clear()
    return made


async def read(bucket: Bucket, **options: Any) -> dict[str, Any]:
    return {key: result async for key, result in bucket.get_many(KEYS, **options)}


def values(found: dict[str, Any]) -> dict[str, Any]:
    return {key: result.data for key, result in found.items() if not isinstance(result, RiakError)}


@pytest.mark.parametrize("concurrency", [1, 3, 64])
async def test_reads_whose_replies_were_cut_off_are_made_again(
    server: RiakServer, bucket: Bucket, concurrency: int
) -> None:
    cut = server.faults.cut("get", "before", times=2)
    assert values(await read(bucket, concurrency=concurrency)) == {key: key for key in KEYS}
    assert cut.hits == 2


async def test_a_read_that_fails_at_every_attempt_fails_alone(server: RiakServer, bucket: Bucket) -> None:
    refused = server.faults.error("get", "overload", only=lambda request: request.key == b"k7")
    found = await read(bucket)
    error = found.pop("k7")
    assert isinstance(error, Overload)
    assert error.operation == "get of default/b/k7"
    assert len(error.attempts) == refused.hits - 1 == 2
    assert values(found) == {key: key for key in KEYS if key != "k7"}


async def test_a_read_that_is_not_answered_times_out_alone(server: RiakServer, bucket: Bucket) -> None:
    hanging = bucket.client.with_options(request_timeout=0.05).bucket("b")
    server.faults.hang("get", only=lambda request: request.key == b"k7")
    found = await read(hanging, concurrency=1)
    assert isinstance(found["k7"], RequestTimeout)
    assert set(values(found)) == {key for key in KEYS if key != "k7"}


async def test_leaving_early_gives_the_other_reads_up(server: RiakServer, bucket: Bucket) -> None:
    loop_errors: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: loop_errors.append(context))
    tasks = asyncio.all_tasks()
    server.faults.error("get", "overload", only=lambda request: request.key in (b"k3", b"k4"))
    server.faults.hang("get", only=lambda request: request.key == b"k9")
    pairs = bucket.get_many(KEYS)
    await anext(pairs)
    await pairs.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == tasks
    server.faults.clear()
    assert (await bucket.get("k1")).data == "k1"
    gc.collect()
    assert loop_errors == []


async def test_a_consumer_that_is_cancelled_gives_the_reads_up(server: RiakServer, bucket: Bucket) -> None:
    arrived = asyncio.Event()
    server.faults.hang("get", only=lambda request: arrived.set() or True)
    consuming = asyncio.create_task(read(bucket))
    await arrived.wait()
    consuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consuming
    pools = [node.pool for node in bucket.client._cluster.nodes.values()]
    assert all(exchange.done() for pool in pools for slot in pool._slots.all for exchange in slot.pending)


async def test_every_key_comes_back_when_the_client_is_closed(server: RiakServer, bucket: Bucket) -> None:
    arrived = asyncio.Event()
    server.faults.hang("get", only=lambda request: arrived.set() or True)
    consuming = asyncio.create_task(read(bucket, concurrency=5))
    await arrived.wait()
    bucket.client.close()
    found = await consuming
    assert set(found) == set(KEYS)
    assert all(isinstance(result, RiakError) for result in found.values())
    assert isinstance(found["k19"], ClientClosed)


async def test_a_bucket_type_is_asked_for_its_data_type_before_anything_is_read(
    server: RiakServer, client: RiakClient
) -> None:
    counters = client.bucket("b", "counters")
    for key in KEYS[:3]:
        counter = await counters.new(key)
        counter.increment(2)
        await counter.store()
    async with await RiakClient.create(server.host, server.port) as other:
        found = {key: result async for key, result in other.bucket("b", "counters").get_many(KEYS[:3])}
    assert {key: result.value for key, result in found.items()} == dict.fromkeys(KEYS[:3], 2)


async def test_a_balancer_that_wants_latencies_gets_those_of_every_read(server: RiakServer, bucket: Bucket) -> None:
    class Observing:
        wants_latency = True

        def __init__(self) -> None:
            self.seconds: list[float] = []

        def pick(self, nodes: Any) -> Any:
            return nodes[0]

        def observe(self, node: Any, seconds: float) -> None:
            self.seconds.append(seconds)

    balancer = Observing()
    async with await RiakClient.create(server.host, server.port, balancer=balancer) as client:
        before = len(balancer.seconds)
        await read(client.bucket("b"))
        assert len(balancer.seconds) - before == len(KEYS)
        assert min(balancer.seconds) > 0
