"""Background work meets what it did not expect, and goes on."""

from __future__ import annotations

import asyncio
import logging
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import pytest

from aioriak import Backoff, RiakClient, SecurityCreds
from aioriak.cluster import discovery
from aioriak.cluster.balancer import TwoChoices
from aioriak.cluster.cluster import Cluster
from aioriak.cluster.node import Node
from aioriak.config import Address, Discovery, HealthPolicy
from aioriak.error import ConnectError, RiakError
from aioriak.observability.complaints import Complaints
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from tests.wires import until

HEALTH = HealthPolicy(backoff=Backoff(first=0.01, longest=0.05, rng=Random(3)), probe_timeout=5.0, ramp=0.0)


@pytest.fixture
async def cluster() -> AsyncIterator[RiakServer]:
    async with RiakServer.cluster(3) as running:
        yield running


def core(client: RiakClient) -> Cluster:
    return client._cluster


async def test_discovery_goes_on_after_map_address_raised(
    cluster: RiakServer, caplog: pytest.LogCaptureFixture
) -> None:
    raised = 0

    def hook(address: Address) -> Address:
        nonlocal raised
        if raised < 10:
            raised += 1
            raise LookupError("no such address")
        return address

    first = cluster.nodes[0]
    async with await RiakClient.create(
        first.host, first.port, discover=Discovery(interval=0.02, map_address=hook), health=HEALTH
    ) as client:
        await until(lambda: len(core(client).nodes) == 3)
    logged = [record for record in caplog.records if record.exc_info and record.exc_info[0] is LookupError]
    assert 1 <= len(logged) <= 3  # once for an address


async def test_a_hook_that_fails_later_removes_no_node(cluster: RiakServer) -> None:
    broken = False
    calls = 0

    def hook(address: Address) -> Address:
        nonlocal calls
        calls += 1
        if broken:
            raise LookupError("no such address")
        return address

    first = cluster.nodes[0]
    async with await RiakClient.create(
        first.host, first.port, discover=Discovery(interval=0.02, map_address=hook), health=HEALTH
    ) as client:
        await until(lambda: len(core(client).nodes) == 3)
        broken, before = True, calls
        await until(lambda: calls > before + 6)
        assert len(core(client).nodes) == 3


async def test_a_member_without_a_usable_address_is_left_out(
    cluster: RiakServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(*about: Any) -> kv.RpbMembershipResp:
        reply = kv.RpbMembershipResp()
        for ip, port in ((b"10.0.0.1", 0), (b"", 8087), (b"\xff\xff", 8087), (b"a b", 8087), (b"10.0.0.2", 8087)):
            reply.up_nodes.add(ip=ip, port=port)
        return reply

    async with await RiakClient.create(nodes=cluster.addresses, health=HEALTH) as client:
        monkeypatch.setattr(discovery, "ask", ask)
        node = core(client).up[0]
        members = await discovery.discover(node, [], 5.0, None, Complaints(logging.getLogger("aioriak.cluster")))
    assert members is not None
    assert Address("10.0.0.2") in members
    assert not {member.host for member in members} & {"10.0.0.1", "", "a b"}


async def test_the_ring_is_learned_after_a_garbled_preflist(cluster: RiakServer) -> None:
    cluster.faults.garbage("preflist", struct.pack("!IB", 3, 34) + b"\xff\xff", times=1)
    async with await RiakClient.create(nodes=cluster.addresses, key_aware=True, health=HEALTH) as client:
        router = core(client).router
        assert router is not None
        await until(lambda: cluster.requests["preflist"] > 0)
        await asyncio.sleep(0)
        router.mark_stale()
        await until(lambda: router.ring_size > 0)


async def test_a_node_whose_first_connection_fails_oddly_is_probed(
    cluster: RiakServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, failed, other = Node.connect, asyncio.Event(), cluster.addresses[1]

    async def odd(node: Node) -> Any:
        if node.name == other and not failed.is_set():
            await started.wait()
            failed.set()
            raise LookupError("a surprise")
        return await connect(node)

    started = asyncio.Event()
    monkeypatch.setattr(Node, "connect", odd)
    async with await RiakClient.create(nodes=cluster.addresses, health=HEALTH) as client:
        started.set()
        await failed.wait()
        await until(lambda: len(core(client).up) == 3)
    assert [record for record in caplog.records if record.exc_info and record.exc_info[0] is LookupError]


async def test_a_client_whose_nodes_are_removed_while_it_connects_says_so(
    cluster: RiakServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, reached, go = Node.connect, asyncio.Event(), asyncio.Event()

    async def slow(node: Node) -> Any:
        reached.set()
        await go.wait()
        return await connect(node)

    monkeypatch.setattr(Node, "connect", slow)
    client = RiakClient(nodes=cluster.addresses[:1], health=HEALTH)
    starting = asyncio.ensure_future(core(client).start())
    await reached.wait()
    node = next(iter(core(client).nodes.values()))
    core(client).mark_down(node, ConnectError("lost"))
    go.set()
    with pytest.raises(RiakError):
        await starting
    await client.aclose()


async def test_a_removed_node_is_not_probed(cluster: RiakServer) -> None:
    async with await RiakClient.create(nodes=cluster.addresses, health=HEALTH) as client:
        node = core(client).up[0]
        core(client).mark_down(node, ConnectError("lost"))
        probing = node.probing
        assert probing is not None
        await client.remove_node(node.name)
        await asyncio.wait([probing])
        assert probing.cancelled()
        assert all(node.name not in task.get_name() for task in asyncio.all_tasks())


async def test_requests_are_served_while_the_users_balancer_raises(
    cluster: RiakServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        wants_latency = False

        def pick(self, up: Sequence[Node]) -> Node:
            raise LookupError("none")

        def observe(self, node: Node, seconds: float) -> None:
            raise AssertionError

    async with await RiakClient.create(nodes=cluster.addresses, balancer=Broken(), health=HEALTH) as client:
        for _ in range(20):
            assert await client.ping()
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


@pytest.mark.parametrize("picked", [None, "a node", Node])
async def test_requests_are_served_while_the_users_balancer_picks_nonsense(
    cluster: RiakServer, caplog: pytest.LogCaptureFixture, picked: object
) -> None:
    """Such as nothing, something else, or a node that was removed."""
    removed: list[Node] = []

    class Broken:
        wants_latency = False

        def pick(self, up: Sequence[Node]) -> Any:
            return removed[0] if picked is Node else picked

        def observe(self, node: Node, seconds: float) -> None:
            raise AssertionError

    async with await RiakClient.create(nodes=cluster.addresses, balancer=Broken(), health=HEALTH) as client:
        removed += list(client._cluster.nodes.values())[:1]
        await client.remove_node(removed[0].name)
        for _ in range(20):
            assert await client.ping()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None


async def test_a_balancer_that_fails_to_note_latencies_fails_no_request(
    cluster: RiakServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(TwoChoices):
        wants_latency = True

        def observe(self, node: Node, seconds: float) -> None:
            raise LookupError(f"no place for {seconds}")

    async with await RiakClient.create(nodes=cluster.addresses, balancer=Broken(), health=HEALTH) as client:
        for _ in range(20):
            assert await client.ping()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "é" * 70])
async def test_an_impossible_host_name_does_not_stop_the_other_nodes(cluster: RiakServer, host: str) -> None:
    nodes = [(host, 8087), cluster.addresses[0]]
    async with await RiakClient.create(nodes=nodes, health=HEALTH) as client:
        assert await client.ping()
    with pytest.raises(ConnectError):
        await RiakClient.create(host, 8087, health=HEALTH)


async def test_a_garbled_answer_to_starttls_is_an_error_of_this_package() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(struct.pack("!IB", 3, 0) + b"\xff\xff")
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with listener:
        with pytest.raises(RiakError, match="cannot be decoded"):
            await RiakClient.create(
                *listener.sockets[0].getsockname()[:2],
                credentials=SecurityCreds("ann", "pw"),
                tls=ssl.create_default_context(),
            )
