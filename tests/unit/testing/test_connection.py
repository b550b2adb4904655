"""What one connection to the development server may do, and what happens when it does more."""

from __future__ import annotations

import asyncio
import socket

import pytest

from aioriak.testing import RiakServer
from aioriak.wire.operation import GET, INDEX, LIST_KEYS, PING, PUT, SERVER_INFO

BUSY = b"Cannot send another request while one is in progress"


async def store(peer, count, bucket=b"b"):
    for number in range(count):
        await peer.ask(PUT, bucket=bucket, key=b"%d" % number, content={"value": b"%d" % number})


async def test_requests_sent_together_are_answered_in_order(peer):
    await store(peer, 5)
    peer.writer.write(b"".join(peer.encode(GET, bucket=b"b", key=b"%d" % number) for number in (3, 1, 4, 0, 2)))
    values = [(await peer.receive())[1].content[0].value for _ in range(5)]
    assert values == [b"3", b"1", b"4", b"0", b"2"]


async def test_an_error_takes_its_own_place_in_the_order(peer):
    peer.writer.write(peer.encode(PING) + peer.encode(GET, bucket=b"", key=b"k") + peer.encode(SERVER_INFO))
    names = [(await peer.receive())[0] for _ in range(3)]
    assert names == ["RpbPingResp", "RpbErrorResp", "RpbGetServerInfoResp"]


async def test_a_frame_may_come_a_byte_at_a_time(peer):
    peer.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in peer.encode(GET, bucket=b"b", key=b"k") + peer.encode(PING):
        peer.writer.write(bytes((byte,)))
        await peer.writer.drain()
        await asyncio.sleep(0)
    assert [(await peer.receive())[0] for _ in range(2)] == ["RpbGetResp", "RpbPingResp"]


async def test_a_request_in_a_later_read_than_a_stream_is_refused_and_the_server_hangs_up(server, peer, until):
    await store(peer, 3)
    stalled = server.faults.delay("list keys", 60, times=1)
    (connection,) = server.nodes[0].connections
    peer.send(LIST_KEYS, bucket=b"b")
    await until(lambda: stalled.hits)
    # the stream is going now: what the next read brings is one request too many
    connection.release("delay")
    connection.data_received(peer.encode(PING))
    name, message = await peer.receive()
    assert (name, message.errmsg) == ("RpbErrorResp", BUSY)
    assert await peer.gone()


async def test_a_request_after_the_first_message_of_a_stream_is_refused(connect):
    async with RiakServer(chunk=1) as server:
        peer = await connect(server)
        await store(peer, 2000)
        peer.send(LIST_KEYS, bucket=b"b")
        await peer.receive()
        peer.send(PING)
        seen = [await peer.receive()]
        while seen[-1][0] == "RpbListKeysResp":
            seen.append(await peer.receive())
        assert seen[-1][1].errmsg == BUSY
        assert not any(message.done for _, message in seen[:-1])
        assert await peer.gone()


async def test_a_request_in_the_same_read_as_a_stream_is_answered_inside_it(peer):
    await store(peer, 3)
    peer.writer.write(peer.encode(LIST_KEYS, bucket=b"b") + peer.encode(PING))
    names = [(await peer.receive())[0] for _ in range(3)]
    assert names == ["RpbPingResp", "RpbListKeysResp", "RpbListKeysResp"]


async def test_a_stream_may_be_last_in_a_pipeline_and_its_connection_is_good_afterwards(peer):
    await store(peer, 3)
    peer.writer.write(peer.encode(PING) + peer.encode(LIST_KEYS, bucket=b"b"))
    assert (await peer.receive())[0] == "RpbPingResp"
    keys = []
    while True:
        _, message = await peer.receive()
        keys += message.keys
        if message.done:
            break
    assert sorted(keys) == [b"0", b"1", b"2"]
    assert await peer.ask(PING) is None


async def test_two_streams_in_one_read_are_the_end_of_the_connection(peer):
    peer.writer.write(peer.encode(LIST_KEYS, bucket=b"b") * 2)
    assert (await peer.receive())[0] == "RpbErrorResp"
    assert await peer.gone()


async def test_an_error_at_the_start_of_a_stream_leaves_the_connection_usable(peer, refused):
    with pytest.raises(refused, match="No bucket-type named 'nope'"):
        await peer.stream(LIST_KEYS, bucket=b"b", type=b"nope")
    assert await peer.ask(PING) is None


async def test_an_error_in_mid_stream_ends_the_stream_and_leaves_the_connection_usable(server, peer, refused):
    await store(peer, 3)
    server.faults.error("list keys", "timeout", after=1, times=1)
    peer.send(LIST_KEYS, bucket=b"b")
    assert len((await peer.receive())[1].keys) == 3
    assert (await peer.receive())[1].errmsg == b"timeout"
    assert await peer.ask(PING) is None


async def test_a_frame_of_no_length_is_the_end_without_a_word(peer):
    peer.writer.write(b"\0\0\0\0")
    assert await peer.gone()


async def test_a_body_that_cannot_be_decoded_is_an_error_and_the_end(peer):
    peer.writer.write(b"\0\0\0\x05\x09\xff\xff\xff\xff")
    name, message = await peer.receive()
    assert name == "RpbErrorResp"
    assert message.errmsg.startswith(b"Error processing incoming message: ")
    assert await peer.gone()


async def test_an_unknown_message_code_is_an_error_and_no_more(peer):
    peer.writer.write(b"\0\0\0\x01\xf0")
    assert (await peer.receive())[1].errmsg == b"Unknown message code: 240"
    assert await peer.ask(PING) is None


async def test_a_handler_that_fails_costs_the_client_its_connection(server, peer, caplog):
    def broken(context, request):
        raise RuntimeError("a fault of the server's own")

    server.handlers[GET] = broken
    peer.send(GET, bucket=b"b", key=b"k")
    assert b"a fault of the server's own" in (await peer.receive())[1].errmsg
    assert await peer.gone()
    assert "the handler of get failed" in caplog.text


def stalled(server):
    return [connection for connection in server.nodes[0].connections if "writing" in connection.holds]


async def small_buffers(server):
    """A connection on which little is underway, so that the server soon finds its client not reading."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (server.host, server.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    return reader, writer


async def test_the_server_stops_making_a_stream_that_its_client_does_not_read(connect, until):
    async with RiakServer(chunk=10) as server:
        peer = await connect(server)
        made = 0

        def endless(context, request):
            nonlocal made
            for made in range(1, 100_001):  # noqa: B007
                yield INDEX.reply(keys=[b"k" * 1000])
            yield INDEX.reply(done=True)

        server.handlers[INDEX] = endless
        _, writer = await small_buffers(server)
        writer.write(peer.encode(INDEX, bucket=b"b", index=b"i_bin", qtype=0, key=b"v", stream=True))
        (stuck,) = await until(lambda: stalled(server))
        so_far = made
        await peer.ask(PING)  # the server goes round, and makes no more
        assert made == so_far < 50_000
        assert stuck.transport is not None
        assert stuck.transport.get_write_buffer_size() < 256 * 1024
        writer.transport.abort()


async def test_the_server_does_not_read_from_a_client_that_does_not_read(connect, until):
    async with RiakServer() as server:
        peer = await connect(server)
        await peer.ask(PUT, bucket=b"b", key=b"k", content={"value": b"v" * 100_000})
        reader, writer = await small_buffers(server)
        writer.write(peer.encode(GET, bucket=b"b", key=b"k") * 500)
        (stuck,) = await until(lambda: stalled(server))
        await peer.ask(PING)
        assert server.requests["get"] < 500
        assert stuck.transport is not None
        assert stuck.transport.get_write_buffer_size() < 2 * 1024 * 1024
        received = 0
        async with asyncio.timeout(30):
            while received < 500 * 100_000:
                received += len(await reader.read(1 << 20))
        await peer.ask(PING)
        assert server.requests["get"] == 500
        writer.close()
        await writer.wait_closed()


async def test_closing_the_server_cuts_its_clients_off(connect):
    server = RiakServer()
    await server.start()
    peer = await connect(server)
    assert await peer.ask(PING) is None
    assert server.connections == 1
    await server.close()
    assert await peer.gone()
    assert server.connections == 0
    with pytest.raises(OSError):
        await connect(server)
