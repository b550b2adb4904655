"""What a request costs, in calls and in copies: no timing, so the same on every machine.

Each test answers a real client from a transport in memory, always with the same
replies, and compares with a figure that stands here.  When a change makes one
grow, either the change is worth it, and the figure is raised with it, or not.
The figures are Python 3.11's; later ones, where a comprehension is no call, are
a little lower.
"""

from __future__ import annotations

import asyncio
import gc
import pathlib
import tracemalloc
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

import aioriak
from aioriak import RiakClient
from aioriak.riak_pb import dt, kv
from aioriak.wire.framing import encode_frame
from aioriak.wire.operation import DT_UPDATE, GET, INDEX, PING, PUT
from tests.calls import counting, per_piece
from tests.wires import deliver

PACKAGE = str(pathlib.Path(aioriak.__file__).parent)
REPEAT = 50

VALUE = b'{"name":"Ann","text":"' + b"x" * 1000 + b'"}'
FIELD = dt.MapEntry(field=dt.MapField(name=b"n", type=dt.MapField.COUNTER), counter_value=1)
REPLIES = {
    GET.request_code: kv.RpbGetResp(
        vclock=b"clock", content=[{"value": VALUE, "content_type": b"application/json", "vtag": b"tag", "last_mod": 1}]
    ),
    PUT.request_code: kv.RpbPutResp(),
    INDEX.request_code: kv.RpbIndexResp(keys=[b"key"] * 10, done=True),
    DT_UPDATE.request_code: dt.DtUpdateResp(context=b"context", map_value=[FIELD]),
}
REPLY_CODES = {operation.request_code: operation.reply_code for operation in (GET, PUT, INDEX, DT_UPDATE)}


class Answering(asyncio.Transport):
    """Answers each request with what stands for its message code, all of one turn at once."""

    def __init__(self, protocol: asyncio.BufferedProtocol, replies: dict[int, bytes]) -> None:
        super().__init__()
        self._protocol = protocol
        self._replies = replies
        self._closed = False
        self.chunk = 1 << 18
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        answers, position = [], 0
        while position < len(data):
            size = int.from_bytes(data[position : position + 4], "big")
            answers.append(self._replies[data[position + 4]])
            position += 4 + size
        asyncio.get_running_loop().call_soon(self._answer, b"".join(answers))

    def _answer(self, data: bytes) -> None:
        for start in range(0, len(data), self.chunk):
            deliver(self._protocol, data[start : start + self.chunk])

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


@pytest.fixture
def replies() -> dict[int, bytes]:
    frames = {code: encode_frame(REPLY_CODES[code], reply.SerializeToString()) for code, reply in REPLIES.items()}
    return {PING.request_code: encode_frame(PING.reply_code), **frames}


@pytest.fixture
async def answered(monkeypatch: pytest.MonkeyPatch, replies: dict[int, bytes]) -> AsyncIterator[RiakClient]:
    """A client of one connection, which answers at once."""

    async def create_connection(factory: Callable[[], asyncio.BufferedProtocol], *_: object, **__: object) -> Any:
        protocol = factory()
        return Answering(protocol, replies), protocol

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)
    async with RiakClient("nowhere", 1, max_size=1) as client:
        client._runtime.datatypes[b"maps"] = "map"
        yield client


async def calls(work: Callable[[], Awaitable[Any]]) -> tuple[float, str]:
    """How often a function of the package is entered or resumed for one piece of work, and which are.

    Timers of the pool fire among them on a slow machine, so the lowest of three counts is taken.
    """
    await work()
    counts = []
    for _ in range(3):
        with counting(PACKAGE) as counted:
            for _ in range(REPEAT):
                await work()
        counts.append(counted)
    return per_piece(min(counts, key=Counter.total), REPEAT)


async def test_a_get_is_as_many_calls_as_it_was(answered: RiakClient) -> None:
    bucket = answered.bucket("users")

    async def get() -> Any:
        return (await bucket.get("ann")).data

    counted, which = await calls(get)
    assert counted <= 27, which


async def test_a_put_is_as_many_calls_as_it_was(answered: RiakClient) -> None:
    bucket = answered.bucket("users")

    async def put() -> None:
        robject = await bucket.new("ann", {"name": "Ann"})
        await robject.store(return_body=False)

    counted, which = await calls(put)
    assert counted <= 40, which


async def test_a_change_of_a_map_is_as_many_calls_as_it_was(answered: RiakClient) -> None:
    bucket = answered.bucket_type("maps").bucket("users")

    async def change() -> None:
        robject = await bucket.new("ann")
        robject.counters["n"].increment()
        await robject.store()

    counted, which = await calls(change)
    assert counted <= 66, which


async def test_a_page_of_an_index_is_as_many_calls_as_it_was(answered: RiakClient) -> None:
    bucket = answered.bucket("users")

    async def page() -> None:
        await bucket.get_index("age_int", 1, 9, max_results=10)

    counted, which = await calls(page)
    assert counted <= 42, which


async def test_a_key_of_many_is_as_many_calls_as_it_was(answered: RiakClient) -> None:
    bucket = answered.bucket("users")
    keys = [f"key-{number}" for number in range(100)]

    async def many() -> None:
        async for _, found in bucket.get_many(keys):
            assert found.data

    counted, which = await calls(many)
    assert counted / len(keys) <= 30, which


async def test_sixty_four_requests_at_once_are_no_more_calls_each_than_one(answered: RiakClient) -> None:
    bucket = answered.bucket("users")

    async def one() -> Any:
        return (await bucket.get("ann")).data

    async def many() -> None:
        await asyncio.gather(*(one() for _ in range(64)))

    alone, _ = await calls(one)
    together, which = await calls(many)
    assert together / 64 <= alone, which


async def test_what_was_read_is_freed_without_the_garbage_collector(answered: RiakClient) -> None:
    bucket = answered.bucket("users")
    gc.collect()
    gc.disable()
    try:
        robject = await bucket.get("ann")
        assert robject.data["name"] == "Ann"
        alive = weakref.ref(robject)
        del robject
        assert alive() is None
    finally:
        gc.enable()


async def test_a_large_value_is_in_memory_no_more_than_twice(
    answered: RiakClient, replies: dict[int, bytes]
) -> None:
    size = 10 << 20
    large = kv.RpbGetResp(vclock=b"clock", content=[{"value": b"x" * size, "content_type": b"text/plain"}])
    replies[GET.request_code] = encode_frame(GET.reply_code, large.SerializeToString())
    del large
    bucket = answered.bucket("users")
    tracemalloc.start()
    try:
        # what protobuf holds in its arena is not traced: the message, while the value is taken out of it
        sent = len(replies[GET.request_code])  # the transport's own copies
        robject = await bucket.get("ann")
        assert len(robject.encoded_data or b"") == size
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - sent <= 2.1 * size


async def test_a_large_value_is_copied_once_into_its_request(answered: RiakClient) -> None:
    size = 10 << 20
    robject = answered.bucket("users").new_object("ann", encoded_data=b"x" * size, content_type="text/plain")
    tracemalloc.start()
    try:
        await robject.store(return_body=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 1.1 * size
