"""Every call of the client, answered with bytes that a server never sends.

A :class:`Liar` answers each request with the reply code that belongs to it and a body of the test's.
A call must end in a result, all of which can be read, or in an error of the library.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from aioriak import RiakClient, RiakMapReduce
from aioriak.datatypes import Counter, GSet, Hll, Map, Set
from aioriak.error import RiakError
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import OPERATIONS
from tests.simulation.loop import VirtualLoop

HOST, PORT = "127.0.0.1", 8087

MOST = 100
"""Requests that one call may make."""

_number = itertools.count()  # what is known of a bucket type is kept: each is new

Call = Callable[[RiakClient], Awaitable[Any]]


class Liar(asyncio.Protocol):
    """A server that answers every request with one body."""

    body = b""
    code: int | None = None
    """The message code, where it is not the one that belongs to the request."""
    times = 1
    asked = 0

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        for code, _ in self._reader.feed(data):
            Liar.asked += 1
            if Liar.asked > MOST:
                self._transport.abort()
                return
            reply = OPERATIONS[code].reply_code if self.code is None else self.code
            self._transport.write(encode_frame(reply, self.body) * self.times)


async def _object(client: RiakClient, **options: Any) -> None:
    found = await client.bucket("b").get("k", **options)
    for content in found.siblings:
        _ = content.usermeta, content.links, content.indexes, content.content_type, content.charset
        _ = content.last_modified, content.etag, content.encoded_data, repr(content)
        _ = content.content_encoding, content.exists
        try:
            _ = content.data
        except RiakError:
            pass
    _ = repr(found), found.vclock, found.exists


async def _store(client: RiakClient, **options: Any) -> None:
    robject = client.bucket("b").new_object(None, 1)
    await robject.store(**options)
    _ = robject.key, repr(robject), robject.siblings


async def _update(client: RiakClient) -> None:
    def change(robject: Any) -> None:
        robject.data = 1

    await client.bucket("b").update("k", change)


async def _datatype(client: RiakClient) -> None:
    found = await client.fetch_datatype(client.bucket("b", f"t{next(_number)}"), "k")
    _ = found.value, repr(found), found.context


async def _stored_datatype(client: RiakClient, kind: Any, change: Callable[[Any], None]) -> None:
    made = kind(client.bucket("b", "maps"), None)
    change(made)
    await made.store(return_body=True)
    _ = made.value, made.key, repr(made)


async def _all(stream: Any) -> list[Any]:
    return [item async for item in stream]


async def _mapred(client: RiakClient) -> None:
    await RiakMapReduce(client).add("b", "k").map_object_value().run()


async def _rows(client: RiakClient, index: str, *terms: Any) -> None:
    await client.bucket("b").query(index, *terms, page_size=10, limit=30).all()


async def _old_index(client: RiakClient, index: str, *terms: Any) -> None:
    await client.bucket("b").get_index(index, *terms, return_terms=True)


async def _paged(client: RiakClient) -> None:
    async for page in client.paginate_index(client.bucket("b"), "n_int", 1, 2, max_results=1):
        _ = page.results, page.continuation
        break


async def _streamed_index(client: RiakClient) -> None:
    await _all(client.stream_index(client.bucket("b"), "n_int", 1, 2))


async def _fold(client: RiakClient) -> None:
    async for robject in client.bucket("b").fold():
        _ = robject.key, robject.siblings


CALLS: dict[str, Call] = {
    "ping": lambda client: client.ping(),
    "info": lambda client: client.get_server_info(),
    "client id": lambda client: client.get_client_id(),
    "get": _object,
    "head": lambda client: _object(client, head=True),
    "get if modified": lambda client: _object(client, if_modified=b"clock"),
    "put": _store,
    "put with head": lambda client: _store(client, return_head=True),
    "update": _update,
    "delete": lambda client: client.bucket("b").delete("k"),
    "keys": lambda client: client.bucket("b").get_keys(),
    "buckets": lambda client: client.get_buckets(),
    "properties": lambda client: client.bucket("b").get_properties(),
    "type properties": lambda client: client.bucket_type("t").get_properties(),
    "set properties": lambda client: client.bucket("b").set_properties({"n_val": 3}),
    "data type of a type": lambda client: client.bucket_type(f"t{next(_number)}").get_datatype(),
    "map/reduce": _mapred,
    "query of numbers": lambda client: _rows(client, "n_int", 1, 2),
    "query of words": lambda client: _rows(client, "n_bin", "a", "b"),
    "query of one": lambda client: _rows(client, "n_int", 1),
    "query of keys": lambda client: _rows(client, "$key", "a", "b"),
    "get_index": lambda client: _old_index(client, "n_int", 1, 2),
    "get_index of words": lambda client: _old_index(client, "n_bin", "a", "b"),
    "paginate_index": _paged,
    "stream_index": _streamed_index,
    "preflist": lambda client: client.bucket("b").get_preflist("k"),
    "fold": _fold,
    "legacy counter": lambda client: client.bucket("b").get_counter("k"),
    "update legacy counter": lambda client: client.bucket("b").update_counter("k", 1, returnvalue=True),
    "search indexes": lambda client: client.list_search_indexes(),
    "search index": lambda client: client.get_search_index("i"),
    "search schema": lambda client: client.get_search_schema("s"),
    "search": lambda client: client.fulltext_search("i", "q"),
    "coverage": lambda client: client.bucket("b").get_coverage(),
    "data type": _datatype,
    "stored map": lambda client: _stored_datatype(client, Map, lambda made: made.counters["n"].increment()),
    "stored set": lambda client: _stored_datatype(client, Set, lambda made: made.add("x")),
    "stored counter": lambda client: _stored_datatype(client, Counter, lambda made: made.increment()),
    "stored hll": lambda client: _stored_datatype(client, Hll, lambda made: made.add("x")),
    "stored gset": lambda client: _stored_datatype(client, GSet, lambda made: made.add("x")),
    "queue fetch": lambda client: client.replication.queue("q").fetch(),
    "members": lambda client: client.get_members(),
    "merge root": lambda client: client.aae.merge_root(),
    "merge branches": lambda client: client.aae.merge_branches([1]),
    "fetch clocks": lambda client: client.aae.fetch_clocks([1]),
    "merge trees": lambda client: client.aae.merge_trees(client.bucket("b"), "small"),
    "clocks in range": lambda client: client.aae.fetch_clocks_range(client.bucket("b")),
    "find siblings": lambda client: client.aae.find_siblings(client.bucket("b")),
    "object stats": lambda client: client.aae.object_stats(client.bucket("b")),
    "find tombstones": lambda client: client.aae.find_tombstones(client.bucket("b")),
    "count keys": lambda client: client.aae.count_keys(client.bucket("b")),
    "list buckets by fold": lambda client: client.aae.list_buckets(3),
}

NAMES = list(CALLS)


class Calls:
    """Calls on one client, one after another, with a new client after each error."""

    def __init__(self) -> None:
        self._loop = VirtualLoop()
        self._client: RiakClient | None = None
        self._loop.run_until_complete(self._loop.create_server(Liar, HOST, PORT))

    def make(self, name: str, body: bytes, code: int | None = None, times: int = 1) -> RiakError | None:
        """Make a call that is answered with ``body``; return the error that it ended in, if any."""
        Liar.body, Liar.code, Liar.times, Liar.asked = body, code, times, 0
        error = self._loop.run_until_complete(self._make(CALLS[name]))
        if Liar.asked > MOST:
            raise AssertionError(f"{name} does not end: {Liar.asked} requests")
        return error

    async def _make(self, call: Call) -> RiakError | None:
        client = self._client
        if client is None:
            client = self._client = RiakClient(HOST, PORT, allow_listing="silent", attempts=1)
        error = None
        try:
            await call(client)
        except RiakError as caught:
            error = caught
        if error is not None or Liar.times > 1:
            self._client = None
            await client.aclose()
        if self._loop.complaints:
            raise AssertionError(f"the loop's exception handler was called: {self._loop.complaints.pop()}")
        return error

    def close(self) -> None:
        """Close the client and the loop."""
        if self._client is not None:
            self._loop.run_until_complete(self._client.aclose())
            self._client = None
        self._loop.close()
