"""A client belongs to one event loop, connects once, and can be closed from anywhere."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from aioriak import RiakClient
from aioriak.error import ClientClosed, RequestTimeout, RiakError, WrongEventLoop
from aioriak.testing import RiakServer


@pytest.fixture
def in_thread() -> Iterator[RiakServer]:
    """A development server with a loop of its own."""
    with RiakServer.in_thread() as running:
        yield running


async def test_many_tasks_that_await_a_new_client_connect_it_once(server: RiakServer) -> None:
    client = RiakClient(server.host, server.port, min_size=1)
    started = await asyncio.gather(*(client._started() for _ in range(20)))
    assert all(one is client for one in started)
    assert server.nodes[0].accepted == 1
    await client.aclose()


async def test_a_client_closed_while_it_connects_ends_all_who_wait_for_it(server: RiakServer) -> None:
    server.faults.hang("ping")
    client = RiakClient(server.host, server.port)
    waiting = [asyncio.ensure_future(client._started()) for _ in range(3)]
    while not server.requests["ping"]:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0)
    client.close()
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, ClientClosed)


async def test_a_cancelled_caller_leaves_the_start_to_the_others(server: RiakServer) -> None:
    client = RiakClient(server.host, server.port)
    first, second = (asyncio.ensure_future(client._started()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is client
    assert first.cancelled()
    assert await client.ping()
    await client.aclose()


async def test_a_start_whose_last_caller_is_cancelled_closes_the_client(server: RiakServer) -> None:
    client = RiakClient(server.host, server.port)
    only = asyncio.ensure_future(client._started())
    await asyncio.sleep(0)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    assert client.closed


def test_a_client_used_from_another_loop_says_so_before_it_sends(
    in_thread: RiakServer,
) -> None:
    with asyncio.Runner() as owner, asyncio.Runner() as other:
        client = owner.run(RiakClient.create(in_thread.host, in_thread.port, allow_listing="silent"))
        asked = in_thread.requests["get"]

        async def get() -> None:
            await client.bucket("b").get("k")

        async def list_keys() -> None:
            async for _ in client.bucket("b").stream_keys():
                pass

        for use in (get, list_keys, client.aclose, client._started):
            with pytest.raises(WrongEventLoop, match="another event loop, which runs elsewhere"):
                other.run(use())
        assert in_thread.requests["get"] == asked
        owner.run(get())
        owner.run(client.aclose())


def test_a_client_used_after_its_loop_has_closed_says_so(in_thread: RiakServer) -> None:
    with asyncio.Runner() as owner:
        client = owner.run(RiakClient.create(in_thread.host, in_thread.port))
        owner.run(client.ping())
        client.close()
    with asyncio.Runner() as other, pytest.raises(WrongEventLoop, match="which is closed"):
        other.run(client.ping())


async def test_close_in_another_thread_ends_what_is_in_flight(server: RiakServer) -> None:
    server.faults.hang("get")
    client = await RiakClient.create(server.host, server.port)
    hanging = [asyncio.ensure_future(client.bucket("b").get("k", timeout=30_000)) for _ in range(5)]
    while not server.requests["get"]:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0)
    thread = threading.Thread(target=client.close)
    thread.start()
    for outcome in await asyncio.gather(*hanging, return_exceptions=True):
        assert isinstance(outcome, RiakError)
        assert not isinstance(outcome, RequestTimeout)
    thread.join()
    assert client.closed
    with pytest.raises(ClientClosed):
        await client.ping()


async def test_close_in_a_signal_handler_ends_what_is_in_flight(server: RiakServer) -> None:
    client = await RiakClient.create(server.host, server.port)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: client.close())
    try:
        gets = [asyncio.ensure_future(client.bucket("b").get(f"k{n}")) for n in range(50)]
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGUSR1)
        for outcome in await asyncio.gather(*gets, return_exceptions=True):
            assert isinstance(outcome, RiakError)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert client.closed
