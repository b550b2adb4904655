"""The fault proxy does what fault tests rely on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.proxy import Link, Proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Far:
    """The server behind the proxy: its accepted connections, for the test to drive."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[Streams] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.accepted.put_nowait((reader, writer))


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    behind = Far()
    server = await asyncio.start_server(behind.take, "127.0.0.1", 0)
    behind.port = server.sockets[0].getsockname()[1]
    yield behind
    server.close()
    for writer in behind.writers:
        await _close(writer)
    await server.wait_closed()


@pytest.fixture
async def proxy(far: Far) -> AsyncIterator[Proxy]:
    async with Proxy("127.0.0.1", far.port) as relay:
        yield relay


@pytest.fixture
async def near(proxy: Proxy) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    yield reader, writer
    await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_what_is_sent_arrives_both_ways(far: Far, near: Streams) -> None:
    reader, writer = near
    far_reader, far_writer = await far.accepted.get()
    writer.write(b"question")
    assert await far_reader.readexactly(8) == b"question"
    far_writer.write(b"answer")
    assert await reader.readexactly(6) == b"answer"


async def test_an_end_of_file_passes_while_the_other_way_stays_open(far: Far, near: Streams) -> None:
    reader, writer = near
    far_reader, far_writer = await far.accepted.get()
    writer.write_eof()
    assert await far_reader.read() == b""
    far_writer.write(b"still here")
    far_writer.write_eof()
    assert await reader.read() == b"still here"


async def test_a_cut_comes_after_exactly_the_bytes_allowed(far: Far, near: Streams, proxy: Proxy) -> None:
    reader, _ = near
    _, far_writer = await far.accepted.get()
    link = await proxy.link()
    link.to_client.cut_after(3)
    far_writer.write(b"abcdef")
    assert await reader.read() == b"abc"
    await link.closed.wait()


async def test_a_cut_after_nothing_comes_with_the_first_byte(far: Far, near: Streams, proxy: Proxy) -> None:
    reader, _ = near
    _, far_writer = await far.accepted.get()
    link = await proxy.link()
    link.to_client.cut_after(0)
    assert not link.closed.is_set()
    far_writer.write(b"x")
    assert await reader.read() == b""


async def test_a_cut_with_reset_is_seen_as_a_reset(far: Far, near: Streams, proxy: Proxy) -> None:
    reader, _ = near
    _, _ = await far.accepted.get()
    (await proxy.link()).cut(reset=True)
    with pytest.raises(ConnectionResetError):
        await reader.read()


async def test_what_is_held_passes_only_when_released(far: Far, near: Streams, proxy: Proxy) -> None:
    _, writer = near
    far_reader, far_writer = await far.accepted.get()
    link = await proxy.link()
    link.to_server.hold()
    writer.write(b"late")
    far_writer.write(b"prompt")
    await link.to_client.until_passed(6)
    assert link.to_server.passed == 0
    link.to_server.release()
    assert await far_reader.readexactly(4) == b"late"


async def test_a_held_flow_stops_the_sender(far: Far, near: Streams, proxy: Proxy) -> None:
    reader, writer = near
    far_reader, far_writer = await far.accepted.get()
    link = await proxy.link()
    link.to_client.hold()
    size = 32 * 1024 * 1024  # more than the sockets' buffers take
    far_writer.write(bytes(size))
    draining = asyncio.ensure_future(far_writer.drain())
    for _ in range(10):
        writer.write(b"?")
        await far_reader.readexactly(1)
    assert not draining.done()
    link.to_client.release()
    assert len(await reader.readexactly(size)) == size
    await draining


async def test_pieces_arrive_whole_and_in_order(far: Far, near: Streams, proxy: Proxy) -> None:
    _, writer = near
    far_reader, _ = await far.accepted.get()
    link = await proxy.link()
    link.to_server.piece = 1
    writer.write(b"one byte at a time")
    first = await far_reader.read(100)
    assert 0 < len(first) < 18
    assert first + await far_reader.readexactly(18 - len(first)) == b"one byte at a time"


async def test_an_edit_changes_what_passes(far: Far, near: Streams, proxy: Proxy) -> None:
    reader, _ = near
    _, far_writer = await far.accepted.get()
    (await proxy.link()).to_client.edit = lambda data: data.replace(b"a", b"\xff")
    far_writer.write(b"banana")
    assert await reader.readexactly(6) == b"b\xffn\xffn\xff"


async def test_a_refusing_proxy_keeps_what_stands_and_listens_again_on_its_port(
    far: Far, near: Streams, proxy: Proxy
) -> None:
    _, writer = near
    far_reader, _ = await far.accepted.get()
    port = proxy.port
    await proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(proxy.host, port)
    writer.write(b"on")
    assert await far_reader.readexactly(2) == b"on"
    proxy.listen()
    assert proxy.port == port
    _, second = await asyncio.open_connection(proxy.host, port)
    assert await proxy.link(1) is proxy.links[1]
    await _close(second)


async def test_a_link_is_prepared_before_anything_passes(far: Far) -> None:
    def prepare(link: Link) -> None:
        link.to_client.cut_after(2)

    async with Proxy("127.0.0.1", far.port, on_link=prepare) as proxy:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        _, far_writer = await far.accepted.get()
        far_writer.write(b"abc")
        assert await reader.read() == b"ab"
        await _close(writer)


async def test_without_a_server_the_client_sees_a_reset() -> None:
    async with Proxy("127.0.0.1", 1) as proxy:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await _close(writer)
