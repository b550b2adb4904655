"""One client, a thousand tasks; and a listing larger than its consumer is quick."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from aioriak import RiakClient
from aioriak.error import OutcomeUnknown, RiakError
from aioriak.testing import RiakServer
from tests.proxy import Proxy

TASKS = 1000
CONNECTIONS = 4


async def test_a_thousand_tasks_get_their_own_values_while_a_tenth_is_cancelled(
    server: RiakServer, nodes: list[tuple[str, int]]
) -> None:
    random = Random(20)
    for operation in ("get", "put"):
        server.faults.delay(operation, lambda: random.random() * 0.004, probability=0.5)
    finished = cancelled = 0

    async def work(number: int) -> None:
        nonlocal finished
        key, value = f"key-{number}", {"number": number, "text": "x" * random.randrange(300)}
        await bucket.new_object(key, value).store(return_body=False)
        found = await bucket.get(key)
        assert found.data == value
        finished += 1

    async with await RiakClient.create(*nodes[0], max_size=CONNECTIONS, max_in_flight=64) as client:
        bucket = client.bucket("b")
        tasks = [asyncio.create_task(work(number)) for number in range(TASKS)]
        doomed = random.sample(range(TASKS), TASKS // 10)

        async def cancel_some() -> None:
            """One after the other, spread over the time that the work takes."""
            for place, number in enumerate(doomed):
                while finished < place * 2 and not all(task.done() for task in tasks):  # noqa: ASYNC110
                    await asyncio.sleep(0)
                tasks[number].cancel()

        await cancel_some()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for number, result in enumerate(results):
            if isinstance(result, asyncio.CancelledError):
                assert number in doomed
                cancelled += 1
            elif result is not None:
                raise result
        assert cancelled + finished == TASKS
        assert finished >= TASKS - len(doomed)
        assert cancelled > len(doomed) // 2
        assert server.nodes[0].accepted <= CONNECTIONS
        for number in range(TASKS):
            if number not in doomed:
                found = await bucket.get(f"key-{number}")
                assert found.data["number"] == number


async def test_tasks_get_their_own_values_or_an_error_while_connections_are_cut(server: RiakServer) -> None:
    """What is lost is lost with an error that says so, and what was reported as stored is there."""
    outcomes: dict[str, bool] = {}

    async def work(number: int) -> None:
        for turn in range(4):
            key = f"{number}-{turn}"
            try:
                await bucket.new_object(key, key).store(return_body=False)
                outcomes[key] = True
            except OutcomeUnknown:
                outcomes[key] = False
            found = await bucket.get(key)
            if outcomes[key] or found.exists:
                assert found.data == key

    def cut_now_and_then(request: Any) -> bool:
        if server.requests["put"] % 70 == 0:
            proxy.cut_all(reset=server.requests["put"] % 140 == 0)
        return False

    server.faults.delay("put", 0.0, only=cut_now_and_then)
    async with Proxy(server.host, server.port) as proxy:
        options: dict[str, Any] = {"max_size": 4, "attempts": 20, "behind_load_balancer": True}
        async with await RiakClient.create(proxy.host, proxy.port, **options) as client:
            bucket = client.bucket("b")
            await asyncio.gather(*(work(number) for number in range(100)))
            assert len(outcomes) == 400
            assert set(outcomes.values()) == {True, False}
            assert server.requests["put"] <= 400, "none was sent twice"
            assert len(proxy.links) > 8


async def test_a_listing_through_a_slow_consumer_keeps_memory_bounded() -> None:
    """Bytes, not time: what the server could send ahead of the consumer is what fits in the buffers."""
    count, limit = 200_000, 64 * 1024
    async with RiakServer(bucket_types="standard") as server:
        fill(server, count)
        async with Proxy(server.host, server.port) as proxy:
            options: dict[str, Any] = {"stream_buffer": limit, "allow_listing": "silent"}
            async with (
                await RiakClient.create(proxy.host, proxy.port, **options) as client,
                client.bucket("big").stream_keys() as stream,
            ):
                seen = most = 0
                first = await anext(stream)
                assert isinstance(first, str)
                link = max(proxy.links, key=lambda one: one.to_client.passed)
                await at_rest(link)
                ahead = link.to_client.passed
                assert limit < stream.buffered < limit + 512 * 1024
                assert ahead < 8 * 1024 * 1024
                assert ahead < size_of(count) / 2, "most of the listing has not been sent yet"
                seen = 1
                async for chunk in stream.chunks():
                    seen += len(chunk)
                    most = max(most, stream.buffered)
                    if seen % 50_000 < 100:
                        await at_rest(link)
                assert seen == count
                assert most < limit + 512 * 1024, "what one read of the socket brings is on top"
                assert link.to_client.passed >= size_of(count)
                assert await client.ping()


def fill(server: RiakServer, count: int) -> None:
    """Put keys into the bucket ``big`` without going over the wire."""
    from aioriak.testing.robject import Content, RiakObj
    from aioriak.testing.vclock import VClock

    thing = RiakObj([Content(value=b"1")], VClock({b"a": (1, 0)}))
    for number in range(count):
        server.database.put(b"default", b"big", b"%s-%08d" % (b"k" * 40, number), thing)


def size_of(count: int) -> int:
    """Bytes that so many keys take at least."""
    return count * 50


async def at_rest(link: Any) -> None:
    """Wait until nothing has passed for many turns of the loop: all that was to stop has stopped."""
    before, quiet = -1, 0
    while quiet < 200:
        quiet = quiet + 1 if link.to_client.passed == before else 0
        before = link.to_client.passed
        await asyncio.sleep(0)


async def test_errors_under_load_do_not_leak_into_other_tasks(server: RiakServer, client: RiakClient) -> None:
    """Every third request is refused, by its key; exactly those tasks hear of it."""
    server.faults.error("get", "{r_val_unsatisfied,2,1}", only=lambda request: int(request.key[1:]) % 3 == 0)
    bucket = client.bucket("b")

    async def work(number: int) -> bool:
        await bucket.new_object(f"k{number}", number).store(return_body=False)
        try:
            return bool((await bucket.get(f"k{number}")).data == number)
        except RiakError as error:
            return number % 3 == 0 and f"get of default/b/k{number}" in str(error)

    assert all(await asyncio.gather(*(work(number) for number in range(300))))


async def test_large_writes_wait_for_a_slow_network_and_all_arrive(server: RiakServer) -> None:
    """Nothing is read at the other end for a while: what does not fit in the buffers waits, and nothing is lost."""
    size = 512 * 1024

    async def put(number: int) -> None:
        value = bytes([number]) * size
        await bucket.new_object(f"k{number}", value, "application/octet-stream").store(return_body=False)

    async with Proxy(server.host, server.port) as proxy:
        options: dict[str, Any] = {"max_size": 2, "min_size": 2, "max_in_flight": 4, "behind_load_balancer": True}
        async with await RiakClient.create(proxy.host, proxy.port, **options) as client:
            bucket = client.bucket("b")
            second = await proxy.link(1)
            await client.ping()
            for link in proxy.links:
                link.to_server.hold()
            stores = [asyncio.create_task(put(number)) for number in range(40)]
            await at_rest(second)
            assert not any(task.done() for task in stores)
            for link in proxy.links:
                link.to_server.release()
            await asyncio.gather(*stores)
            assert server.requests["put"] == 40
            found = await asyncio.gather(*(bucket.get(f"k{number}") for number in range(40)))
            assert [robject.data == bytes([number]) * size for number, robject in enumerate(found)] == [True] * 40
