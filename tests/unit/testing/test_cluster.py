"""A development server of several nodes: each an address of its own, all over one store."""

from __future__ import annotations

import asyncio
import socket
from unittest.mock import create_autospec

import pytest

from aioriak.testing import RiakServer
from aioriak.wire.operation import GET, INDEX, LIST_KEYS, MEMBERSHIP, PING, PREFLIST, PUT, SERVER_INFO, SET_BUCKET_TYPE

THING = {"bucket": b"b", "key": b"k"}


@pytest.fixture
async def cluster():
    async with RiakServer.cluster(3) as running:
        yield running


async def put(peer, value=b"v", **fields):
    return await peer.ask(PUT, **{**THING, **fields}, content={"value": value})


async def value(peer, **fields):
    return [content.value for content in (await peer.ask(GET, **{**THING, **fields})).content]


async def members(peer):
    return {(entry.ip.decode(), entry.port) for entry in (await peer.ask(MEMBERSHIP)).up_nodes}


def places(nodes):
    return {(node.host, node.port) for node in nodes}


async def test_every_node_gives_what_was_stored_through_another(cluster, connect):
    assert len(set(cluster.addresses)) == 3
    await put(await connect(cluster.nodes[0]))
    for node in cluster.nodes:
        peer = await connect(node)
        assert await value(peer) == [b"v"]
        assert (await peer.ask(SERVER_INFO)).node == node.name
    assert len({node.name for node in cluster.nodes}) == 3


async def test_every_node_signs_clocks_with_its_own_name(cluster, connect):
    clocks = set()
    for node in cluster.nodes:
        reply = await (await connect(node)).ask(
            PUT, type=b"siblings", **THING, content={"value": node.name}, return_body=True
        )
        clocks.add(reply.vclock)
    assert len(clocks) == 3
    assert len(reply.content) == 3


async def test_a_killed_node_cuts_its_clients_off_and_refuses_connections(cluster, connect):
    dead, other, _ = cluster.nodes
    peer, survivor = await connect(dead), await connect(other)
    await put(peer)
    await dead.kill()
    assert await peer.gone()
    with pytest.raises(ConnectionRefusedError):
        await connect(dead)
    assert await value(survivor) == [b"v"]
    assert await members(survivor) == places(cluster.nodes[1:])


async def test_who_was_just_being_let_in_when_a_node_is_killed_is_cut_off_too(cluster):
    node = cluster.nodes[0]
    connection, transport = node.accept(), create_autospec(asyncio.Transport, instance=True)
    await node.kill()
    connection.connection_made(transport)
    transport.abort.assert_called_once_with()
    connection.connection_lost(None)
    assert not node.connections


async def test_a_killed_node_comes_back_at_its_address(cluster, connect):
    node = cluster.nodes[0]
    before = node.address
    await node.kill()
    assert not node.up
    await node.restart()
    assert node.address == before
    await put(await connect(node))


async def test_a_running_node_can_be_restarted(cluster, connect):
    node = cluster.nodes[0]
    peer = await connect(node)
    await peer.ask(PING)
    await node.restart()
    assert await peer.gone()
    await put(await connect(node))


async def test_a_starting_node_answers_a_ping_before_it_serves(connect, until, refused):
    async with RiakServer() as server:
        (node,) = server.nodes
        await put(await connect(node))
        await node.kill()
        start = asyncio.create_task(node.start(starting=60, joining=60))
        try:
            await until(lambda: node.state == "starting")
            peer = await connect(node)
            assert await peer.ask(PING) is None
            with pytest.raises(refused, match=r"^Unknown message code: 9$"):
                await value(peer)
            node.state = "joining"  # as if the first minute had passed
            for ask in (value, put):
                with pytest.raises(refused, match=r"^\{insufficient_vnodes,0,need,2\}$"):
                    await ask(peer)
            with pytest.raises(refused, match=r"^insufficient_vnodes_available$"):
                await peer.stream(LIST_KEYS, bucket=b"b")
            with pytest.raises(refused, match=r"^insufficient_vnodes_available$"):
                await peer.ask(INDEX, bucket=b"b", index=b"i_bin", qtype=0, key=b"v")
            node.state = "up"
            assert await value(peer) == [b"v"]
        finally:
            start.cancel()


async def test_a_joining_node_serves_from_the_others(cluster, connect):
    node = cluster.nodes[0]
    await put(await connect(cluster.nodes[1]))
    node.state = "joining"
    assert await value(await connect(node)) == [b"v"]


async def test_steps_of_a_start_last_as_long_as_they_are_told_to(connect):
    async with RiakServer() as server:
        (node,) = server.nodes
        started = asyncio.get_running_loop().time()
        await node.restart(starting=0.02, joining=0.02)
        assert asyncio.get_running_loop().time() - started >= 0.035
        assert node.serving


async def test_a_drained_node_knows_no_request_and_then_hangs_up(cluster, connect, until, refused):
    node, other, _ = cluster.nodes
    peer, survivor = await connect(node), await connect(other)
    await put(peer)
    drain = asyncio.create_task(node.drain(0.1))
    await until(lambda: node.state == "draining")
    with pytest.raises(refused, match=r"^Unknown message code: 9$"):
        await value(peer)
    assert await members(survivor) == places(cluster.nodes[1:])
    assert await peer.gone()
    await drain
    with pytest.raises(ConnectionRefusedError):
        await connect(node)


async def test_a_frozen_node_accepts_and_never_answers_until_it_thaws(cluster, connect, until):
    node, other, _ = cluster.nodes
    old = await connect(node)
    await old.ask(PING)
    node.freeze()
    new = await connect(node)
    for peer in (old, new):
        peer.send(PING)
    await until(lambda: len(node.connections) == 2)
    await put(await connect(other))
    assert node.requests["ping"] == 1
    node.thaw()
    for peer in (old, new):
        assert (await peer.receive())[0] == "RpbPingResp"


async def test_a_frozen_node_can_be_killed(cluster, connect):
    node = cluster.nodes[0]
    peer = await connect(node)
    node.freeze()
    await node.kill()
    assert await peer.gone()
    await node.restart()
    assert await (await connect(node)).ask(PING) is None


async def test_a_slow_node_takes_longer_over_everything(cluster, connect):
    node = cluster.nodes[0]
    peer = await connect(node)
    node.slow(0.03)
    started = asyncio.get_running_loop().time()
    await peer.ask(PING)
    assert asyncio.get_running_loop().time() - started >= 0.025
    node.slow(0)
    assert await peer.ask(PING) is None


async def test_faults_can_be_ordered_for_one_node(cluster, connect, refused):
    bad, good, _ = cluster.nodes
    fault = cluster.faults.error("ping", "overload", node=bad)
    assert await (await connect(good)).ask(PING) is None
    with pytest.raises(refused, match="overload"):
        await (await connect(bad)).ask(PING)
    assert fault.hits == 1


async def test_quorums_of_primaries_feel_the_loss_of_a_node_and_others_do_not(cluster, connect, refused):
    peer = await connect(cluster.nodes[0])
    await put(peer, pw=3)
    await cluster.nodes[2].kill()
    assert await value(peer, r=3) == [b"v"]
    await put(peer, w=3)
    with pytest.raises(refused, match=r"^\{pr_val_unsatisfied,3,2\}$"):
        await value(peer, pr=3)
    with pytest.raises(refused, match=r"^\{pw_val_unsatisfied,3,2\}$"):
        await put(peer, pw=3)
    with pytest.raises(refused, match=r"^\{insufficient_vnodes,2,need,3\}$"):
        await value(peer, r=3, sloppy_quorum=False)
    with pytest.raises(refused, match=r"^\{insufficient_nodes,2,need,3\}$"):
        await value(peer, node_confirms=3)
    with pytest.raises(refused, match=r"^\{node_confirms_val_unsatisfied,3,2\}$"):
        await put(peer, b"2", node_confirms=3)
    assert await value(peer) == [b"2"]


async def test_three_nodes_can_confirm(cluster, connect):
    peer = await connect(cluster.nodes[0])
    await put(peer, node_confirms=3)
    assert await value(peer, node_confirms=3) == [b"v"]


async def test_preflists_name_primaries_and_those_who_stand_in_for_them(cluster, connect):
    peer = await connect(cluster.nodes[0])
    before = (await peer.ask(PREFLIST, **THING)).preflist
    assert [item.primary for item in before] == [True] * 3
    assert {item.node for item in before} == {node.name for node in cluster.nodes}
    assert [item.node for item in before] == [cluster.ring.owner(item.partition).name for item in before]
    dead = next(node for node in cluster.nodes if node.name == before[1].node and node is not cluster.nodes[0])
    await dead.kill()
    after = {item.partition: item for item in (await peer.ask(PREFLIST, **THING)).preflist}
    assert set(after) == {item.partition for item in before}
    for item in before:
        now = after[item.partition]
        assert now.primary == (item.node != dead.name)
        assert (now.node == item.node) == now.primary
        assert now.node != dead.name


async def test_nodes_join_and_leave_and_share_the_ring(cluster, connect):
    peer = await connect(cluster.nodes[0])
    shares = {cluster.ring.owner(partition) for partition in range(cluster.ring.size)}
    assert shares == set(cluster.nodes)
    fourth = await cluster.add_node()
    assert await members(peer) == places(cluster.nodes)
    assert cluster.ring.owner(3) is fourth
    assert await value(await connect(fourth)) == []
    leaving = cluster.nodes[1]
    await cluster.remove_node(leaving)
    assert leaving not in cluster.nodes
    assert await members(peer) == places(cluster.nodes)
    with pytest.raises(ConnectionRefusedError):
        await connect(leaving)


async def test_ports_follow_one_another_where_the_first_is_given(connect):
    async with RiakServer() as probe:
        first = probe.port
    server = RiakServer(nodes=3, port=first)
    assert [node.port for node in server.nodes] == [first, first + 1, first + 2]


async def test_a_delay_that_ends_while_the_node_is_frozen_changes_nothing_until_it_thaws(cluster, connect, until):
    node, other, _ = cluster.nodes
    cluster.faults.delay("put", 60, times=1)
    peer = await connect(node)
    peer.send(PUT, **THING, content={"value": b"v"})
    (connection,) = await until(lambda: [each for each in node.connections if "delay" in each.holds])
    node.freeze()
    connection.release("delay")  # as if the minute had passed
    assert await value(await connect(other)) == []
    node.thaw()
    assert (await peer.receive())[0] == "RpbPutResp"
    assert await value(await connect(other)) == [b"v"]


async def test_a_listing_needs_one_replica_of_everything(cluster, connect, refused):
    peer = await connect(cluster.nodes[0])
    await put(peer)
    await cluster.nodes[1].kill()
    assert [list(message.keys) for message in await peer.stream(LIST_KEYS, bucket=b"b")] == [[b"k"], []]
    await peer.ask(SET_BUCKET_TYPE, type=b"siblings", props={"n_val": 1})
    with pytest.raises(refused, match=r"^insufficient_vnodes_available$"):
        await peer.stream(LIST_KEYS, type=b"siblings", bucket=b"b")


async def test_a_server_may_listen_on_an_ipv6_address(connect):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with RiakServer(host="::1") as server:
        assert server.address == f"[::1]:{server.port}"
        peer = await connect(server)
        await put(peer)
        assert await members(peer) == {("::1", server.port)}
