"""Streams that end otherwise than well, while fifty other tasks go on undisturbed on the same client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from aioriak import Bucket, RiakClient, RiakMapReduce
from aioriak.error import ConnectionLost, InvalidRequest, RequestTimeout, RiakError, ServerError
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.testing.errors import Refusal
from aioriak.wire.operation import LIST_KEYS

KEYS = 600
TASKS = 50


class Bystanders:
    """Fifty tasks that each write a key of their own and read it back, over and over."""

    def __init__(self, client: RiakClient) -> None:
        self._bucket = client.bucket("bystanders")
        self._rounds = [0] * TASKS
        self._more = asyncio.Event()
        self._running = True
        self._tasks = [asyncio.create_task(self._work(number)) for number in range(TASKS)]

    async def _work(self, number: int) -> None:
        key = f"key-{number}"
        while self._running:
            value = f"{number}:{self._rounds[number]}"
            await self._bucket.new_object(key, encoded_data=value, content_type="text/plain").store(return_body=False)
            found = await self._bucket.get(key)
            assert found.data == value
            self._rounds[number] += 1
            self._more.set()

    async def go_on(self, rounds: int = 3) -> None:
        """Wait until every task has done so many rounds more."""
        goal = [done + rounds for done in self._rounds]
        async with asyncio.timeout(30):
            while any(done < wanted for done, wanted in zip(self._rounds, goal, strict=True)):
                for task in self._tasks:
                    if task.done():
                        task.result()
                self._more.clear()
                await self._more.wait()

    async def end(self) -> None:
        """Let every task finish its round; raises what any of them met."""
        self._running = False
        await asyncio.gather(*self._tasks)


@pytest.fixture
async def full(server: RiakServer, client: RiakClient) -> Bucket:
    """A bucket with many indexed keys."""
    bucket = client.bucket("full")
    objects = []
    for number in range(KEYS):
        robject = bucket.new_object(f"key-{number:05}", encoded_data=b"1", content_type="text/plain")
        objects.append(robject.add_index("n_int", number))
    assert not [error async for _, error in bucket.put_many(objects, return_body=False) if error]
    return bucket


@pytest.fixture
async def bystanders(client: RiakClient, full: Bucket) -> AsyncIterator[Bystanders]:
    """Fifty tasks on the client; the test fails with what disturbs them."""
    tasks = Bystanders(client)
    await tasks.go_on(1)
    yield tasks
    await tasks.go_on()
    await tasks.end()


async def _stream_keys(bucket: Bucket) -> Any:
    return bucket.stream_keys()


async def _stream_index(bucket: Bucket) -> Any:
    return bucket.stream_index("n_int", 0, KEYS)


async def _stream_buckets(bucket: Bucket) -> Any:
    return bucket.client.stream_buckets()


async def _stream_job(bucket: Bucket) -> Any:
    return await RiakMapReduce(bucket.client).add_bucket(bucket).map_object_value().stream()


async def _fold(bucket: Bucket) -> Any:
    return bucket.fold()


async def take(stream: Any, into: list[Any]) -> None:
    """Take all that a stream gives."""
    async for item in stream:
        into.append(item)


def connected(server: RiakServer) -> set[Any]:
    """The server's connections now."""
    return set(server.nodes[0].connections)


async def one_closes(server: RiakServer, before: set[Any]) -> None:
    """Wait until one of the connections is gone; another may have come in its place."""
    async with asyncio.timeout(10):
        while before <= server.nodes[0].connections:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
    assert len(before - server.nodes[0].connections) == 1


@pytest.mark.parametrize("start", [_stream_keys, _stream_index, _stream_job, _fold])
async def test_a_stream_left_early_closes_its_connection_and_no_other(
    server: RiakServer, full: Bucket, bystanders: Bystanders, start: Callable[[Bucket], Any]
) -> None:
    stream = await start(full)
    await anext(stream)
    accepted = server.nodes[0].accepted
    before = connected(server)
    await stream.aclose()
    await one_closes(server, before)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await bystanders.go_on()
    assert server.nodes[0].accepted <= accepted + 1  # a new one in its place, at most


async def test_a_stream_that_is_dropped_closes_its_connection(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    before: set[Any] = set()
    async for _ in full.stream_keys():
        before = connected(server)
        break
    await one_closes(server, before)


async def test_the_end_of_a_with_block_ends_the_stream(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    async with full.stream_keys() as stream:
        await anext(stream)
        before = connected(server)
    await one_closes(server, before)


@pytest.mark.parametrize("start", [_stream_keys, _stream_index, _stream_job, _fold, _stream_buckets])
async def test_a_cancelled_consumer_costs_nobody_else_anything(
    server: RiakServer, full: Bucket, bystanders: Bystanders, start: Callable[[Bucket], Any]
) -> None:
    begun = asyncio.Event()
    forever = asyncio.get_running_loop().create_future()

    async def consume() -> None:
        async for _ in await start(full):
            begun.set()
            await forever

    consumer = asyncio.create_task(consume())
    await begun.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    await bystanders.go_on()


async def test_a_step_that_is_cancelled_leaves_the_stream_usable(server: RiakServer, full: Bucket) -> None:
    server.faults.delay("list keys", 0.2)
    stream = full.stream_keys()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(stream)
    found: list[Any] = []
    await take(stream, found)
    whole: list[Any] = []
    await take(full.stream_keys(), whole)
    assert sorted(found) == sorted(whole) != []


async def test_a_stream_that_is_closed_after_a_cancelled_step_closes_the_connection(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    falls_silent(server)
    stream = full.stream_keys()
    for _ in range(10):
        await anext(stream)
    waiting = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await bystanders.go_on(1)
    before = connected(server)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    await one_closes(server, before)


def falls_silent(server: RiakServer) -> None:
    """Key listings stop after ten keys, without an end."""

    def list_keys(context: Any, request: Any) -> Iterator[kv.RpbListKeysResp]:
        yield kv.RpbListKeysResp(keys=[b"key-%d" % number for number in range(10)])

    server.handlers[LIST_KEYS] = list_keys


async def test_a_stream_that_falls_silent_times_out(server: RiakServer, full: Bucket, bystanders: Bystanders) -> None:
    falls_silent(server)
    found: list[Any] = []
    stream = full.stream_keys(timeout=100)
    with pytest.raises(RequestTimeout):
        await take(stream, found)
    assert len(found) == 10
    with pytest.raises(RequestTimeout):
        await anext(stream)  # it never looks complete


async def test_an_error_in_mid_stream_comes_at_its_place_and_the_connection_stays(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    accepted = server.nodes[0].accepted
    fault = server.faults.error("list keys", "timeout", times=1, after=4)
    found: list[Any] = []
    with pytest.raises(ServerError, match="timeout"):
        await take(full.stream_keys(), found)
    assert fault.hits == 1
    assert len(found) == 4 * server.chunk
    assert len(await full.get_keys()) == KEYS
    await bystanders.go_on()
    assert server.nodes[0].accepted == accepted


async def test_a_phase_that_fails_in_mid_stream_is_told(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    server.faults.error("map/reduce", '{"phase":0,"error":"badarg"}', times=1, after=2)
    found: list[Any] = []
    stream = await _stream_job(full)
    with pytest.raises(ServerError, match="badarg"):
        await take(stream, found)
    assert len(found) == 2 * server.chunk


@pytest.mark.parametrize("start", [_stream_keys, _stream_index, _stream_job, _fold])
async def test_a_connection_lost_in_mid_stream_is_told_and_nothing_comes_twice(
    server: RiakServer, full: Bucket, bystanders: Bystanders, start: Callable[[Bucket], Any]
) -> None:
    names = ("list keys", "index query", "map/reduce", "bucket fold")
    cuts = [server.faults.cut(name, times=1, after=3) for name in names]
    found: list[Any] = []
    stream = await start(full)
    with pytest.raises(ConnectionLost):
        await take(stream, found)
    assert found
    assert sum(cut.hits for cut in cuts) == 1
    await stream.aclose()


async def test_a_stream_lost_before_it_began_is_attempted_again(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    refused = server.faults.refuse("list keys", times=1)
    assert len(await full.get_keys()) == KEYS
    assert refused.hits == 1


async def test_a_server_that_hangs_up_after_its_error_is_told(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    def list_keys(context: Any, request: Any) -> Iterator[kv.RpbListKeysResp]:
        yield kv.RpbListKeysResp(keys=[b"one"])
        raise Refusal("Error processing stream message: error:badarg")

    server.handlers[LIST_KEYS] = list_keys
    stream = full.stream_keys()
    assert await anext(stream) == "one"
    with pytest.raises(ServerError, match="badarg"):
        await anext(stream)


async def test_a_slow_consumer_holds_only_its_own_stream_up(server: RiakServer, bystanders: Bystanders) -> None:
    sent = 0

    def list_keys(context: Any, request: Any) -> Iterator[kv.RpbListKeysResp]:
        nonlocal sent
        for number in range(400):
            sent = number
            yield kv.RpbListKeysResp(keys=[b"%d" % number + b"x" * 100_000])
        yield kv.RpbListKeysResp(done=True)

    server.handlers[LIST_KEYS] = list_keys
    async with await RiakClient.create(
        server.host, server.port, stream_buffer=200_000, allow_listing="silent"
    ) as slow:
        stream = slow.bucket("b").stream_keys()
        await anext(stream)
        held = -1
        while held != sent:
            held = sent
            await bystanders.go_on()
        assert sent < 399  # the server waits, as its client does
        assert stream.buffered < 1_000_000
        assert len([key async for key in stream]) == 399


async def test_many_streams_at_once_each_get_their_own(full: Bucket, bystanders: Bystanders) -> None:
    found = await asyncio.gather(*(full.get_keys() for _ in range(20)))
    assert all(sorted(keys) == sorted(found[0]) for keys in found)
    assert len(found[0]) == KEYS


async def test_a_fold_has_a_connection_of_its_own_that_is_given_up_with_it(
    server: RiakServer, full: Bucket, bystanders: Bystanders
) -> None:
    hang = server.faults.hang("object stats", times=12)  # more than the client has connections
    for number in range(1, 12):
        fold = asyncio.create_task(full.client.aae.object_stats(full))
        while hang.hits < number:
            await bystanders.go_on(1)
        assert not fold.done()
        fold.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fold
    with pytest.raises(RequestTimeout):
        await full.client.aae.object_stats(full, timeout=50)
    assert (await full.client.aae.object_stats(full)).total_count == KEYS


async def test_a_second_reader_of_a_stream_is_refused_and_the_first_goes_on(server: RiakServer, full: Bucket) -> None:
    arrived = asyncio.Event()
    fault = server.faults.hang("list keys", only=lambda request: arrived.set() or True)
    stream = full.stream_keys()
    first = asyncio.create_task(anext(stream))
    await arrived.wait()
    with pytest.raises(InvalidRequest, match="one task"):
        await anext(stream)
    assert not first.done()
    fault.stop()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_stream_that_finds_no_node_tells_its_operation_and_all_attempts() -> None:
    options: dict[str, Any] = {"allow_listing": "silent", "request_timeout": 0.3, "attempts": 2}
    async with RiakServer() as server:
        async with await RiakClient.create(server.host, server.port, **options) as client:
            await server.nodes[0].kill()
            with pytest.raises(RiakError) as caught:
                await client.bucket("b").get_keys()
    assert caught.value.operation == "list keys of default/b"
    assert caught.value.attempts
