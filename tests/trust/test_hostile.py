"""A hostile server and hostile data: bounded in time and memory, and refused with an error of the library."""

from __future__ import annotations

import asyncio
import gc
import pathlib
import ssl
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aioriak import RiakClient
from aioriak.error import ConnectError, ContentError, RequestTimeout, RiakError, SecurityNotEnabled, UnknownAuthority
from aioriak.riak_pb import base, kv
from aioriak.riak_pb.riak_pb2 import RpbPair
from aioriak.security import security_from
from aioriak.testing import RiakServer
from aioriak.wire.framing import FrameReader, encode_frame
from aioriak.wire.operation import GET, LIST_KEYS, MAP_REDUCE, PING
from tests.simulation.loop import VirtualLoop, run
from tests.simulation.network import Link, Network
from tests.trust.families import FAMILIES, Secrets

ROOT = pathlib.Path(__file__).parents[2]
HOST, PORT = "127.0.0.1", 8087
SECURED = FAMILIES[-1]


class Peer(asyncio.Protocol):
    """A server that does one thing with every request."""

    def __init__(self, answer: Callable[[Any, int], None]) -> None:
        self._answer = answer
        self._reader = FrameReader()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        for code, _ in self._reader.feed(data):
            if code == PING.request_code:
                self._transport.write(encode_frame(PING.reply_code))
            else:
                self._answer(self._transport, code)


async def hostile(answer: Callable[[Any, int], None]) -> RiakClient:
    """A client of a server that answers like this."""
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Peer(answer), HOST, PORT)
    return RiakClient(HOST, PORT, allow_listing="silent", attempts=1)


def got(*contents: Any) -> bytes:
    """The reply to a get."""
    return encode_frame(GET.reply_code, kv.RpbGetResp(content=contents, vclock=b"v").SerializeToString())


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return Secrets(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """The same names and passwords, signed by an authority that nobody trusts."""
    return Secrets(tmp_path_factory.mktemp("theirs"))


# -- data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 100_000 + b"]" * 100_000], ids=len)
def test_deep_json_is_a_content_error(value: bytes) -> None:
    async def main() -> None:
        reply = got(kv.RpbContent(value=value, content_type=b"application/json"))
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            found = await client.bucket("b").get("k")
            with pytest.raises(ContentError):
                _ = found.data
            assert found.encoded_data == value

    run(main)


def test_an_object_with_very_much_metadata_is_read() -> None:
    async def main() -> None:
        content = kv.RpbContent(value=b"v", content_type=b"text/plain")
        content.usermeta.extend(RpbPair(key=b"k%d" % number, value=b"v") for number in range(50_000))
        content.indexes.extend(RpbPair(key=b"n_int", value=b"%d" % number) for number in range(50_000))
        reply = got(content)
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            found = await client.bucket("b").get("k")
            assert len(found.usermeta) == len(found.indexes) == 50_000

    run(main)


def test_an_object_with_very_many_siblings_is_read() -> None:
    async def main() -> None:
        one = kv.RpbContent(value=b"v", content_type=b"text/plain")
        reply = got(*[one] * 20_000)
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            assert len((await client.bucket("b").get("k")).siblings) == 20_000

    run(main)


MEMBERS = 300_000


@contextmanager
def memory(limit: int) -> Iterator[None]:
    """Check that at most ``limit`` bytes are allocated at once meanwhile."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= limit
    finally:
        tracemalloc.stop()


def wide() -> bytes:
    """A JSON document with very many members, and no depth."""
    return b"{" + b",".join(b'"k%d":%d' % (number, number) for number in range(MEMBERS)) + b"}"


def test_a_very_wide_document_is_read_in_memory_proportional_to_it() -> None:
    value = wide()

    async def main() -> None:
        reply = got(kv.RpbContent(value=value, content_type=b"application/json"))
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            with memory(50 * len(value)):
                data = (await client.bucket("b").get("k")).data
                assert len(data) == MEMBERS
            assert data["k7"] == 7

    run(main)


def test_a_very_wide_map_reduce_answer_is_read_in_memory_proportional_to_it() -> None:
    document = wide()

    async def main() -> None:
        reply = encode_frame(
            MAP_REDUCE.reply_code, kv.RpbMapRedResp(phase=0, response=b"[%b]" % document, done=True).SerializeToString()
        )
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            with memory(50 * len(document)):
                (answer,) = await client.mapred([["b", "k"]], [])
                assert len(answer) == MEMBERS

    run(main)


@pytest.mark.parametrize("response", [b"[" * 200_000, b"[" * 100_000 + b"]" * 100_000, b"nonsense"], ids=len)
def test_a_map_reduce_answer_that_is_too_deep_or_not_json_is_an_error_and_no_other_reply_moves(response: bytes) -> None:
    async def main() -> None:
        reply = encode_frame(
            MAP_REDUCE.reply_code, kv.RpbMapRedResp(phase=0, response=response, done=True).SerializeToString()
        )
        value = got(kv.RpbContent(value=b"v", content_type=b"text/plain"))

        def answer(transport: Any, code: int) -> None:
            transport.write(reply if code == MAP_REDUCE.request_code else value)

        async with await hostile(answer) as client:
            with pytest.raises(RiakError):
                await client.mapred([["b", "k"]], [])
            assert (await client.bucket("b").get("k")).data == "v"

    run(main)


@pytest.mark.parametrize("field", ["siblings", "usermeta", "indexes", "links"])
def test_absurd_counts_take_memory_in_proportion_to_the_reply(field: str) -> None:
    count = 20_000
    one = kv.RpbContent(value=b"v", content_type=b"text/plain")
    if field == "usermeta":
        one.usermeta.extend(RpbPair(key=b"k%d" % number, value=b"v") for number in range(count))
    elif field == "indexes":
        one.indexes.extend(RpbPair(key=b"n_int", value=b"%d" % number) for number in range(count))
    elif field == "links":
        one.links.extend(kv.RpbLink(bucket=b"b", key=b"k%d" % number, tag=b"t") for number in range(count))
    reply = got(*[one] * (count if field == "siblings" else 1))

    async def main() -> None:
        async with await hostile(lambda transport, code: transport.write(reply)) as client:
            with memory(100 * len(reply)):
                found = await client.bucket("b").get("k")
                assert len(getattr(found, field)) == count

    run(main)


# -- streams and time ------------------------------------------------------------------------------


def test_an_endless_stream_ends_when_its_reader_leaves() -> None:
    async def main() -> None:
        message = encode_frame(
            LIST_KEYS.reply_code, kv.RpbListKeysResp(keys=[b"key"] * 1000, done=False).SerializeToString()
        )
        ended: list[bool] = []

        def flood(transport: Any, code: int) -> None:
            if transport.is_closing():
                ended.append(True)
                return
            transport.write(message)
            asyncio.get_running_loop().call_later(0.001, flood, transport, code)

        async with await hostile(flood) as client:
            async with client.bucket("b").stream_keys() as keys:
                count = 0
                async for _ in keys:
                    count += 1
                    if count == 10_000:
                        break
            await asyncio.sleep(1)
            assert ended

    run(main)


def test_hundreds_of_thousands_of_empty_messages_of_a_stream_delay_nobody_else() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        empty = encode_frame(LIST_KEYS.reply_code) * 10_000
        last = encode_frame(LIST_KEYS.reply_code, kv.RpbListKeysResp(done=True).SerializeToString())
        value = got(kv.RpbContent(value=b"v", content_type=b"text/plain"))
        left = 40
        answered = 0

        def flood(transport: Any) -> None:
            nonlocal left
            left -= 1
            transport.write(empty if left else empty + last)
            if left:
                loop.call_later(0.001, flood, transport)

        def answer(transport: Any, code: int) -> None:
            if code == LIST_KEYS.request_code:
                flood(transport)
            else:
                transport.write(value)

        async with await hostile(answer) as client:
            listing = asyncio.ensure_future(client.bucket("b").get_keys())
            while not listing.done():
                assert (await client.bucket("b").get("k")).data == "v"
                answered += 1
                await asyncio.sleep(0.001)
            assert await listing == []
            assert answered >= 20

    run(main)


def test_a_million_empty_messages_that_nobody_reads_are_not_kept() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        message = kv.RpbListKeysResp(keys=[b"key"]).SerializeToString()
        empty = encode_frame(LIST_KEYS.reply_code) * 10_000
        sent = 0

        def flood(transport: Any, paused: Callable[[], bool]) -> None:
            nonlocal sent
            if transport.is_closing() or paused():
                return  # what a real server's transport does when the client has stopped reading
            transport.write(empty)
            sent += 10_000
            if sent < 1_000_000:
                loop.call_later(0.001, flood, transport, paused)

        def answer(transport: Any, code: int) -> None:
            transport.write(encode_frame(LIST_KEYS.reply_code, message))
            flood(transport, lambda: transport.get_write_buffer_size() > 0)

        async with await hostile(answer) as client:
            async with client.bucket("b").stream_keys() as keys:
                with memory(32 << 20):
                    assert await anext(keys) == "key"
                    await asyncio.sleep(10)
                assert sent < 1_000_000

    run(main)


def test_a_reply_that_comes_a_byte_a_second_ends_at_the_deadline() -> None:
    async def main() -> None:
        reply = got(kv.RpbContent(value=b"x" * 500, content_type=b"text/plain"))

        def dribble(transport: Any, code: int, at: int = 0) -> None:
            if at < len(reply) and not transport.is_closing():
                transport.write(reply[at : at + 1])
                asyncio.get_running_loop().call_later(1.0, dribble, transport, code, at + 1)

        loop = asyncio.get_running_loop()
        async with await hostile(dribble) as client:
            began = loop.time()
            with pytest.raises(RequestTimeout):
                await client.bucket("b").get("k")
            assert loop.time() - began == pytest.approx(60, abs=1)
        await asyncio.sleep(2)

    run(main)


def test_a_server_that_is_slower_each_time_never_exceeds_a_deadline() -> None:
    async def main() -> None:
        reply = got(kv.RpbContent(value=b"x", content_type=b"text/plain"))
        delays = iter([0.1 * 2**number for number in range(12)])
        loop = asyncio.get_running_loop()

        def answer(transport: Any, code: int) -> None:
            loop.call_later(next(delays, 300.0), transport.write, reply)

        async with await hostile(answer) as client:
            slow = client.with_options(request_timeout=5.0)
            for _ in range(12):
                began = loop.time()
                try:
                    await slow.bucket("b").get("k")
                except (RequestTimeout, ConnectError):
                    pass
                assert loop.time() - began <= 5.1
        await asyncio.sleep(1000)

    run(main)


# -- security --------------------------------------------------------------------------------------


def test_credentials_are_not_sent_where_starttls_is_stripped(secrets: Secrets) -> None:
    received = bytearray()

    async def main() -> None:
        refusal = base.RpbErrorResp(errmsg=b"Security not enabled; STARTTLS not allowed.", errcode=0)

        class Stripping(Peer):
            def data_received(self, data: bytes) -> None:
                received.extend(data)
                super().data_received(data)

        loop = asyncio.get_running_loop()
        reply = encode_frame(0, refusal.SerializeToString())
        await loop.create_server(lambda: Stripping(lambda transport, code: transport.write(reply)), HOST, PORT)
        client = RiakClient(HOST, PORT, credentials=secrets.credentials)
        with pytest.raises(SecurityNotEnabled):
            await client.ping()
        await client.aclose()

    run(main)
    assert bytes(received) == encode_frame(255) * (len(received) // 5)


def test_a_certificate_that_is_swapped_before_a_reconnect_is_refused(secrets: Secrets, strangers: Secrets) -> None:
    network = Network()

    async def main() -> None:
        async with secrets.server(SECURED) as server:
            host, port = server.host, server.port
            client = secrets.client(server, SECURED, attempts=1)
            await client.ping()
        async with RiakServer("standard", security=strangers.security, host=host, port=port) as impostor:
            with pytest.raises(UnknownAuthority):
                await client.ping()
            await client.aclose()
            assert not impostor.requests["authenticate"]

    network.on_link = recorded = Recorder()
    run(main, loop=VirtualLoop(network))
    assert b"correct horse" not in b"".join(bytes(each) for each in recorded.sent)


class Recorder:
    """Keeps what clients send over every link."""

    def __init__(self) -> None:
        self.sent: list[bytearray] = []

    def __call__(self, link: Link) -> None:
        """Record a link."""
        link.to_server.record = bytearray()
        self.sent.append(link.to_server.record)


def test_tls_older_than_1_2_is_not_spoken(secrets: Secrets) -> None:
    security = security_from(secrets.credentials, None, None)
    assert security is not None
    assert security.context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_nothing_is_unpickled() -> None:
    for path in (ROOT / "aioriak").rglob("*.py"):
        for line in path.read_text().splitlines():
            assert not line.strip().startswith(("import pickle", "from pickle", "from marshal", "import shelve"))
            assert "marshal.load" not in line  # codec.py only writes with it, to tell exact types
