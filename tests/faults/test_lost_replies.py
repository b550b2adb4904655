"""Replies that are cut off, garbled or never come: reads are made again, writes are never made twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from aioriak import Bucket, RiakClient, RiakObject
from aioriak.error import (
    ConnectionLost,
    OutcomeUnknown,
    Overload,
    ProtocolError,
    RequestTimeout,
    ServerTimeout,
    ServerWriteTimeout,
    WriteGarbled,
    WriteLost,
    WriteTimeout,
)
from aioriak.testing import RiakServer
from tests.proxy import Proxy
from tests.wires import turn

WHEN = ["before", "middle"]


@pytest.fixture
async def bucket(server: RiakServer, client: RiakClient) -> Bucket:
    """A bucket with the key ``k``."""
    made = client.bucket("b")
    await made.new_object("k", "old").store()
    server.requests.clear()
    return made


@pytest.fixture
async def proxy(server: RiakServer) -> AsyncIterator[Proxy]:
    async with Proxy(server.host, server.port) as relay:
        yield relay


@pytest.fixture
async def through(proxy: Proxy) -> AsyncIterator[RiakClient]:
    """A client with one connection, through the proxy."""
    async with await RiakClient.create(proxy.host, proxy.port, max_size=1) as connected:
        yield connected


class Asked:
    """How often a request for the key ``k`` came in; what else comes in, such as a probe, does not count."""

    def __init__(self, server: RiakServer, operation: str) -> None:
        self.times = 0
        server.faults.delay(operation, 0.0, only=self._count)

    def _count(self, request: Any) -> bool:
        self.times += request.key == b"k"
        return False


async def put(bucket: Bucket, value: str = "new") -> RiakObject:
    return await bucket.new_object("k", value).store(return_body=False)


# -- the server cuts -----------------------------------------------------------------


@pytest.mark.parametrize("when", WHEN)
async def test_a_read_whose_reply_was_cut_off_is_made_again(server: RiakServer, bucket: Bucket, when: Any) -> None:
    asked = Asked(server, "get")
    cut = server.faults.cut("get", when, times=1)
    assert (await bucket.get("k")).data == "old"
    assert cut.hits == 1
    assert asked.times == 2


async def test_a_read_is_made_no_more_often_than_it_may_be(server: RiakServer, bucket: Bucket) -> None:
    cut = server.faults.cut("get", "before", only=lambda request: request.key == b"k")
    with pytest.raises(ConnectionLost, match="get of default/b/k") as caught:
        await bucket.get("k")
    assert cut.hits == 3
    assert len(caught.value.attempts) == 2
    assert not isinstance(caught.value, OutcomeUnknown)
    assert isinstance(caught.value, ConnectionError)


@pytest.mark.parametrize("when", WHEN)
async def test_a_write_whose_reply_was_cut_off_is_of_unknown_outcome_and_not_made_again(
    server: RiakServer, bucket: Bucket, when: Any
) -> None:
    cut = server.faults.cut("put", when)
    with pytest.raises(WriteLost, match=r"put of default/b/k.*outcome unknown") as caught:
        await put(bucket)
    assert isinstance(caught.value, OutcomeUnknown)
    assert cut.hits == server.requests["put"] == 1
    server.faults.clear()
    assert (await bucket.get("k")).data == "new", "this time it had happened"


async def test_a_write_that_the_server_refused_to_read_is_of_unknown_outcome_as_well(
    server: RiakServer, bucket: Bucket
) -> None:
    server.faults.refuse("put", times=1)
    with pytest.raises(WriteLost):
        await put(bucket)
    assert (await bucket.get("k")).data == "old"


@pytest.mark.parametrize("when", WHEN)
async def test_a_delete_is_not_made_again_either(server: RiakServer, bucket: Bucket, when: Any) -> None:
    server.faults.cut("delete", when)
    with pytest.raises(OutcomeUnknown, match="delete of default/b/k"):
        await bucket.delete("k")
    assert server.requests["delete"] == 1


async def test_a_write_may_be_made_again_where_that_was_asked_for(
    server: RiakServer, client: RiakClient, bucket: Bucket
) -> None:
    server.faults.cut("put", "before", times=1)
    again = client.with_options(retry_writes=True).bucket("b")
    await put(again)
    assert server.requests["put"] == 2


async def test_a_connection_that_ends_after_a_reply_costs_nothing(server: RiakServer, bucket: Bucket) -> None:
    for operation in ("put", "get"):
        asked = Asked(server, operation)
        cut = server.faults.cut(operation, "after", times=1)
        if operation == "put":
            await put(bucket)
        else:
            assert (await bucket.get("k")).data == "new"
        assert cut.hits == asked.times == 1
    await put(bucket, "newer")
    assert (await bucket.get("k")).data == "newer"


async def test_all_that_shared_the_connection_is_lost_with_it(server: RiakServer, nodes: Any) -> None:
    """Five reads and five writes in one pipeline; the first reply is cut off."""
    async with await RiakClient.create(*nodes[0], max_size=1, attempts=1) as client:
        bucket = client.bucket("b")
        server.faults.cut("get", "middle", times=1)
        work = [bucket.get("k") if number % 2 == 0 else put(bucket) for number in range(10)]
        results = await asyncio.gather(*work, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)
        assert [isinstance(result, OutcomeUnknown) for result in results] == [False, True] * 5
        assert (await bucket.get("k")).siblings is not None


# -- the network cuts -----------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True], ids=["end of file", "reset"])
@pytest.mark.parametrize("after", [0, 1, 4, 5, 20])
async def test_a_read_cut_anywhere_in_its_reply_is_made_again(
    server: RiakServer, bucket: Bucket, proxy: Proxy, through: RiakClient, after: int, reset: bool
) -> None:
    asked = Asked(server, "get")
    link = await proxy.link()
    link.to_client.cut_after(after, reset=reset)
    assert (await through.bucket("b").get("k")).data == "old"
    assert len(proxy.links) > 1
    assert asked.times == 2


@pytest.mark.parametrize("reset", [False, True], ids=["end of file", "reset"])
@pytest.mark.parametrize("after", [0, 1, 4])
async def test_a_write_cut_anywhere_in_its_reply_is_sent_once(
    server: RiakServer, bucket: Bucket, proxy: Proxy, through: RiakClient, after: int, reset: bool
) -> None:
    link = await proxy.link()
    link.to_client.cut_after(after, reset=reset)
    with pytest.raises(OutcomeUnknown):
        await put(through.bucket("b"))
    assert server.requests["put"] == 1
    assert await through.ping()
    assert server.requests["put"] == 1


@pytest.mark.parametrize("after", [0, 3, 10])
async def test_a_write_cut_on_its_way_there_is_of_unknown_outcome(
    server: RiakServer, bucket: Bucket, proxy: Proxy, through: RiakClient, after: int
) -> None:
    link = await proxy.link()
    link.to_server.cut_after(after)
    with pytest.raises(OutcomeUnknown):
        await put(through.bucket("b"))
    assert await through.ping()
    assert server.requests["put"] == 0


async def test_a_connection_cut_while_idle_costs_nothing(
    server: RiakServer, bucket: Bucket, proxy: Proxy, through: RiakClient
) -> None:
    link = await proxy.link()
    link.cut()
    await link.closed.wait()
    await turn()  # so that the client's end hears of it
    await put(through.bucket("b"))
    assert (await bucket.get("k")).data == "new"


async def test_replies_that_come_byte_by_byte_are_understood(
    bucket: Bucket, proxy: Proxy, through: RiakClient
) -> None:
    link = await proxy.link()
    link.to_client.piece = link.to_server.piece = 1
    found = await asyncio.gather(*(through.bucket("b").get("k") for _ in range(20)))
    assert [robject.data for robject in found] == ["old"] * 20


# -- garbage --------------------------------------------------------------------------


GARBAGE = {
    "noise": b"\xfe" + Random(1).randbytes(63),
    "a huge frame": b"\xff\xff\xff\xff\x0a",
    "an empty frame": b"\0\0\0\0",
    "an unknown code": b"\0\0\0\1\xc8",
    "an undecodable error": b"\0\0\0\3\0\xff\xff",
    "an unasked reply": b"\0\0\0\1\x0a\0\0\0\1\x0a",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_in_answer_to_a_write_is_never_a_success(server: RiakServer, bucket: Bucket, data: bytes) -> None:
    garbage = server.faults.garbage("put", data, times=1)
    with pytest.raises(OutcomeUnknown):
        await put(bucket)
    assert garbage.hits == server.requests["put"] == 1
    assert (await bucket.get("k")).data == "new"


@pytest.mark.parametrize("kind", ["noise", "a huge frame", "an empty frame"])
async def test_a_read_is_made_again_when_its_connection_fell_out_of_step(
    server: RiakServer, bucket: Bucket, kind: str
) -> None:
    garbage = server.faults.garbage("get", GARBAGE[kind], times=1)
    assert (await bucket.get("k")).data == "old"
    assert garbage.hits == 1


@pytest.mark.parametrize("kind", ["an unknown code", "an undecodable error"])
async def test_a_reply_that_makes_no_sense_costs_its_connection_and_no_other_request(
    server: RiakServer, bucket: Bucket, kind: str
) -> None:
    server.faults.garbage("get", GARBAGE[kind], times=1)
    with pytest.raises(ProtocolError, match="get of default/b/k"):
        await bucket.get("k")
    assert (await bucket.get("k")).data == "old"


async def test_a_reply_whose_body_is_garbled_is_a_protocol_error(server: RiakServer, bucket: Bucket) -> None:
    server.faults.garbage("get", b"\0\0\0\3\x0a\xff\xff", times=1)
    with pytest.raises(ProtocolError, match="get of default/b/k"):
        await bucket.get("k")
    server.faults.garbage("put", b"\0\0\0\3\x0c\xff\xff", times=1)
    with pytest.raises(WriteGarbled, match="put of default/b/k"):
        await put(bucket)
    assert (await bucket.get("k")).data == "new"


# -- time -------------------------------------------------------------------------------


async def test_a_timed_out_get_does_not_answer_the_next_one(server: RiakServer, nodes: Any) -> None:
    """The worst fault of old: a reply that comes late is taken for the next one's."""
    async with await RiakClient.create(*nodes[0], max_size=1, attempts=1, behind_load_balancer=True) as client:
        bucket = client.bucket("b")
        for key in ("slow", "quick"):
            await bucket.new_object(key, key).store()
        server.faults.delay("get", 0.05, times=1)
        with pytest.raises(RequestTimeout, match="get of default/b/slow"):
            await bucket.get("slow", timeout=10)
        for _ in range(3):
            assert (await bucket.get("quick")).data == "quick"
        assert server.nodes[0].accepted == 1, "the late reply was dropped, the connection kept"


async def test_a_cancelled_get_does_not_answer_the_next_one(server: RiakServer, nodes: Any) -> None:
    async with await RiakClient.create(*nodes[0], max_size=1) as client:
        bucket = client.bucket("b")
        for key in ("slow", "quick"):
            await bucket.new_object(key, key).store()
        server.faults.delay("get", 0.05, times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await bucket.get("slow")
        for _ in range(3):
            assert (await bucket.get("quick")).data == "quick"
        assert server.nodes[0].accepted == 1


async def test_a_write_that_times_out_is_of_unknown_outcome(server: RiakServer, bucket: Bucket) -> None:
    server.faults.hang("put", times=1)
    with pytest.raises(WriteTimeout, match="put of default/b/k") as caught:
        await bucket.new_object("k", "new").store(timeout=20)
    assert isinstance(caught.value, TimeoutError)
    assert server.requests["put"] == 1


async def test_a_connection_that_hangs_is_closed_and_those_behind_go_elsewhere(
    server: RiakServer, nodes: Any
) -> None:
    async with await RiakClient.create(*nodes[0], max_size=1, overdue_timeout=0.02, attempts=2) as client:
        bucket = client.bucket("b")
        await bucket.new_object("k", "old").store()
        server.faults.hang("get", times=1)
        hung = asyncio.create_task(bucket.get("k", timeout=20))
        await asyncio.sleep(0)
        behind = asyncio.create_task(bucket.get("k"))
        with pytest.raises(RequestTimeout):
            await hung
        assert (await behind).data == "old"
        assert server.nodes[0].accepted >= 2, "the one that hung was closed"
        assert client.stats().connections <= 1


async def test_the_servers_timeout_field_is_what_is_left(server: RiakServer, bucket: Bucket) -> None:
    seen: list[int] = []

    def note(request: Any) -> bool:
        seen.append(request.timeout)
        return len(seen) < 3

    server.faults.error("get", "overload", only=note)
    await bucket.get("k", timeout=3000)
    assert seen[0] == 3000
    assert 3000 > seen[1] > seen[2] > 1000


async def test_no_time_left_means_no_further_attempt(server: RiakServer, bucket: Bucket) -> None:
    overload = server.faults.error("get", "overload")
    with pytest.raises(Overload):
        await bucket.get("k", timeout=10)
    assert overload.hits == 1


# -- what the server says ------------------------------------------------------------------


async def test_a_servers_timeout_of_a_read_is_tried_again(server: RiakServer, bucket: Bucket) -> None:
    fault = server.faults.error("get", "timeout", times=2)
    assert (await bucket.get("k")).data == "old"
    assert fault.hits == 2
    server.faults.error("get", "timeout")
    with pytest.raises(ServerTimeout) as caught:
        await bucket.get("k")
    assert len(caught.value.attempts) == 2
    assert caught.value.text == "timeout"


async def test_a_servers_timeout_of_a_write_is_of_unknown_outcome(server: RiakServer, bucket: Bucket) -> None:
    fault = server.faults.error("put", "timeout", carried_out=True)
    with pytest.raises(ServerWriteTimeout) as caught:
        await put(bucket)
    assert isinstance(caught.value, OutcomeUnknown)
    assert fault.hits == 1
    server.faults.clear()
    assert (await bucket.get("k")).data == "new"


@pytest.mark.parametrize("text", ["overload", "{insufficient_vnodes,0,need,2}", "all_nodes_down"])
async def test_what_was_not_done_is_tried_again(server: RiakServer, bucket: Bucket, text: str) -> None:
    fault = server.faults.error("put", text, times=2)
    await put(bucket)
    assert fault.hits == 2
    assert (await bucket.get("k")).data == "new"


async def test_a_refusal_is_not_tried_again(server: RiakServer, bucket: Bucket) -> None:
    fault = server.faults.error("put", "{precommit_fail,no}")
    with pytest.raises(Exception, match="precommit_fail"):
        await put(bucket)
    assert fault.hits == 1


async def test_an_error_leaves_its_connection_in_use(server: RiakServer, bucket: Bucket) -> None:
    accepted = server.nodes[0].accepted
    server.faults.error("get", "{r_val_unsatisfied,2,1}", times=5)
    for _ in range(5):
        with pytest.raises(Exception, match="r_val_unsatisfied"):
            await bucket.get("k")
    assert (await bucket.get("k")).data == "old"
    assert server.nodes[0].accepted == accepted
