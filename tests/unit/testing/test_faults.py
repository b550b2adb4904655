"""Faults that were ordered happen, as often as they were ordered."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from aioriak.error import ProtocolError
from aioriak.testing import Faults, RiakServer
from aioriak.wire.operation import GET, LIST_KEYS, PING, PUT

THING = {"bucket": b"b", "key": b"k"}


async def put(peer):
    await peer.ask(PUT, **THING, content={"value": b"v"})


def stored(server):
    return server.database.get(b"default", b"b", b"k")


async def test_a_delay_keeps_the_answer_back_and_all_that_comes_after_it(server, peer, until):
    delay = server.faults.delay("get", 60, times=1)
    peer.send(GET, **THING)
    peer.send(PING)
    (connection,) = await until(lambda: [each for each in server.nodes[0].connections if "delay" in each.holds])
    assert delay.hits == 1
    assert server.requests["ping"] == 0
    connection.release("delay")  # as if the minute had passed
    assert [(await peer.receive())[0] for _ in range(2)] == ["RpbGetResp", "RpbPingResp"]


async def test_a_delay_ends_by_itself(server, peer):
    started = asyncio.get_running_loop().time()
    server.faults.delay("get", 0.05)
    await peer.ask(GET, **THING)
    assert asyncio.get_running_loop().time() - started >= 0.045


async def test_a_delay_may_be_drawn_anew_each_time(server, peer):
    drawn = []

    def draw():
        drawn.append(0.001)
        return 0.001

    delay = server.faults.delay("get", draw)
    for _ in range(3):
        await peer.ask(GET, **THING)
    assert len(drawn) == delay.hits == 3


async def test_a_refused_request_is_not_carried_out_and_the_connection_is_gone(server, peer):
    refusal = server.faults.refuse("put")
    peer.send(PUT, **THING, content={"value": b"v"})
    assert await peer.gone()
    assert refusal.hits == 1
    assert stored(server) is None


async def test_an_error_is_answered_instead_and_counted(server, peer, refused):
    error = server.faults.error("put", "overload", times=2)
    for _ in range(2):
        with pytest.raises(refused, match=r"^overload$"):
            await put(peer)
    assert stored(server) is None
    await put(peer)
    assert stored(server) is not None
    assert (error.hits, error.remaining) == (2, 0)


async def test_an_error_may_come_after_the_deed(server, peer, refused):
    server.faults.error("put", "timeout", carried_out=True)
    with pytest.raises(refused, match="timeout"):
        await put(peer)
    assert stored(server) is not None


async def test_a_connection_cut_before_the_reply_has_carried_out_the_request(server, peer):
    server.faults.cut("put", when="before")
    peer.send(PUT, **THING, content={"value": b"v"})
    assert await peer.gone()
    assert stored(server) is not None


async def test_what_was_answered_before_a_cut_arrives(server, peer):
    server.faults.cut("put", when="before")
    peer.writer.write(peer.encode(PING) + peer.encode(PUT, **THING, content={"value": b"v"}) + peer.encode(PING))
    assert (await peer.receive())[0] == "RpbPingResp"
    assert await peer.gone()
    assert server.requests["ping"] == 1


async def test_a_connection_cut_in_the_middle_has_sent_half_a_reply(server, peer):
    await put(peer)
    server.faults.cut("get", when="middle")
    peer.send(GET, **THING)
    received = await peer.reader.read()
    size = int.from_bytes(received[:4], "big")
    assert 0 < len(received) < 4 + size


async def test_a_connection_cut_after_the_reply_has_sent_all_of_it(server, peer):
    await put(peer)
    server.faults.cut("get", when="after")
    answer = await peer.ask(GET, **THING)
    assert answer.content[0].value == b"v"
    assert await peer.gone()


async def test_garbage_comes_instead_of_the_reply_and_the_connection_stays(server, peer):
    server.faults.garbage("get", b"\0\0\0\x01\x02", times=1)
    peer.send(GET, **THING)
    assert (await peer.receive())[0] == "RpbPingResp"
    assert await peer.ask(PING) is None


async def test_garbage_is_random_unless_given(connect):
    async with RiakServer(random=Random(7)) as server:
        server.faults.garbage("get")
        peer = await connect(server)
        peer.send(GET, **THING)
        with pytest.raises((ProtocolError, TimeoutError, KeyError)):
            async with asyncio.timeout(1):
                await peer.receive()


async def test_a_request_left_hanging_is_never_answered_nor_is_what_comes_after(server, peer, connect, until):
    hang = server.faults.hang("get", times=1)
    peer.send(GET, **THING)
    peer.send(PING)
    await until(lambda: hang.hits)
    other = await connect(server)
    await other.ask(PING)
    assert server.requests["ping"] == 1
    peer.writer.close()
    await until(lambda: server.connections in (1, 2))


async def test_a_stream_can_be_cut_between_its_messages(connect):
    async with RiakServer(chunk=1) as server:
        peer = await connect(server)
        for number in range(5):
            await peer.ask(PUT, bucket=b"b", key=b"%d" % number, content={"value": b""})
        server.faults.cut("list keys", when="before", after=2)
        peer.send(LIST_KEYS, bucket=b"b")
        assert len([await peer.receive() for _ in range(2)]) == 2
        assert await peer.gone()


async def test_new_connections_can_be_refused(server, connect):
    refusal = server.faults.refuse("connect", times=1)
    peer = await connect(server)
    assert await peer.gone()
    assert refusal.hits == 1
    assert await (await connect(server)).ask(PING) is None


async def test_new_connections_can_be_left_hanging(server, connect, until):
    hang = server.faults.hang("connect", times=1)
    peer = await connect(server)
    peer.send(PING)
    await until(lambda: hang.hits)
    await (await connect(server)).ask(PING)
    assert server.requests["ping"] == 1


async def test_new_connections_can_be_slow(server, connect):
    delay = server.faults.delay("connect", 0.02)
    assert await (await connect(server)).ask(PING) is None
    assert delay.hits == 1


async def test_a_star_hits_every_operation_and_no_connection(server, peer, connect, refused):
    fault = server.faults.error("*", "overload", times=2)
    other = await connect(server)
    for each, operation, fields in ((peer, PING, {}), (other, GET, THING)):
        with pytest.raises(refused, match="overload"):
            await each.ask(operation, **fields)
    assert fault.hits == 2


async def test_only_the_requests_that_are_meant_are_hit(server, peer, refused):
    fault = server.faults.error("get", "overload", only=lambda request: request.key == b"bad")
    await peer.ask(GET, **THING)
    with pytest.raises(refused, match="overload"):
        await peer.ask(GET, bucket=b"b", key=b"bad")
    assert fault.hits == 1


async def test_only_chosen_keys_are_hit(server, peer, refused):
    fault = server.faults.error("get", "overload", keys=["ada", b"\xff"])
    await peer.ask(GET, bucket=b"b", key=b"bob")
    for key in (b"ada", b"\xff"):
        with pytest.raises(refused, match="overload"):
            await peer.ask(GET, bucket=b"b", key=key)
    assert fault.hits == 2


async def test_a_chosen_key_is_slow_on_a_chosen_node_alone(connect, until):
    async with RiakServer.cluster(3) as server:
        slow, *others = server.nodes
        delay = server.faults.delay("get", 60, keys=["ada"], node=slow)
        for node in others:
            await (await connect(node)).ask(GET, bucket=b"b", key=b"ada")
        peer = await connect(slow)
        await peer.ask(GET, bucket=b"b", key=b"bob")
        assert delay.hits == 0
        peer.send(GET, bucket=b"b", key=b"ada")
        await until(lambda: delay.hits)


async def test_a_fault_may_concern_several_nodes(connect, refused):
    async with RiakServer.cluster(3) as server:
        server.faults.error("get", "overload", nodes=server.nodes[:2])
        answered = []
        for node in server.nodes:
            try:
                await (await connect(node)).ask(GET, **THING)
            except refused:
                answered.append(False)
            else:
                answered.append(True)
        assert answered == [False, False, True]


def test_one_key_is_not_taken_for_several():
    with pytest.raises(TypeError, match=r"\['ada'\]"):
        Faults().hang("get", keys="ada")


async def test_writers_that_race_all_meet_their_condition(server, connect):
    first, second, reader = [await connect(server) for _ in range(3)]
    here = {"type": b"siblings", **THING}
    race = server.faults.race(writers=2)
    first.send(PUT, **here, content={"value": b"1"}, if_none_match=True)
    second.send(PUT, **here, content={"value": b"2"}, if_none_match=True)
    assert [(await peer.receive())[0] for peer in (first, second)] == ["RpbPutResp"] * 2
    assert race.hits == 2
    assert {content.value for content in (await reader.ask(GET, **here)).content} == {b"1", b"2"}


async def test_writers_that_race_with_a_version_leave_siblings(server, connect):
    first, second = [await connect(server) for _ in range(2)]
    here = {"type": b"siblings", **THING}
    await first.ask(PUT, **here, content={"value": b"0"})
    vclock = (await first.ask(GET, **here)).vclock
    server.faults.race(writers=2, times=2)
    for peer, value in ((first, b"1"), (second, b"2")):
        peer.send(PUT, **here, content={"value": value}, vclock=vclock, if_not_modified=True)
    assert [(await peer.receive())[0] for peer in (first, second)] == ["RpbPutResp"] * 2
    assert {content.value for content in (await first.ask(GET, **here)).content} == {b"1", b"2"}


async def test_a_put_whose_condition_fails_does_not_race(server, peer, refused):
    await put(peer)
    race = server.faults.race(writers=2, seconds=60)
    with pytest.raises(refused, match="match_found"):
        await peer.ask(PUT, **THING, content={"value": b"2"}, if_none_match=True)
    await put(peer)
    assert race.hits == 1


async def test_a_writer_without_a_rival_waits_no_longer_than_it_must(server, peer):
    server.faults.race(writers=2, seconds=0.01)
    await peer.ask(PUT, **THING, content={"value": b"1"}, if_none_match=True)
    assert stored(server) is not None


async def test_a_request_behind_a_put_that_races_waits_its_turn(server, connect, until):
    first, second = [await connect(server) for _ in range(2)]
    server.faults.race(writers=2, seconds=60)
    first.send(PUT, **THING, content={"value": b"1"}, if_none_match=True)
    first.send(PING)
    await until(lambda: [each for each in server.nodes[0].connections if "race" in each.holds])
    assert server.requests["ping"] == 0
    await second.ask(PUT, **THING, content={"value": b"2"}, if_none_match=True)
    assert [(await first.receive())[0] for _ in range(2)] == ["RpbPutResp", "RpbPingResp"]


async def test_chance_decides_where_it_is_asked_to(connect):
    async with RiakServer(random=Random(7)) as server:
        peer = await connect(server)
        fault = server.faults.delay("ping", 0.0, probability=0.5)
        for _ in range(100):
            await peer.ask(PING)
        assert 25 < fault.hits < 75


async def test_delays_add_up_and_of_others_the_first_strikes():
    faults = Faults()
    faults.delay("get", 1.0)
    first = faults.error("get", "one", times=1)
    second = faults.error("get", "two")
    faults.delay("get", 2.0)
    assert faults.striking("get", None, None) == (3.0, first)
    assert faults.striking("get", None, None) == (3.0, second)


async def test_faults_that_are_over_are_forgotten(server, peer):
    fault = server.faults.error("ping", "no")
    fault.stop()
    await peer.ask(PING)
    server.faults.error("ping", "no")
    server.faults.clear()
    await peer.ask(PING)
    assert not server.faults


def test_an_operation_that_does_not_exist_cannot_go_wrong():
    with pytest.raises(ValueError, match="no operation is called 'gte'"):
        Faults().error("gte", "overload")


def test_a_fault_may_hit_every_third_of_the_requests_it_applies_to():
    faults = Faults()
    fault = faults.delay("get", 1.0, keys=["k"], every=3)
    found = []
    for _ in range(9):
        assert faults.striking("get", GET.request(key=b"other"), None)[0] == 0.0
        found.append(faults.striking("get", GET.request(key=b"k"), None)[0])
    assert found == [0.0, 0.0, 1.0] * 3
    assert fault.hits == 3
    with pytest.raises(ValueError, match="every"):
        faults.delay("get", 1.0, every=0)
