"""What a request costs the development server, in calls and in memory: no timing, so the same on every machine.

The figures are Python 3.11's; later ones are a little lower.  ``python -m benchmarks.fake`` measures the time.
"""

from __future__ import annotations

import asyncio
import gc
import pathlib
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import aioriak
from aioriak.riak_pb import kv
from aioriak.testing import RiakServer
from aioriak.testing.connection import Connection
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import GET, LIST_KEYS, PING, PUT, Operation
from tests.calls import counting, per_piece

PACKAGE = str(pathlib.Path(aioriak.__file__).parent)
REPEAT = 50


class Sink(asyncio.Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass

    abort = close


def frame(operation: Operation[Any, Any], **fields: Any) -> bytes:
    body = operation.request(**fields).SerializeToString() if operation.request else b""
    return encode_frame(operation.request_code, body)


@pytest.fixture
async def connection() -> AsyncIterator[tuple[Connection, Sink]]:
    """The server's end of a connection to a server that has one object."""
    async with RiakServer() as server:
        server.siblings("b", "k", 1)
        made, sink = server.nodes[0].accept(), Sink()
        made.connection_made(sink)
        yield made, sink
        made.connection_lost(None)


def calls(work: Callable[[], Any]) -> tuple[float, str]:
    """How often a function of the package is entered for one piece of work, and which are."""
    work()
    with counting(PACKAGE) as counted:
        for _ in range(REPEAT):
            work()
    return per_piece(counted, REPEAT)


CONTENT = {"value": b"v" * 1024, "content_type": b"application/json"}
REQUESTS = {
    "ping": (frame(PING), 16),
    "get": (frame(GET, bucket=b"b", key=b"k"), 34),
    "put": (frame(PUT, bucket=b"b", key=b"new", content=CONTENT), 76),
    "put of a type with siblings": (frame(PUT, bucket=b"b", key=b"new", type=b"nosiblings", content=CONTENT), 79),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_as_many_calls_as_it_was(connection: tuple[Connection, Sink], name: str) -> None:
    made, sink = connection
    request, limit = REQUESTS[name]
    counted, which = calls(lambda: made.data_received(request))
    assert counted <= limit, which
    assert len(sink.sent) == REPEAT + 1
    assert all(data[4] for data in sink.sent)


@pytest.mark.parametrize("name", ["ping", "get", "put"])
def test_requests_of_one_read_are_fewer_calls_each_and_one_write(
    connection: tuple[Connection, Sink], name: str
) -> None:
    made, sink = connection
    request, _ = REQUESTS[name]
    alone, _ = calls(lambda: made.data_received(request))
    sink.sent.clear()
    together, which = calls(lambda: made.data_received(request * 8))
    assert together / 8 < alone, which
    assert len(sink.sent) == REPEAT + 1


async def test_a_million_small_objects_fit_into_a_gigabyte() -> None:
    count, values = 1000, [b"%010d" % number for number in range(2000)]
    async with RiakServer() as server:
        handler, context = server.handlers[PUT], server._context()
        requests = [
            kv.RpbPutReq(bucket=b"b", key=b"key-%09d" % number, content={"value": value, "content_type": b"text/plain"})
            for number, value in enumerate(values)
        ]
        for request in requests[count:]:
            handler(context, request)
        gc.collect()
        tracemalloc.start()
        try:
            for request in requests[:count]:
                handler(context, request)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert kept / count < 900


async def test_a_listing_is_sent_while_it_is_made(server: RiakServer) -> None:
    """The server holds one list of the keys, and one message at a time."""
    context = server._context()
    for number in range(20_000):
        server.siblings("b", f"key-{number:09}", 1)
    messages: Any = server.handlers[LIST_KEYS](context, kv.RpbListKeysReq(bucket=b"b"))
    tracemalloc.start()
    try:
        assert len(next(messages).keys) == server.chunk
        count = sum(len(message.keys) for message in messages)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000 - server.chunk
    assert peak < 20_000 * 8


async def test_a_client_that_does_not_read_holds_a_listing_up(server: RiakServer, connect: Any, until: Any) -> None:
    for number in range(3000):
        server.siblings("b", f"{'k' * 4000}{number}", 1)
    made, sink = server.nodes[0].accept(), Sink()
    made.connection_made(sink)
    made.data_received(frame(LIST_KEYS, bucket=b"b"))
    await until(lambda: len(sink.sent) > 1)
    made.pause_writing()
    sent = len(sink.sent)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(sink.sent) == sent < 30
    made.resume_writing()
    await until(lambda: not made._stream)
    cutter, count = FrameReader(), 0
    for data in sink.sent:
        for _, body in cutter.feed(data):
            count += len(kv.RpbListKeysResp.FromString(body).keys)
    assert count == 3000
    made.connection_lost(None)
