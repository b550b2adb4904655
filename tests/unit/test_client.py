"""A client's life: made, shared, closed, and nothing left of it."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from typing import Any

import pytest

from aioriak import Backoff, PoolLimits, RetryPolicy, RiakClient, Timeouts
from aioriak.error import ClientClosed, ConnectError, ConnectionLost, InvalidRequest, InvalidType, PoolTimeout
from aioriak.testing import RiakServer
from tests.wires import turn, until

Nodes = list[tuple[str, int]]


def drop(held: list[Any]) -> None:
    """Let go of what is held, for good."""
    held.clear()
    gc.collect()


# -- making ----------------------------------------------------------------------------


def test_making_a_client_connects_nothing_and_needs_no_loop() -> None:
    client = RiakClient()
    assert [str(node) for node in client.settings.nodes] == ["localhost:8087"]
    assert not client.closed
    assert repr(client) == "<RiakClient localhost:8087>"


@pytest.mark.parametrize(
    ("arguments", "nodes"),
    [
        (("riak",), ["riak:8087"]),
        (("riak", 1), ["riak:1"]),
        (("::1", 1), ["[::1]:1"]),
        ((["a", "b:2"], 1), ["a:1", "b:2"]),
        ((("a", "b"),), ["a:8087", "b:8087"]),
    ],
)
def test_a_host_may_be_one_or_many(arguments: Any, nodes: list[str]) -> None:
    assert [str(node) for node in RiakClient(*arguments).settings.nodes] == nodes


def test_nodes_are_given_as_the_official_client_has_them() -> None:
    client = RiakClient(nodes=[{"host": "a", "pb_port": 1}, {"host": "b"}])
    assert [str(node) for node in client.settings.nodes] == ["a:1", "b:8087"]


@pytest.mark.parametrize("host", [5, None, {"host": "a"}, b"host", [], [5]])
def test_what_is_no_host_is_refused(host: Any) -> None:
    with pytest.raises(InvalidRequest):
        RiakClient(host)


def test_settings_are_given_whole_or_one_by_one() -> None:
    retry = RetryPolicy(attempts=2, backoff=Backoff(first=1))
    whole = RiakClient(timeouts=Timeouts(request=7), pool=PoolLimits(max_size=3), retry=retry)
    single = RiakClient(request_timeout=7, max_size=3, attempts=2)
    assert whole.settings.timeouts == single.settings.timeouts
    assert whole.settings.pool == single.settings.pool
    assert single.settings.retry.attempts == 2


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="max_sise"):
        RiakClient(max_sise=3)
    with pytest.raises(TypeError, match="max_sise"):
        RiakClient.from_url("riak://host?max_sise=3")


def test_an_ill_typed_option_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequest, match="max_size"):
        RiakClient(max_size="3")
    with pytest.raises(InvalidRequest, match="request"):
        RiakClient.from_url("riak://host?request_timeout=soon")


def test_a_url_says_it_all_and_names_win_over_it() -> None:
    client = RiakClient.from_url("riak://a,b:2/?max_size=4&request_timeout=none&attempts=5", max_size=6)
    assert [str(node) for node in client.settings.nodes] == ["a:2", "b:2"]
    assert client.settings.pool.max_size == 6
    assert client.settings.timeouts.request is None
    assert client.settings.retry.attempts == 5


async def test_creating_a_client_that_cannot_connect_leaves_nothing() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        tasks = asyncio.all_tasks()
        with pytest.raises(ConnectError):
            await RiakClient.create("127.0.0.1", port)
        await turn()
        assert asyncio.all_tasks() == tasks
        gc.collect()


async def test_the_loop_may_still_be_passed(nodes: Nodes) -> None:
    client = await RiakClient.create(*nodes[0], loop=asyncio.get_running_loop())
    assert await client.ping()
    await client.aclose()


# -- closing ----------------------------------------------------------------------------


async def test_closing_is_idempotent_and_needs_no_await(server: RiakServer, nodes: Nodes) -> None:
    client = await RiakClient.create(*nodes[0])
    client.close()
    client.close()
    await client.aclose()
    await client.aclose()
    client.close()
    assert client.closed
    assert "closed" in repr(client)
    await until(lambda: server.connections == 0)


async def test_closing_a_client_that_never_connected_is_harmless() -> None:
    client = RiakClient()
    client.close()
    await client.aclose()
    with pytest.raises(ClientClosed):
        await client.ping()


@pytest.mark.parametrize("wait", [True, False])
async def test_use_after_closing_is_a_clear_error(nodes: Nodes, wait: bool) -> None:
    client = await RiakClient.create(*nodes[0], allow_listing="silent")
    bucket = client.bucket("b")
    robject = bucket.new_object("k", 1)
    if wait:
        await client.aclose()
    else:
        client.close()
    uses: list[Any] = [
        client.ping, client.get_server_info, bucket.get_properties, robject.store, robject.reload, robject.delete,
        bucket.get_keys, client.get_buckets, client._started,
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(ClientClosed, match=r"the client is closed, .* create a new RiakClient"):
            await use()
    stream = bucket.stream_keys()
    with pytest.raises(ClientClosed):
        await anext(stream)


async def test_nothing_is_left_after_closing(server: RiakServer, nodes: Nodes) -> None:
    tasks = asyncio.all_tasks()
    client = await RiakClient.create(*nodes[0], min_size=4)
    await asyncio.gather(*(client.ping() for _ in range(50)))
    await client.aclose()
    assert asyncio.all_tasks() == tasks
    await until(lambda: server.connections == 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client
        gc.collect()


async def test_leaving_the_with_block_waits_for_what_is_in_flight(server: RiakServer, nodes: Nodes) -> None:
    server.faults.delay("put", 0.02)
    async with await RiakClient.create(*nodes[0], max_size=1, max_in_flight=2) as client:
        bucket = client.bucket("b")
        stores = [asyncio.create_task(bucket.new_object(f"k{n}", n).store()) for n in range(6)]
        await turn()
    assert [task.done() for task in stores] == [True] * 6
    assert [(await task).exists for task in stores] == [True] * 6


async def test_closing_at_once_ends_what_is_in_flight(server: RiakServer, nodes: Nodes) -> None:
    hang = server.faults.hang("get")
    client = await RiakClient.create(*nodes[0], max_size=1, max_in_flight=1)
    bucket = client.bucket("b")
    gets = [asyncio.create_task(bucket.get("k")) for _ in range(3)]
    await until(lambda: hang.hits)
    client.close()
    results = await asyncio.gather(*gets, return_exceptions=True)
    assert isinstance(results[0], (ConnectionLost, ClientClosed))
    assert all(isinstance(result, (ClientClosed, ConnectError, ConnectionLost)) for result in results)


async def test_a_client_dropped_without_closing_warns_and_leaks_nothing(server: RiakServer, nodes: Nodes) -> None:
    tasks = asyncio.all_tasks()
    held = [await RiakClient.create(*nodes[0])]
    await held[0].bucket("b").new_object("k", 1).store()
    with pytest.warns(ResourceWarning, match="was not closed"):
        drop(held)
    await until(lambda: server.connections == 0)
    assert asyncio.all_tasks() == tasks


async def test_a_client_that_never_connected_is_dropped_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RiakClient().bucket("b").new_object("k")
        gc.collect()


def test_a_client_outlives_its_loop_without_harm() -> None:
    kept: list[Any] = []

    async def run() -> None:
        async with RiakServer() as server:
            client = await RiakClient.create(server.host, server.port)
            client.close()
            kept.append(client)
            kept.append(client.bucket("b"))

    asyncio.run(run())
    client = kept[0]
    client.close()
    kept.clear()
    del client
    gc.collect()


def test_a_client_forgotten_in_a_closed_loop_warns_and_no_more() -> None:
    async def run() -> RiakClient:
        async with RiakServer() as server:
            return await RiakClient.create(server.host, server.port)

    held = [asyncio.run(run())]
    with pytest.warns(ResourceWarning, match="was not closed"):
        drop(held)


# -- copies with other options -----------------------------------------------------------


async def test_a_copy_shares_connections_and_encoders(server: RiakServer, client: RiakClient) -> None:
    copy = client.with_options(request_timeout=1.5, attempts=1)
    assert await copy.ping()
    assert server.nodes[0].accepted == 1
    assert copy._runtime.preferences is client._runtime.preferences
    assert copy._runtime.shares_connections(client._runtime)
    assert client._runtime.shares_connections(copy.with_options()._runtime)
    assert copy.settings.timeouts.request == 1.5
    assert client.settings.timeouts.request == 60.0
    assert copy.bucket("b") == client.bucket("b")
    assert copy.bucket("b") is not client.bucket("b")


async def test_a_copys_timeout_is_its_own(server: RiakServer, client: RiakClient) -> None:
    hasty = client.with_options(request_timeout=0.02, attempts=1)
    server.faults.hang("server info", times=1)
    with pytest.raises(TimeoutError):
        await hasty.get_server_info()
    assert (await client.get_server_info()).node


async def test_a_copy_need_not_be_closed_and_says_nothing_when_dropped(client: RiakClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = client.with_options(retry_writes=True)
        assert copy.settings.retry.retry_writes
        del copy
        gc.collect()
    assert await client.ping()


async def test_a_copy_is_closed_with_its_original(nodes: Nodes) -> None:
    client = await RiakClient.create(*nodes[0])
    copy = client.with_options(retry=RetryPolicy(attempts=1))
    await client.aclose()
    assert copy.closed
    with pytest.raises(ClientClosed):
        await copy.ping()


async def test_a_copy_takes_no_other_options(client: RiakClient) -> None:
    with pytest.raises(TypeError, match="max_size"):
        client.with_options(max_size=3)
    with pytest.raises(InvalidRequest):
        client.with_options(request_timeout=0)


# -- handles ---------------------------------------------------------------------------------


def test_handles_are_the_same_while_they_are_held() -> None:
    client = RiakClient()
    bucket = client.bucket("b", "t")
    assert client.bucket("b", "t") is bucket
    assert client.bucket("b", client.bucket_type("t")) is bucket
    assert client.bucket_type("t").bucket("b") is bucket
    assert client.bucket("b") is not bucket
    assert client.bucket("b") == client.bucket("b", "default")
    assert len({client.bucket("b"), client.bucket("b", "default"), bucket}) == 2


def test_the_default_type_knows_that_it_is() -> None:
    client = RiakClient()
    assert client.bucket_type("default").is_default()
    assert not client.bucket_type("t").is_default()
    assert repr(client.bucket("b")) == "<Bucket b>"
    assert repr(client.bucket("b", "t")) == "<Bucket t/b>"


@pytest.mark.parametrize("name", ["", b"", None, 5])
def test_a_bucket_has_a_name(name: Any) -> None:
    client = RiakClient()
    with pytest.raises(InvalidRequest, match=r"a bucket (must be a string or bytes|must not be empty)"):
        client.bucket(name)
    with pytest.raises(InvalidRequest, match="bucket type"):
        client.bucket_type(name)


async def test_waiting_for_a_connection_has_the_requests_deadline(server: RiakServer, nodes: Nodes) -> None:
    server.faults.hang("get")
    options: dict[str, Any] = {"max_size": 1, "max_in_flight": 1, "attempts": 1, "behind_load_balancer": True}
    async with await RiakClient.create(*nodes[0], close_timeout=0.01, **options) as client:
        bucket = client.bucket("b")
        first = asyncio.create_task(bucket.get("a"))
        await turn()
        with pytest.raises(PoolTimeout, match="nothing was sent"):
            await bucket.get("k", timeout=20)
        first.cancel()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("timeouts", 5, "timeouts is a Timeouts, not 5"),
        ("pool", {}, "pool is a PoolLimits, not {}"),
        ("retry", 0, "retry is a RetryPolicy, not 0"),
        ("health", True, "health is a HealthPolicy, not True"),
        ("hedge", 0, "hedge is a HedgePolicy, True or False, not 0"),
        ("discover", "yes", "discover is a Discovery, True or False, not 'yes'"),
        ("key_aware", "no", "key_aware is a bool, not 'no'"),
        ("behind_load_balancer", 1, "behind_load_balancer is a bool, not 1"),
        ("balancer", "x", r"balancer has pick\(\), observe\(\) and wants_latency"),
        ("telemetry", 1, "telemetry is a Telemetry, not 1"),
        ("credentials", "secret", "credentials are a SecurityCreds or a mapping, not of type str"),
    ],
)
def test_an_option_of_a_wrong_type_is_refused_when_the_client_is_made(option: str, value: Any, told: str) -> None:
    with pytest.raises(InvalidType, match=told):
        RiakClient("127.0.0.1", **{option: value})
