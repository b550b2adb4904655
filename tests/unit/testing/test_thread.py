"""A server in a thread serves programs without an event loop, and is worked from any thread."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from aioriak import RiakClient
from aioriak.testing import RiakServer
from aioriak.wire.framing import encode_frame


def ping(server) -> bytes:
    with socket.create_connection((server.host, server.port), 10) as connection:
        connection.sendall(encode_frame(1))
        return connection.recv(100)


def test_a_server_in_a_thread_answers_a_program_without_a_loop():
    with RiakServer.in_thread() as server:
        assert ping(server) == encode_frame(2)
        assert server.counts == {"ping": 1}
        assert [request.operation for request in server.requests] == ["ping"]


def test_every_loop_can_use_a_server_in_a_thread():
    async def stored() -> object:
        async with RiakClient(server.host, server.port) as client:
            users = client.bucket("users")
            if not (await users.get("ada")).exists:
                await (await users.new("ada", 36)).store()
            return (await users.get("ada")).data

    with RiakServer.in_thread() as server:
        assert [asyncio.run(stored()) for _ in range(2)] == [36, 36]


async def test_a_server_in_a_thread_is_closed_while_the_caller_s_loop_runs():
    with RiakServer.in_thread() as server:
        async with RiakClient(server.host, server.port) as client:
            await client.ping()
    assert not server.running


def test_its_nodes_are_worked_in_its_loop():
    with RiakServer.in_thread(nodes=2) as server:
        node = server.nodes[0]
        server.run(node.kill())
        with pytest.raises(ConnectionRefusedError):
            ping(node)
        server.reset()
        assert ping(node) == encode_frame(2)
        server.call(node.slow, 0)
        assert server.addresses == [each.address for each in server.nodes]


def test_its_faults_and_its_content_are_worked_from_another_thread(tmp_path):
    with RiakServer.in_thread() as server:
        refusal = server.faults.refuse("ping", times=1)
        assert ping(server) == b""
        assert refusal.hits == 1
        snapshot = server.snapshot()
        server.siblings("users", "ada", 1, 2)
        assert server.dump(tmp_path / "dump.jsonl") == 1
        server.restore(snapshot)
        assert server.dump(tmp_path / "empty.jsonl") == 0
        assert server.load(tmp_path / "dump.jsonl") == 1


def test_a_server_that_cannot_start_leaves_no_thread():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = RiakServer.in_thread(port=taken.getsockname()[1])
        before = threading.active_count()
        with pytest.raises(OSError, match="address already in use"):
            server.start()
        assert threading.active_count() == before


def test_a_server_is_started_once_and_used_while_it_runs():
    server = RiakServer.in_thread()
    with pytest.raises(RuntimeError, match="the server is not running"):
        server.snapshot()
    with server:
        with pytest.raises(RuntimeError, match="running already"):
            server.start()
        with pytest.raises(RuntimeError, match="already in the server's thread"):
            server.call(server.snapshot)
    server.close()
    with server:
        assert ping(server) == encode_frame(2)
